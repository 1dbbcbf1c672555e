import Decoding
import Reasoning
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

/// A person who does anything at all, and a session that answers.
struct RandomWalk {
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  private var random: Random

  init(seed: UInt64) { random = Random(state: seed) }

  mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

  /// Every key that is bound somewhere, and a good part of those that are not.
  private static let keys: [KeyEvent] = {
    let keyMap = KeyMap.standard
    let bound = keyMap.contexts.flatMap { keyMap.bindings[$0] ?? [] }.flatMap(\.keys)
    let typed = "abcdefghijklmnopqrstuvwxyzALCNGT0123456789 .,:/?~-+é漢".map { KeyEvent($0) }
    let special: [KeyEvent.Key] = [
      .enter, .escape, .tab, .backspace, .delete, .up, .down, .left, .right, .home, .end,
      .pageUp, .pageDown, .function(5),
    ]
    return bound + typed + special.map { KeyEvent($0) } + special.map { KeyEvent($0, .shift) }
  }()

  static func start(_ seed: UInt64) async throws -> PlaygroundState {
    switch seed % 9 {
    case 8: LayersFixtures.play(80, 24).state
    case 0: Fixtures.ready(80, 24)
    case 1: Fixtures.empty(60, 16)
    case 2: try await Fixtures.finished("cot-decoding", 80, 24)
    case 3: try await TreeScreenTests.explored(80, 24)
    case 5: SearchScreenTests.searched(80, 24)
    case 7: TrainingFixtures.play(80, 24).state
    case 4: VerifyScreenTests.ranked(.genrm, 80, 24)
    default: try await Fixtures.finished("self-consistency", 120, 40)
    }
  }

  /// A key, a click, a paste or another size.
  mutating func act(_ play: inout Play) {
    switch Int.random(in: 0..<20, using: &random) {
    case 0:
      let sizes = [(80, 24), (60, 16), (20, 5), (200, 60), (1, 1), (118, 21)]
      let (width, height) = sizes.randomElement(using: &random) ?? (80, 24)
      play.send(.resize(Size(width: width, height: height)))
    case 1:
      let point = Point(
        x: Int.random(in: -1..<90, using: &random), y: Int.random(in: -1..<30, using: &random))
      let actions: [MouseEvent.Action] = [.press(.left), .wheelUp, .wheelDown, .press(.right)]
      play.send(.mouse(MouseEvent(actions.randomElement(using: &random) ?? .wheelUp, at: point)))
    case 2: play.send(.paste("a\nb 漢 \u{1B}[31m"))
    default:
      if let key = Self.keys.randomElement(using: &random) { play.send(.key(key)) }
    }
  }

  /// What the session would answer.
  func answer(_ play: inout Play) {
    for effect in play.effects {
      switch effect {
      case .file(.list(let path)):
        play.send(.file(.listed(path, .done([path + "a", path + "b/"]))))
      case .decode(.explore(let run, _, _)):
        play.send(.decode(run: run, .explored(.done(NodeID.root.appending(1)))))
      case .shell(.loadTheme(let name)): play.send(.shell(.theme(name, .done(()))))
      case .file(.lesson):
        if let lesson = try? Lesson.parse(LessonPlayerTests.text, path: "test") {
          play.send(.file(.lesson("Samples/Lessons/apples.md", .done(lesson))))
        }
      case .training(.tell(.end)), .training(.tell(.stop)):
        if let number = play.state.train.activity?.number {
          play.send(.training(.ended(number, .cancelled)))
        }
      case .training(.start(let number, _, _)):
        play.send(.trace(TrainingFixtures.records(number: number, steps: 2, ending: nil)))
      case .training(.find(let weights, let errand)):
        if let first = weights.first { play.send(.training(.found(errand, .done(first)))) }
      case .training(.keep(let weights, let step)):
        guard let first = weights.first else { break }
        let entry = Catalog.ModelEntry(name: first.name, path: first.path, detail: "")
        play.send(.training(.kept(step: step, .done(KeptModel(step: first.step, entry: entry)))))
      case .inspection(.read(_, let question)): LayersFixtures.answer(question, &play)
      case .run(.cancel(let run)): play.send(.run(.ended(run: run, .done(()))))
      default: break
      }
    }
  }

  /// Something begins to run, or ends.
  mutating func run(_ play: inout Play) {
    if let run = play.state.activities.keys.sorted().randomElement(using: &random), oneIn(2) {
      return play.send(.run(.ended(run: run, .cancelled)))
    }
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      let names = ["greedy", "self-consistency", "cot-decoding", "best-of-n", "mcts"]
      if let name = names.randomElement(using: &random) {
        play.state.popups = []
        _ = try? Reducer().execute(.strategy(name), &play.state)
      }
    case 1: play.state.decode.isStreaming.toggle()
    case 2: play.state.decode.isAsking.toggle()
    default:
      play.state.steps.asking =
        play.state.steps.asking == nil
        ? StepsScreen.Asking(run: 1, question: .answerOverTime(path: 0)) : nil
    }
  }
}

/// Any key in any state: nothing traps, and the state stays whole.
@Suite struct ReducerFuzzTests {
  @Test(arguments: 0..<40)
  func anyKeysKeepTheStateWhole(seed: UInt64) async throws {
    var walk = RandomWalk(seed: seed)
    var play = Play(try await RandomWalk.start(seed))
    play.state.catalog = Play.catalog
    for _ in 0..<400 {
      walk.act(&play)
      checkIsWhole(play.state)
      if walk.oneIn(8) {
        let buffer = Fixtures.draw(play.state)
        #expect(buffer.size == play.state.size)
      }
      // What the session would answer, now and then.
      if walk.oneIn(6) { walk.answer(&play) }
      play.effects = []
    }
  }

  /// The selection is a line that shows, wherever keys have led, and only lines on view are drawn.
  private func checkTreeIsWhole(_ state: PlaygroundState) {
    guard state.screen == .tree, !Chrome.isTooSmall(state.size), state.tree.rowCount > 0 else {
      return
    }
    let (tree, page) = (state.tree, state.tree.page)
    #expect(tree.tree.row(of: tree.selected, below: tree.top) == page.selectedRow)
    #expect(page.rows.contains(page.selectedRow))
    #expect(page.lines.count == page.rows.count)
    #expect(page.rowCount == tree.rowCount)
  }

  private func checkIsWhole(_ state: PlaygroundState) {
    #expect(state.popups.count < 20)
    #expect((0...10).contains(state.sampling.temperature))
    #expect(state.decode.selectedRow >= 0)
    #expect(state.nextRun >= 1)
    checkTreeIsWhole(state)
    #expect(state.verify.position.selected <= max(0, state.verify.ranked.count - 1))
    #expect(state.search.position.selected <= max(0, state.search.order.count - 1))
    #expect(state.search.focus == .tree || state.search.selected != nil)
    #expect((0...state.search.map.iterations).contains(state.search.iteration))
    #expect((0...state.train.training.lastStep).contains(state.train.step))
    #expect(state.train.samples.selected >= 0)
    #expect(state.train.shownGroup != nil || state.train.groups.isEmpty)
    #expect(state.verify.focus != .judgements || state.verify.judgement != nil)
    if let lesson = state.lesson {
      #expect(lesson.step >= -1)
      #expect(lesson.step < lesson.stepCount)
    }
    for popup in state.popups {
      guard let list = popup.list(state) else { continue }
      // On the command line nothing need be chosen.
      #expect(list.position.selected >= (popup is CommandLineState ? -1 : 0))
      #expect(list.position.selected <= max(0, list.count - 1))
    }
  }
}
