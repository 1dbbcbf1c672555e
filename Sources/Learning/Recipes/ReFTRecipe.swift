import Decoding
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
    }(), defaultSteps: 8, samples: true, isOnPolicy: true)

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
    var batch = ValuedBatch(groups, rowLimit: trainee.rowLimit, run.settings)
    try batch.observe(trainee, head, run)

    var updates: [ValuedBatch.Told] = []
    var norms: [Double] = []
    for epoch in 0..<run.settings.epochs {
      for numbers in Self.minibatches(of: groups.count, run.settings, step: run.step, epoch: epoch)
      {
        updates.append(try batch.accumulate(numbers, trainee, &head, run))
        norms.append(
          try run.update(beside: numbers.reduce(0) { $0 + groups[$1].completions.count }))
        let norm = head.gradientNorm
        guard norm.isFinite else { throw LearningError.notFinite(step: run.step, .loss) }
        let limit = run.settings.maxNorm
        head.update(
          rate: run.rate(of: run.settings.valueRate), scale: norm > limit ? limit / norm : 1)
      }
    }
    self.head = head
    run.tell(batch.samples(run))
    run.learned(from: batch.update.seenCount)
    var step = run.told(batch.update.metrics)
    let joined = PPO.Metrics.joined(updates.map(\.metrics))
    step[.loss] = joined.policyLoss + run.settings.proximal.valueWeight * joined.valueLoss
    step[.gradientNorm] = norms.reduce(0, +) / Double(max(1, norms.count))
    step[.clipped] = joined.clippedShare
    step[.divergence] = batch.divergence
    step.metrics.merge(batch.objective(run.settings.proximal)) { _, new in new }
    step.metrics.merge(joined.named) { _, new in new }
    step.metrics.merge(ValuedBatch.Told.named(updates)) { _, new in new }
    return step
  }

  /// The groups of each update of an epoch. Which groups go together is drawn anew in every epoch:
  /// families take turns in a batch, so that fixed parts of it would be of fixed families.
  static func minibatches(
    of count: Int, _ settings: TrainingSettings, step: Int, epoch: Int
  ) -> [[Int]] {
    var random = SplitMix64(state: settings.seed &+ UInt64(step) << 32 &+ UInt64(epoch))
    let order = (0..<count).shuffled(using: &random)
    let parts = min(settings.minibatches, count)
    return (0..<parts).map { Array(order[count * $0 / parts..<count * ($0 + 1) / parts]) }
  }

  /// What the paper gives: 1 for the right answer, and a little for any.
  static func reward(_ groups: inout [CompletionGroup]) {
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
  var proximal: PPO.Settings {
    var proximal = PPO.Settings()
    proximal.clipRange = epsilon
    proximal.klWeight = beta
    proximal.discount = gamma
    proximal.trace = lambda
    return proximal
  }
}

/// A batch with what was known when it was sampled: how likely it was, what the head expected, and
/// what every token turned out to be worth.
private struct ValuedBatch {
  private(set) var update: PolicyUpdate
  /// By group and completion; nil for one without tokens. Its targets are those of no pass.
  private var valued: [[PPO.ValuedCompletion?]] = []

  init(_ groups: [CompletionGroup], rowLimit: Int, _ settings: TrainingSettings) {
    update = PolicyUpdate(
      groups, rowLimit: rowLimit, temperature: settings.temperature
    ) { _ in true }
    valued = groups.map { $0.completions.map { _ in nil } }
  }

  /// Asks how likely everything was, for the model that sampled and the one that training began
  /// with, and what the head expected; gives all completions their advantages.
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
        return (
          nothing,
          zip(pass.places, completions).map { ($0, $1, Array(values[$0.targets])) }
        )
      }
    ).joined()
    let assessed = PPO.assess(
      seen.map { $0.1 }, values: seen.map { $0.2 },
      terminal: seen.map { update.groups[$0.0.group].completions[$0.0.number].reward },
      run.settings.proximal)
    for ((place, _, _), one) in zip(seen, assessed) { valued[place.group][place.number] = one }
  }

  /// What an update tells.
  struct Told {
    var metrics: PPO.Metrics
    /// The mean entropy in nats of what tokens were chosen from, before the update.
    var entropy: Double

    /// What TRL makes of all updates of a step, beside the means of their metrics.
    static func named(_ updates: [Told]) -> [String: Double] {
      let count = Double(updates.count)
      let entropy = updates.reduce(0) { $0 + $1.entropy } / max(1, count)
      let mean = updates.reduce(0) { $0 + $1.metrics.ratio } / max(1, count)
      let squares = updates.reduce(0) { $0 + ($1.metrics.ratio - mean) * ($1.metrics.ratio - mean) }
      return ["policy/entropy_avg": entropy, "val/ratio_var": squares / max(1, count - 1)]
    }
  }

  /// Adds the gradients of an update on some of the groups, the head's too.
  mutating func accumulate(
    _ numbers: [Int], _ trainee: any HeadedTrainee, _ head: inout ValueHead, _ run: TrainingRun
  ) throws -> Told {
    var part = update.part(numbers)
    var changed = head
    let told = try part.accumulate(
      trainee, step: run.step, isFirst: false, head: { changed.backward($0, slopes: $1) },
      objective: { [valued] pass, outcome, part in
        let completions = pass.places.compactMap { place in
          valued[numbers[place.group]][place.number].map { one in
            var here = one
            here.completion.targets = place.targets
            return here
          }
        }
        let (value, metrics) = PPO.value(
          outcome.logProbabilities, values: changed.values(outcome.states), completions,
          run.settings.proximal, batchTokens: part.tokenCount)
        return (value, (metrics, outcome.entropies.reduce(0) { $0 + Double($1) }))
      })
    head = changed
    update.take(part, of: numbers)
    return Told(
      metrics: .joined(told.map { $0.0 }),
      entropy: told.reduce(0) { $0 + $1.1 } / Double(max(1, part.tokenCount)))
  }

  // MARK: For the trace

  private var completions: [SampledCompletion] { valued.joined().compactMap { $0?.completion } }

  /// What TRL logs of the batch as it was sampled.
  func objective(_ settings: PPO.Settings) -> [String: Double] {
    PPO.objective(
      completions, terminal: update.groups.flatMap(\.rewards), klWeight: settings.klWeight)
  }

  /// The mean of k3 over all tokens as they were sampled; nil without a reference.
  var divergence: Double? {
    let terms = completions.flatMap { completion in
      zip(completion.sampled, completion.reference ?? []).map { sampled, reference in
        let below = Double(reference - sampled)
        return exp(below) - below - 1
      }
    }
    return terms.isEmpty ? nil : terms.reduce(0, +) / Double(terms.count)
  }

  /// What is told of a few groups; the advantage of a completion is the mean of its tokens'.
  func samples(_ run: TrainingRun) -> [TrainingSamples] {
    update.samples(step: run.step, vocabulary: run.vocabulary) { group, number in
      valued[group][number].map { one in
        let all = one.completion.advantages
        return all.reduce(0, +) / Double(max(1, all.count))
      }
    }
  }
}
