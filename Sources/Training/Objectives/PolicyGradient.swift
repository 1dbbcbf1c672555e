/// The policy gradient with a baseline (Williams 1992): ∇E[R] = E[(R − b) ∇ log π].
public enum PolicyGradient {
  /// −Σ A log p, each completion's sum divided by the number of completions.
  ///
  /// The advantage A is R − b, where b must not depend on the completion that R is of; it is a
  /// number here, so that no gradient flows through it.
  ///
  /// - Parameters:
  ///   - logProbabilities: of each target under the weights now. [targets]
  ///   - batchCompletions: the completions of all passes of the batch; nil where this is all of it.
  public static func value(
    _ logProbabilities: [Float], _ completions: [SampledCompletion], batchCompletions: Int? = nil
  ) -> ObjectiveValue {
    var value = ObjectiveValue.zero(targets: logProbabilities.count)
    let share = 1 / Double(max(1, batchCompletions ?? completions.count))
    for completion in completions {
      for (index, advantage) in zip(completion.targets, completion.advantages) {
        value.loss -= share * advantage * Double(logProbabilities[index])
        value.slopes[index] -= Float(share * advantage)
      }
    }
    return value
  }
}
