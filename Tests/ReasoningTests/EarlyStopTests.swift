import Decoding
import Foundation
import Testing

@testable import Reasoning
@testable import Traces

@Suite struct EarlyStopTests {
  /// The exact law of where a vote stops and with which answer, by enumeration of all sequences
  /// of answers.
  private static func law(
    _ criterion: EarlyStop, shares: [String: Double], samples: Int
  ) -> [String: Double] {
    var law: [String: Double] = [:]
    let rule = EarlyStopRule(criterion: criterion, method: .majority, samples: samples)
    func go(_ tally: Tally, _ counted: Int, _ chance: Double) {
      let isMet = counted < samples && counted > 0 && rule.isMet(by: tally, counted: counted)
      if isMet || counted == samples {
        law["\(counted) \(tally.winner ?? "")", default: 0] += chance
        return
      }
      for (answer, share) in shares where share > 0 {
        var next = tally
        if next.votes[answer] == nil { next.order.append(answer) }
        next.votes[answer, default: 0] += 1
        go(next, counted + 1, chance * share)
      }
    }
    go(Tally(method: .majority, votes: [:], unparsed: 0, order: []), 0, 1)
    return law
  }

  private static func trace(
    _ criterion: EarlyStop?, samples: Int, seed: UInt64, slots: Int = 8,
    weighting: Tally.Method = .majority
  ) async throws -> RunTrace {
    try await StrategyBench(slots: slots).trace(
      SelfConsistency(),
      RunSettings(
        seed: seed, samples: samples, temperature: 1, weighting: weighting, earlyStop: criterion,
        detail: 0))
  }

  @Test(arguments: [EarlyStop.decided, .likely])
  func whereItStopsIsTheEnumeratedLaw(criterion: EarlyStop) async throws {
    let samples = 7
    let shares = Dictionary(
      uniqueKeysWithValues: zip(
        SelfConsistencyTests.answers, SelfConsistencyTests.shares(temperature: 1)))
    let law = Self.law(criterion, shares: shares, samples: samples)
    #expect(abs(law.values.reduce(0, +) - 1) < 1e-9)
    var seen: [String: Int] = [:]
    let runs = 400
    for seed in 1...UInt64(runs) {
      let run = try await Self.trace(criterion, samples: samples, seed: seed)
      let tally = try #require(run.tally(.majority))
      let counted = Int(tally.votes.values.reduce(0, +))
      #expect((tally.stopped != nil) == (counted < samples))
      #expect(tally.stopped.map { $0.after == counted && $0.of == samples } ?? true)
      seen["\(counted) \(run.end?.answer ?? "")", default: 0] += 1
    }
    #expect(Set(seen.keys).isSubset(of: law.keys))
    // Each share is within four standard errors of the exact one.
    for (outcome, chance) in law where chance > 0.02 {
      let error = (chance * (1 - chance) / Double(runs)).squareRoot()
      #expect(abs(Double(seen[outcome] ?? 0) / Double(runs) - chance) < 4 * error, "\(outcome)")
    }
    #expect(seen.keys.contains { !$0.hasPrefix("\(samples) ") })
  }

  /// A vote that stops because it is decided has the answer of the whole vote, ties included.
  @Test(arguments: [Tally.Method.majority, .delta, .normalizedLikelihood], [2, 5, 12])
  func decidedMeansDecided(method: Tally.Method, samples: Int) async throws {
    var saved = 0
    for seed in 1...40 as ClosedRange<UInt64> {
      let whole = try await Self.trace(nil, samples: samples, seed: seed, weighting: method)
      let early = try await Self.trace(.decided, samples: samples, seed: seed, weighting: method)
      #expect(early.end?.answer == whole.end?.answer)
      let counted = early.tallies[method]?.count ?? 0
      #expect(counted <= samples)
      saved += samples - counted
      // Up to there it is the same vote.
      let tallies = early.tallies[method] ?? []
      for (a, b) in zip(tallies.dropLast(), whole.tallies[method] ?? []) { #expect(a == b) }
    }
    if samples > 2 { #expect(saved > 0) }
  }

  @Test(arguments: [EarlyStop.decided, .likely], [1, 3, 40])
  func stoppingDoesNotDependOnTheWidth(criterion: EarlyStop, slots: Int) async throws {
    for seed in 1...10 as ClosedRange<UInt64> {
      let reference = try await Self.trace(criterion, samples: 40, seed: seed)
      #expect(reference == (try await Self.trace(criterion, samples: 40, seed: seed, slots: slots)))
      // A vote that stays close is never likely enough to stay as it is.
      if criterion == .decided { #expect(reference.tally(.majority)?.stopped != nil) }
      // The last round is drawn as a whole, and nothing behind it.
      let counted = reference.tallies[.majority]?.count ?? 0
      let rounds = (counted + SelfConsistency.round - 1) / SelfConsistency.round
      #expect(reference.paths.count == min(40, rounds * SelfConsistency.round))
    }
  }

  @Test func offMeansOff() async throws {
    let run = try await Self.trace(nil, samples: 40, seed: 1)
    #expect(run.tallies[.majority]?.count == 40)
    #expect(run.tally(.majority)?.stopped == nil)
  }

  /// The Beta criterion by numerical integration.
  @Test(arguments: [(0, 0), (1, 0), (3, 0), (4, 0), (5, 2), (10, 9), (30, 4)])
  func theChanceOfALeadIsTheBetaIntegral(first: Int, second: Int) {
    let steps = 20_000
    var (above, all) = (0.0, 0.0)
    for index in 0..<steps {
      let p = (Double(index) + 0.5) / Double(steps)
      let weight = pow(p, Double(first)) * pow(1 - p, Double(second))
      all += weight
      if p > 0.5 { above += weight }
    }
    #expect(abs(EarlyStopRule.chanceOfLead(first, over: second) - above / all) < 1e-6)
  }

  @Test func fourEqualVotesAreEnoughAndThreeAreNot() {
    #expect(EarlyStopRule.chanceOfLead(3, over: 0) < 0.95)
    #expect(EarlyStopRule.chanceOfLead(4, over: 0) >= 0.95)
  }

  @Test(arguments: [
    (Tally.Method.delta, EarlyStop.likely, StrategyError.uncountedVotes),
    (.verifier, .likely, .uncountedVotes), (.verifier, .decided, .unjudgedVotes),
  ])
  func countingNeedsVotesThatCount(method: Tally.Method, stop: EarlyStop, error: StrategyError)
    async throws
  {
    let records = await StrategyBench().run(
      SelfConsistency(), RunSettings(weighting: method, earlyStop: stop))
    guard case .finished(let end)? = records.last?.event else {
      Issue.record("a run ends with what became of it")
      return
    }
    #expect(end.reason == .failed)
    #expect(end.message == error.description)
  }

  @Test func aStoppedVoteSaysSoInJSON() throws {
    var tally = Tally(method: .majority, votes: ["8": 4], unparsed: 0, order: ["8"])
    let plain = try TraceCoding.lines([TraceRecord(.tally(tally))])
    #expect(!String(decoding: plain, as: UTF8.self).contains("stopped"))
    tally.stopped = Tally.Stop(why: .likely, after: 4, of: 40)
    let line = try TraceCoding.lines([TraceRecord(.tally(tally))])
    #expect(
      String(decoding: line, as: UTF8.self).contains(
        #""stopped":{"after":4,"of":40,"why":"likely"}"#))
    let whole = try TraceCoding.lines([
      TraceRecord(.header(TraceHeader())), TraceRecord(.tally(tally)),
    ])
    #expect(try TraceFile.parse(whole, name: "x").records.last?.event == .tally(tally))
  }
}
