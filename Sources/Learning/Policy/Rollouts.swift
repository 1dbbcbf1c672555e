public import Decoding
public import Problems
import Reasoning
import Synchronization
import Traces

/// What a model said to a question.
public struct Completion: Sendable, Hashable {
  /// All that it said itself: what spells a stop is left out, the end token is not. This is what is
  /// learned from.
  public var tokens: [TokenID]
  /// The text of the answer.
  public var text: String
  /// nil when none was found.
  public var answer: String?
  /// Whether the exact grader finds it right.
  public var isRight: Bool
  /// Whether it says something before it says its answer.
  public var reasons: Bool
  /// Whether it was cut off by the limit of its length.
  public var isCut: Bool
  /// Whether it ends by itself and announces an answer that can be read.
  public var announces: Bool
  /// log p of each token as it was chosen, where it was asked for.
  public var logProbabilities: [Double] = []
  /// How many tokens were sampled for it, those that spell a stop included.
  public var sampled = 0
  public var reward = 0.0
}

/// What was sampled for one question.
public struct CompletionGroup: Sendable, Hashable {
  public var question: Question
  /// The tokens that the model was given.
  public var prompt: [TokenID]
  public var completions: [Completion]

  public var rewards: [Double] { completions.map(\.reward) }
  /// Whether all rewards are the same, so that nothing is learned from comparing them.
  public var isDead: Bool { Set(rewards).count <= 1 }
}

/// Answers many questions at once with a model that changes between calls: nothing is kept from
/// one call to the next.
struct Rollouts {
  let model: any LanguageModel
  let library: PromptLibrary
  /// `prompting` and `template` are read.
  let settings: TrainingSettings
  /// How questions are put; nil as the settings say.
  var prompting: Prompting?

  /// How many paths are decoded at once; what comes out does not depend on it.
  private static let slots = 512

  /// How each path of a call chooses its tokens.
  struct Choosing {
    var sampling: SamplingSettings
    var seed: UInt64
    /// The number of the first path. The random numbers of a path depend on the seed and its number
    /// only, so that a training which goes on later samples the same.
    var firstPath: Int
    /// Whether log p of each token is kept.
    var keepsProbabilities = false

    static let greedy = Choosing(sampling: .greedy, seed: 0, firstPath: 0)
  }

  /// Answers questions.
  ///
  /// - Parameter count: how often each is answered.
  /// - Throws: `TextFileError` for a broken template, `LanguageModelError` for a question that does
  ///   not fit, `StrategyError.decoding` when the model cannot go on, `CancellationError`.
  func answer(
    _ questions: [Question], count: Int = 1, _ choosing: Choosing
  ) async throws -> [CompletionGroup] {
    try await complete(questions.map { Beginning(question: $0) }, count: count, choosing)
  }

  /// What is gone on from: a question, and what has been said to it so far.
  struct Beginning {
    var question: Question
    var said: [TokenID] = []
  }

  /// Goes on from places in answers, all in one batch: what several of them share is computed once.
  ///
  /// - Parameter count: how often each is gone on from.
  /// - Returns: for each beginning its answers, from their first token on; log p only of what was
  ///   sampled.
  /// - Throws: as `answer`.
  func complete(
    _ beginnings: [Beginning], count: Int = 1, _ choosing: Choosing
  ) async throws -> [CompletionGroup] {
    let decoder = Decoder(model: model, slots: Self.slots)
    var known: [Question: (prompt: Prompt, ids: [TokenID])] = [:]
    var prompts: [Prompt] = []
    var groups: [CompletionGroup] = []
    var paths: [Continuation] = []
    for beginning in beginnings {
      let question = beginning.question
      let (prompt, ids) = try known[question] ?? tokens(of: question)
      known[question] = (prompt, ids)
      let start = decoder.insert(ids + beginning.said)
      let stop = StopRule(endTokens: model.vocabulary.endOfText, stopSequences: prompt.stops)
      for _ in 0..<count {
        let path = choosing.firstPath + paths.count
        paths.append(
          Continuation(
            start: start, path: path,
            sampler: choosing.sampling.sampler(seed: choosing.seed, path: path), stop: stop,
            budget: max(1, settings.maxCompletionLength - beginning.said.count)))
      }
      prompts.append(prompt)
      groups.append(CompletionGroup(question: question, prompt: ids, completions: []))
    }
    let chosen = Mutex<[Int: [Double]]>([:])
    let results = await decoder.decode(paths) { event in
      guard choosing.keepsProbabilities, case .chosen(let token) = event else { return }
      chosen.withLock { $0[token.path, default: []].append(token.logProbability) }
    }
    try Task.checkCancellation()
    let probabilities = chosen.withLock { $0 }
    for (index, result) in results.enumerated() {
      if case .failed(let why) = result.reason { throw StrategyError.decoding(why) }
      let group = index / count
      let said = beginnings[group].said
      var completion = completion(
        said + result.tokens, result.reason, to: groups[group].question, prompts[group])
      completion.sampled = result.tokens.count
      completion.logProbabilities = Array(
        (probabilities[result.path] ?? []).prefix(max(0, completion.tokens.count - said.count)))
      groups[group].completions.append(completion)
    }
    return groups
  }

  private func prompt(for question: Question) throws -> Prompt {
    var used = settings.used
    if let prompting { used.prompting = prompting.description }
    return try library.prompt(for: question, used, otherwise: .plain, model: model)
  }

  private func tokens(of question: Question) throws -> (prompt: Prompt, ids: [TokenID]) {
    let prompt = try prompt(for: question)
    return (prompt, try prompt.tokens(of: question, for: model))
  }

  private func completion(
    _ said: [TokenID], _ reason: FinishReason, to question: Question, _ prompt: Prompt
  ) -> Completion {
    let vocabulary = model.vocabulary
    let pieces = said.map { vocabulary.bytes(of: $0) }
    var bytes = pieces.flatMap { $0 }
    let length = prompt.answerLength(in: bytes)
    var tokens = said
    if length < bytes.count {
      // A token that spells the end of the answer and the stop's beginning is none of the answer.
      var (end, kept) = (0, 0)
      for piece in pieces {
        guard end + piece.count <= length else { break }
        end += piece.count
        kept += 1
      }
      tokens = Array(tokens.prefix(kept))
      bytes = Array(bytes.prefix(length))
    }
    let thinking = prompt.thinking ?? ThinkingTags(declaredBy: vocabulary)
    let found = AnswerExtractor.extract(from: bytes, kind: question.kind, thinking: thinking)
    let text = String(decoding: bytes, as: UTF8.self)
    let isCut = reason == .budget || reason == .contextFull
    return Completion(
      tokens: tokens, text: text, answer: found?.value,
      isRight: question.isCorrect(found?.value) ?? false,
      reasons: Self.reasons(bytes, answer: found), isCut: isCut,
      announces: !isCut && found != nil && Self.announcements.contains { text.contains($0) })
  }

  /// Whether a sentence stands before the one with the answer.
  private static func reasons(_ bytes: [UInt8], answer: ExtractedAnswer?) -> Bool {
    let sentences = SolutionStep.ranges(in: bytes[...])
    guard let answer else { return sentences.count > 1 }
    return sentences.first.map { $0.upperBound <= answer.byteRange.lowerBound } ?? false
  }

  private static let announcements = [
    String(PromptFormat.answerMarker.dropFirst()), "\\boxed{", "####",
  ]

  // MARK: The model's own verdict

  /// How likely the model says Yes when it is asked whether each completion is right; 0 for one
  /// without words.
  ///
  /// - Throws: as `answer`.
  func verdicts(on groups: [CompletionGroup]) async throws -> [[Double]] {
    let decoder = Decoder(model: model, slots: Self.slots)
    let vocabulary = model.vocabulary
    let question = vocabulary.tokenize(continuing: PromptFormat.verdict)
    guard let yes = vocabulary.tokenize(continuing: PromptFormat.yes).first else {
      return groups.map { $0.completions.map { _ in 0 } }
    }
    var nodes: [NodeID] = []
    var asked: [(group: Int, completion: Int)] = []
    for (index, group) in groups.enumerated() {
      for (number, completion) in group.completions.enumerated() where !completion.text.isEmpty {
        let said = completion.tokens.filter { !vocabulary.endOfText.contains($0) }
        let tokens = group.prompt + said + question
        guard tokens.count < model.contextLength else { continue }
        nodes.append(decoder.insert(tokens))
        asked.append((index, number))
      }
    }
    let readings = try await decoder.readings(after: nodes)
    var verdicts = groups.map { $0.completions.map { _ in 0.0 } }
    for (place, reading) in zip(asked, readings) {
      verdicts[place.group][place.completion] = reading.distribution.probability(of: yes)
    }
    return verdicts
  }
}
