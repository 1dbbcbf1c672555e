import Traces

/// Measures how fast tokens come and how long runs will still take. It is told the time, so that
/// it can be tested without waiting.
struct PaceMeter: Sendable {
  /// Tokens that came together, and when, in seconds.
  private var batches: [(time: Double, tokens: Int)] = []
  /// When each run under way gave its first news.
  private var starts: [Int: Double] = [:]
  /// The rate over the last second in which tokens came; nil once nothing runs any more.
  private(set) var tokensPerSecond: Double?

  /// How long the rate looks back.
  private static let window = 1.0
  /// Tokens after a longer pause belong to other work.
  private static let pause = 0.5

  /// Takes note of tokens that have just come.
  mutating func note(_ records: [TraceRecord], at time: Double) {
    var tokens = 0
    for record in records {
      starts[record.run] = starts[record.run] ?? time
      if case .node = record.event { tokens += 1 }
    }
    guard tokens > 0 else { return }
    if let last = batches.last, time - last.time > Self.pause { batches.removeAll() }
    batches.append((time, tokens))
    batches.removeAll { $0.time < time - Self.window }
    guard let first = batches.first, time - first.time >= 0.05 else { return }
    // The first batch marks the start; its own tokens came before.
    let counted = batches.dropFirst().reduce(0) { $0 + $1.tokens }
    tokensPerSecond = Double(counted) / (time - first.time)
  }

  /// Nothing runs any more, so nothing has a rate. What comes next is measured by itself.
  mutating func rest() {
    batches = []
    tokensPerSecond = nil
  }

  /// About how many seconds each run will still take, once some of it is done.
  mutating func secondsLeft(_ activities: [Int: Activity], at time: Double) -> [Int: Double] {
    starts = starts.filter { activities[$0.key] != nil }
    var left: [Int: Double] = [:]
    for (run, activity) in activities {
      guard let start = starts[run], let pace = activity.pace, pace.done >= 3, pace.left > 0
      else { continue }
      let each = (time - start) / Double(pace.done)
      // Whole seconds: more would be a precision that the estimate does not have.
      left[run] = (each * Double(pace.left)).rounded(.up)
    }
    return left
  }
}
