/// Cross-entropy of the tokens that a text should have: −Σ w log p / Σ w. Prompts are no targets, so
/// they have no share in it.
public enum CrossEntropy {
  /// - Parameters:
  ///   - logProbabilities: of each target. [targets]
  ///   - weights: what each target counts, not below 0; nil counts all alike. [targets]
  /// - Returns: the mean in nats; 0 where nothing counts.
  public static func value(
    _ logProbabilities: [Float], weights: [Float]? = nil
  ) -> ObjectiveValue {
    let weights = weights ?? Array(repeating: 1, count: logProbabilities.count)
    let total = weights.reduce(0) { $0 + Double($1) }
    guard total > 0 else {
      return ObjectiveValue(loss: 0, slopes: Array(repeating: 0, count: weights.count))
    }
    let sum = zip(logProbabilities, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    return ObjectiveValue(loss: -sum / total, slopes: weights.map { -$0 / Float(total) })
  }
}
