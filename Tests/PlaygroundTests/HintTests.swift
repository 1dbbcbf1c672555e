import Decoding
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

/// Footers say what a key does now.
@Suite struct HintTests {
  /// The key that a hint shows.
  private func key(_ hint: KeyHint) throws -> KeyEvent {
    try #require(KeyEvent(named: hint.key), "\(hint.key)")
  }

  private func stops(_ effects: [Effect]) -> Bool {
    effects.contains { effect in
      switch effect {
      case .run(.cancel), .decode(.stopStream), .review(.stop), .study(.stop),
        .training(.tell(.end)), .training(.tell(.stop)), .inspection(.stop):
        true
      default: false
      }
    }
  }

  private func starts(_ effects: [Effect]) -> Bool {
    effects.contains { effect in
      switch effect {
      case .run(.start), .decode(.stream), .study(.start), .training(.start): true
      default: false
      }
    }
  }

  @Test(arguments: 0..<20)
  func whatAHintSaysIsWhatItsKeyDoes(seed: UInt64) async throws {
    var walk = RandomWalk(seed: seed)
    var play = Play(try await RandomWalk.start(seed))
    play.state.catalog = Play.catalog
    for step in 0..<120 {
      walk.act(&play)
      if walk.oneIn(5) { walk.answer(&play) }
      if walk.oneIn(4) { walk.run(&play) }
      play.effects = []
      guard step % 5 == 0, !Chrome.isTooSmall(play.state.size), !play.state.isQuitting else {
        continue
      }
      // A message stands in place of the hints.
      play.state.message = nil
      try checkHints(play, step)
    }
  }

  private func checkHints(_ play: Play, _ step: Int) throws {
    let screen = play.state.screens[play.state.current]
    guard play.state.popups.isEmpty else { return try checkPopup(play) }
    guard screen.typingHints == nil else { return }
    let hints = play.state.hints
    let picture = Fixtures.draw(play.state)
    for hint in hints {
      var next = play
      next.press(try key(hint))
      let place = "\(screen.id.name): \(hint.key) \(hint.label), step \(step)"
      if hint.label == "stop" {
        #expect(
          stops(next.effects) || !next.state.steps.isPlaying && play.state.steps.isPlaying,
          "\(place)")
        #expect(!starts(next.effects), "\(place)")
      }
      let isKept = next.state.decode.pendingTakes > play.state.decode.pendingTakes
      let does = !next.effects.isEmpty || isKept || Fixtures.draw(next.state) != picture
      #expect(does || next.state.isQuitting, "\(place) does nothing")
    }
    guard play.state.isBusyHere else { return }
    // Space never starts a second run, and nothing offers to.
    var next = play
    next.send(.command(.run))
    #expect(!starts(next.effects), "\(screen.id.name)")
    next = play
    next.send(.command(.runAnew))
    #expect(!starts(next.effects), "\(screen.id.name)")
    let space = hints.filter { $0.key == "Space" && screen.id != TreeScreen.id }
    #expect(space.allSatisfy { $0.label == "stop" }, "\(screen.id.name)")
  }

  private func checkPopup(_ play: Play) throws {
    guard let popup = play.state.popups.last else { return }
    let picture = Fixtures.draw(play.state)
    for hint in popup.hints(play.state) {
      var next = play
      next.press(try key(hint))
      let does = !next.effects.isEmpty || Fixtures.draw(next.state) != picture
      #expect(does, "\(popup.contexts): \(hint.key) \(hint.label) does nothing")
    }
  }

  @Test func aVoteUnderWayIsStoppedByTheFirstHint() {
    var play = Play(80, 24)
    play.type("3 ")
    #expect(play.state.activities.count == 1)
    let first = play.state.hints.first
    #expect(first?.key == "Space")
    #expect(first?.label == "stop")
    #expect(Fixtures.draw(play.state).textSnapshot().contains(" Space stop"))
    play.effects = []
    play.press(" ")
    #expect(stops(play.effects))
    #expect(play.state.activities.count == 1)
    // It is being stopped: there is nothing more to offer.
    #expect(!play.state.hints.contains { $0.key == "Space" })
  }

  @Test func budgetForcingIsStoppedInDecodeAndNothingElseStarts() {
    var play = Play(80, 24)
    play.type(":strategy budget-forcing")
    play.press(.enter)
    #expect(play.state.screen == .decode)
    #expect(play.state.hints.first?.label == "stop")
    play.effects = []
    play.press(" ")
    #expect(stops(play.effects))
    #expect(!play.state.decode.isStreaming)
  }

  /// A screen may show another run than the one that is under way.
  @Test func aRunThatIsNotOnViewIsStoppedAllTheSame() async throws {
    var play = Play(try await Fixtures.finished("self-consistency", 80, 24))
    play.state.activities[7] = Activity(strategy: "self-consistency", paths: 40)
    #expect(play.state.votes.run == 1)
    #expect(play.state.hints.first?.label == "stop")
    play.press(" ")
    guard case .run(.cancel(run: 7))? = play.effects.first else {
      Issue.record("Space does not stop the vote under way.")
      return
    }
  }

  // MARK: Ctrl-C

  @Test(arguments: [Action.interrupt, .key(.control("c"))])
  func interruptStopsFirstAndThenQuits(interrupt: Action) {
    var play = Play(80, 24)
    play.type("3 ")
    play.effects = []
    play.send(interrupt)
    #expect(stops(play.effects))
    #expect(!play.state.isQuitting)
    #expect(play.state.message?.text == "Stopped what was running; Ctrl-C again quits.")
    play.send(interrupt)
    #expect(play.state.isQuitting)
  }

  @Test func anotherKeyInBetweenMeansStopAgain() {
    var play = Play(80, 24)
    play.type("3 ")
    play.send(.interrupt)
    play.press(.down)
    play.send(.interrupt)
    #expect(!play.state.isQuitting)
  }

  @Test func interruptQuitsAtOnceWhereNothingRuns() {
    var play = Play(80, 24)
    play.send(.interrupt)
    #expect(play.state.isQuitting)
    #expect(play.state.message == nil)
  }

  @Test func interruptStopsWhatRunsOnOtherScreensToo() {
    var play = Play(80, 24)
    play.type("3 ")
    play.type("4s")
    play.effects = []
    play.press(.control("c"))
    #expect(stops(play.effects))
    #expect(!play.state.isQuitting)
  }

  @Test func theSignalToEndQuitsAtOnce() {
    var play = Play(80, 24)
    play.type("3 ")
    play.send(.terminate)
    #expect(play.state.isQuitting)
  }

  @Test func anAnswerThatIsAskedForCanBeStopped() {
    var play = Play(80, 24)
    play.state.decode.isAsking = true
    #expect(play.state.hints.first?.label == "stop")
    play.press(.escape)
    guard case .decode(.stopStream)? = play.effects.last else {
      Issue.record("Esc does not stop asking.")
      return
    }
  }
}
