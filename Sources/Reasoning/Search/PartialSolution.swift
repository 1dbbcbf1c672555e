import Decoding
public import Traces

/// A solution as far as a search over steps has taken it: a state of the process whose actions are
/// steps (TECHNIQUES' NCoT). The one without a path is where all begin.
struct PartialSolution: Sendable {
  /// The path that spells it; nil before the first step.
  var path: Int?
  /// Its last node.
  var tip: NodeID
  /// How many tokens were sampled since the prompt, and by the last step alone.
  var length = 0
  var stepLength = 0
  /// Σ log p at temperature 1 over the last step's tokens.
  var stepLogProbability = 0.0
  /// How far a process verifier has read it.
  var reading = StepReading()
  /// What it is ranked by; nil when it could not be judged.
  var score: Double?
  /// Its score as a weight, at least 0, for votes and mean values.
  var weight = 0.0
  /// What became of it; nil while it can go on.
  var outcome: PathOutcome?

  var isFinished: Bool { outcome != nil }

  /// exp(mean log p) of the last step, from which priors are made.
  var stepLikelihood: Double {
    TokenDistribution.probability(ofLog: stepLogProbability / Double(max(1, stepLength)))
  }

  /// The score that ranks; what could not be judged ranks last.
  var rank: Double { score ?? -.infinity }
}

extension VerifierName {
  /// The kind of score that the verifier's value is told as.
  public var scoreKind: Score.Kind {
    switch self {
    case .prm, .prmRestated: .prm
    case .genrm, .genrmDirect: .genrm
    case .orm: .orm
    case .likelihood: .likelihood
    case .implicit: .implicit
    case .exact: .exact
    }
  }
}
