import Decoding
import Problems
public import Reasoning
import Traces
import Training

/// Rewards from a model that was trained to judge: what a policy is optimised for is then a proxy, and
/// the further it goes, the further it may come from what is right (Gao et al. 2022, "Scaling Laws for
/// Reward Model Overoptimization", arXiv 2210.10760).
extension Judge {
  /// How many places are read at once.
  public static let rewardSlots = 512

  /// Whether its file says how it judges, so that it can reward.
  var canReward: Bool {
    switch verifier {
    case .prm, .orm: true
    case .implicit: numbers[ImplicitVerifier.scaleName] != nil
    default: false
    }
  }

  /// What each completion is worth: of a process reward model the score of its weakest step
  /// (`StepVerifier.defaultAggregate`), of an outcome reward model p(Yes) / (p(Yes) + p(No)), each from 0
  /// to 1; of an implicit one α Σ log p (`ImplicitVerifier`). A completion that cannot be judged, since
  /// it has no words or does not fit, is worth 0, or as little as the worst of its group.
  ///
  /// - Parameter vocabulary: of the model that wrote them. The judge reads texts.
  /// - Returns: `[groups][completions]`.
  /// - Throws: `LanguageModelError`, `DecodingFailure`, `CancellationError`.
  func rewards(
    of groups: [CompletionGroup], by vocabulary: any Vocabulary
  ) async throws -> [[Double]] {
    var rewards: [[Double]] = []
    for group in groups {
      try Task.checkCancellation()
      let solutions = group.completions.map { SteppedSolution($0, vocabulary) }
      let values =
        verifier == .implicit
        ? try await likelihoods(of: solutions, to: group.question)
        : try await judgements(of: solutions, to: group.question)
      let worst = verifier == .implicit ? values.compactMap { $0 }.min() ?? 0 : 0
      rewards.append(values.map { $0 ?? worst })
    }
    return rewards
  }

  private func judgements(
    of solutions: [SteppedSolution], to question: Question
  ) async throws -> [Double?] {
    let model = decoder.model
    guard let format = JudgementFormat(verifier == .prm ? .steps : .outcome, model.vocabulary)
    else { return solutions.map { _ in nil } }
    let prompt = model.vocabulary.tokenize(PromptFormat.plain(question.text), special: .add)
    // Steps that several solutions begin with are read once.
    var tree = StepTree()
    let paths = solutions.map { tree.add($0.steps.map(\.text), reward: 0) }
    var places: [Int: NodeID] = [:]
    var seen: Set<Int> = []
    for (solution, path) in zip(solutions, paths) where !path.isEmpty {
      var known = seen
      let text = format.text(of: solution, path, &known)
      guard prompt.count + text.tokens.count < model.contextLength else { continue }
      seen = known
      for (state, query) in zip(text.states, text.queries) {
        places[state] = decoder.insert(prompt + text.tokens.prefix(query.position))
      }
    }
    let asked = places.sorted { $0.key < $1.key }
    let readings = try await decoder.readings(after: asked.map(\.value))
    var scores: [Int: Double] = [:]
    for (place, reading) in zip(asked, readings) {
      let chances = format.words.map { reading.distribution.probability(of: $0) }
      scores[place.key] = chances[0] / (chances[0] + chances[1])
    }
    return paths.map { path in
      guard verifier == .prm else { return path.last.flatMap { scores[$0] } }
      let own = path.compactMap { scores[$0] }
      return own.count == path.count ? StepVerifier.defaultAggregate.of(own) : nil
    }
  }

  private func likelihoods(
    of solutions: [SteppedSolution], to question: Question
  ) async throws -> [Double?] {
    let model = decoder.model
    let reading = ImplicitReading(model)
    let prompt = reading.prompt(question)
    var asked: [(token: TokenID, node: NodeID)] = []
    var ranges: [Range<Int>?] = []
    for solution in solutions {
      let tokens = reading.tokens(of: solution.text)
      guard !solution.text.isEmpty, prompt.count + tokens.count <= model.contextLength else {
        ranges.append(nil)
        continue
      }
      ranges.append(asked.count..<asked.count + tokens.count)
      var node = decoder.insert(prompt)
      decoder.insert(prompt + tokens)
      for token in tokens {
        asked.append((token, node))
        node = node.appending(token)
      }
    }
    let readings = try await decoder.readings(after: asked.map(\.node))
    let logs = zip(asked, readings).map { $1.distribution.logProbability(of: $0.token) }
    let scale = numbers[ImplicitVerifier.scaleName] ?? 1
    return ranges.map { $0.map { scale * logs[$0].reduce(0, +) } }
  }
}
