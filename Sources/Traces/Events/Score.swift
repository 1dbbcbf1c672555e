public import Decoding

/// `score`: a number given to a path or to a node of it.
public struct Score: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Codable {
    /// Mean p(likeliest) − p(second) over the answer's tokens (Wang and Zhou 2024, equation 1).
    case delta
    /// A process reward model's score of a step.
    case prm
    /// An outcome reward model's score.
    case orm
    /// A generative verifier's p(Yes).
    case genrm
    /// Σ log p of the chosen tokens.
    case likelihood
    /// An implicit process reward: α Σ log p of a solution, or of a step's tokens, under a judge.
    case implicit
    /// Mean log p of the chosen tokens.
    case normalizedLikelihood = "normalized_likelihood"
    /// p(answer) when it is asked for early, behind the node: of the path's own answer, or of the
    /// one that `answer` names.
    case earlyAnswer = "early_answer"
    /// log p(answer) minus what it is without a part of what stands before it (a recalled problem,
    /// a passage); `terms` are the two, or the differences for single parts.
    case contextShift = "context_shift"
    /// 1 when a recalled problem is of the question's own kind, 0 when it is of another.
    case relevance
    /// The share of words that a recalled problem and the question have in common; 1 for a copy.
    case overlap
    /// 1 when the equations of a recalled solution hold and its answer is the last one's, else 0.
    case solved
    /// 1 or 0 from an exact checker.
    case exact
    /// A verifier's score at the end of a simulated continuation (Snell et al. 2024,
    /// arXiv 2408.03314, section 5.2).
    case lookahead
    /// How much a tree search favours a step before it has tried it; the priors of a node's
    /// children sum to 1. `terms` is what it is held for before its first visit.
    case prior
  }

  public var kind: Kind
  public var path: Int
  public var node: NodeID?
  public var value: Double
  /// The single terms of a mean, where there are some (the margins of the answer's tokens).
  public var terms: [Double]?
  /// The normalised answer that the score is of; nil for the path's own.
  public var answer: String?
  /// The name of the model that gave it where that is neither the run's own nor the one that its
  /// start names.
  public var judge: String?
  /// The verifier that gave it in a review, after the run; then `judge` is nil for the run's own
  /// model alone. nil for what the run itself found.
  public var verifier: VerifierName?

  public init(
    kind: Kind, path: Int, node: NodeID? = nil, value: Double, terms: [Double]? = nil,
    answer: String? = nil, judge: String? = nil, verifier: VerifierName? = nil
  ) {
    self.kind = kind
    self.path = path
    self.node = node
    self.value = value
    self.terms = terms
    self.answer = answer
    self.judge = judge
    self.verifier = verifier
  }

  /// The review that it belongs to; nil for what the run itself found.
  public var review: Review? { verifier.map { Review($0, judge: judge) } }
}

/// Who has judged the paths of a run that was over.
public struct Review: Sendable, Hashable {
  public var verifier: VerifierName
  /// The name of the model that read; nil for the run's own.
  public var judge: String?

  public init(_ verifier: VerifierName, judge: String? = nil) {
    self.verifier = verifier
    self.judge = judge
  }
}
