import Decoding
import Foundation
import Problems
import Traces
import Training

/// The solutions of its own that a model learns from between two samplings.
struct KeptSolutions: Codable, Equatable {
  /// The step before which they were sampled.
  var firstStep: Int
  /// How many steps learn from them.
  var steps: Int
  var texts: [LearningText]

  /// What a step learns from: the texts are cut into equal parts, one for each step, and gone through
  /// so many times together.
  ///
  /// - Parameter step: the step under way.
  func part(ofStep step: Int, epochs: Int, seed: UInt64) -> [LearningText] {
    guard !texts.isEmpty else { return [] }
    let (total, number) = (texts.count * epochs, step - firstStep)
    let bounds = [number, number + 1].map { total * $0 / max(1, steps) }
    var part: [LearningText] = []
    for epoch in bounds[0] / texts.count...bounds[1] / texts.count {
      var random = SplitMix64(
        state: seed &+ UInt64(firstStep) << 32 &+ UInt64(epoch))
      let order = texts.indices.shuffled(using: &random)
      let start = epoch * texts.count
      part += order[max(0, bounds[0] - start)..<max(0, min(texts.count, bounds[1] - start))]
        .map { texts[$0] }
    }
    return part
  }

  /// Whether a step learns from them.
  func serves(_ step: Int) -> Bool { (firstStep..<firstStep + steps).contains(step) }

  // MARK: As what a recipe remembers

  init(firstStep: Int, steps: Int, texts: [LearningText]) {
    self.firstStep = firstStep
    self.steps = steps
    self.texts = texts
  }

  init(state: [UInt8], recipe: String) throws {
    do {
      self = try JSONDecoder().decode(KeptSolutions.self, from: Data(state))
    } catch {
      throw LearningError.damagedState(recipe)
    }
  }

  var state: [UInt8] { get throws { Array(try JSONEncoder().encode(self)) } }
}

extension CompletionGroup {
  /// Its right completions, each text once, in the order in which they were sampled. What was cut
  /// off is none of them, although it has said its answer: it would teach to stop in mid-sentence.
  var distinctRight: [Completion] {
    var seen: Set<String> = []
    return completions.filter { $0.isRight && !$0.isCut && seen.insert($0.text).inserted }
  }
}

extension TrainingRun {
  /// The steps of the iteration of the step under way.
  var iteration: Range<Int> { Self.iteration(of: step, steps: plan.steps, settings.iterations) }

  /// Cuts steps into iterations as equally as can be: the first i of n have ⌊steps · i / n⌋.
  ///
  /// - Parameter step: from 1.
  /// - Returns: the steps of its iteration.
  static func iteration(of step: Int, steps: Int, _ iterations: Int) -> Range<Int> {
    let count = max(1, iterations)
    let number = max(0, step * count - 1) / max(1, steps)
    return steps * number / count + 1..<max(step, steps * (number + 1) / count) + 1
  }

  /// Takes the step under way on its part of what is kept.
  ///
  /// - Parameters:
  ///   - startsAnew: whether the weights and the optimizer were those of the beginning before the
  ///     first step of the iteration: then the rate's course begins anew as well.
  ///   - told: what is told of the step beside.
  func learn(
    _ kept: KeptSolutions?, startsAnew: Bool = false, telling told: [TrainingMetric: Double]
  ) throws -> TrainingStep {
    let part = kept?.part(ofStep: step, epochs: settings.epochs, seed: settings.seed) ?? []
    let own = kept.map { rate(of: settings.rate, at: step - $0.firstStep + 1, of: $0.steps) }
    var taken = try learn(part, rate: startsAnew ? own : nil)
    for (metric, value) in told { taken[metric] = value }
    taken[.texts] = Double(kept?.texts.count ?? 0)
    return taken
  }

  /// What was said to a question, as a text behind the question's own prompt. Whatever else stood in
  /// the prompt it was sampled behind, a trigger or a hint, is no part of it.
  func text(_ completion: Completion, to question: Question) throws -> LearningText {
    let given = try given(question)
    let said = completion.tokens.filter { !vocabulary.endOfText.contains($0) }
    return try LearningTextTokenizer(trainee.model)
      .answer(said, to: given.tokens, isTurn: given.isTurn)
  }

  /// What is told of samples of which some are kept.
  func told(_ groups: [CompletionGroup]) -> [TrainingMetric: Double] {
    let completions = groups.flatMap(\.completions)
    func mean(_ value: (Completion) -> Double) -> Double {
      completions.reduce(0) { $0 + value($1) } / Double(max(1, completions.count))
    }
    return [
      .exact: mean { $0.isRight ? 1 : 0 }, .reasoned: mean { $0.reasons ? 1 : 0 },
      .meanLength: mean { Double($0.tokens.count) }, .cutOff: mean { $0.isCut ? 1 : 0 },
    ]
  }

  /// Tells of some problems' samples: what is kept is pushed, what is not is not.
  func tell(
    _ groups: [CompletionGroup], count: Int = 3, isKept: (_ group: Int, Completion) -> Bool
  ) {
    // Problems of which some samples are kept and others are not show more.
    let mixed = groups.indices.filter { Set(groups[$0].completions.map(\.isRight)).count > 1 }
    let order = mixed + groups.indices.filter { !mixed.contains($0) }
    tell(
      order.prefix(count).map { group in
        TrainingSamples(
          step: step, question: groups[group].question,
          samples: groups[group].completions.map { completion in
            TrainingSample(
              said: SaidTokens(completion.tokens.map { vocabulary.token($0) }),
              push: completion.tokens.map { _ in isKept(group, completion) ? 1 : 0 },
              answer: completion.answer, reward: completion.isRight ? 1 : 0,
              isRight: completion.isRight, reasons: completion.reasons)
          })
      })
  }
}
