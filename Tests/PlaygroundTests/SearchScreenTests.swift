import Decoding
import Foundation
import Reasoning
import TerminalUI
import Testing

@testable import Playground

@Suite struct SearchScreenTests {
  private static let prompt = NodeID.root.appending(1000)

  private static func node(_ tokens: TokenID...) -> NodeID {
    prompt.appending(contentsOf: tokens)
  }

  /// Steps of one or two tokens: what they say.
  private static let words: [TokenID: String] = [
    1: " My dad has", 2: " 3 + 2 = 5 apples.", 3: " 3 - 2 = 1 apple.", 4: " So 3 + 5 = 8.",
    5: " The answer is 8.", 6: " 我有三个苹果🍎。", 7: " The answer is 3.",
  ]

  /// Paths by the tokens they take.
  private static let paths: [(tokens: [TokenID], steps: [Int], answer: String?)] = [
    ([1, 2, 4, 5], [2, 3, 4], "8"), ([6, 7], [1, 2], "3"), ([1, 3], [2], nil),
  ]

  private static func events(_ strategy: String) -> [TraceEvent] {
    var events: [TraceEvent] = [
      .run(
        RunStart(
          strategy: strategy, model: Fixtures.model.identity, seed: 1,
          question: Fixtures.question, settings: Fixtures.settings)),
      .injected(
        Injection(
          role: .prompt, path: nil, parent: .root, end: prompt,
          tokens: [Token(id: 1000, bytes: Array(Fixtures.question.text.utf8))])),
    ]
    for (number, path) in paths.enumerated() {
      var (node, start) = (prompt, 0)
      for (index, id) in path.tokens.enumerated() {
        let child = node.appending(id)
        events.append(
          .node(
            NodeEvent(
              id: child, parent: node, path: number,
              token: Token(id: id, bytes: Array((words[id] ?? "").utf8)),
              logProbability: log(0.5))))
        node = child
        guard path.steps.contains(index + 1) else { continue }
        let first = prompt.appending(contentsOf: path.tokens[...start])
        events.append(.span(Span(kind: .step, path: number, first: first, last: node)))
        events.append(
          .score(
            Score(kind: .prm, path: number, node: node, value: 0.9 - 0.3 * Double(number))))
        start = index + 1
      }
    }
    return events
  }

  private static func ends(_ reasons: [String]) -> [TraceEvent] {
    zip(paths.indices, reasons).map { number, reason in
      let path = paths[number]
      return .pathFinished(
        PathEnd(
          path: number, end: prompt.appending(contentsOf: path.tokens), reason: reason,
          answer: path.answer, generated: path.tokens.count))
    }
  }

  /// Three iterations of a tree search: to 5 apples, on to 8, and once to the other way.
  static func treeSearch() -> [TraceRecord] {
    func visit(_ iteration: Int, _ node: NodeID, _ visits: Int, _ q: Double) -> TraceEvent {
      .visit(
        Visit(
          iteration: iteration, node: node, visits: visits, q: q, prior: 0.25,
          u: 0.5 / Double(1 + visits)))
    }
    func backup(_ iteration: Int, _ node: NodeID, _ visits: Int, _ q: Double) -> TraceEvent {
      .backup(Backup(iteration: iteration, node: node, value: q, visits: visits, q: q))
    }
    let (five, one, eight, three) = (node(1, 2), node(1, 3), node(1, 2, 4), node(6))
    let end = node(1, 2, 4, 5)
    var events = events("mcts")
    events += [visit(1, five, 0, 0.9), backup(1, five, 1, 0.8), backup(1, prompt, 1, 0.8)]
    events += [
      visit(2, five, 1, 0.8), visit(2, eight, 0, 0.9), visit(2, end, 0, 0.9),
      backup(2, end, 1, 1), backup(2, eight, 1, 1), backup(2, five, 2, 0.9),
      backup(2, prompt, 2, 0.9),
    ]
    events += [visit(3, three, 0, 0.6), backup(3, three, 1, 0.1), backup(3, prompt, 3, 0.63)]
    events += [
      .pruned(Pruning(node: one, path: 2, why: "rank 3 of 2", kind: .prm, value: 0.3))
    ]
    events += ends(["stop", "stop", "unfinished"])
    events.append(
      .finished(
        RunEnd(reason: .completed, answer: "8", correct: true, tokens: TokenCounts())))
    return events.map { TraceRecord(run: 1, $0) }
  }

  /// A beam over steps that gave two of three up.
  static func beam() -> [TraceRecord] {
    var events = events("step-beam")
    events.append(
      .pruned(Pruning(node: node(1, 3), path: 2, why: "rank 3 of 2", kind: .prm, value: 0.3)))
    events.append(
      .pruned(Pruning(node: node(6, 7), path: 1, why: "rank 2 of 1", kind: .prm, value: 0.6)))
    events += ends(["stop", "stop", "stop"])
    return events.map { TraceRecord(run: 1, $0) }
  }

  /// A state that shows a finished tree search.
  static func searched(_ width: Int, _ height: Int, beam: Bool = false) -> PlaygroundState {
    var state = Fixtures.ready(width, height)
    let reducer = Reducer()
    _ = reducer.reduce(&state, .trace(beam ? Self.beam() : treeSearch()))
    _ = reducer.reduce(&state, .command(.screen(.search)))
    return state
  }

  @Test(arguments: [(80, 24), (60, 16), (200, 60)])
  func aTreeSearch(width: Int, height: Int) {
    var play = Play(Self.searched(width, height))
    play.press(.down, .down)
    Snapshot.check(Fixtures.draw(play.state), named: "search-\(width)x\(height)")
  }

  @Test(arguments: [(80, 24), (60, 16)])
  func aBeam(width: Int, height: Int) {
    var play = Play(Self.searched(width, height, beam: true))
    play.type("x")
    Snapshot.check(Fixtures.draw(play.state), named: "search-beam-\(width)x\(height)")
  }

  @Test func sixteenColoursAndNoneAndAscii() throws {
    let state = Self.searched(80, 24)
    for (name, depth) in [("16", ColorDepth.ansi16), ("mono", .none)] {
      let view = try Fixtures.view(depth: depth)
      Snapshot.check(Fixtures.draw(state, view: view), named: "search-80x24-\(name)")
    }
    let ascii = Fixtures.draw(state).drawn(in: .ascii).textSnapshot()
    #expect(!ascii.unicodeScalars.contains { !$0.isASCII })
  }

  @Test func beforeAnythingWasSearched() {
    var play = Play(Fixtures.ready(80, 24))
    play.type("6")
    Snapshot.check(Fixtures.draw(play.state), named: "search-blank-80x24")
  }

  @Test func placesAreTheEndsOfSteps() throws {
    let map = Self.searched(80, 24).search.map
    #expect(map.order(upTo: nil).count == 7)
    let five = try #require(map.nodes[Self.node(1, 2)])
    #expect(five.parent == Self.prompt && five.depth == 1)
    #expect(String(decoding: five.bytes, as: UTF8.self) == " My dad has 3 + 2 = 5 apples.")
    #expect(five.children == [Self.node(1, 2, 4)])
    // The token in between, where two steps part, is no place.
    #expect(map.nodes[Self.node(1)] == nil)
    #expect(map.graves == [Self.node(1, 3)])
    #expect(map.isTreeSearch && map.iterations == 3)
  }

  @Test func anEarlierIterationShowsWhatItKnew() throws {
    var play = Play(Self.searched(80, 24))
    func line(_ node: NodeID) -> SearchLine? {
      play.state.search.page.lines.first { $0.id == node }
    }
    let five = Self.node(1, 2)
    #expect(line(five)?.visits == 2 && line(five)?.q == 0.9)
    #expect(line(five)?.isOnWay == false && line(Self.node(6))?.isOnWay == true)
    play.type("[[")
    #expect(play.state.search.iteration == 1)
    #expect(line(five)?.visits == 1 && line(five)?.q == 0.8 && line(five)?.u == 0.5)
    #expect(line(five)?.isOnWay == true)
    // What was found later is not there yet.
    #expect(line(Self.node(1, 2, 4)) == nil && line(Self.node(6)) != nil)
    play.type("}")
    #expect(play.state.search.iteration == 3 && play.state.search.chosen == nil)
    play.type("{")
    #expect(play.state.search.order == [Self.prompt])
  }

  @Test func theLastIterationIsFollowedAsItGrows() {
    let records = Self.treeSearch()
    let cut =
      records.firstIndex { record in
        if case .visit(let visit) = record.event { visit.iteration == 3 } else { false }
      } ?? 0
    var play = Play(Fixtures.ready(80, 24))
    play.type("6")
    play.send(.trace(Array(records[..<cut])))
    #expect(play.state.search.iteration == 2)
    play.type("[")
    play.send(.trace(Array(records[cut...])))
    // Whoever looks back is left there.
    #expect(play.state.search.iteration == 1 && play.state.search.map.iterations == 3)
  }

  @Test func aBeamIsFollowedByItsSteps() {
    let search = Self.searched(80, 24, beam: true).search
    #expect(!search.map.isTreeSearch && search.map.iterations == 3)
    #expect(
      search.map.order(upTo: 1) == [Self.prompt, Self.node(1, 2), Self.node(6), Self.node(1, 3)])
    #expect(search.graves == [Self.node(1, 3), Self.node(6, 7)])
  }

  @Test func theGraveyardTellsWhatKilled() throws {
    var play = Play(Self.searched(80, 24, beam: true))
    play.type("x")
    play.press(.down)
    #expect(play.state.search.selected == Self.node(6, 7))
    let grave = try #require(play.state.search.page.graves.last)
    #expect(grave.why == "rank 2 of 1" && grave.score == 0.6 && grave.scoreKind == .prm)
    play.press(.enter)
    #expect(play.state.screen == .decode && play.state.decode.cursor == Self.node(6, 7))
    play.type("6")
    play.press(.escape)
    #expect(play.state.search.focus == .tree)
  }

  @Test func clicksSelectAndOpen() {
    var play = Play(Self.searched(80, 24))
    let tree = play.state.searchLayout.tree
    let click = MouseEvent(.press(.left), at: Point(x: 9, y: tree.y + 2))
    play.send(.mouse(click))
    #expect(play.state.search.position.selected == 1 && play.state.screen == .search)
    play.send(.mouse(click))
    #expect(play.state.screen == .decode && play.state.decode.cursor == Self.node(1, 2))
  }

  @Test func aSavedTraceShowsTheSame() {
    let state = Self.searched(80, 24)
    var replayed = Play(Fixtures.empty(80, 24))
    replayed.state.show(Trace(Self.treeSearch()))
    replayed.type("6")
    #expect(replayed.state.search.page == state.search.page)
    #expect(replayed.state.search.map == state.search.map)
  }

  /// No size is so small, and no place in a run so early, that the view falls over.
  @Test func everySizeCanBeDrawn() {
    var random = SplitMix64(state: 7)
    for records in [Self.treeSearch(), Self.beam()] {
      for cut in stride(from: 0, through: records.count, by: 4) {
        var play = Play(Fixtures.ready(80, 24))
        play.type("6")
        play.send(.trace(Array(records[..<cut])))
        for _ in 0..<10 {
          let size = Size(
            width: Int.random(in: 0...210, using: &random),
            height: Int.random(in: 0...62, using: &random))
          var buffer = CellBuffer(size: size)
          _ = SearchView.draw(play.state, in: Rect(size), view: Fixtures.view, on: &buffer)
        }
      }
    }
  }
}
