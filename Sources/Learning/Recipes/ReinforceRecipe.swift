import Foundation
public import Traces
import Training

/// REINFORCE: what is rewarded above what one is used to becomes likelier. The objective is
/// `PolicyGradient`.
///
/// What one is used to is a mean of the rewards of earlier steps: a baseline must not depend on the
/// samples that it is taken from.
public final class ReinforceRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "reinforce", title: "Policy gradient with a baseline",
    summary: "Makes samples likelier by how far their reward is above the usual one.",
    paper: "Williams 1992, Machine Learning 8, 229–256",
    cost: "24 problems × 8 samples a step, then one update",
    settings: .ofEveryTraining + .ofSampling, defaults: .ofSampling, defaultSteps: 8,
    samples: true, isOnPolicy: true)

  /// What of the baseline stays when a step's mean reward is mixed in.
  private static let memory = 0.9

  /// The mean of earlier steps' rewards, later ones counting more; nil before the first step.
  private var baseline: Double?

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    let groups = try await run.sample()
    let baseline = baseline ?? 0
    let advantages = groups.map { group in group.rewards.map { $0 - baseline } }
    var update = PolicyUpdate(
      groups, rowLimit: run.trainee.rowLimit, temperature: run.settings.temperature
    ) { group in
      advantages[group].contains { $0 != 0 }
    }
    let losses = try update.accumulate(run.trainee, step: run.step, isFirst: true) {
      pass, outcome, update in
      let completions = update.completions(of: pass) { group, number in
        let count = groups[group].completions[number].tokens.count
        return Array(repeating: advantages[group][number], count: count)
      }
      let value = PolicyGradient.value(
        outcome.logProbabilities, completions, batchCompletions: update.completionCount)
      return (value, value.loss)
    }
    let norm = try run.update(beside: update.completionCount)
    run.tell(
      update.samples(step: run.step, vocabulary: run.vocabulary) { advantages[$0][$1] })
    run.learned(from: update.seenCount)
    var step = run.told(update.metrics)
    step[.loss] = losses.reduce(0, +)
    step[.gradientNorm] = norm
    let mean = step[.reward] ?? 0
    self.baseline = self.baseline.map { Self.memory * $0 + (1 - Self.memory) * mean } ?? mean
    return step
  }

  public var state: [UInt8] {
    get throws { Array(try JSONEncoder().encode([baseline].compactMap { $0 })) }
  }

  public func restore(_ state: [UInt8]) throws {
    guard let known = try? JSONDecoder().decode([Double].self, from: Data(state)), known.count <= 1
    else { throw LearningError.damagedState(Self.description.name) }
    baseline = known.first
  }
}
