import Decoding
import Foundation
import StrategyFixtures
import Testing

@testable import Problems
@testable import Reasoning
@testable import Traces

/// What holds for every strategy there is, and for the next one as well.
@Suite struct EveryStrategyTests {
  /// Tokens as the events tell of them: each is chosen or put in exactly once.
  private func reconcile(_ records: [TraceRecord], _ name: String) throws {
    let trace = Trace(records)
    let end = try #require(trace.runs[1]?.end)
    var (generated, injected, prompt) = (0, 0, 0)
    for record in records {
      switch record.event {
      case .node: generated += 1
      case .injected(let injection):
        if injection.role == .prompt {
          prompt += injection.tokens.count
        } else {
          injected += injection.tokens.count
        }
      default: break
      }
    }
    #expect(end.tokens.generated == generated, "\(name)")
    #expect(end.tokens.injected == injected, "\(name)")
    #expect(end.tokens.prompt <= prompt && (generated == 0 || end.tokens.prompt > 0), "\(name)")
  }

  @Test(arguments: StrategyRegistry.names, [nil, true])
  func itRunsToItsEndAndItsCountsAreItsEvents(name: String, overTime: Bool?) async throws {
    let outcome = try await EveryStrategy(name: name, overTime: overTime).run()
    let run = try #require(Trace(outcome.records).runs[1])
    #expect(run.end?.reason == .completed)
    #expect(run.end?.message == nil)
    #expect(run.end?.answer != nil, "the table always comes to an answer")
    #expect(outcome.late == 0)
    try reconcile(outcome.records, name)
    #expect(run.paths.values.allSatisfy { $0.end != nil })
  }

  /// Wherever it is cancelled: it says so, last of all; what was finished stays as it was; every path
  /// that was begun has an end; and the counts are those of the events.
  @Test(arguments: StrategyRegistry.names, [nil, true])
  func aCancelKeepsWhatThereIs(name: String, overTime: Bool?) async throws {
    let strategy = EveryStrategy(name: name, overTime: overTime)
    let whole = try await strategy.run().records
    let told = Set(whole)
    let last = whole.count - 2
    for limit in Set([0, 1, 2, last / 8, last / 4, last / 2, last * 3 / 4, last * 7 / 8, last]) {
      let outcome = try await strategy.run(cancelledAt: limit)
      let records = outcome.records
      guard case .finished(let end)? = records.last?.event, records.last?.run == 1 else {
        Issue.record("a run ends with what became of it")
        continue
      }
      #expect(end.reason == .cancelled, "at event \(limit) of \(whole.count)")
      #expect(outcome.late == 0)
      let ends = records.count {
        if case .finished = $0.event, $0.run == 1 { true } else { false }
      }
      #expect(ends == 1)
      try reconcile(records, name)
      for record in records {
        switch record.event {
        case .node, .fork: #expect(told.contains(record))
        case .pathFinished(let end) where !["cancelled", "unfinished"].contains(end.reason):
          #expect(told.contains(record), "\(end)")
        default: break
        }
      }
      let trace = Trace(records)
      for run in trace.runs.values {
        #expect(run.paths.values.allSatisfy { $0.end != nil || $0.nodes.isEmpty })
        #expect(run.end != nil)
      }
      // An answer that was looked at again is none of its path's any more.
      let answers = records.compactMap { record in
        if case .pathFinished(let end) = record.event { end.answer } else { nil }
      }
      #expect(end.answer.map(answers.contains) ?? true)
    }
  }

  /// The same seed: the same events at the same width, the same trace at any width.
  @Test(arguments: StrategyRegistry.names, [nil, true])
  func theTraceDoesNotDependOnTheWidth(name: String, overTime: Bool?) async throws {
    var strategy = EveryStrategy(name: name, overTime: overTime)
    let first = try await strategy.run().records
    #expect(try await strategy.run().records == first)
    for slots in [1, 3, 8] {
      strategy.slots = slots
      #expect(Trace(try await strategy.run().records) == Trace(first), "\(slots) slots")
    }
    strategy.seed = 2
    let isRandom = StrategyRegistry.description(of: name).map { $0.defaultTemperature > 0 }
    let other = Trace(try await strategy.run().records).runs[1]
    // The ensemble samples as soon as it is asked for several samples.
    let samples = isRandom == true || name == Ensemble.description.name
    #expect((other?.tallies != Trace(first).runs[1]?.tallies || name == "sample") == samples)
  }

  /// Written as JSON Lines and read back it is the same trace, and writes the same bytes again.
  @Test(arguments: StrategyRegistry.names)
  func aSavedTraceIsTheTrace(name: String) async throws {
    let records =
      [TraceRecord(.header(TraceHeader()))]
      + (try await EveryStrategy(name: name, overTime: true).run().records)
    let lines = try TraceCoding.lines(records)
    let read = try TraceFile.parse(lines, name: name).records
    #expect(read == records)
    #expect(Trace(read) == Trace(records))
    #expect(try TraceCoding.lines(read) == lines)
  }

  /// Each technique leaves what only it leaves.
  @Test(arguments: StrategyRegistry.names) func itLeavesItsOwnMark(name: String) async throws {
    let records = try await EveryStrategy(name: name).run().records
    let trace = Trace(records)
    let run = try #require(trace.runs[1])
    let scores = Set(run.paths.values.flatMap(\.scores).map(\.kind))
    let spans = Set(run.paths.values.flatMap(\.spans).map(\.kind))
    let injected = records.compactMap { record -> String? in
      guard case .injected(let injection) = record.event, injection.role == .strategy else {
        return nil
      }
      return String(decoding: injection.bytes, as: UTF8.self)
    }
    switch name {
    case "greedy", "few-shot-cot": #expect(run.paths.count == 1 && injected.isEmpty)
    case "sample": #expect(run.paths.count == 6 && run.tallies.isEmpty)
    case "cot": #expect(injected == [PromptFormat.answerMarker])
    case "cot-decoding": #expect(run.tally(.delta) != nil && run.paths.count == 3)
    case "self-consistency":
      #expect(run.tallies[.majority]?.count == 6)
      #expect(run.tally(.normalizedLikelihood) != nil)
    case "best-of-n", "genrm":
      #expect(run.tally(.verifier) != nil)
      #expect(run.paths.count == 6 + 6 * 2)
      #expect(run.paths[0]?.score(.genrm)?.terms?.count == 2)
    case "beam":
      #expect(run.prunings.contains { $0.kind == .likelihood && $0.token != nil })
    case "step-beam", "dvts", "lookahead", "mcts":
      #expect(scores.contains(.prm))
      #expect(run.tally(.verifier) != nil)
      #expect(spans.contains(.step))
      #expect(scores.contains(.lookahead) == (name == "lookahead"))
      #expect(run.backups.isEmpty == (name != "mcts"))
      #expect(run.visits.isEmpty == (name != "mcts"))
      #expect(name == "mcts" || run.prunings.contains { $0.value != nil })
    case "budget-forcing":
      #expect(injected.count { $0 == PromptFormat.wait } == 2)
      #expect(spans.contains(.thinking))
    case "self-correct":
      #expect(injected == [PromptFormat.recheck])
      #expect(run.end?.revision?.of != nil)
    case "analogical":
      #expect(spans.contains(.recalled))
      #expect(scores.isSuperset(of: [.overlap, .contextShift]))
    case "step-back": #expect(spans.contains(.principle) && scores.contains(.contextShift))
    case "retrieval":
      #expect(run.retrievals.count == 2)
      #expect(run.retrievals.allSatisfy { $0.first != nil })
      #expect(scores.contains(.contextShift))
    case "ensemble":
      #expect(Set(trace.runs.values.compactMap { $0.start?.model.hash }).count == 3)
    default: Issue.record("\(name) has no mark yet: say here what only it leaves")
    }
  }

  /// No strategy and no verifier sees the right answer: whatever it is, the same is said and chosen.
  @Test(arguments: StrategyRegistry.names) func theRightAnswerIsNotSeen(name: String) async throws {
    func blind(_ gold: String?) async throws -> [TraceRecord] {
      var strategy = EveryStrategy(name: name, overTime: true)
      strategy.gold = gold
      return try await strategy.run().records.map { record in
        switch record.event {
        case .run(var start):
          #expect(start.question.gold == gold)
          start.question.gold = nil
          return TraceRecord(run: record.run, .run(start))
        case .finished(var end):
          #expect(end.correct == gold.map { $0 == end.answer })
          end.correct = nil
          end.revision?.correct = nil
          return TraceRecord(run: record.run, .finished(end))
        default: return record
        }
      }
    }
    let records = try await blind("8")
    for gold in ["5", "12", nil] { #expect(try await blind(gold) == records) }
  }

  /// Steps as actions: one after another they give back the text that was come to, and their
  /// log-probabilities sum to the text's.
  @Test(arguments: ["step-beam", "dvts", "lookahead", "mcts"])
  func actionsReplayTheStateTheyLedTo(name: String) async throws {
    let run = try #require(Trace(try await EveryStrategy(name: name).run().records).runs[1])
    var checked = 0
    for number in run.tallies[.verifier]?.compactMap(\.path) ?? [] {
      let path = try #require(run.paths[number])
      var state = run.promptEnd
      var (text, sum) = ("", 0.0)
      for step in path.spans.filter({ $0.kind == .step }) {
        let range = try #require(path.range(of: step))
        let actions = range.map { path.nodes[$0] }
        // An action begins where the one before it has led to.
        #expect(run.nodes[try #require(actions.first)]?.parent == state)
        state = try #require(actions.last)
        for node in actions.compactMap({ run.nodes[$0] }) {
          text += node.token.text
          sum += try #require(node.logProbability)
        }
      }
      // What is left is the end, which is said after the last step.
      let end = try #require(path.tip.flatMap { run.nodes[$0] })
      #expect(end.parent == state)
      #expect(text == run.text(ofPath: number))
      sum += try #require(end.logProbability)
      #expect(abs(sum - (try #require(path.score(.likelihood)).value)) < 1e-5)
      checked += 1
    }
    #expect(checked > 1)
  }

  /// A value of a setting that is not the one that `EveryStrategy` has; nil for those that are for
  /// others to heed: the program that opens the models, and views that count votes.
  private func another(
    _ setting: Setting, than description: StrategyDescription
  ) -> (@Sendable (inout RunSettings) -> Void)? {
    switch setting {
    case .prompting:
      let isFewShot = description.defaultPrompting == .fewShot
      return { $0.prompting = isFewShot ? "think" : "few-shot" }
    case .samples: return { $0.samples = 4 }
    case .branches: return { $0.branches = 2 }
    case .temperature: return { $0.temperature = 3 }
    case .topK: return { $0.topK = 1 }
    case .topP: return { $0.topP = 0.3 }
    case .minP: return { $0.minP = 0.9 }
    case .maxTokens: return { $0.maxTokens = 2 }
    case .verifier: return { $0.verifier = .likelihood }
    case .rationales: return { $0.rationales = 1 }
    case .lookahead: return { $0.lookahead = 0 }
    case .exploration: return { $0.exploration = 90 }
    case .leaves: return { $0.leaves = 1 }
    case .waits: return { $0.waits = 0 }
    case .thinkingBudget: return { $0.thinkingBudget = 1 }
    case .passages: return { $0.passages = 1 }
    case .corpus: return { $0.corpus = nil }
    case .earlyStop: return { $0.earlyStop = .decided }
    case .seed: return { $0.seed = 2 }
    default: return nil
    }
  }

  /// Whatever a strategy says it heeds changes what it does.
  /// What Verify says of steps where nothing was asked is what the strategy did.
  @Test(arguments: ["best-of-n", "step-beam", "dvts", "lookahead", "mcts"])
  func stepsBecomeAScoreAsItSays(name: String) async throws {
    let description = try #require(StrategyRegistry.description(of: name))
    func events(_ aggregate: RunSettings.Aggregate?) async throws -> [TraceRecord] {
      var strategy = EveryStrategy(name: name)
      strategy.turn = { ($0.verifier, $0.aggregate, $0.temperature) = (.prm, aggregate, 1) }
      return try await strategy.run().records.filter {
        if case .run = $0.event { false } else { true }
      }
    }
    let known = try await events(nil)
    let said = try #require(RunSettings.Aggregate(rawValue: description.defaultAggregate.rawValue))
    #expect(try await events(said) == known)
    #expect(try await events(.prod) != known)
  }

  @Test(arguments: StrategyRegistry.names) func theSettingsItNamesAreHeeded(name: String)
    async throws
  {
    let description = try #require(StrategyRegistry.description(of: name))
    /// All that is told but how the run was set.
    func events(_ turn: (@Sendable (inout RunSettings) -> Void)?) async throws -> [TraceRecord] {
      var strategy = EveryStrategy(name: name)
      let isSampling = description.settings.contains(.temperature)
      strategy.turn = { settings in
        // Where nothing is drawn at random a seed changes nothing.
        if isSampling { settings.temperature = 1 }
        turn?(&settings)
      }
      return try await strategy.run().records.filter {
        if case .run = $0.event { false } else { true }
      }
    }
    let known = try await events(nil)
    for setting in description.settings {
      guard let turn = another(setting, than: description) else { continue }
      // A process verifier samples nothing, one that samples rationales has some.
      if setting == .rationales, description.defaultVerifier != .genrm, name != "genrm" { continue }
      #expect(try await events(turn) != known, "\(setting.name)")
    }
    for setting in SettingTable.standard
    where !description.settings.contains(setting) {
      guard let turn = another(setting, than: description) else { continue }
      #expect(try await events(turn) == known, "\(setting.name) is heeded and not named")
    }
  }
}
