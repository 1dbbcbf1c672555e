import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground

/// A screen with nothing to show says what it is for, and which keys begin.
@Suite struct EmptyTextTests {
  /// Every screen of a session in which nothing was done; of Decode the one without a model.
  private func state(_ screen: ScreenID, _ width: Int, _ height: Int) -> PlaygroundState {
    var state =
      screen == .decode ? Fixtures.empty(width, height) : Fixtures.ready(width, height)
    state.screen = screen
    _ = Reducer().reduce(&state, .resize(state.size))
    return state
  }

  @Test(arguments: [(60, 16), (80, 24), (200, 60)])
  func everyScreenHasOne(width: Int, height: Int) throws {
    for id in ScreenID.allCases {
      let state = state(id, width, height)
      let screen = state.screens[state.current]
      let text = try #require(screen.emptyText(state.session), "\(id)")
      let picture = Fixtures.draw(state).textSnapshot()
      #expect(!text.purpose.isEmpty)
      #expect(!text.starts.isEmpty)
      for hint in text.hints(on: screen, state.session) {
        #expect(picture.contains("\(hint.key) \(hint.label)"), "\(id): \(hint)")
      }
    }
  }

  /// The keys are those of the key map: pressed on the screen they do what is said of them.
  @Test func theKeysAreTrue() throws {
    for id in ScreenID.allCases {
      let state = state(id, 120, 40)
      let screen = state.screens[state.current]
      let text = try #require(screen.emptyText(state.session))
      let hints = text.hints(on: screen, state.session)
      #expect(hints.count == text.starts.count)
      for (start, hint) in zip(text.starts, hints) {
        let keys = state.keyMap.bindings.values.flatMap { $0 }
          .filter { $0.command == start.command }.flatMap(\.keys)
        #expect(keys.contains { $0.description == hint.key }, "\(id): \(hint)")
      }
    }
  }

  /// Keys are the last to go where there is little room.
  @Test func littleRoomIsForTheKeys() throws {
    let state = state(.votes, 80, 24)
    let screen = state.screens[state.current]
    let text = try #require(screen.emptyText(state.session))
    var buffer = CellBuffer(size: Size(width: 60, height: 1))
    text.draw(
      in: buffer.bounds, on: screen, state.session, view: Fixtures.view, on: &buffer)
    #expect(buffer.textSnapshot().contains("Space sample and vote"))
  }
}
