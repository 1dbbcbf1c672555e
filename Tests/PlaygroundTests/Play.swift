import TerminalUI

@testable import Playground

/// A state and its reducer without a session: effects are only collected.
struct Play {
  var state: PlaygroundState
  var effects: [Effect] = []
  let reducer = Reducer()

  init(_ width: Int, _ height: Int) {
    state = Fixtures.ready(width, height)
    state.catalog = Play.catalog
    state.themeName = "ponder-dark"
    state.exploration = 1
    state.nextRun = 2
  }

  init(_ state: PlaygroundState) { self.state = state }

  static let catalog: Catalog = {
    var catalog = Catalog()
    catalog.models = [
      .init(name: "apples", path: "apples", detail: "toy table"),
      .init(name: "base-0.9m", path: "Samples/Models/base-0.9m.gguf", detail: "0.9 M · F16"),
    ]
    catalog.themes = ["ponder-dark", "ponder-light", "ponder-monochrome"]
    catalog.lessons = [
      .init(
        title: "Three apples", path: "Samples/Lessons/apples.md",
        summary: "greedy decoding, branches, how sure a path is, and votes")
    ]
    catalog.sessions = ["sessions/2026-11-21.jsonl", "sessions/2026-11-20.jsonl"]
    return catalog
  }()

  mutating func send(_ action: Action) { effects += reducer.reduce(&state, action) }

  mutating func press(_ keys: KeyEvent...) { for key in keys { send(.key(key)) } }

  mutating func type(_ text: String) {
    for character in text { send(.key(KeyEvent(character))) }
  }

  var line: CommandLineState? {
    state.popups.last as? CommandLineState
  }

  var picker: PickerState? {
    state.popups.last as? PickerState
  }

  var settings: SettingsState? {
    state.popups.last as? SettingsState
  }

  var models: ModelPickerState? {
    state.popups.last as? ModelPickerState
  }
}
