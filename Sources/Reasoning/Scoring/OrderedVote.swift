import Decoding
import Foundation
import Synchronization

/// Counts votes in the order of path numbers, whatever the order in which paths end: counting
/// in order of completion would favour short answers, and would change with the batch.
final class OrderedVote: Sendable {
  fileprivate struct State {
    /// Outcomes that came before an earlier path was done.
    var early: [Int: PathOutcome] = [:]
    var next: Int?
    var tallies: [Tally]
    var surest: (answer: String, delta: Double)?
  }

  private let emit: @Sendable (TraceEvent) -> Void
  private let state: Mutex<State>

  init(methods: [Tally.Method], emit: @escaping @Sendable (TraceEvent) -> Void) {
    self.emit = emit
    state = Mutex(
      State(
        tallies: methods.map { Tally(method: $0, votes: [:], unparsed: 0, order: []) }))
  }

  /// Adds a path and counts every path whose turn has come. A path that was cut short by a
  /// cancellation, and those after it, are not counted.
  func add(_ outcome: PathOutcome) {
    let events = state.withLock { state in
      state.early[outcome.path] = outcome
      var events: [TraceEvent] = []
      while let due = state.early[state.next ?? 0], due.reason != .cancelled {
        state.early[due.path] = nil
        state.next = due.path + 1
        state.count(due)
        events += state.tallies.map { .tally($0) }
      }
      return events
    }
    events.forEach(emit)
  }

  /// Counts, without events, the paths that an earlier run of the same number had finished.
  ///
  /// - Returns: how many there are, counted from path 0 without a gap.
  func replay(_ previous: RunTrace?, upTo limit: Int) -> Int {
    state.withLock { state in
      var path = 0
      while path < limit, let known = previous?.paths[path], let end = known.end,
        end.reason != FinishReasonName.cancelled
      {
        state.count(
          PathOutcome(
            path: path, reason: .endOfText, answer: end.answer,
            delta: known.score(.delta)?.value,
            logProbability: known.score(.likelihood)?.value ?? 0, generated: end.generated))
        path += 1
      }
      state.next = path
      return path
    }
  }

  func winner(_ method: Tally.Method) -> String? {
    state.withLock { state in state.tallies.first { $0.method == method }?.winner }
  }

  /// The answer of the path with the greatest Δ.
  var surest: String? { state.withLock { $0.surest?.answer } }
}

enum FinishReasonName {
  static let cancelled = "cancelled"
}

extension OrderedVote.State {
  fileprivate mutating func count(_ outcome: PathOutcome) {
    if let answer = outcome.answer, let delta = outcome.delta, delta > surest?.delta ?? -1 {
      surest = (answer, delta)
    }
    for index in tallies.indices {
      tallies[index].count(outcome)
    }
  }
}

extension Tally {
  /// Adds a path's vote with the method's weight.
  mutating func count(_ outcome: PathOutcome) {
    guard let answer = outcome.answer else {
      unparsed += 1
      return
    }
    if votes[answer] == nil { order.append(answer) }
    votes[answer, default: 0] += weight(of: outcome)
  }

  private func weight(of outcome: PathOutcome) -> Double {
    switch method {
    case .majority: 1
    case .delta: outcome.delta ?? 0
    case .likelihood: exp(outcome.logProbability)
    case .normalizedLikelihood:
      exp(outcome.logProbability / Double(max(1, outcome.generated)))
    case .verifier: 0
    }
  }
}
