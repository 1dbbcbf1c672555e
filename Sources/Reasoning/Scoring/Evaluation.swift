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
  /// Which verifier ranked, where one did.
  public var verifier: String?
  /// What a majority of the very same samples would have got; nil for strategies without votes.
  public var majority: Share?
  /// How often any of the samples was right (pass@n): the most that choosing could get.
  public var oracle: Share?
  /// What became of the answers that the strategy looked at again; nil where it did not.
  public var revisions: Revisions?
  /// By how much the strategy's accuracy is above the majority's on the same samples, with an
  /// interval of the paired differences.
  public var gain: Share?

  /// How often looking again mended an answer, and how often it spoiled one.
  public struct Revisions: Sendable, Hashable {
    public var wrongToRight = 0
    public var rightToWrong = 0
    public var stayedRight = 0
    public var stayedWrong = 0
  }

  /// A figure between questions with its 95 % interval.
  public struct Share: Sendable, Hashable {
    public var value: Double
    public var interval: ClosedRange<Double>
  }
}

/// Runs strategies over questions and grades the answers.
public struct Evaluation: Sendable {
  /// One question of one strategy, answered.
  public struct Result: Sendable {
    public var family: String
    /// What the problem's id fixes; nil for a level that was drawn.
    public var level: Int?
    public var isCorrect: Bool
    public var end: RunEnd
    /// Δ of each path with whether the path's own answer is right.
    public var scored: [(score: Double, isPositive: Bool)]
    /// Whether a majority of the same samples is right; nil for strategies that take no vote.
    public var isMajorityCorrect: Bool?
    /// Whether any of the samples is right: pass@n, which only an oracle could choose.
    public var isAnyCorrect: Bool?
  }

  public var decoder: Decoder
  public var prompts: PromptLibrary
  public var settings: RunSettings
  /// Further models, for strategies that use several.
  public var peers: [Decoder]

  public init(
    decoder: Decoder, prompts: PromptLibrary, settings: RunSettings, peers: [Decoder] = []
  ) {
    self.decoder = decoder
    self.prompts = prompts
    self.settings = settings
    self.peers = peers
  }

  /// Answers all questions with one strategy, several at once so that every batch is full.
  ///
  /// - Parameter progress: called after each question with how many are done.
  /// - Returns: results in the order of `questions`; fewer when cancelled.
  /// - Throws: `StrategyError` when the model cannot go on.
  public func results(
    of strategy: any Strategy, on questions: [Question],
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws -> [Result] {
    let results = try await Self.concurrently(
      questions, width: decoder.slots, progress: progress
    ) { question in
      let result = try await answer(question, with: strategy)
      return result.end.reason == .completed ? result : nil
    }
    return results.map(\.output)
  }

  /// Works on many inputs, `width` at a time; begins no more once the task is cancelled.
  ///
  /// - Parameters:
  ///   - progress: called after each input with how many are done.
  ///   - work: nil for an input that was not worked on to its end.
  /// - Returns: the inputs' indices with their outputs, in the order of the inputs.
  static func concurrently<Input: Sendable, Output: Sendable>(
    _ inputs: [Input], width: Int, progress: @Sendable (Int) -> Void,
    _ work: @escaping @Sendable (Input) async throws -> Output?
  ) async throws -> [(index: Int, output: Output)] {
    var outputs: [Int: Output] = [:]
    try await withThrowingTaskGroup(of: (Int, Output?).self) { group in
      var next = 0
      func addNext() {
        guard next < inputs.count, !Task.isCancelled else { return }
        let (index, input) = (next, inputs[next])
        next += 1
        group.addTask { (index, try await work(input)) }
      }
      for _ in 0..<max(1, width) { addNext() }
      while let (index, output) = try await group.next() {
        if let output {
          outputs[index] = output
          progress(outputs.count)
        }
        addNext()
      }
    }
    return outputs.sorted { $0.key < $1.key }.map { (index: $0.key, output: $0.value) }
  }

  private func answer(
    _ question: Question, with strategy: any Strategy
  ) async throws -> Result {
    let scored = Mutex<[Int: (delta: Double?, answer: String?)]>([:])
    let votes = Mutex<Tally?>(nil)
    var settings = settings
    settings.detail = 0
    let end = await strategy.run(
      question, settings: settings, decoder: decoder, library: prompts, peers: peers
    ) { record in
      // Runs that are part of this one have votes of their own.
      let isOwn = record.run == 1
      switch record.event {
      case .score(let score) where score.kind == .delta && isOwn:
        scored.withLock { $0[score.path, default: (nil, nil)].delta = score.value }
      case .pathFinished(let end) where isOwn:
        scored.withLock { $0[end.path, default: (nil, nil)].answer = end.answer }
      case .tally(let tally) where tally.method == .majority && isOwn:
        votes.withLock { $0 = tally }
      default: break
      }
    }
    if end.reason == .failed { throw StrategyError.decoding(end.message ?? "The run failed.") }
    let pairs = scored.withLock { $0 }.sorted { $0.key < $1.key }.compactMap { _, path in
      path.delta.map { (score: $0, isPositive: question.isCorrect(path.answer) ?? false) }
    }
    var result = Result(
      family: question.family ?? "file", level: question.fixedLevel,
      isCorrect: end.correct ?? false, end: end, scored: pairs)
    if let votes = votes.withLock({ $0 }) {
      result.isMajorityCorrect = question.isCorrect(votes.winner) ?? false
      // The answers that were counted, each of them once: a verifier's paths do not vote.
      result.isAnyCorrect = votes.order.contains { question.isCorrect($0) ?? false }
    }
    return result
  }

  /// Rows for each family, in the order in which the families come, and one for all.
  ///
  /// - Parameter byLevel: a row for each level of a family (`coin@3`) in place of one for the
  ///   family.
  public static func rows(
    _ results: [Result], strategy: String, questions: [Question], seconds: Double,
    byLevel: Bool = false
  ) -> [EvaluationRow] {
    func group(_ family: String?, _ level: Int?) -> String {
      (family ?? "file") + (byLevel ? level.map { "@\($0)" } ?? "" : "")
    }
    var families: [String] = []
    for result in results {
      let name = group(result.family, result.level)
      if !families.contains(name) { families.append(name) }
    }
    let pools = families.map { name in
      results.filter { group($0.family, $0.level) == name }
    }
    let tokens = max(1, results.reduce(0) { $0 + $1.end.tokens.generated })
    var rows = zip(families, pools).map { family, own in
      let correct = own.count(where: \.isCorrect)
      let generated = own.reduce(0) { $0 + $1.end.tokens.generated }
      return EvaluationRow(
        strategy: strategy, family: family, correct: correct, total: own.count,
        accuracy: Double(correct) / Double(max(1, own.count)),
        interval: Statistics.wilsonInterval(successes: correct, trials: own.count),
        majorityClass: majorityClass(
          questions.filter { group($0.family, $0.fixedLevel) == family }.compactMap(\.gold)),
        areaUnderCurve: Statistics.areaUnderCurve(own.flatMap(\.scored)),
        generatedTokens: generated,
        // Questions of all families share batches, so time is shared out by tokens.
        seconds: seconds * Double(generated) / Double(tokens),
        majority: share(own, \.isMajorityCorrect), oracle: share(own, \.isAnyCorrect),
        revisions: revisions(own), gain: gain([own]))
    }
    if let all = macroAverage(rows, pools, strategy: strategy, seconds: seconds) {
      rows.append(all)
    }
    return rows
  }

  private static func macroAverage(
    _ rows: [EvaluationRow], _ pools: [[Result]], strategy: String, seconds: Double
  ) -> EvaluationRow? {
    guard !rows.isEmpty else { return nil }
    let count = Double(rows.count)
    let accuracy = macroShare(pools) { $0.isCorrect }
    return EvaluationRow(
      strategy: strategy, family: "all", correct: rows.reduce(0) { $0 + $1.correct },
      total: rows.reduce(0) { $0 + $1.total }, accuracy: accuracy?.value ?? 0,
      interval: accuracy?.interval ?? 0...1,
      majorityClass: rows.reduce(0) { $0 + $1.majorityClass } / count,
      areaUnderCurve: Statistics.areaUnderCurve(pools.flatMap { $0.flatMap(\.scored) }),
      generatedTokens: rows.reduce(0) { $0 + $1.generatedTokens }, seconds: seconds,
      majority: macroShare(pools, \.isMajorityCorrect),
      oracle: macroShare(pools, \.isAnyCorrect), revisions: revisions(pools.flatMap { $0 }),
      gain: gain(pools))
  }

  /// Counts what became of answers that were looked at again; nil where none was.
  static func revisions(_ results: [Result]) -> EvaluationRow.Revisions? {
    let revised = results.filter { $0.end.revision != nil }
    guard !revised.isEmpty else { return nil }
    return revised.reduce(into: EvaluationRow.Revisions()) { counts, result in
      switch (result.end.revision?.correct ?? false, result.isCorrect) {
      case (false, true): counts.wrongToRight += 1
      case (true, false): counts.rightToWrong += 1
      case (true, true): counts.stayedRight += 1
      case (false, false): counts.stayedWrong += 1
      }
    }
  }

  /// A family's share of questions for which something holds; nil where it is not known for all.
  private static func share(
    _ results: [Result], _ holds: (Result) -> Bool?
  ) -> EvaluationRow.Share? {
    let known = results.compactMap(holds)
    guard known.count == results.count, !known.isEmpty else { return nil }
    let count = known.count { $0 }
    return EvaluationRow.Share(
      value: Double(count) / Double(known.count),
      interval: Statistics.wilsonInterval(successes: count, trials: known.count))
  }

  /// The mean of the families' shares, with a normal interval.
  private static func macroShare(
    _ pools: [[Result]], _ holds: (Result) -> Bool?
  ) -> EvaluationRow.Share? {
    let known = pools.map { $0.compactMap(holds) }
    guard !pools.isEmpty, zip(known, pools).allSatisfy({ $0.count == $1.count }) else { return nil }
    let count = Double(pools.count)
    let mean =
      known.reduce(0) { sum, own in
        sum + Double(own.count { $0 }) / Double(max(1, own.count))
      } / count
    // Laplace's estimate of each family's variance, so that 0 of n is not taken as certain.
    let variance = known.reduce(0.0) { sum, own in
      let p = (Double(own.count { $0 }) + 1) / (Double(own.count) + 2)
      return sum + p * (1 - p) / Double(max(1, own.count))
    }
    let half = Statistics.z95 * variance.squareRoot() / count
    return EvaluationRow.Share(value: mean, interval: max(0, mean - half)...min(1, mean + half))
  }

  /// The mean over families of accuracy − majority on the same samples. One vote more is taken for
  /// either side in each family, so that no difference at all is not taken as certain.
  private static func gain(_ pools: [[Result]]) -> EvaluationRow.Share? {
    var (mean, variance) = (0.0, 0.0)
    for pool in pools {
      let differences = pool.compactMap { result in
        result.isMajorityCorrect.map { (result.isCorrect ? 1.0 : 0) - ($0 ? 1 : 0) }
      }
      guard differences.count == pool.count, !pool.isEmpty else { return nil }
      let n = Double(pool.count)
      let own = differences.reduce(0, +) / n
      let squares = differences.reduce(0) { $0 + $1 * $1 } + 2
      mean += own
      variance += max(0, squares / (n + 2) - own * own) / n
    }
    let count = Double(pools.count)
    guard count > 0 else { return nil }
    let half = Statistics.z95 * variance.squareRoot() / count
    return EvaluationRow.Share(
      value: mean / count, interval: max(-1, mean / count - half)...min(1, mean / count + half))
  }

  private static func majorityClass(_ golds: [String]) -> Double {
    let counts = golds.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
    return Double(counts.values.max() ?? 0) / Double(max(1, golds.count))
  }
}
