public import Reasoning
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
  /// A 95 % interval: Wilson's for a family; for the macro-average the normal one from the
  /// families' variances.
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
  public var majority: Share?
  /// How often any of the samples was right (pass@n): the most that choosing could get.
  public var oracle: Share?
  /// What became of the answers that the strategy looked at again; nil where it did not.
  public var revisions: Revisions?
  /// By how much the strategy's accuracy is above the majority's on the same samples, with an
  /// interval of the paired differences.
  public var gain: Share?
  /// What a plain vote got of the same questions on no more tokens, and the tokens that it sampled; nil
  /// where it was not asked for.
  public var equalTokenVote: Share?
  public var equalTokenVoteTokens: Int?

  /// What was turned, and to what, to keep to a budget of tokens; nil where none was set.
  public var knob: StrategyKnob?
  public var knobValue: Int?
  /// Whether it costs more than the budget even at its least.
  public var isOverBudget = false

  public var generatedTokens: Int { tokens.generated }

  /// How often looking again mended an answer, and how often it spoiled one.
  public struct Revisions: Sendable, Hashable {
    public var wrongToRight = 0
    public var rightToWrong = 0
    var stayedRight = 0
    var stayedWrong = 0
  }

  /// A figure between questions with its 95 % interval.
  public struct Share: Sendable, Hashable {
    public var value: Double
    public var interval: ClosedRange<Double>
  }
}
