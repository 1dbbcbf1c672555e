/// Which verifier ranks solutions: the value of `--verifier`.
public enum VerifierName: String, Sendable, Codable, CaseIterable {
  /// p(+) behind each step.
  case prm
  /// p(+) behind each step, which the model first says again.
  case prmRestated = "prm-restated"
  /// The mean p(Yes) behind sampled rationales.
  case genrm
  /// p(Yes) at once.
  case genrmDirect = "genrm-direct"
  /// p(Yes) at once, as a share of p(Yes) + p(No).
  case orm
  /// Σ log p of the solution under a model that was trained to rank by it: an implicit process reward.
  case implicit
  /// The path's own probability: no verifier at all, for comparison.
  case likelihood
  /// 1 or 0 from an exact checker, for puzzles alone.
  case exact

  /// Whether it gives each step a score.
  public var judgesSteps: Bool {
    switch self {
    case .prm, .prmRestated, .implicit: true
    case .genrm, .genrmDirect, .orm, .likelihood, .exact: false
    }
  }

  /// Whether it reads with a model that was trained for it, and with no other.
  public var needsJudge: Bool { self == .implicit }
}
