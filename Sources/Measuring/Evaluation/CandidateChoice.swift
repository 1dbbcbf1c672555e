import Foundation

/// The candidates of one question, and the ways to decide between them: what a verifier is worth is
/// what its scores decide that others would not.
public struct CandidateChoice: Sendable, Hashable {
  public struct Candidate: Sendable, Hashable {
    /// What it says, so that likelihoods of the same text are not counted twice.
    public var text: String
    /// The normalised answer; nil when none was found: then it has no say.
    public var answer: String?
    public var isRight: Bool
    /// Σ log p over its tokens under the model that wrote it.
    public var logProbability: Double

    public init(text: String, answer: String?, isRight: Bool, logProbability: Double) {
      self.text = text
      self.answer = answer
      self.isRight = isRight
      self.logProbability = logProbability
    }
  }

  /// In the order of their paths, which decides ties.
  public var candidates: [Candidate]

  public init(_ candidates: [Candidate]) { self.candidates = candidates }

  /// Whether the answer that most candidates give is right.
  public var isMajorityRight: Bool { isRight(weights: candidates.map { _ in 1 }) }

  /// Whether any answer is right: what only an oracle could choose by.
  public var isAnyRight: Bool { candidates.contains { $0.answer != nil && $0.isRight } }

  /// Whether the candidate is right that its own model finds likeliest: best of n with nothing
  /// trained.
  public var isLikeliestRight: Bool { isRight(scores: candidates.map(\.logProbability)) }

  /// Whether the answer is right whose texts are likeliest together, each text counted once: an
  /// estimate of the answer's marginal probability.
  public var isLikeliestAnswerRight: Bool {
    var seen: Set<String> = []
    // All are divided by the greatest, so that none underflows.
    let greatest = candidates.map(\.logProbability).max() ?? 0
    return isRight(
      weights: candidates.map {
        seen.insert($0.text).inserted ? exp($0.logProbability - greatest) : 0
      })
  }

  /// Whether the candidate with the greatest score is right; of equals the first. One without a score
  /// ranks behind all others.
  ///
  /// - Parameter scores: of each candidate. [candidates]
  public func isRight(scores: [Double?]) -> Bool {
    var best: (isRight: Bool, score: Double)?
    for (candidate, score) in zip(candidates, scores) where candidate.answer != nil {
      let score = score ?? -.infinity
      if best.map({ score > $0.score }) ?? true { best = (candidate.isRight, score) }
    }
    return best?.isRight ?? false
  }

  /// Whether the answer whose candidates' weights sum to the most is right; of equals the one seen
  /// first.
  ///
  /// - Parameter weights: of each candidate, not below 0. [candidates]
  public func isRight(weights: [Double]) -> Bool {
    var sums: [String: Double] = [:]
    var order: [(answer: String, isRight: Bool)] = []
    for (candidate, weight) in zip(candidates, weights) {
      guard let answer = candidate.answer else { continue }
      if sums[answer] == nil { order.append((answer, candidate.isRight)) }
      sums[answer, default: 0] += weight
    }
    var best: (isRight: Bool, sum: Double)?
    for (answer, isRight) in order {
      let sum = sums[answer] ?? 0
      if best.map({ sum > $0.sum }) ?? true { best = (isRight, sum) }
    }
    return best?.isRight ?? false
  }
}
