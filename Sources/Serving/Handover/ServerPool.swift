/// Servers among which work is divided: whoever has least of it gets more. One that does not answer is
/// left out for a while, and tried again then.
struct ServerPool: Sendable {
  private struct Member: Sendable {
    let address: ServerAddress
    var open = 0
    var served = 0
    var failures = 0
    /// Failures since it last answered.
    var failuresInRow = 0
    /// When it is tried again; nil while it answers.
    var isOutUntil: ContinuousClock.Instant?
  }

  private var members: [Member]

  init(_ addresses: [ServerAddress]) { members = addresses.map { Member(address: $0) } }

  var isEmpty: Bool { members.isEmpty }
  var count: Int { members.count }

  /// How a server stands, in the order in which they were given.
  var standing: [(address: ServerAddress, open: Int, served: Int, failures: Int, answers: Bool)] {
    members.map { ($0.address, $0.open, $0.served, $0.failures, $0.isOutUntil == nil) }
  }

  func address(_ number: Int) -> ServerAddress { members[number].address }

  /// Chooses a server for a request: of those that answer the one with the fewest requests, of equals the
  /// one that has served fewest. Where none answers, the one that has been left out longest is tried.
  ///
  /// - Parameter tried: those that have failed this request already.
  /// - Returns: its number; nil where all were tried. `close` or `fail` is to follow.
  mutating func open(at now: ContinuousClock.Instant, except tried: Set<Int>) -> Int? {
    let left = members.indices.filter { !tried.contains($0) }
    let answering = left.filter { number in members[number].isOutUntil.map { $0 <= now } ?? true }
    let chosen =
      answering.min {
        (members[$0].open, members[$0].served, $0) < (members[$1].open, members[$1].served, $1)
      } ?? left.min { (members[$0].isOutUntil ?? now) < (members[$1].isOutUntil ?? now) }
    guard let chosen else { return nil }
    members[chosen].open += 1
    // Until it has answered, others need not try it too.
    if let until = members[chosen].isOutUntil, until <= now {
      members[chosen].isOutUntil = now + pause(after: members[chosen].failuresInRow)
    }
    return chosen
  }

  /// A request is over, or whoever asked has left.
  ///
  /// - Parameter answered: whether the server has answered it.
  mutating func close(_ number: Int, answered: Bool) {
    members[number].open -= 1
    guard answered else { return }
    members[number].served += 1
    members[number].failuresInRow = 0
    members[number].isOutUntil = nil
  }

  /// A server has not answered a request.
  mutating func fail(_ number: Int, at now: ContinuousClock.Instant) {
    members[number].open -= 1
    members[number].failures += 1
    members[number].failuresInRow += 1
    members[number].isOutUntil = now + pause(after: members[number].failuresInRow)
  }

  /// Twice as long after each failure, from a second to half a minute.
  private func pause(after failures: Int) -> Duration {
    .seconds(min(30, 1 << min(5, max(0, failures - 1))))
  }
}
