public import Traces
import Training

/// Group relative policy optimisation: what is better than the other samples of its problem becomes
/// likelier. The objective is `GRPO`.
public final class GRPORecipe: Recipe {
  public static let description = RecipeDescription(
    name: "grpo", title: "Group relative policy optimisation",
    summary: "Samples several answers a problem and makes likelier what beats their mean.",
    paper: "Shao et al. 2024, arXiv 2402.03300",
    cost: "24 problems × 8 samples a step, then one update",
    settings: .ofEveryTraining + .ofSampling
      + [.loss, .scaleRewards, .updates, .epsilon, .epsilonHigh, .beta],
    defaults: .ofSampling, defaultSteps: 8, samples: true, isOnPolicy: true)

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    let settings = run.settings
    let groups = try await run.sample()
    let advantages = groups.map {
      GRPO.advantages($0.rewards, scaled: settings.scaling == .group)
    }
    var update = PolicyUpdate(
      groups, rowLimit: run.trainee.rowLimit, temperature: settings.temperature
    ) { group in
      settings.beta != 0 || advantages[group].contains { $0 != 0 }
    }
    if settings.beta != 0 { try update.refer(to: run.trainee) }
    var updates: [[String: Double]] = []
    for number in 0..<settings.updates {
      let told = try update.accumulate(run.trainee, step: run.step, isFirst: number == 0) {
        pass, outcome, update in
        let completions = update.completions(of: pass) { group, number in
          let count = groups[group].completions[number].tokens.count
          return Array(repeating: advantages[group][number], count: count)
        }
        let (value, metrics) = GRPO.value(
          outcome.logProbabilities, completions, settings.objective,
          batchTokens: update.tokenCount, batchCompletions: update.completionCount)
        return (value, (loss: value.loss, metrics: metrics))
      }
      var metrics = GRPO.Metrics.joined(told.map(\.metrics)).named
      metrics[TrainingMetric.loss.rawValue] = told.reduce(0) { $0 + $1.loss }
      metrics[TrainingMetric.gradientNorm.rawValue] = try run.update(
        beside: update.completionCount)
      updates.append(metrics)
    }
    run.tell(
      update.samples(step: run.step, vocabulary: run.vocabulary) { advantages[$0][$1] })
    run.learned(from: update.seenCount)
    var step = run.told(update.metrics)
    step.metrics.merge(Self.means(updates)) { _, new in new }
    return step
  }

  /// The mean of each metric over the updates of a step.
  private static func means(_ updates: [[String: Double]]) -> [String: Double] {
    updates.reduce(into: [:]) { means, update in
      for (name, value) in update { means[name, default: 0] += value / Double(updates.count) }
    }
  }
}

extension TrainingSettings {
  /// What the objective is told.
  var objective: GRPO.Settings {
    var objective = GRPO.Settings()
    // A batch is cut only because memory is short: the mean over the tokens of a pass would depend
    // on that. The mean over the whole batch's is what `bnpo` means.
    objective.aggregation = loss == .bnpo ? .dapo : loss
    objective.scalesRewards = scaling == .group
    objective.epsilonLow = epsilon
    objective.epsilonHigh = epsilonHigh
    objective.beta = beta
    objective.longestCompletion = maxCompletionLength
    return objective
  }
}

extension RunSettings {
  /// What recipes that learn from samples of their own use where nothing else is asked for.
  static let ofSampling: RunSettings = {
    var settings = RunSettings()
    settings.prompting = "plain"
    settings.samples = TrainingSettings.Usual.samples
    settings.temperature = 1
    return settings
  }()
}
