import Decoding
import Foundation
import Synchronization
import Traces

/// Counts votes in the order of path numbers, whatever the order in which paths end: counting
/// in order of completion would favour short answers, and would change with the batch.
final class OrderedVote: Sendable {
  fileprivate struct State {
    /// Outcomes that came before an earlier path was done.
    var early: [Int: PathOutcome] = [:]
    /// The number of the path that is counted next.
    var next = 0
    var tallies: [Tally]
    var surest: (answer: String, delta: Double)?
    var rule: EarlyStopRule?
    /// The vote has been ended: nothing more is counted.
    var isStopped = false
  }

  private let emit: @Sendable (TraceEvent) -> Void
  private let state: Mutex<State>

  /// - Parameter rule: when the vote ends before every path is counted.
  init(
    methods: [Tally.Method], rule: EarlyStopRule? = nil,
    emit: @escaping @Sendable (TraceEvent) -> Void
  ) {
    self.emit = emit
    state = Mutex(
      State(
        tallies: methods.map { Tally(method: $0, votes: [:], unparsed: 0, order: []) }, rule: rule))
  }

  /// Adds a path and counts every path whose turn has come. A path that was cut short, and those
  /// after it, are not counted.
  func add(_ outcome: PathOutcome) {
    state.withLock { state in
      state.early[outcome.path] = outcome
      return state.countDue()
    }.forEach(emit)
  }

  /// Takes up what an earlier run of the same number had found: counts its paths, without events
  /// as far as it had told of them, and keeps those that were early until their turn comes.
  ///
  /// - Returns: the numbers of the paths that need not be decoded again.
  func replay(_ previous: RunTrace?, upTo limit: Int) -> Set<Int> {
    guard let previous else { return [] }
    let told = previous.tallies.values.map(\.count).reduce(0, +)
    let (known, events) = state.withLock { state in
      for (number, path) in previous.paths where number < limit {
        guard let end = path.end, end.reason != FinishReason.cancelled.name,
          end.reason != FinishReason.failed("").name
        else { continue }
        state.early[number] = PathOutcome(
          path: number, reason: .endOfText, answer: end.answer, delta: path.score(.delta)?.value,
          logProbability: path.score(.likelihood)?.value ?? 0, generated: end.generated)
      }
      return (Set(state.early.keys), state.countDue())
    }
    events.dropFirst(told).forEach(emit)
    return known
  }

  /// Whether the vote has been ended early.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  func winner(_ method: Tally.Method) -> String? {
    state.withLock { state in state.tallies.first { $0.method == method }?.winner }
  }

  /// The answer of the path with the greatest Δ.
  var surest: String? { state.withLock { $0.surest?.answer } }
}

extension OrderedVote.State {
  /// Counts every path whose turn has come.
  ///
  /// - Returns: the tallies after each of them.
  fileprivate mutating func countDue() -> [TraceEvent] {
    var events: [TraceEvent] = []
    while !isStopped, let due = early[next], !due.reason.isCut {
      early[due.path] = nil
      next += 1
      count(due)
      stopIfDecided()
      events += tallies.map { .tally($0) }
    }
    return events
  }

  private mutating func stopIfDecided() {
    guard let rule, next < rule.samples,
      let tally = tallies.first(where: { $0.method == rule.method }),
      rule.isMet(by: tally, counted: next)
    else { return }
    isStopped = true
    let stop = Tally.Stop(why: rule.criterion, after: next, of: rule.samples)
    for index in tallies.indices { tallies[index].stopped = stop }
  }

  private mutating func count(_ outcome: PathOutcome) {
    if let answer = outcome.answer, let delta = outcome.delta, delta > surest?.delta ?? -1 {
      surest = (answer, delta)
    }
    for index in tallies.indices { tallies[index].count(outcome) }
  }
}

extension Tally {
  /// Adds a path's vote with the method's weight.
  mutating func count(_ outcome: PathOutcome) { count(outcome.answer, weight: weight(of: outcome)) }

  private func weight(of outcome: PathOutcome) -> Double {
    switch method {
    case .majority: 1
    case .delta: outcome.delta ?? 0
    case .likelihood: exp(outcome.logProbability)
    case .normalizedLikelihood: exp(outcome.logProbability / Double(max(1, outcome.generated)))
    case .verifier: outcome.verifierWeight ?? 0
    }
  }
}
