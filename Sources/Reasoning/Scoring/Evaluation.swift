public import Decoding
import Synchronization

/// How well a strategy did on a set of questions.
public struct EvaluationRow: Sendable, Hashable {
  public var strategy: String
  /// A family, or `all`: the macro-average over the families.
  public var family: String
  public var correct: Int
  public var total: Int
  /// For `all`, the mean of the families' accuracies, so that each counts alike.
  public var accuracy: Double
  /// A 95 % interval: Wilson's for a family; for the macro-average the normal one from the
  /// families' variances.
  public var interval: ClosedRange<Double>
  /// How often the most frequent right answer is right by itself: what guessing it always gives.
  public var majorityClass: Double
  /// How well the paths' Δ tells right answers from wrong ones; nil without paths of both kinds.
  public var areaUnderCurve: Double?
  public var generatedTokens: Int
  public var seconds: Double
}

/// Runs strategies over questions and grades the answers.
public struct Evaluation: Sendable {
  /// One question of one strategy, answered.
  public struct Result: Sendable {
    public var family: String
    public var isCorrect: Bool
    public var end: RunEnd
    /// Δ of each path with whether the path's own answer is right.
    public var scored: [(score: Double, isPositive: Bool)]
  }

  public var decoder: Decoder
  public var prompts: PromptLibrary
  public var settings: RunSettings

  public init(decoder: Decoder, prompts: PromptLibrary, settings: RunSettings) {
    self.decoder = decoder
    self.prompts = prompts
    self.settings = settings
  }

  /// Answers all questions with one strategy, several at once so that every batch is full.
  ///
  /// - Parameter progress: called after each question with how many are done.
  /// - Returns: results in the order of `questions`; fewer when cancelled.
  /// - Throws: `StrategyError` when the model cannot go on.
  public func results(
    of strategy: any Strategy, on questions: [Question],
    progress: @Sendable (Int) -> Void = { _ in }
  ) async throws -> [Result] {
    var results: [Int: Result] = [:]
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      var next = 0
      func addNext() {
        guard next < questions.count, !Task.isCancelled else { return }
        let (index, question) = (next, questions[next])
        next += 1
        group.addTask { (index, try await answer(question, with: strategy)) }
      }
      for _ in 0..<decoder.slots { addNext() }
      while let (index, result) = try await group.next() {
        if result.end.reason == .completed { results[index] = result }
        progress(results.count)
        addNext()
      }
    }
    return questions.indices.compactMap { results[$0] }
  }

  private func answer(
    _ question: Question, with strategy: any Strategy
  ) async throws -> Result {
    let scored = Mutex<[Int: (delta: Double?, answer: String?)]>([:])
    var settings = settings
    settings.detail = 0
    let end = await strategy.run(
      question, settings: settings, decoder: decoder, library: prompts
    ) { record in
      switch record.event {
      case .score(let score) where score.kind == .delta:
        scored.withLock { $0[score.path, default: (nil, nil)].delta = score.value }
      case .pathFinished(let end):
        scored.withLock { $0[end.path, default: (nil, nil)].answer = end.answer }
      default: break
      }
    }
    if end.reason == .failed { throw StrategyError.decoding(end.message ?? "The run failed.") }
    let pairs = scored.withLock { $0 }.sorted { $0.key < $1.key }.compactMap { _, path in
      path.delta.map { (score: $0, isPositive: question.isCorrect(path.answer) ?? false) }
    }
    return Result(
      family: question.family ?? "file", isCorrect: end.correct ?? false, end: end, scored: pairs)
  }

  /// Rows for each family, in the order in which the families come, and one for all.
  public static func rows(
    _ results: [Result], strategy: String, questions: [Question], seconds: Double
  ) -> [EvaluationRow] {
    var families: [String] = []
    for result in results where !families.contains(result.family) { families.append(result.family) }
    let tokens = max(1, results.reduce(0) { $0 + $1.end.tokens.generated })
    var rows = families.map { family in
      let own = results.filter { $0.family == family }
      let correct = own.count(where: \.isCorrect)
      let generated = own.reduce(0) { $0 + $1.end.tokens.generated }
      return EvaluationRow(
        strategy: strategy, family: family, correct: correct, total: own.count,
        accuracy: Double(correct) / Double(max(1, own.count)),
        interval: Statistics.wilsonInterval(successes: correct, trials: own.count),
        majorityClass: majorityClass(
          questions.filter { ($0.family ?? "file") == family }.compactMap(\.gold)),
        areaUnderCurve: Statistics.areaUnderCurve(own.flatMap(\.scored)),
        generatedTokens: generated,
        // Questions of all families share batches, so time is shared out by tokens.
        seconds: seconds * Double(generated) / Double(tokens))
    }
    if let all = macroAverage(rows, results, strategy: strategy, seconds: seconds) {
      rows.append(all)
    }
    return rows
  }

  private static func macroAverage(
    _ rows: [EvaluationRow], _ results: [Result], strategy: String, seconds: Double
  ) -> EvaluationRow? {
    guard !rows.isEmpty else { return nil }
    let count = Double(rows.count)
    let mean = rows.reduce(0) { $0 + $1.accuracy } / count
    // Laplace's estimate of each family's variance, so that 0 of n is not taken as certain.
    let variance = rows.reduce(0.0) { sum, row in
      let p = (Double(row.correct) + 1) / (Double(row.total) + 2)
      return sum + p * (1 - p) / Double(max(1, row.total))
    }
    let half = Statistics.z95 * variance.squareRoot() / count
    return EvaluationRow(
      strategy: strategy, family: "all", correct: rows.reduce(0) { $0 + $1.correct },
      total: rows.reduce(0) { $0 + $1.total }, accuracy: mean,
      interval: max(0, mean - half)...min(1, mean + half),
      majorityClass: rows.reduce(0) { $0 + $1.majorityClass } / count,
      areaUnderCurve: Statistics.areaUnderCurve(results.flatMap(\.scored)),
      generatedTokens: rows.reduce(0) { $0 + $1.generatedTokens }, seconds: seconds)
  }

  private static func majorityClass(_ golds: [String]) -> Double {
    let counts = golds.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
    return Double(counts.values.max() ?? 0) / Double(max(1, golds.count))
  }
}
