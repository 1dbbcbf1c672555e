import Foundation
public import Traces
import Training

/// Reinforced fine-tuning: proximal policy optimisation with a value head, which learns what each
/// place of an answer is worth, so that every token gets an advantage of its own. The objective is
/// `PPO`.
public final class ReFTRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "reft", title: "Reinforced fine-tuning (PPO)",
    summary: "Learns what each token is worth, and makes likelier what was worth more.",
    paper: "Luong et al. 2024, arXiv 2401.08967",
    cost: "24 problems × 8 samples a step, then 2 × 2 updates",
    settings: .ofEveryTraining + .ofSampling
      + [.epochs, .minibatches, .epsilon, .beta, .lambda, .gamma, .valueRate],
    defaults: {
      var settings = RunSettings.ofSampling
      settings[extra: "beta"] = 0.05
      return settings
    }(), defaultSteps: 8, samples: true)

  private var head: ValueHead?
  /// The head of a checkpoint, until the model is known.
  private var saved: ValueHead.Numbers?

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    guard let trainee = run.trainee as? any HeadedTrainee else {
      throw LearningError.lacksHiddenStates(Self.description.name)
    }
    var head = try self.head ?? startingHead(width: trainee.width)
    var groups = try await run.sample()
    if run.settings.reward == .exact { Self.reward(&groups) }
    let rowLimit = trainee.rowLimit
    let told = PolicyUpdate(groups, rowLimit: rowLimit) { _ in true }.metrics
    var parts = (0..<run.settings.minibatches).map { part in
      Minibatch(
        PolicyUpdate(
          groups.indices.filter { $0 % run.settings.minibatches == part }.map { groups[$0] },
          rowLimit: rowLimit
        ) { _ in true })
    }.filter { !$0.update.groups.isEmpty }
    for index in parts.indices { try parts[index].observe(trainee, head, run) }
    Minibatch.assess(&parts, run.settings.proximal)

    var norms: [Double] = []
    var metrics: [PPO.Metrics] = []
    for _ in 0..<run.settings.epochs {
      metrics = []
      for index in parts.indices {
        metrics += try parts[index].accumulate(trainee, &head, run)
        norms.append(try run.update(beside: parts[index].update.completionCount))
        let norm = head.gradientNorm
        guard norm.isFinite else { throw LearningError.notFinite(step: run.step, .loss) }
        let limit = run.settings.maxNorm
        head.update(
          rate: run.rate(of: run.settings.valueRate), scale: norm > limit ? limit / norm : 1)
      }
    }
    self.head = head
    for part in parts.prefix(3) {
      run.tell(part.samples(run, count: max(1, 3 / parts.count)))
    }
    run.learned(from: parts.reduce(0) { $0 + $1.update.tokenCount } * run.settings.epochs)
    var step = run.told(told)
    let joined = PPO.Metrics.joined(metrics)
    step[.loss] = joined.policyLoss + run.settings.proximal.valueWeight * joined.valueLoss
    step[.gradientNorm] = norms.reduce(0, +) / Double(max(1, norms.count))
    step[.entropy] =
      parts.reduce(0) { $0 + $1.update.entropy * Double($1.update.tokenCount) }
      / Double(max(1, joined.tokens))
    step[.clipped] = joined.clippedShare
    if run.settings.beta > 0 { step[.divergence] = Minibatch.divergence(parts) }
    step.metrics.merge(joined.named) { _, new in new }
    return step
  }

  /// What the paper gives: 1 for the right answer, and a little for any.
  private static func reward(_ groups: inout [CompletionGroup]) {
    for group in groups.indices {
      for number in groups[group].completions.indices {
        let completion = groups[group].completions[number]
        groups[group].completions[number].reward = PPO.terminalReward(
          hasAnswer: completion.answer != nil, isRight: completion.isRight)
      }
    }
  }

  private func startingHead(width: Int) throws -> ValueHead {
    var head = ValueHead(width: width)
    if let saved, !head.restore(saved) {
      throw LearningError.damagedState(Self.description.name)
    }
    return head
  }

  public var state: [UInt8] {
    get throws {
      guard let numbers = head?.numbers ?? saved else { return [] }
      return Array(try JSONEncoder().encode(numbers))
    }
  }

  public func restore(_ state: [UInt8]) throws {
    head = nil
    saved = nil
    if state.isEmpty { return }
    guard let numbers = try? JSONDecoder().decode(ValueHead.Numbers.self, from: Data(state)) else {
      throw LearningError.damagedState(Self.description.name)
    }
    saved = numbers
  }
}

extension TrainingSettings {
  /// What the objective is told.
  fileprivate var proximal: PPO.Settings {
    var proximal = PPO.Settings()
    proximal.clipRange = epsilon
    proximal.klWeight = beta
    proximal.discount = gamma
    proximal.trace = lambda
    return proximal
  }
}

/// A part of a batch that gets an update of its own, with what was known when it was sampled.
private struct Minibatch {
  private(set) var update: PolicyUpdate
  /// Of each pass the completions, as they were when they were sampled.
  private var sampled: [[SampledCompletion]] = []
  private var values: [[[Float]]] = []
  private var valued: [[PPO.ValuedCompletion]] = []

  init(_ update: PolicyUpdate) { self.update = update }

  /// Asks how likely everything was, for the model that sampled and the one that training began
  /// with, and what the head expected.
  mutating func observe(
    _ trainee: any HeadedTrainee, _ head: ValueHead, _ run: TrainingRun
  ) throws {
    if run.settings.beta > 0 { try update.refer(to: trainee) }
    let seen = try update.accumulate(
      trainee, step: run.step, isFirst: true, head: { states, _ in states.map { _ in 0 } },
      objective: { pass, outcome, update in
        let values = head.values(outcome.states)
        let nothing = ObjectiveValue(
          loss: 0, slopes: Array(repeating: 0, count: outcome.logProbabilities.count))
        let completions = update.completions(of: pass) { _, _ in [] }
        return (nothing, (completions, pass.places.map { Array(values[$0.targets]) }))
      })
    sampled = seen.map(\.0)
    values = seen.map(\.1)
  }

  /// Gives all completions of a batch their advantages.
  static func assess(_ parts: inout [Minibatch], _ settings: PPO.Settings) {
    let terminal = parts.flatMap { part in
      part.update.passes.flatMap(\.places).map { place in
        part.update.groups[place.group].completions[place.number].reward
      }
    }
    var assessed = PPO.assess(
      parts.flatMap { $0.sampled.joined() }, values: parts.flatMap { $0.values.joined() },
      terminal: terminal, settings)[...]
    for index in parts.indices {
      parts[index].valued = parts[index].sampled.map { completions in
        defer { assessed = assessed.dropFirst(completions.count) }
        return Array(assessed.prefix(completions.count))
      }
    }
  }

  /// Adds the gradients of an update, the head's too.
  mutating func accumulate(
    _ trainee: any HeadedTrainee, _ head: inout ValueHead, _ run: TrainingRun
  ) throws -> [PPO.Metrics] {
    var number = 0
    var changed = head
    let valued = valued
    let metrics = try update.accumulate(
      trainee, step: run.step, isFirst: false, head: { changed.backward($0, slopes: $1) },
      objective: { _, outcome, update in
        defer { number += 1 }
        return PPO.value(
          outcome.logProbabilities, values: changed.values(outcome.states), valued[number],
          run.settings.proximal, batchTokens: update.tokenCount)
      })
    head = changed
    return metrics
  }

  /// The mean over all tokens of log π_sampled − log π_ref.
  static func divergence(_ parts: [Minibatch]) -> Double {
    let differences = parts.flatMap { $0.sampled.joined() }.flatMap { completion in
      zip(completion.sampled, completion.reference ?? completion.sampled).map { Double($0 - $1) }
    }
    return differences.reduce(0, +) / Double(max(1, differences.count))
  }

  /// What is told of a few groups; the advantage of a completion is the mean of its tokens'.
  func samples(_ run: TrainingRun, count: Int) -> [TrainingSamples] {
    var advantages: [[Double?]] = update.groups.map { $0.completions.map { _ in nil } }
    for (pass, valued) in zip(update.passes, valued) {
      for (place, one) in zip(pass.places, valued) {
        let all = one.completion.advantages
        advantages[place.group][place.number] = all.reduce(0, +) / Double(max(1, all.count))
      }
    }
    return update.samples(
      step: run.step, count: count, vocabulary: run.vocabulary,
      epsilon: (run.settings.epsilon, run.settings.epsilon)
    ) { advantages[$0][$1] }
  }
}
