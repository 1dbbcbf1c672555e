/// Learning a value by temporal differences (Sutton 1988): the value of a state moves to what the
/// states behind it are said to be worth.
///
/// The target is a number here, so that no gradient flows through it: the state learns from its
/// successors, never they from it (the semi-gradient).
public enum TemporalDifference {
  /// Σ w (V − target)² / Σ w with V = σ(log p(+) − log p(−) + offset).
  ///
  /// - Parameters:
  ///   - logProbabilities: of each target of the pass. [targets]
  ///   - total: Σ w of the whole batch; nil where this pass is all of it.
  /// - Returns: the mean; 0 where nothing counts.
  public static func value(
    _ logProbabilities: [Float], _ judgements: [Judgement], total: Double? = nil
  ) -> JudgementValue {
    JudgementValue(logProbabilities, judgements, total: total) { logit, target in
      let value = Judgement.score(ofLogit: logit)
      return ((value - target) * (value - target), 2 * (value - target) * value * (1 - value))
    }
  }
}
