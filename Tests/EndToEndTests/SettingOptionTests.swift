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

  /// Parsing is slow in a debug build, so what is accepted is parsed together: one text of each row.
  @Test func optionsTakeWhatTheRowsTake() {
    let rows = Longer.table.filter { $0.form != .onOff }
    let texts = rows.map { row in
      // Several verifiers are for eval to compare.
      SettingTexts.of(row).filter { !row.traits.contains(.canBeCompared) || !$0.contains(",") }
    }
    for index in 0..<(texts.map(\.count).max() ?? 0) {
      var wanted = RunSettings()
      var arguments: [String] = []
      for (row, texts) in zip(rows, texts) where texts.indices.contains(index) {
        if (try? row.set(texts[index], in: &wanted)) != nil {
          arguments.append("--\(row.name)=\(texts[index])")
        }
      }
      #expect((try? Options.parse(arguments))?.settings == wanted, "\(arguments)")
    }
    #expect((try? Options.parse(["--answer-over-time"]))?.settings.answerOverTime == true)
  }

  @Test(arguments: Longer.table) func anOptionRefusesWhatTheRowRefuses(setting: Setting) {
    let refused = SettingTexts.of(setting).compactMap { text in
      if case .failure(let error) = SettingTexts.result(setting, text) {
        (text, error)
      } else {
        nil
      }
    }
    for (text, wanted) in refused.prefix(3) where setting.form != .onOff {
      if setting.traits.contains(.canBeCompared), text.contains(",") { continue }
      let error = #expect(throws: (any Error).self) {
        try Options.parse(["--\(setting.name)=\(text)"])
      }
      let message = error.map { Options.message(for: $0) } ?? ""
      #expect(message.contains(wanted.description), "\(message)")
    }
  }

  @Test func severalVerifiersAreCompared() throws {
    let options = try RunOptions.parse(["--verifier", "prm, orm"])
    #expect(options.verifiers?.names == [.prm, .orm])
    #expect(options.settings(detail: 0).verifier == .prm)
    // What reads with no model but one of its own is left out where none is named.
    #expect(
      try RunOptions.parse(["--verifier", "all"]).verifiers?.names
        == VerifierName.allCases.filter { !$0.needsJudge })
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
