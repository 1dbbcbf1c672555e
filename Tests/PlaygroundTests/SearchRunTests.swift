import Decoding
import Reasoning
import Synchronization
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

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
    #expect(digest.end?.reason == .completed)
    #expect(digest.growing.isEmpty)
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

  /// The trace of a search that is cancelled as soon as it has sampled some tokens.
  private func cancelled(_ strategy: String, after tokens: Int) async throws -> RunTrace {
    var settings = Fixtures.settings
    (settings.samples, settings.branches, settings.temperature) = (60, 4, 1.3)
    settings.verifier = strategy == "beam" ? nil : .likelihood
    let (log, chosen) = (RecordLog(), settings)
    let task = Mutex<Task<Void, any Error>?>(nil)
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let work = Task {
      for await _ in started { break }
      try await StrategyRegistry.strategy(named: strategy).run(
        Fixtures.question, settings: chosen, decoder: Decoder(model: Fixtures.model, slots: 4),
        library: PromptLibrary(directory: ""), number: 1
      ) { record in
        log.append(record)
        let sampled = log.records.count { if case .node = $0.event { true } else { false } }
        if sampled == tokens { task.withLock { $0 }?.cancel() }
      }
    }
    task.withLock { $0 = work }
    start.yield()
    try await work.value
    return try #require(Trace(log.records).runs[1])
  }

  /// What was cut short is no step of a search, and has not finished.
  @Test(arguments: names, [3, 6, 10])
  func onlyWhatEndedByItselfIsFinished(strategy: String, tokens: Int) async throws {
    let run = try await cancelled(strategy, after: tokens)
    #expect(run.end?.reason == .cancelled)
    let cut = run.paths.values.compactMap(\.end).filter { $0.reason == "cancelled" }
    #expect(!cut.isEmpty)
    let map = SearchMap(run)
    let ended = map.nodes.values.compactMap(\.end)
    #expect(!ended.contains { $0.reason == "cancelled" })
    let natural = run.paths.values.compactMap(\.end).filter {
      !["cancelled", "pruned", "unfinished", "lookahead"].contains($0.reason)
    }
    #expect(ended.count <= natural.count)
    var search = SearchScreen()
    search.run = 1
    search.read(run)
    search.makePage(SearchLayout(in: Rect(Size(width: 80, height: 24)), graves: 0))
    #expect(search.page.finished <= natural.count)
    guard strategy == "step-beam" || strategy == "dvts" else { return }
    // In steps, each place is an end, a fork, or a step that a score or a pruning names.
    let known = Set(
      natural.map(\.end) + run.forks.map(\.node) + run.prunings.map(\.node)
        + run.paths.values.flatMap { $0.spans.filter { $0.kind == .step }.map(\.last) })
    for node in map.nodes.values where node.id != map.root {
      #expect(known.contains { $0 == node.id })
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
    #expect(driver.state.screen == .search)
    #expect(driver.state.search.map.nodes.count > 1)
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
