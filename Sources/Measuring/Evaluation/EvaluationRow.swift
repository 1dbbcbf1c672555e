public import Traces

/// How well a strategy did on a set of questions.
public struct EvaluationRow: Sendable, Hashable {
  public var strategy: String
  /// A family, or `all`: the macro-average over the families.
  public var family: String
  public var correct: Int
  public var total: Int
  /// For `all`, the mean of the families' accuracies, so that each counts alike.
  public var accuracy: Double
  /// A 95 % interval: Wilson's for a family; for the macro-average Wilson's with as many trials as
  /// have the variance that the families give it (`Statistics.boundedInterval`). Neither leaves 0 … 1.
  public var interval: ClosedRange<Double>
  /// How often the most frequent right answer is right by itself: what guessing it always gives.
  public var majorityClass: Double
  /// How well the paths' Δ tells right answers from wrong ones; nil without paths of both kinds.
  public var areaUnderCurve: Double?
  /// What all the questions cost together.
  public var tokens: TokenCounts
  /// Wall time, that of the vote at equal tokens included.
  public var seconds: Double
  /// Which verifier ranked, where one did.
  public var verifier: String?
  /// What a majority of the very same samples would have got; nil for strategies without votes.
  public var majority: Estimate?
  /// How often any of the samples was right (pass@n): the most that choosing could get.
  public var oracle: Estimate?
  /// What became of the answers that the strategy looked at again; nil where it did not.
  public var revisions: Revisions?
  /// By how much the strategy's accuracy is above the majority's on the same samples, with an
  /// interval of the paired differences.
  public var gain: Estimate?
  /// What a plain vote got of the same questions on no more tokens, and the tokens that it sampled; nil
  /// where it was not asked for.
  public var equalTokenVote: Estimate?
  public var equalTokenVoteTokens: Int?

  /// What was turned, and to what, to keep to a budget of tokens, such as `["samples": 12]`; nil
  /// where nothing was.
  public var setTo: [String: Int]?
  /// Whether it costs more than the budget even at its least.
  public var isOverBudget = false

  /// How often looking again mended an answer, and how often it spoiled one.
  public struct Revisions: Sendable, Hashable {
    public var wrongToRight = 0
    public var rightToWrong = 0
    var stayedRight = 0
    var stayedWrong = 0
  }
}

extension EvaluationRow: Encodable {
  private enum Key: String, CodingKey {
    case strategy, family, correct, total, accuracy, ci95, majorityClass, auc, seconds, verifier
    case generatedTokens, spentTokens, reusedTokens, wrongToRight, rightToWrong, setTo
    case majority, majorityCi95, oracle, oracleCi95, gain, gainCi95
    case equalTokenVote, equalTokenVoteCi95, equalTokenVoteTokens
  }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(strategy, forKey: .strategy)
    try container.encode(family, forKey: .family)
    try container.encode(correct, forKey: .correct)
    try container.encode(total, forKey: .total)
    try container.encode(accuracy, forKey: .accuracy)
    try container.encode(interval, forKey: .ci95)
    try container.encode(majorityClass, forKey: .majorityClass)
    try container.encodeIfPresent(areaUnderCurve, forKey: .auc)
    try container.encode(tokens.generated, forKey: .generatedTokens)
    // With what was put in, for a verifier to read too.
    try container.encode(tokens.spent, forKey: .spentTokens)
    try container.encode(tokens.reused, forKey: .reusedTokens)
    try container.encode(seconds, forKey: .seconds)
    try container.encodeIfPresent(verifier, forKey: .verifier)
    for (estimate, key, interval) in [
      (majority, Key.majority, Key.majorityCi95), (oracle, .oracle, .oracleCi95),
      (gain, .gain, .gainCi95), (equalTokenVote, .equalTokenVote, .equalTokenVoteCi95),
    ] {
      try container.encodeIfPresent(estimate?.value, forKey: key)
      try container.encodeIfPresent(estimate?.interval, forKey: interval)
    }
    try container.encodeIfPresent(revisions?.wrongToRight, forKey: .wrongToRight)
    try container.encodeIfPresent(revisions?.rightToWrong, forKey: .rightToWrong)
    try container.encodeIfPresent(equalTokenVoteTokens, forKey: .equalTokenVoteTokens)
    try container.encodeIfPresent(setTo, forKey: .setTo)
  }
}
