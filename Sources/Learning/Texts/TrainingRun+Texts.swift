import Decoding
import Problems
import Reasoning
import Traces
import Training

/// What recipes do that learn from texts, by cross-entropy.
extension TrainingRun {
  /// The prompt to a question: its tokens, and whether it is a turn of a conversation.
  ///
  /// - Throws: `TextFileError`, `LanguageModelError` for a question that does not fit.
  func given(_ question: Question) throws -> (tokens: [TokenID], isTurn: Bool) {
    let prompt = try library.prompt(
      for: question, settings.used, otherwise: .plain, model: trainee.model)
    return (try prompt.tokens(of: question, for: trainee.model), !prompt.pieces.isEmpty)
  }

  /// Gold solutions behind the prompts of problems.
  ///
  /// - Throws: as `given`.
  func goldTexts(_ problems: [Problem]) throws -> [LearningText] {
    let tokenizer = LearningTextTokenizer(trainee.model)
    return try problems.map { problem in
      let given = try given(Question(problem))
      // A problem that comes again is told in another way.
      let said = GoldSolution.text(of: problem, seed: settings.seed &+ UInt64(step))
      return try tokenizer.answer(said, to: given.tokens, isTurn: given.isTurn)
    }
  }

  /// Takes a step of the optimizer on texts and on the documents that `replay` mixes in, and tells
  /// of it. Without a text there is no step.
  ///
  /// - Parameter rate: nil for that of the step under way.
  /// - Throws: `LearningError.notFinite`, `ModelError`, `TrainingError`.
  func learn(_ texts: [LearningText], rate: Double? = nil) throws -> TrainingStep {
    guard !texts.isEmpty else { return told([.texts: 0]) }
    let replay = try ReplayDocuments(seed: settings.seed, for: trainee.model)
      .texts(step: step, count: settings.replayed(beside: texts.count))
    let losses = try trainee.learn(texts + replay, meanOver: settings.meanOver)
    let own = losses.prefix(texts.count).reduce(TextLoss(), +)
    let other = losses.dropFirst(texts.count).reduce(TextLoss(), +)
    guard own.sum.isFinite, other.sum.isFinite else {
      throw LearningError.notFinite(step: step, .probabilities)
    }
    let rate = rate ?? self.rate
    let norm = try trainee.update(rate: rate, maxNorm: settings.maxNorm)
    learned(from: (texts + replay).reduce(0) { $0 + $1.count })
    var taken = told([
      .loss: losses.prefix(texts.count).mean(over: settings.meanOver), .gradientNorm: norm,
      .entropy: own.meanEntropy, .texts: Double(texts.count),
    ])
    taken[.learningRate] = rate
    if !replay.isEmpty {
      taken[.replayLoss] = losses.dropFirst(texts.count).mean(over: settings.meanOver)
    }
    return taken
  }

  /// Texts of some problems as they are told of: the push of a token is what it counts in the loss.
  func tell(_ texts: [LearningText], of problems: [Problem], count: Int = 3) {
    tell(
      zip(problems, texts).prefix(count).map { problem, text in
        TrainingSamples(
          step: step, question: Question(problem),
          samples: [
            TrainingSample(
              said: SaidTokens(text.continuation.map { vocabulary.token($0) }),
              push: text.continuation.map { _ in 1 }, answer: problem.answer, reward: 1,
              isRight: true, reasons: !problem.steps.isEmpty)
          ])
      })
  }
}
