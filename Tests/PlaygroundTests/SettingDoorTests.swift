import Reasoning
import StrategyFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Problems
@testable import Traces

/// Every door of the playground makes the same of a text, or says the same.
@Suite struct SettingDoorTests {
  private static let table = SettingTable.standard + [SettingTexts.courage]

  private func play() -> Play {
    var play = Play(80, 24)
    play.state.settingTable = Self.table
    play.state.settings = RunSettings()
    return play
  }

  private typealias Outcome = Result<RunSettings, SettingError>

  @Test(arguments: table) func thePanelTakesWhatTheRowTakes(setting: Setting) throws {
    let row = try #require(Self.table.firstIndex(of: setting))
    for text in SettingTexts.of(setting) {
      var play = play()
      play.type("s")
      guard var panel = play.state.popups.last as? SettingsState else { return }
      panel.position.selected = row
      play.state.replaceTop(panel)
      play.press(.enter)
      play.send(.paste(text))
      play.press(.enter)
      expect(SettingTexts.result(setting, text), play.state.settings, play.settings?.error, text)
    }
  }

  @Test(arguments: table) func theCommandLineTakesWhatTheRowTakes(setting: Setting) {
    for text in SettingTexts.of(setting) {
      var play = play()
      play.type(":")
      play.send(.paste("\(setting.name) \(text)"))
      play.press(.enter)
      expect(SettingTexts.result(setting, text), play.state.settings, play.line?.error, text)
    }
  }

  @Test(arguments: table) func aLessonTakesWhatTheRowTakes(setting: Setting) throws {
    for text in SettingTexts.of(setting) {
      let lesson =
        "---\ntitle: t\nsummary: s\nproblem: apples\n---\n## a\nx\n```ponder\n"
        + "set \(setting.name) \(text)\n```"
      do {
        let read = try Lesson.parse(lesson, path: "l.md", settings: Self.table)
        #expect(read.steps[0].commands == [.set(setting, value: text)])
        var state = play().state
        _ = try state.set(setting, to: text)
        expect(SettingTexts.result(setting, text), state.settings, nil, text)
      } catch let error as TextFileError {
        guard case .malformed(_, _, let reason) = error else { throw error }
        expect(SettingTexts.result(setting, text), RunSettings(), reason, text)
      }
    }
  }

  private func expect(
    _ outcome: Outcome, _ settings: RunSettings, _ error: String?, _ text: String
  ) {
    switch outcome {
    case .success(let wanted): #expect(settings == wanted && error == nil, "\(text)")
    case .failure(let wanted):
      #expect(settings == RunSettings(), "\(text)")
      #expect(error == wanted.description, "\(text)")
    }
  }

  @Test(arguments: table) func completionOffersTheNamesAmongItsValues(setting: Setting) {
    let state = play().state
    let offered = CommandCompletion(of: "\(setting.name) ", state).candidates.map(\.title)
    #expect(offered == setting.completions)
    for name in offered {
      #expect(throws: Never.self) { try SettingTexts.result(setting, name).get() }
    }
  }

  /// A row more, and nothing else, is in the panel, on the command line and in completion.
  @Test func aRowMoreIsFoundAtEveryDoor() {
    var play = play()
    play.type(":cour")
    #expect(play.line?.completion.candidates.map(\.line) == ["courage "])
    play.press(.tab)
    play.type("5")
    play.press(.enter)
    #expect(play.state.message?.text == "courage is now 5.")
    #expect(play.state.settings.extra == ["courage": .number(5)])
    let rows = SettingsState.Row.all(play.state.settingTable)
    #expect(rows.contains(.setting(SettingTexts.courage)))
    play.type("s")
    guard var panel = play.state.popups.last as? SettingsState else { return }
    panel.position.selected = Self.table.count - 1
    play.state.replaceTop(panel)
    play.press(.right)
    #expect(SettingTexts.courage.text(of: play.state.settings) == "9")
    play.type("d")
    #expect(play.state.settings == RunSettings())
    #expect(SettingTexts.courage.text(of: play.state.settings) == "3")
  }

  @Test func theTemperatureIsRaisedFromWhereverItIs() {
    var play = play()
    play.type(":temperature 5")
    play.press(.enter)
    play.type("T")
    #expect(play.state.settings.temperature == 5.1)
  }
}
