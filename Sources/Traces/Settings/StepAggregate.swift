/// How the scores of steps become one.
public enum StepAggregate: String, Sendable, Codable, CaseIterable {
  /// The weakest step decides.
  case min
  /// The score after the last step, which has seen them all.
  case last
  /// The chance that all steps are right, were they independent; it favours short solutions.
  case prod
  case mean

  /// nil without steps.
  public func of(_ scores: [Double]) -> Double? {
    guard let last = scores.last else { return nil }
    return switch self {
    case .min: scores.min()
    case .last: last
    case .prod: scores.reduce(1, *)
    case .mean: scores.reduce(0, +) / Double(scores.count)
    }
  }
}
