import Foundation

/// Learning from a teacher's whole distributions (Hinton et al. 2015, arXiv 1503.02531): of each
/// token (1 − α) · (−log p_S(token)) + α τ² KL(p_T^τ ‖ p_S^τ), where p^τ = softmax(logits / τ). The
/// factor τ² keeps the gradients of both parts of one size whatever τ is.
public enum Distillation {
  public struct Settings: Sendable, Hashable {
    /// α: what the teacher's distribution counts beside the text's own tokens.
    public var alpha = 1.0
    /// τ: above 1 the teacher's unlikely tokens count more.
    public var temperature = 1.0

    public init() {}
  }

  /// What a pass tells beside its loss; all are means over its tokens, in nats.
  public struct Metrics: Sendable, Equatable {
    /// −log p_S of the text's tokens.
    public var crossEntropy = 0.0
    /// KL(p_T^τ ‖ p_S^τ).
    public var divergence = 0.0
    /// The entropy of p_T^τ: the least that the cross-entropy to the teacher can be.
    public var teacherEntropy = 0.0
    /// How many tokens these are means of.
    public var tokens = 0

    public var named: [String: Double] {
      [
        "distill/cross_entropy": crossEntropy, "distill/kl": divergence,
        "distill/teacher_entropy": teacherEntropy,
      ]
    }

    /// The metrics of several passes as if they had been one.
    public static func joined(_ passes: [Metrics]) -> Metrics {
      func mean(_ part: KeyPath<Metrics, Double>) -> Double {
        TokenMean.of(passes.map { ($0[keyPath: part], $0.tokens) })
      }
      return Metrics(
        crossEntropy: mean(\.crossEntropy), divergence: mean(\.divergence),
        teacherEntropy: mean(\.teacherEntropy), tokens: passes.reduce(0) { $0 + $1.tokens })
    }
  }

  /// The mean over tokens.
  ///
  /// - Parameters:
  ///   - outcome: the student's, with logits.
  ///   - teacher: the teacher's logits. [targets, vocabulary]
  ///   - batchTokens: the tokens of all passes of the batch; nil where this is all of it.
  public static func value(
    _ outcome: TrainingPass.Outcome, teacher: [Float], _ settings: Settings,
    batchTokens: Int? = nil
  ) -> (value: ObjectiveValue, metrics: Metrics) {
    let count = outcome.logProbabilities.count
    precondition(teacher.count == outcome.logits.count, "[targets, vocabulary]")
    let vocabulary = teacher.count / max(1, count)
    let share = 1 / Double(max(1, batchTokens ?? count))
    let part = 1 / Double(max(1, count))
    let (alpha, temperature) = (settings.alpha, settings.temperature)
    var value = ObjectiveValue.zero(targets: count)
    value.logitSlopes = Array(repeating: 0, count: teacher.count)
    var metrics = Metrics()
    metrics.tokens = count
    for target in 0..<count {
      let log = Double(outcome.logProbabilities[target])
      let told = Divergence.value(
        of: teacher, from: outcome.logits, target: target, vocabulary: vocabulary,
        temperature: temperature, differences: &value.logitSlopes)
      value.loss +=
        share * (-(1 - alpha) * log + alpha * temperature * temperature * told.divergence)
      value.slopes[target] = Float(-(1 - alpha) * share)
      metrics.crossEntropy -= part * log
      metrics.divergence += part * told.divergence
      metrics.teacherEntropy += part * told.entropy
    }
    // τ² times the 1 / τ of the derivative.
    value.weighLogitSlopes(
      Array(repeating: share * alpha * temperature, count: count), vocabulary: vocabulary)
    return (value, metrics)
  }
}
