import ArgumentParser
import Reasoning
import StrategyFixtures
import Testing

@testable import Traces
@testable import ponder

/// The options of `ponder` are the rows of the table.
@Suite struct SettingOptionTests {
  private enum Longer: SettingSource {
    static let table = SettingTable.standard + [SettingTexts.courage]
  }

  private typealias Options = SettingOptions<Longer>

  @Test(arguments: Longer.table) func anOptionTakesWhatTheRowTakes(setting: Setting) {
    for text in SettingTexts.of(setting) {
      // Several verifiers are for eval to compare; an option that is on or off has no value.
      if setting.traits.contains(.canBeCompared), text.contains(",") { continue }
      if setting.form == .onOff, text != "on" { continue }
      let argument = "--\(setting.name)" + (setting.form == .onOff ? "" : "=\(text)")
      switch SettingTexts.result(setting, text) {
      case .success(let wanted):
        #expect((try? Options.parse([argument]))?.settings == wanted, "\(argument)")
      case .failure(let wanted):
        let error = #expect(throws: (any Error).self) { try Options.parse([argument]) }
        let message = error.map { Options.message(for: $0) } ?? ""
        #expect(message.contains(wanted.description), "\(message)")
      }
    }
  }

  @Test func severalVerifiersAreCompared() throws {
    let options = try RunOptions.parse(["--verifier", "prm, orm"])
    #expect(options.verifiers?.names == [.prm, .orm])
    #expect(options.settings(detail: 0).verifier == .prm)
    #expect(try RunOptions.parse(["--verifier", "all"]).verifiers?.names == VerifierName.allCases)
    #expect(throws: (any Error).self) { try RunOptions.parse(["--verifier", "prm,x"]) }
  }

  @Test func aRowMoreIsAnOptionWithItsHelp() throws {
    let options = try Options.parse(["--courage", "4", "--samples", "3"])
    #expect(options.settings.extra == ["courage": .number(4)])
    #expect(options.given == ["courage": "4", "samples": "3"])
    let help = Options.helpMessage(columns: 200)
    for row in Longer.table { #expect(help.contains("--\(row.name)"), "\(row.name)") }
    #expect(help.contains("ow far the model dares to go"))
  }
}
