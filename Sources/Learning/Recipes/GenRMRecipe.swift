import Decoding
import Problems
import Reasoning
public import Traces
import Training

/// A generative verifier that solves as well: judging is next-token prediction, so both are learned in
/// one loss, L = L_SFT(verify) + λ L_SFT(solve), each a mean over its own tokens.
///
/// What it learns to say before a verdict are rationales that the model sampled before training with
/// the right answer in the question; one whose verdict disagrees with the exact grader is dropped. The
/// texts that are learned do not have the right answer. As many end in Yes as in No.
public final class GenRMRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "genrm", title: "Generative verifier",
    summary: "Learns to verify solutions in words, and to solve, in one loss.",
    paper: "Zhang et al. 2024, arXiv 2408.15240",
    cost: "16 problems × 8 samples a step, 4 rationales on up to 4 of each, then one update",
    settings: .ofEveryTraining
      + [.batch, .samples, .temperature, .topK, .topP, .rationales, .solutionWeight],
    defaults: {
      var settings = RunSettings()
      settings.prompting = Prompting.think.description
      settings.temperature = 1
      settings[extra: "batch"] = 16
      settings[extra: "rate"] = 1e-4
      settings[extra: "schedule"] = RateCourse.linear
      settings[extra: "evaluate-every"] = 10
      return settings
    }(), defaultSteps: 60, samples: true)

  /// How many different solutions of a problem are verified at most, right and wrong ones each.
  static let mostSolutions = 2

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    let settings = run.settings
    let groups = try await run.candidates(ofStep: run.step)
    let chosen = Self.chosen(groups)
    let (kept, sampled) = try await rationales(on: chosen, run)
    let verifying = try Self.balanced(kept).map { try text($0, run) }
    let solving = try groups.flatMap { group in
      try group.distinctRight.prefix(Self.mostSolutions).map {
        try LearningTextTokenizer(run.trainee.model).answer(
          $0.tokens.filter { !run.vocabulary.endOfText.contains($0) }, to: group.prompt)
      }
    }
    var told: [TrainingMetric: Double] = [
      .texts: Double(verifying.count + solving.count),
      .agreement: Double(kept.count) / Double(max(1, sampled)),
    ]
    let weight = settings.solutionWeight
    let parts = [(verifying, 1.0), (weight > 0 ? solving : [], weight)].filter { !$0.0.isEmpty }
    guard !parts.isEmpty else { return run.told(told) }
    // Each part's tokens count what makes its sum a mean.
    let texts = parts.flatMap { texts, share in
      let tokens = texts.reduce(0) { $0 + $1.continuation.count }
      return texts.map { text in
        var text = text
        text.weights = text.continuation.map { _ in Float(share) / Float(tokens) }
        return text
      }
    }
    let losses = try run.trainee.learn(texts)
    guard losses.allSatisfy(\.sum.isFinite) else {
      throw LearningError.notFinite(step: run.step, .probabilities)
    }
    told[.verifyLoss] = losses.prefix(verifying.count).reduce(0) { $0 + $1.sum }
    if weight > 0, !solving.isEmpty {
      told[.solveLoss] = losses.suffix(solving.count).reduce(0) { $0 + $1.sum } / weight
    }
    told[.loss] = losses.reduce(0) { $0 + $1.sum }
    told[.gradientNorm] = try run.trainee.update(rate: run.rate, maxNorm: settings.maxNorm)
    run.learned(from: texts.reduce(0) { $0 + $1.count })
    tell(kept, run)
    return run.told(told)
  }

  // MARK: Rationales

  /// A solution that is to be verified.
  struct Solution {
    var question: Question
    var text: String
    var isRight: Bool
  }

  /// A solution with a rationale on it, whose verdict is right.
  struct Verified {
    var solution: Solution
    /// The rationale and its verdict, with the white space before it.
    var rationale: String
  }

  /// Different solutions of each problem, right and wrong ones, in the order in which they were
  /// sampled.
  static func chosen(_ groups: [CompletionGroup]) -> [Solution] {
    groups.flatMap { group in
      var seen: Set<String> = []
      var counts = [true: 0, false: 0]
      return group.completions.compactMap { completion -> Solution? in
        let text = CandidateSolution.text(of: completion.text)
        guard completion.answer != nil, !completion.isCut, !text.isEmpty,
          counts[completion.isRight, default: 0] < mostSolutions, seen.insert(text).inserted
        else { return nil }
        counts[completion.isRight, default: 0] += 1
        return Solution(question: group.question, text: text, isRight: completion.isRight)
      }
    }
  }

  /// As many verdicts of one kind as of the other; surplus ones are left out from the end.
  static func balanced(_ verified: [Verified]) -> [Verified] {
    let (right, wrong) = (
      verified.filter(\.solution.isRight), verified.filter { !$0.solution.isRight }
    )
    let count = min(right.count, wrong.count)
    return Array(right.prefix(count) + wrong.prefix(count))
  }

  /// Samples rationales on solutions with the right answer in the question, and keeps of each
  /// solution the first whose verdict is right.
  ///
  /// - Returns: what is kept, and on how many solutions there could have been one.
  private func rationales(
    on solutions: [Solution], _ run: TrainingRun
  ) async throws -> (kept: [Verified], of: Int) {
    guard !solutions.isEmpty else { return ([], 0) }
    let model = try run.trainee.modelAtStart
    let decoder = Decoder(model: model, slots: 512)
    let count = max(1, run.settings.rationales)
    let stop = StopRule(
      endTokens: model.vocabulary.endOfText,
      stopSequences: [PromptFormat.yes, PromptFormat.no].map { $0 + "." })
    var paths: [Continuation] = []
    var asked: [Solution] = []
    for solution in solutions {
      let question = Self.referenced(solution.question)
      let tokens = Self.asked(solution, question: question, model.vocabulary)
      guard tokens.count + run.settings.maxCompletionLength < model.contextLength else { continue }
      let start = decoder.insert(tokens)
      asked.append(solution)
      for _ in 0..<count {
        // Other random numbers than those of the solutions.
        let path = run.step << 20 + paths.count
        paths.append(
          Continuation(
            start: start, path: path,
            sampler: run.settings.used.sampling(temperature: 1)
              .sampler(seed: run.settings.seed &+ Self.seed, path: path),
            stop: stop, budget: run.settings.maxCompletionLength))
      }
    }
    let results = await decoder.decode(paths) { _ in }
    try Task.checkCancellation()
    var kept: [Verified] = []
    for (index, solution) in asked.enumerated() {
      for result in results[(index * count)..<((index + 1) * count)] {
        if case .failed(let why) = result.reason { throw StrategyError.decoding(why) }
        let bytes = result.tokens.flatMap { model.vocabulary.bytes(of: $0) }
        guard let verdict = Verdict.stated(in: bytes), verdict.isYes == solution.isRight else {
          continue
        }
        let text = String(decoding: bytes[..<verdict.offset], as: UTF8.self)
        kept.append(
          Verified(
            solution: solution,
            rationale: text + (verdict.isYes ? PromptFormat.yes : PromptFormat.no) + "."))
        break
      }
    }
    return (kept, asked.count)
  }

  private static let seed: UInt64 = 0x7665_7269

  /// A question with its right answer.
  private static func referenced(_ question: Question) -> String {
    question.gold.map { "\(question.text) The answer is \($0)." } ?? question.text
  }

  /// What a rationale stands behind, as `GenerativeVerifier` asks for one.
  static func asked(
    _ solution: Solution, question: String, _ vocabulary: any Vocabulary
  ) -> [TokenID] {
    vocabulary.tokenize(PromptFormat.plain(question), special: .add)
      + [" " + solution.text, PromptFormat.verdictWithRationale].flatMap {
        vocabulary.tokenize(continuing: $0)
      }
  }

  /// What is learned of a verified solution: the question is as it is, without its answer.
  private func text(_ verified: Verified, _ run: TrainingRun) throws -> LearningText {
    try LearningTextTokenizer(run.trainee.model).answer(
      verified.rationale,
      to: Self.asked(
        verified.solution, question: verified.solution.question.text, run.vocabulary))
  }

  /// Tells of some problems' rationales.
  private func tell(_ kept: [Verified], _ run: TrainingRun) {
    let tokenizer = run.vocabulary
    let problems = Dictionary(grouping: kept, by: \.solution.question)
      .sorted { $0.key.text < $1.key.text }.prefix(3)
    run.tell(
      problems.map { question, own in
        TrainingSamples(
          step: run.step, question: question,
          samples: own.map { verified in
            let tokens = tokenizer.tokenize(continuing: verified.rationale)
            return TrainingSample(
              said: SaidTokens(tokens.map { tokenizer.token($0) }), push: tokens.map { _ in 1 },
              answer: nil, reward: verified.solution.isRight ? 1 : 0,
              isRight: verified.solution.isRight, reasons: true)
          })
      })
  }

  // MARK: What it remembers

  public var verifier: TrainedVerifier? { TrainedVerifier(.genrm) }
}
