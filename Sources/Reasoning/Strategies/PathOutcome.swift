public import Decoding

/// What became of a path.
public struct PathOutcome: Sendable, Hashable {
  public var path: Int
  public var reason: FinishReason
  /// The normalised answer; nil when none was found.
  public var answer: String?
  /// Mean p(likeliest) − p(second) over the answer's tokens.
  public var delta: Double?
  /// Σ log p over the sampled tokens.
  public var logProbability: Double
  public var generated: Int
  /// What a verifier lets the path's vote count; nil without a verifier.
  var verifierWeight: Double?
}

extension FinishReason {
  /// Whether the path was kept from ending by itself.
  var isCut: Bool {
    switch self {
    case .cancelled, .failed: true
    default: false
    }
  }

  /// The reason's name in traces.
  public var name: String {
    switch self {
    case .endOfText: "end_of_text"
    case .stopSequence: "stop"
    case .step: "step"
    case .budget: "length"
    case .contextFull: "context"
    case .cancelled: "cancelled"
    case .failed: "failed"
    }
  }
}
