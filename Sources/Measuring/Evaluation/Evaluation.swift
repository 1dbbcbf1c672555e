public import Decoding
public import Problems
public import Reasoning
import Synchronization
public import Traces

/// Runs strategies over questions and grades the answers.
public struct Evaluation: Sendable {
  /// One question of one strategy, answered.
  public struct Result: Sendable {
    public var family: String
    /// What the problem's id fixes; nil for a level that was drawn.
    public var level: Int?
    public var isCorrect: Bool
    public var end: RunEnd
    /// Whether the model's context held the question; one that it did not hold counts as unanswered.
    public var fits = true
    /// Δ of each path with whether the path's own answer is right.
    public var scored: [(score: Double, isPositive: Bool)]
    /// Whether a majority of the same samples is right; nil for strategies that take no vote.
    var isMajorityCorrect: Bool?
    /// Whether any of the samples is right: pass@n, which only an oracle could choose.
    var isAnyCorrect: Bool?
    /// Whether a plain vote on as many tokens is right, and how many it took; nil where it was not
    /// asked for.
    var isVoteCorrect: Bool?
    var voteTokens = 0
  }

  public var decoder: Decoder
  public var prompts: PromptLibrary
  public var settings: RunSettings
  /// Further models, for strategies that use several.
  public var peers: [Decoder]
  /// The model that verifiers read with where it is not the strategies' own.
  public var judge: Judge?
  /// Whether each question is put to a plain vote, too, on as many tokens as the strategy took.
  public var comparesVote: Bool

  public init(
    decoder: Decoder, prompts: PromptLibrary, settings: RunSettings, peers: [Decoder] = [],
    judge: Judge? = nil, comparesVote: Bool = false
  ) {
    self.decoder = decoder
    self.prompts = prompts
    self.settings = settings.dated(for: ([decoder] + peers).map(\.model))
    self.peers = peers
    self.judge = judge
    self.comparesVote = comparesVote
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
    ) { try await result(of: strategy, on: $0) }
    return results.map(\.output)
  }

  /// - Returns: nil when cancelled.
  private func result(of strategy: any Strategy, on question: Question) async throws -> Result? {
    guard var result = try await answer(question, with: strategy) else { return nil }
    guard comparesVote, result.fits else { return result }
    let budget = result.end.tokens.spent
    guard let vote = try await vote(on: question, within: budget) else { return nil }
    result.isVoteCorrect = question.isCorrect(vote.answer) ?? false
    result.voteTokens = vote.tokens
    return result
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

  private func answer(_ question: Question, with strategy: any Strategy) async throws -> Result? {
    guard try fits(question, strategy) else {
      return .unanswered(question, takesVotes: strategy.description.shape.takesVotes)
    }
    // Runs that are part of this one have votes of their own.
    guard let run = try await trace(of: strategy, on: question)?.runs[1], let end = run.end else {
      return nil
    }
    let pairs = run.pathNumbers.compactMap { run.paths[$0] }.compactMap { path in
      path.score(.delta).map {
        (score: $0.value, isPositive: question.isCorrect(path.answer) ?? false)
      }
    }
    var result = Result(
      family: question.family ?? "file", level: question.fixedLevel,
      isCorrect: end.correct ?? false, end: end, scored: pairs)
    if let votes = run.tally(.majority) {
      result.isMajorityCorrect = question.isCorrect(votes.winner) ?? false
      // The answers that were counted, each of them once: a verifier's paths do not vote.
      result.isAnyCorrect = votes.order.contains { question.isCorrect($0) ?? false }
    }
    return result
  }

  /// Runs a strategy on a question and folds what it tells.
  ///
  /// - Parameter known: the trace that the run goes on with.
  /// - Returns: nil when cancelled.
  /// - Throws: `StrategyError` when the model cannot go on.
  func trace(
    of strategy: any Strategy, on question: Question, after known: Trace = Trace()
  ) async throws -> Trace? {
    var settings = settings
    settings.detail = 0
    let trace = Mutex(known)
    let end = await strategy.run(
      question, settings: settings, decoder: decoder, library: prompts, previous: known.runs[1],
      peers: peers, judge: judge
    ) { record in trace.withLock { $0.apply(record) } }
    if end.reason == .failed { throw StrategyError.decoding(end.message ?? "The run failed.") }
    return end.reason == .completed ? trace.withLock { $0 } : nil
  }

  /// What is found of each path of a strategy on questions. A question counts when all of its paths
  /// are done: some without the others would tell of the quick ones only.
  func paths<Found: Sendable>(
    of strategy: any Strategy, on questions: [Question],
    progress: @escaping @Sendable (Int) -> Void,
    find: @escaping @Sendable (Int, Question, RunTrace, PathTrace) -> Found?
  ) async throws -> [Found] {
    let found = try await Self.concurrently(
      Array(questions.enumerated()), width: decoder.slots, progress: progress
    ) { number, question in
      try await trace(of: strategy, on: question)?.runs[1].map { run in
        run.pathNumbers.compactMap { path in
          run.paths[path].flatMap { find(number, question, run, $0) }
        }
      }
    }
    return found.flatMap(\.output)
  }

  /// Whether the model's context holds the question as the strategy puts it.
  ///
  /// - Throws: `TextFileError` for a template or example file that is missing or malformed.
  private func fits(_ question: Question, _ strategy: any Strategy) throws -> Bool {
    let prompt = try prompts.prompt(
      for: question, settings, otherwise: strategy.description.defaultPrompting,
      model: decoder.model)
    do {
      _ = try prompt.tokens(of: question, for: decoder.model)
      return true
    } catch LanguageModelError.contextExceeded { return false }
  }
}

extension Evaluation.Result {
  /// A question that the model cannot be asked, since its context does not hold it.
  fileprivate static func unanswered(_ question: Question, takesVotes: Bool) -> Self {
    var result = Self(
      family: question.family ?? "file", level: question.fixedLevel, isCorrect: false,
      end: RunEnd(reason: .completed, answer: nil, correct: false, tokens: TokenCounts()),
      scored: [])
    result.fits = false
    (result.isMajorityCorrect, result.isAnyCorrect) = takesVotes ? (false, false) : (nil, nil)
    return result
  }
}
