import Decoding
import Reasoning
import TerminalUI
import Testing

@testable import Playground

/// Searches on the screens that show paths and votes.
@Suite struct SearchRunTests {
  private static let names = ["beam", "step-beam", "dvts", "lookahead", "mcts"]

  private func records(_ strategy: String) async throws -> [TraceRecord] {
    var settings = Fixtures.settings
    (settings.samples, settings.branches, settings.detail) = (12, 4, 5)
    (settings.verifier, settings.seed) = (.likelihood, 3)
    return try await Fixtures.records(of: strategy, settings: settings)
  }

  /// Paths that begin in the middle of others are kept up to date like any other.
  @Test(arguments: names)
  func theDigestIsThatOfTheWholeTraceAtAnyTime(strategy: String) async throws {
    var trace = RunTrace()
    var digest = RunDigest(1, trace)
    var sampled = 0
    for record in try await records(strategy) {
      trace.apply(record.event)
      digest.apply(record.event, trace)
      #expect(digest == RunDigest(1, trace))
      if case .node = record.event { sampled += 1 }
      // What forks share is sampled once.
      #expect(digest.generated == sampled)
    }
    #expect(digest.end?.tokens.generated == sampled)
    #expect(digest.end?.reason == .completed && digest.growing.isEmpty)
    for (number, path) in digest.paths {
      #expect(path.nodes == trace.paths[number]?.nodes)
    }
  }

  /// Only solutions that the search kept have a vote, whatever their numbers are.
  @Test(arguments: ["step-beam", "dvts", "lookahead", "mcts"])
  func thePathsBehindAnAnswerAreThoseThatVoted(strategy: String) async throws {
    let run = try #require(Trace(try await records(strategy)).runs[1])
    let digest = RunDigest(1, run)
    let votes = try #require(run.tally(.majority)).votes
    #expect(!votes.isEmpty)
    for (answer, count) in votes {
      let paths = digest.paths(for: answer)
      #expect(paths.count == Int(count))
      #expect(paths.allSatisfy { run.paths[$0]?.answer == answer })
      #expect(AnswerDetail(answer: answer, in: digest, run).paths == paths)
    }
  }

  /// The tree knows where every path stands, those that fork included.
  @Test(arguments: names) func theTreeGrowsWithEveryEvent(strategy: String) async throws {
    var trace = Trace()
    var tree = ExploredTree()
    for record in try await records(strategy) {
      trace.apply(record)
      guard let run = trace.runs[1] else { continue }
      tree.apply(record.event, in: 1, run)
    }
    let whole = ExploredTree(trace)
    #expect(tree.lines.keys == whole.lines.keys)
    for (id, line) in whole.lines {
      #expect(tree.lines[id]?.entries.map(\.node) == line.entries.map(\.node))
      #expect(tree.lines[id]?.counts == line.counts)
    }
  }

  /// The places of a search are those that its events name, with what these say.
  @Test(arguments: names) func theMapHoldsWhatTheEventsSay(strategy: String) async throws {
    let run = try #require(Trace(try await records(strategy)).runs[1])
    let map = SearchMap(run)
    let prunings = run.prunings.filter { $0.kind != nil }
    #expect(map.graves.map(\.pruning) == prunings)
    #expect(strategy == "mcts" ? prunings.isEmpty : !prunings.isEmpty)
    // No place is cut off from the question, and the steps up to one are its text.
    #expect(map.order(upTo: nil).count == map.nodes.count)
    for path in run.solutionPaths.compactMap({ run.paths[$0] }) {
      guard let end = path.end, var place = map.nodes[end.end] else { continue }
      var bytes = place.bytes
      while let parent = place.parent.flatMap({ map.nodes[$0] }) {
        place = parent
        bytes = place.bytes + bytes
      }
      let upToEnd = run.tokens(to: end.end).dropFirst(run.tokens(to: run.promptEnd).count)
      #expect(bytes == upToEnd.flatMap(\.bytes))
    }
    // What ended with an answer, and was not given up, is there as that.
    let answers = run.paths.values.compactMap { $0.end?.answer }
    let told = map.nodes.values.compactMap { $0.end?.answer }
    #expect(told.allSatisfy(answers.contains))
    #expect(map.nodes.values.contains { $0.end?.answer == run.end?.answer })
    guard let search = map.treeSearch else {
      #expect(strategy != "mcts")
      return
    }
    #expect(run.visits.map(\.node).allSatisfy { map.nodes[$0] != nil })
    // N(parent) = ΣN(child): every descent goes on to a child, down to an end.
    let standings = search.standings(at: nil)
    #expect(standings[map.root]?.visits == 12)
    for node in map.nodes.values where !node.children.isEmpty {
      let below = node.children.reduce(0) { $0 + (standings[$1]?.visits ?? 0) }
      #expect(below == standings[node.id]?.visits)
    }
  }

  @MainActor
  @Test(.timeLimit(.minutes(10)), arguments: names)
  func itRunsOnTheScreenThatFitsIt(strategy: String) async throws {
    let driver = Driver()
    await driver.start()
    driver.type(":strategy \(strategy)")
    driver.press(KeyEvent(.enter))
    func digest(_ state: PlaygroundState) -> RunDigest {
      strategy == "beam" ? state.branches.digest : state.votes.digest
    }
    await driver.wait { digest($0).end != nil }
    #expect(driver.state.screen == .search && driver.state.search.map.nodes.count > 1)
    // Its paths are on the screens that show paths as well.
    driver.type(strategy == "beam" ? "2" : "3")
    #expect(digest(driver.state).start?.strategy == strategy)
    #expect(digest(driver.state).end?.reason == .completed)
    let title = try #require(StrategyRegistry.description(of: strategy)?.title)
    let text = driver.draw().textSnapshot()
    #expect(text.contains(title))
    if strategy != "beam" {
      driver.press(KeyEvent(.enter))
      #expect(driver.state.votes.detail?.paths.isEmpty == false)
    }
    await driver.finish()
  }
}
