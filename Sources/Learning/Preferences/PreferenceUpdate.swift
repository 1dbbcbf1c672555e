import Decoding
import Foundation
import Problems
import Traces
import Training

/// The pairs of a step as they are learned from: packed into passes that fit into memory, in which a
/// question's tokens are computed once for both of its answers.
struct PreferenceUpdate {
  let pairs: [PreferencePair]
  /// How far each token of an answer has moved from the reference, before the update.
  struct Moved {
    var logRatios: [Float]
    var divergences: [Float]
    /// −∂ loss / ∂ log p.
    var pushes: [Float]
  }

  /// Of each pair the chosen answer and the rejected one.
  private(set) var moved: [(chosen: Moved, rejected: Moved)] = []
  private(set) var loss = 0.0
  private(set) var metrics = Preference.Metrics.joined([])
  /// Σ of the entropies in nats of what tokens were chosen from.
  private(set) var entropySum = 0.0
  private(set) var tokens = 0
  /// Tokens of both answers to each pair, each counted with its prompt.
  var seenCount: Int {
    pairs.reduce(0) { $0 + 2 * $1.prompt.count + $1.chosen.tokens.count + $1.rejected.tokens.count }
  }

  /// The most rows of a pass where no single pair has more.
  private static let rowLimit = 4096

  init(_ pairs: [PreferencePair]) { self.pairs = pairs }

  /// Adds the gradients of all pairs.
  ///
  /// - Throws: `LearningError.notFinite`, `ModelError`.
  mutating func accumulate(
    _ trainee: any DistributionTrainee, _ settings: Preference.Settings, step: Int
  ) throws {
    let limit = min(
      Self.rowLimit,
      TrainingPass.targetsWithLogits(vocabulary: trainee.model.vocabulary.count))
    var told: [Preference.Metrics] = []
    for part in parts(atMost: limit) {
      // Both answers have the same prompt, so that they are in one pass.
      let texts = pairs[part].flatMap { pair in
        [pair.chosen, pair.rejected].map {
          LearningText(prompt: pair.prompt, continuation: $0.tokens)
        }
      }
      for pass in TextPass.passes(texts, rowLimit: .max) {
        told.append(try accumulate(pass, trainee, settings, step: step))
      }
    }
    metrics = .joined(told)
  }

  /// Cuts the pairs, in order, so that no part has more tokens than that unless a single pair has.
  private func parts(atMost limit: Int) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var (first, count) = (0, 0)
    for (index, pair) in pairs.enumerated() {
      if index > first, count + pair.count > limit {
        parts.append(first..<index)
        (first, count) = (index, 0)
      }
      count += pair.count
    }
    if first < pairs.count { parts.append(first..<pairs.count) }
    return parts
  }

  private mutating func accumulate(
    _ pass: TextPass, _ trainee: any DistributionTrainee, _ settings: Preference.Settings,
    step: Int
  ) throws -> Preference.Metrics {
    let reference = try trainee.forwardWithLogitsAtStart(pass.rows)
    let outcome = try trainee.forwardWithLogits(pass.rows)
    guard outcome.logProbabilities.allSatisfy(\.isFinite) else {
      throw LearningError.notFinite(step: step, .probabilities)
    }
    // By their texts: twice the pair's number, and one more for the rejected answer.
    let ranges = pass.targets.sorted { $0.text < $1.text }.map(\.targets)
    let own = stride(from: 0, to: ranges.count - 1, by: 2).map {
      Preference.Pair(chosen: ranges[$0], rejected: ranges[$0 + 1])
    }
    let told = Preference.value(
      outcome, reference: reference, own, settings, batchPairs: pairs.count)
    let value = told.value
    guard value.loss.isFinite, value.slopes.allSatisfy(\.isFinite) else {
      throw LearningError.notFinite(step: step, .loss)
    }
    if let logitSlopes = value.logitSlopes {
      try trainee.backward(slopes: value.slopes, logitSlopes: logitSlopes)
    } else {
      try trainee.backward(slopes: value.slopes, entropySlopes: nil)
    }
    func moved(_ targets: Range<Int>) -> Moved {
      Moved(
        logRatios: Array(told.tokens.logRatios[targets]),
        divergences: Array(told.tokens.divergences[targets]),
        pushes: value.slopes[targets].map { -$0 })
    }
    self.moved += own.map { (moved($0.chosen), moved($0.rejected)) }
    loss += value.loss
    entropySum += outcome.entropies.reduce(0) { $0 + Double($1) }
    tokens += outcome.logProbabilities.count
    return told.metrics
  }

  // MARK: What is told

  /// The first pairs of different questions, with how far each token has moved.
  func samples(
    step: Int, count: Int = 3, beta: Double, vocabulary: any Vocabulary
  ) -> [TrainingSamples] {
    var shown: Set<String> = []
    let firsts = zip(pairs, moved).filter { shown.insert($0.0.question.text).inserted }
    return firsts.prefix(count).map { pair, moved in
      let greatest = (moved.chosen.pushes + moved.rejected.pushes).map { abs($0) }.max() ?? 0
      func sample(_ answer: PreferencePair.Answer, _ moved: Moved, isChosen: Bool)
        -> TrainingSample
      {
        TrainingSample(
          said: SaidTokens(answer.tokens.map { vocabulary.token($0) }),
          push: moved.pushes.map { greatest > 0 ? Double($0 / greatest) : 0 },
          answer: answer.answer,
          reward: beta * moved.logRatios.reduce(0) { $0 + Double($1) },
          isRight: answer.isRight, reasons: answer.reasons, isChosen: isChosen,
          logRatio: moved.logRatios.map(Double.init),
          klPerToken: moved.divergences.map(Double.init))
      }
      return TrainingSamples(
        step: step, question: pair.question,
        samples: [
          sample(pair.chosen, moved.chosen, isChosen: true),
          sample(pair.rejected, moved.rejected, isChosen: false),
        ])
    }
  }
}

extension TrainingRun {
  /// Takes the step under way on its part of the pairs.
  ///
  /// - Parameter known: the training's pairs; nil before they are made.
  /// - Returns: the pairs, and what is told of the step.
  func step(
    on known: PreferencePairs?, _ loss: Preference.Loss
  ) async throws -> (PreferencePairs, TrainingStep) {
    guard let trainee = trainee as? any DistributionTrainee else {
      throw LearningError.lacksDistributions(plan.recipe)
    }
    guard let known else {
      let (pairs, told) = try await preferencePairs()
      return (pairs, try learn(pairs, trainee, loss, telling: told))
    }
    return (known, try learn(known, trainee, loss, telling: [:]))
  }

  private func learn(
    _ kept: PreferencePairs, _ trainee: any DistributionTrainee, _ loss: Preference.Loss,
    telling told: [TrainingMetric: Double]
  ) throws -> TrainingStep {
    var objective = Preference.Settings()
    objective.loss = loss
    objective.beta = settings.beta
    objective.alpha = settings.alpha
    var update = PreferenceUpdate(
      kept.batch(settings.batch, ofStep: step, seed: settings.seed))
    try update.accumulate(trainee, objective, step: step)
    let norm = try self.update(beside: 2 * update.pairs.count)
    learned(from: update.seenCount)
    tell(update.samples(step: step, beta: settings.beta, vocabulary: vocabulary))
    var taken = self.told(told)
    taken[.loss] = update.loss
    taken[.gradientNorm] = norm
    taken[.entropy] = update.entropySum / Double(max(1, update.tokens))
    taken[.texts] = 2 * Double(kept.pairs.count)
    taken.metrics.merge(update.metrics.named) { _, new in new }
    return taken
  }
}
