/// `tally`: how the paths so far vote. Advances in path order, not in order of completion.
public struct Tally: Sendable, Hashable, Codable {
  public enum Method: String, Sendable, Codable, CaseIterable {
    /// Each path counts 1.
    case majority
    /// Each path counts its Δ.
    case delta
    /// Each path counts its probability.
    case likelihood
    /// Each path counts its probability normalised by length, exp(mean log p).
    case normalizedLikelihood = "normalized_likelihood"
    /// Each path counts a verifier's score.
    case verifier
  }

  public var method: Method
  /// The weight of each answer.
  public var votes: [String: Double]
  /// Paths in which no answer was found.
  public var unparsed: Int
  /// Answers in the order in which they were first seen, which decides ties.
  public var order: [String]
  /// The path that was counted last, where not every path has a vote; nil where paths are counted
  /// from 0 on without a gap.
  public var path: Int?
  /// Why no further path is counted, when the vote has been ended early.
  public var stopped: Stop?

  /// A vote that was ended before all its samples were counted.
  public struct Stop: Sendable, Hashable, Codable {
    public var why: EarlyStop
    /// How many paths were counted, and how many there were to be.
    public var after: Int
    public var of: Int

    public init(why: EarlyStop, after: Int, of: Int) {
      self.why = why
      self.after = after
      self.of = of
    }
  }

  public init(
    method: Method, votes: [String: Double], unparsed: Int, order: [String], path: Int? = nil
  ) {
    self.method = method
    self.votes = votes
    self.unparsed = unparsed
    self.order = order
    self.path = path
  }

  /// Adds a vote; a path without an answer has none.
  public mutating func count(_ answer: String?, weight: Double) {
    guard let answer else {
      unparsed += 1
      return
    }
    if votes[answer] == nil { order.append(answer) }
    votes[answer, default: 0] += weight
  }

  /// The answer with the greatest weight; of equals the one seen first.
  public var winner: String? {
    var best: String?
    for answer in order {
      let weight = votes[answer] ?? 0
      if best.map({ weight > votes[$0] ?? 0 }) ?? true { best = answer }
    }
    return best
  }
}
