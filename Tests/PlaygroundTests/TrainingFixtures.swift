import Decoding
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Problems
@testable import Traces

/// A training as its events tell of it: a toy that goes from guessing to reasoning in six steps.
enum TrainingFixtures {
  static let probes = [
    Question(text: "Sam has 4 pens, Ann has 3 more. How many pens in total?", gold: "11"),
    Question(text: "Coin: heads. Flip, flip, flip. Heads or tails?", gold: "tails"),
  ]
  static let model = Fixtures.model.identity

  /// - Parameters:
  ///   - steps: how many were taken, of six.
  ///   - ending: how it ended; nil while it goes on.
  static func records(
    number: Int = 9, steps: Int = 6, ending: TrainingEnd.Reason? = .completed,
    isExact: Bool = true, problems: String = TrainingOrder.usual.problems
  ) -> [TraceRecord] {
    var events: [TrainingEvent] = [
      .started(
        TrainingStart(
          recipe: "grpo", model: model, seed: 1, problems: problems, steps: 6,
          settings: RunSettings(), used: RunSettings(), probes: probes))
    ]
    events += evaluated(0)
    events.append(
      .evaluation(
        TrainingEvaluation(
          step: 0, split: .dev, prompting: "think",
          families: ["story": .init(problems: 90, right: 82, reasoned: 90)], meanLength: 24)))
    events.append(.votes(votes(0, one: 0.21, majority: 0.43, any: 0.93, distinct: 6.2)))
    for step in stride(from: 1, through: steps, by: 1) {
      events += taken(step, isExact: isExact)
      if step % 2 == 0 { events += evaluated(step) }
    }
    if ending == .completed {
      events.append(.votes(votes(6, one: 0.85, majority: 0.88, any: 0.95, distinct: 1.4)))
    }
    if let ending {
      events.append(
        .ended(
          TrainingEnd(
            reason: ending, step: steps,
            message: ending == .failed ? "The gradients are not numbers any more." : nil)))
    }
    return events.map { TraceRecord(run: number, .training($0)) }
  }

  private static func votes(
    _ step: Int, one: Double, majority: Double, any: Double, distinct: Double
  ) -> TrainingVotes {
    func share(_ value: Double) -> TrainingVotes.Share {
      .init(value, max(0, value - 0.05)...min(1, value + 0.05))
    }
    return TrainingVotes(
      step: step, problems: 90, samples: 16, one: share(one), majority: share(majority),
      any: share(any), distinct: distinct)
  }

  /// What the weights of a step are measured to do, and where they are.
  private static func evaluated(_ step: Int) -> [TrainingEvent] {
    let right = [0: 19, 2: 31, 4: 66, 6: 80][step] ?? 0
    return [
      .evaluation(
        TrainingEvaluation(
          step: step, split: .dev, prompting: "plain",
          families: ["story": .init(problems: 90, right: right, reasoned: right + 5)],
          meanLength: Double(4 + 3 * step))),
      .probe(probe(step, 0)), .probe(probe(step, 1)),
      .weights(
        TrainingWeights(
          step: step, path: "steps/apples+grpo@\(step).gguf", hash: "hash\(step)",
          name: "apples+grpo@\(step)")),
    ]
  }

  private static func probe(_ step: Int, _ probe: Int) -> TrainingProbe {
    let reasons = step > 2
    let text =
      switch (probe, reasons) {
      case (0, false): " 7."
      case (0, true): " Ann has 4 + 3 = 7. In total 4 + 7 = 11. The answer is 11."
      case (_, false): " heads."
      default: " heads, tails, heads, tails. The answer is tails."
      }
    let said = said(text)
    let answer = probe == 0 ? (reasons ? "11" : "7") : (reasons ? "tails" : "heads")
    return TrainingProbe(
      step: step, probe: probe, said: said,
      probabilities: said.tokens.indices.map { 1 - Double(($0 * 7 + 3 * (6 - step)) % 10) / 12 },
      answer: answer, isRight: reasons)
  }

  private static func taken(_ step: Int, isExact: Bool) -> [TrainingEvent] {
    let share = Double(step) / 6
    var metrics = TrainingStep(step: step, metrics: [:])
    metrics[.loss] = 0
    metrics[.gradientNorm] = 1.4 - share
    metrics[.learningRate] = step < 3 ? 1e-4 * Double(step) / 3 : 1e-4
    metrics[.exact] = 0.2 + 0.6 * share
    metrics[.reward] = isExact ? 0.2 + 0.6 * share : 0.5 + 0.4 * share
    metrics[.meanLength] = 5 + 18 * share
    metrics[.entropy] = 1.1 - share
    metrics[.deadGroups] = 0.5 - 0.3 * share
    metrics[.clipped] = 0
    metrics[.reasoned] = share
    return [.step(metrics)]
      + [0, 1].map { .samples(TrainingSamples(step: step, question: probes[$0], samples: samples)) }
  }

  private static let samples: [TrainingSample] = [
    sample(
      " Ann has 4 + 3 = 7. In total 4 + 7 = 11. The answer is 11.", answer: "11", advantage: 1.12,
      divergence: 0.02),
    sample(" 7.", answer: "7", advantage: -0.84, divergence: 0.31),
    sample(" 14.", answer: "14", advantage: -0.84, divergence: 0.29),
    sample(" In total 4 + 7 = 11. The answer is 11.", answer: "11", advantage: 1.12),
    sample(" 7.", answer: "7", advantage: -0.84),
  ]

  private static func sample(
    _ text: String, answer: String, advantage: Double, divergence: Double? = nil
  ) -> TrainingSample {
    let said = said(text)
    return TrainingSample(
      said: said,
      push: said.tokens.indices.map { advantage / 1.2 * Double(1 + $0 % 4) / 4 },
      answer: answer, reward: advantage > 0 ? 1 : 0, isRight: advantage > 0,
      reasons: text.contains("="), advantage: advantage, ratio: 1, clipped: 0,
      divergence: divergence)
  }

  /// A text in tokens of a word each.
  static func said(_ text: String) -> SaidTokens {
    var words: [String] = []
    for character in text {
      if character == " " || words.isEmpty { words.append("") }
      words[words.count - 1].append(character)
    }
    return SaidTokens(
      words.enumerated().map { Token(id: TokenID($0.offset), bytes: Array($0.element.utf8)) })
  }

  /// Train with a training on view.
  static func play(
    _ width: Int, _ height: Int, steps: Int = 6, ending: TrainingEnd.Reason? = .completed,
    isExact: Bool = true
  ) -> Play {
    var play = Play(width, height)
    play.send(.trace(records(steps: steps, ending: ending, isExact: isExact)))
    play.press(KeyEvent("9"))
    return play
  }
}

/// What tests of Train look at.
protocol TrainTesting {}

extension TrainTesting {
  func play(
    _ width: Int = 80, _ height: Int = 24, steps: Int = 6,
    ending: TrainingEnd.Reason? = .completed
  ) -> Play {
    TrainingFixtures.play(width, height, steps: steps, ending: ending)
  }

  func train(_ play: Play) -> TrainScreen { play.state[TrainScreen.self] }

  func trainings(_ play: Play) -> [TrainingEffect] {
    play.effects.compactMap { if case .training(let effect) = $0 { effect } else { nil } }
  }

  func picture(_ play: Play) -> String { Fixtures.draw(play.state).textSnapshot() }

  /// A training that Space has started and that has come to a step.
  func started(steps: Int = 3, width: Int = 80, height: Int = 24) throws -> Play {
    var play = Play(width, height)
    play.press(KeyEvent("9"), KeyEvent(" "))
    let number = try #require(train(play).activity?.number)
    play.send(.trace(TrainingFixtures.records(number: number, steps: steps, ending: nil)))
    return play
  }
}
