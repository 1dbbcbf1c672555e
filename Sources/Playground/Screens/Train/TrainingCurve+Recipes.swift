import Traces

/// The curves of what only some recipes have figures for.
extension TrainingCurve {
  /// Preferences: what DPO makes likelier, and that both may fall. [TRL's names]
  static func ofPairs(_ steps: [TrainingStep]) -> [TrainingCurve] {
    [
      named("chosen r", "rewards/chosen", .plain, beside: ("rejected", "rewards/rejected"), steps),
      named("margin", "rewards/margins", .plain, steps),
      named("pairs right", "rewards/accuracies", .share, steps),
      named("chosen log p", "logps/chosen", .plain, beside: ("rejected", "logps/rejected"), steps),
      named("chosen KL", "kl/chosen", .plain, beside: ("rejected", "kl/rejected"), steps),
    ]
  }

  /// Judges: how well they tell right from wrong, and what they decide beside the two for which
  /// nothing is judged.
  static func ofJudges(_ steps: [TrainingStep]) -> [TrainingCurve] {
    var curves = [
      named("step AUC", "auc/steps", .plain, steps),
      named("solution AUC", "auc/solutions", .plain, steps),
    ]
    for (prefix, best, weighted, likeliest) in [
      ("accuracy/", "best_of_n", "weighted_vote", "likeliest"),
      ("dev/", "best_of", "weighted", "likelihood"),
    ] {
      for (title, name) in [("best of n", best), ("weighted vote", weighted)] {
        var curve = named(
          title, prefix + name, .share, beside: ("majority", prefix + "majority"), steps)
        if let last = steps.last(where: { $0.metrics[prefix + likeliest] != nil }) {
          curve.goal = last.metrics[prefix + likeliest].map { ($0, "Σ log p") }
        }
        curves.append(curve)
      }
    }
    return curves + [
      named("α", "alpha", .rate, steps), named("mean label", "labels/mean", .share, steps),
      named("agreement", "agreement", .share, steps),
      named("verify loss", "loss/verify", .plain, beside: ("solve", "loss/solve"), steps),
    ]
  }

  /// Distillation: the student's loss, which cannot fall below the teacher's entropy.
  static func ofDistillation(_ steps: [TrainingStep]) -> [TrainingCurve] {
    [
      named(
        "cross-entropy", "distill/cross_entropy", .plain,
        beside: ("teacher’s entropy", "distill/teacher_entropy"), steps),
      named("KL to teacher", "distill/kl", .plain, steps),
    ]
  }

  private static func named(
    _ title: String, _ metric: String, _ form: Form,
    beside other: (title: String, metric: String)? = nil, _ steps: [TrainingStep]
  ) -> TrainingCurve {
    func readings(_ metric: String) -> [Reading] {
      steps.compactMap { step in
        step.metrics[metric].map { Reading(step: step.step, value: $0) }
      }
    }
    var curve = TrainingCurve(title, form, readings(metric))
    if let other {
      curve.other = readings(other.metric)
      if !curve.other.isEmpty { curve.otherTitle = other.title }
    }
    return curve
  }
}
