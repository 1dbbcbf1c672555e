import Decoding
import Foundation
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Problems
@testable import Reasoning
@testable import Traces

@Suite struct SearchScreenTests {
  private static let prompt = NodeID.root.appending(1000)

  private static func node(_ tokens: TokenID...) -> NodeID {
    prompt.appending(contentsOf: tokens)
  }

  private static let words: [TokenID: String] = [
    1: " My dad has", 2: " 3 + 2 = 5 apples.", 3: " 3 - 2 = 1 apple.", 4: " So 3 + 5 = 8.",
    5: " The answer is 8.", 6: " 我有三个苹果🍎。", 7: " The answer is 3.",
  ]

  /// A path by the tokens it takes: where its steps end, what each is scored, and the answer.
  private struct Line {
    var tokens: [TokenID]
    var steps: [Int]
    var scores: [Double]
    var answer: String?
    /// The path it begins as, and for how many tokens.
    var fork: (from: Int, length: Int)?
  }

  private static let lines = [
    Line(tokens: [1, 2, 4, 5], steps: [2, 3, 4], scores: [0.9, 0.9, 0.92], answer: "8"),
    Line(tokens: [6, 7], steps: [1, 2], scores: [0.6, 0.95], answer: "3"),
    Line(tokens: [1, 3], steps: [2], scores: [0.3]),
    Line(tokens: [1, 2, 3], steps: [2, 3], scores: [0.9, 0.7], fork: (0, 2)),
  ]

  /// A run's beginning: the prompt and the paths with what a process verifier says.
  private static func events(_ strategy: String, paths: Int) -> [TraceEvent] {
    var settings = Fixtures.settings
    (settings.samples, settings.leaves, settings.verifier) = (3, 1, .prm)
    var events: [TraceEvent] = [
      .run(
        RunStart(
          strategy: strategy, model: Fixtures.model.identity, seed: 1,
          question: Fixtures.question, settings: settings)),
      .injected(
        Injection(
          role: .prompt, path: nil, parent: .root, end: prompt,
          tokens: [Token(id: 1000, bytes: Array(Fixtures.question.text.utf8))])),
    ]
    for (number, line) in lines.prefix(paths).enumerated() {
      var (node, start) = (prompt, 0)
      if let fork = line.fork {
        node = prompt.appending(contentsOf: line.tokens[..<fork.length])
        start = fork.length
        events.append(.fork(PathFork(path: number, from: fork.from, node: node)))
      }
      for (index, id) in line.tokens.enumerated().dropFirst(start) {
        let child = node.appending(id)
        events.append(
          .node(
            NodeEvent(
              id: child, parent: node, path: number,
              token: Token(id: id, bytes: Array((words[id] ?? "").utf8)),
              logProbability: log(0.5))))
        node = child
        guard let step = line.steps.firstIndex(of: index + 1) else { continue }
        let first = prompt.appending(contentsOf: line.tokens[...start])
        events.append(.span(Span(kind: .step, path: number, first: first, last: node)))
        events.append(
          .score(Score(kind: .prm, path: number, node: node, value: line.scores[step])))
        start = index + 1
      }
    }
    return events
  }

  private static func ends(_ reasons: [String]) -> [TraceEvent] {
    zip(lines.indices, reasons).map { number, reason in
      let line = lines[number]
      return .pathFinished(
        PathEnd(
          path: number, end: prompt.appending(contentsOf: line.tokens), reason: reason,
          answer: reason == "stop" ? line.answer : nil, generated: line.tokens.count))
    }
  }

  private static func finished(_ answer: String) -> TraceEvent {
    .finished(
      RunEnd(
        reason: .completed, answer: answer, correct: answer == "8",
        tokens: TokenCounts(prompt: 37, generated: 120, injected: 60, reused: 2400)))
  }

  /// Three simulations: to 8 by way of 5 apples, once the other way, and again to 8.
  static func treeSearch() -> [TraceRecord] {
    var events = events("mcts", paths: 3)
    let lines = [
      [node(1, 2), node(1, 2, 4), node(1, 2, 4, 5)], [node(6), node(6, 7)],
    ]
    func prior(_ path: Int, _ node: NodeID, _ value: Double, _ initial: Double) {
      events.append(
        .score(Score(kind: .prior, path: path, node: node, value: value, terms: [initial])))
    }
    prior(0, lines[0][0], 0.5, 0.9)
    prior(1, lines[1][0], 0.25, 0.6)
    prior(2, node(1, 3), 0.25, 0.3)
    prior(0, lines[0][1], 1, 0.9)
    prior(0, lines[0][2], 1, 0.92)
    prior(1, lines[1][1], 1, 0.95)
    var counts: [NodeID: (visits: Int, total: Double)] = [:]
    for (index, (line, value)) in [(0, 0.4), (1, 0.1), (0, 0.4)].enumerated() {
      for node in lines[line] {
        events.append(
          .visit(
            Visit(
              iteration: index + 1, node: node, visits: counts[node]?.visits ?? 0, q: 0,
              prior: 0, u: 0)))
      }
      for node in lines[line].reversed() + [prompt] {
        counts[node, default: (0, 0)].visits += 1
        counts[node]?.total += value
        let (visits, total) = counts[node] ?? (1, 0)
        events.append(
          .backup(
            Backup(
              iteration: index + 1, node: node, value: value, visits: visits,
              q: total / Double(visits))))
      }
    }
    events += ends(["stop", "stop", "unfinished"]) + [finished("8")]
    return events.map { TraceRecord(run: 1, $0) }
  }

  /// Three rounds of two beams, by the last step's score.
  static func beam() -> [TraceRecord] {
    func pruning(_ path: Int, _ value: Double) -> TraceEvent {
      .pruned(
        Pruning(
          node: prompt.appending(contentsOf: lines[path].tokens), path: path, why: "rank 3 of 2",
          kind: .prm, value: value))
    }
    var events = events("step-beam", paths: 4)
    events += [pruning(2, 0.3), pruning(3, 0.7)]
    events += ends(["stop", "stop", "pruned", "pruned"]) + [finished("3")]
    return events.map { TraceRecord(run: 1, $0) }
  }

  /// A state that shows a finished search.
  static func searched(_ width: Int, _ height: Int, beam: Bool = false) -> PlaygroundState {
    var state = Fixtures.ready(width, height)
    let reducer = Reducer()
    _ = reducer.reduce(&state, .trace(beam ? Self.beam() : treeSearch()))
    _ = reducer.reduce(&state, .command(.screen(.search)))
    return state
  }

  private func line(_ play: Play, _ node: NodeID) -> SearchLine? {
    play.state.search.page.lines.first { $0.id == node }
  }

  // MARK: Pictures

  @Test(arguments: [(80, 24), (60, 16), (200, 60)])
  func aTreeSearch(width: Int, height: Int) {
    var play = Play(Self.searched(width, height))
    play.press(.down)
    Snapshot.check(Fixtures.draw(play.state), named: "search-\(width)x\(height)")
  }

  @Test(arguments: [(80, 24), (60, 16), (200, 60)])
  func aTreeSearchRankedOtherwise(width: Int, height: Int) {
    var play = Play(Self.searched(width, height))
    play.type("---")
    play.press(.down)
    Snapshot.check(Fixtures.draw(play.state), named: "search-otherwise-\(width)x\(height)")
  }

  /// A trained judge has valued the states of the first path.
  @Test(arguments: [(80, 24), (200, 60)])
  func theLearnedValueStandsBesideQ(width: Int, height: Int) {
    var state = Self.searched(width, height)
    let before = Fixtures.draw(state).textSnapshot()
    #expect(!before.contains("2m+value"))
    let nodes = [Self.node(1, 2), Self.node(1, 2, 4), Self.node(1, 2, 4, 5)]
    let scores = zip(nodes, [0.62, 0.71, 0.98]).map { node, value in
      TraceRecord(
        run: 1,
        .score(
          Score(kind: .prm, path: 0, node: node, value: value, judge: "2m+value", verifier: .prm)))
    }
    _ = Reducer().reduce(&state, .trace(scores))
    var play = Play(state)
    play.press(.down)
    #expect(line(play, nodes[0])?.learned == 0.62)
    #expect(line(play, Self.node(6))?.learned == nil)
    #expect(play.state.search.page.why.hasSuffix("V .620 by 2m+value"))
    // The search itself stands as it was.
    #expect(play.state.search.map.nodes[nodes[0]]?.score?.value == 0.9)
    Snapshot.check(Fixtures.draw(play.state), named: "search-learned-\(width)x\(height)")
  }

  @Test func anEarlierIteration() {
    var play = Play(Self.searched(80, 24))
    play.type("NN")
    play.press(.down)
    Snapshot.check(Fixtures.draw(play.state), named: "search-iteration-80x24")
  }

  @Test(arguments: [(80, 24), (60, 16), (200, 60)])
  func aBeam(width: Int, height: Int) {
    var play = Play(Self.searched(width, height, beam: true))
    play.type("x")
    Snapshot.check(Fixtures.draw(play.state), named: "search-beam-\(width)x\(height)")
  }

  @Test func aBeamRankedOtherwise() {
    var play = Play(Self.searched(80, 24, beam: true))
    play.type("w")
    play.press(.down)
    Snapshot.check(Fixtures.draw(play.state), named: "search-beam-otherwise-80x24")
  }

  @Test(arguments: [(80, 24), (200, 60)])
  func aBeamOfTokens(width: Int, height: Int) async throws {
    var settings = Fixtures.settings
    settings.branches = 3
    var play = Play(Fixtures.ready(width, height))
    play.send(.trace(try await Fixtures.records(of: "beam", settings: settings)))
    play.type("6x")
    Snapshot.check(Fixtures.draw(play.state), named: "search-tokens-\(width)x\(height)")
  }

  @Test func sixteenColoursAndNoneAndAscii() throws {
    var play = Play(Self.searched(80, 24))
    play.type("---")
    for (name, depth) in [("16", ColorDepth.ansi16), ("mono", .none)] {
      let view = try Fixtures.view(depth: depth)
      Snapshot.check(Fixtures.draw(play.state, view: view), named: "search-80x24-\(name)")
    }
    let ascii = Fixtures.draw(play.state).drawn(in: .ascii).textSnapshot()
    #expect(!ascii.unicodeScalars.contains { !$0.isASCII })
  }

  @Test func beforeAnythingWasSearched() {
    var play = Play(Fixtures.ready(80, 24))
    play.type("6")
    Snapshot.check(Fixtures.draw(play.state), named: "search-blank-80x24")
    play.type("+wux[]{}")
    #expect(play.state.search.ranking == nil)
  }

  // MARK: The tree

  @Test func placesAreTheEndsOfSteps() throws {
    let map = Self.searched(80, 24).search.map
    #expect(map.order(upTo: nil).count == 7)
    let five = try #require(map.nodes[Self.node(1, 2)])
    #expect(five.parent == Self.prompt)
    #expect(five.depth == 1)
    #expect(String(decoding: five.bytes, as: UTF8.self) == " My dad has 3 + 2 = 5 apples.")
    #expect(five.children == [Self.node(1, 2, 4)])
    // The token in between, where two steps part, is no place.
    #expect(map.nodes[Self.node(1)] == nil)
    #expect(map.graves.isEmpty)
    #expect(map.treeSearch != nil)
    #expect(map.iterations == 3)
  }

  @Test func anEarlierIterationShowsWhatItChoseBy() throws {
    var play = Play(Self.searched(80, 24))
    let (five, three, one) = (Self.node(1, 2), Self.node(6), Self.node(1, 3))
    #expect(line(play, five)?.standing?.visits == 2)
    // After the last one the sign is where the next would go.
    #expect(line(play, one)?.sign == .chosen)
    #expect(line(play, five)?.sign == SearchLine.Sign.none)
    play.type("N")
    #expect(play.state.search.iteration == 3)
    #expect(play.state.search.chosen == 3)
    #expect(line(play, five)?.standing?.visits == 1)
    #expect(line(play, five)?.standing?.q == 0.4)
    #expect(line(play, five)?.sign == .chosen)
    #expect(play.state.search.standings.value == 0.4)
    play.type("N")
    #expect(line(play, three)?.sign == .chosen)
    #expect(line(play, three)?.standing?.q == 0.6)
    play.type("NNN")
    #expect(play.state.search.iteration == 1)
    #expect(line(play, five)?.standing?.u == 0)
    #expect(line(play, five)?.standing?.q == 0.9)
    // What was found later is not there yet.
    #expect(line(play, Self.node(6, 7)) == nil)
    #expect(line(play, three) != nil)
    play.type("}")
    #expect(play.state.search.chosen == nil)
    #expect(line(play, Self.node(6, 7)) != nil)
    play.type("{")
    #expect(play.state.search.chosen == 1)
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
    play.type("NN")
    play.send(.trace(Array(records[cut...])))
    // Whoever looks back is left there.
    #expect(play.state.search.iteration == 1)
    #expect(play.state.search.map.iterations == 3)
  }

  @Test func anotherConstantRanksTheSameTree() {
    var play = Play(Self.searched(80, 24))
    let (five, one) = (Self.node(1, 2), Self.node(1, 3))
    let own = play.state.search.page
    play.type("-")
    #expect(play.state.search.ranking == .exploration(1))
    #expect(play.state.search.standings.differences == 0)
    play.type("--")
    // Less exploration goes where it was good; the visits are what they were.
    #expect(play.state.search.ranking == .exploration(0.25))
    #expect(line(play, five)?.sign == .instead)
    #expect(line(play, one)?.sign == .passedOver)
    #expect(line(play, five)?.standing?.visits == 2)
    #expect(line(play, five)?.standing?.q == 0.4)
    #expect(play.state.search.standings.differences == 1)
    play.type("------")
    #expect(play.state.search.ranking == .exploration(0))
    // c grows a little with N by itself.
    #expect((line(play, one)?.standing?.u ?? 1) < 0.001)
    play.type("u")
    #expect(play.state.search.ranking == nil)
    #expect(play.state.search.page == own)
    play.type("+")
    #expect(play.state.search.ranking == .exploration(2))
    play.press(.escape)
    #expect(play.state.search.ranking == nil)
    #expect(play.state.search.page == own)
    // All the way round.
    play.type(String(repeating: "w", count: 9))
    #expect(play.state.search.ranking == nil)
  }

  // MARK: Beams

  @Test func aBeamIsFollowedByItsRounds() {
    var play = Play(Self.searched(80, 24, beam: true))
    #expect(play.state.search.map.stepSearch != nil)
    #expect(play.state.search.map.iterations == 3)
    play.type("NN")
    #expect(
      play.state.search.order == [
        Self.prompt, Self.node(1, 2), Self.node(6), Self.node(1, 3),
      ])
    #expect(play.state.search.graves.map(\.place) == [Self.node(1, 3)])
    play.type("}")
    #expect(play.state.search.graves.map(\.place) == [Self.node(1, 3), Self.node(1, 2, 3)])
  }

  @Test func anotherAggregateRanksTheSameCandidates() {
    var play = Play(Self.searched(80, 24, beam: true))
    let (three, rest) = (Self.node(6, 7), Self.node(1, 2, 3))
    #expect(line(play, three)?.rank == 1)
    #expect(line(play, rest)?.sign == .givenUp)
    play.type("w")
    #expect(play.state.search.ranking == .aggregate(.min))
    // Its first step was weak.
    #expect(line(play, three)?.score == 0.6)
    #expect(line(play, three)?.rank == 3)
    #expect(line(play, three)?.sign == .nowGivenUp)
    #expect(line(play, rest)?.sign == .nowKept)
    #expect(play.state.search.standings.differences == 2)
    play.type("w")
    #expect(play.state.search.ranking == .aggregate(.prod))
    #expect(abs((line(play, rest)?.score ?? 0) - 0.63) < 1e-12)
    play.press(.backspace)
    #expect(play.state.search.ranking == nil)
    #expect(line(play, three)?.score == 0.95)
  }

  @Test func theGraveyardTellsWhatKilled() throws {
    var play = Play(Self.searched(80, 24, beam: true))
    play.type("x")
    play.press(.down)
    #expect(play.state.search.selected == Self.node(1, 2, 3))
    let grave = try #require(play.state.search.page.graves.last)
    #expect(grave.why == "rank 3, 2 kept")
    #expect(grave.score == 0.7)
    #expect(grave.scoreKind == .prm)
    play.press(.enter)
    #expect(play.state.screen == .decode)
    #expect(play.state.cursor == Self.node(1, 2, 3))
    play.type("6")
    play.press(.escape)
    #expect(play.state.search.focus == .tree)
  }

  /// What a beam of tokens never took can be seen where it would have come next.
  @Test func aTokenThatNoPathTookIsShownInItsPlace() async throws {
    var settings = Fixtures.settings
    settings.branches = 3
    let records = try await Fixtures.records(of: "beam", settings: settings)
    var play = Play(Fixtures.ready(80, 24))
    play.send(.trace(records))
    play.type("6x")
    let grave = try #require(play.state.search.selectedGrave)
    #expect(grave.pruning.token != nil)
    #expect(grave.place == grave.pruning.parent)
    play.press(.enter)
    #expect(play.state.screen == .decode)
    #expect(play.state.cursor == grave.place)
    // Σ log p of a place is that of its tokens.
    let run = try #require(play.state.trace.runs[1])
    for node in play.state.search.map.nodes.values {
      let sum = run.line(to: node.id).compactMap { run.nodes[$0]?.logProbability }.reduce(0, +)
      #expect(abs(node.logProbability - sum) < 1e-9)
    }
    play.type("6+")
    #expect(play.state.search.ranking == nil)
    #expect(play.state.message?.text.contains("Σ") == true)
  }

  // MARK: Everything else

  @Test func clicksSelectAndOpen() {
    var play = Play(Self.searched(80, 24))
    let tree = play.state.search.layout(play.state.session).tree
    let click = MouseEvent(.press(.left), at: Point(x: 9, y: tree.y + 2))
    play.send(.mouse(click))
    #expect(play.state.search.position.selected == 1)
    #expect(play.state.screen == .search)
    play.send(.mouse(click))
    #expect(play.state.screen == .decode)
    #expect(play.state.cursor == Self.node(1, 2))
  }

  @Test(arguments: [false, true]) func aSavedTraceShowsTheSame(beam: Bool) {
    let state = Self.searched(80, 24, beam: beam)
    var replayed = Play(Fixtures.empty(80, 24))
    replayed.state.show(Trace(beam ? Self.beam() : Self.treeSearch()))
    // At once, before any key.
    #expect(replayed.state.screen == .search)
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
        play.type("[-")
        for _ in 0..<10 {
          let size = Size(
            width: Int.random(in: 0...210, using: &random),
            height: Int.random(in: 0...62, using: &random))
          var buffer = CellBuffer(size: size)
          _ = play.state.search.draw(
            in: Rect(size), play.state.session, view: Fixtures.view, on: &buffer)
        }
      }
    }
  }
}
