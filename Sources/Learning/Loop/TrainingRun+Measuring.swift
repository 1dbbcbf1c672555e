import Decoding
import Foundation
import Measuring
import Problems
public import Reasoning
public import Traces

/// How good the weights of a step are.
extension TrainingRun {
  /// Before the first step: what there is, and what reasoning would reach.
  func measureStart(_ recipe: any Recipe) async throws {
    try await evaluate()
    if settings.used.prompting.flatMap({ Prompting($0) }) ?? .plain == .plain {
      try await evaluate(problems.evaluation, split: problems.split, prompting: .think)
    }
    try await vote()
    try files?.keep(self, state: recipe.state, isDue: true)
  }

  /// Behind the last step.
  func measureEnd() async throws { try await vote() }

  /// Answers the problems that are measured on, and the probes, greedily.
  func evaluate() async throws {
    try await evaluate(problems.evaluation, split: problems.split, prompting: nil)
    try await answerProbes()
  }

  /// Answers problems greedily and tells how many are right.
  ///
  /// - Parameter prompting: how questions are put; nil as the settings say.
  @discardableResult
  func evaluate(
    _ problems: [Problem], split: ProblemSplit, prompting: Prompting?, isAtStart: Bool = false
  ) async throws -> TrainingEvaluation {
    let model = isAtStart ? try rolloutsAtStart(prompting) : rollouts(prompting)
    let groups = try await model.answer(problems.map { Question($0) }, .greedy)
    var families: [String: TrainingEvaluation.Counts] = [:]
    var tokens = 0
    for group in groups {
      guard let completion = group.completions.first else { continue }
      tokens += completion.tokens.count
      families[group.question.family ?? "", default: .init()] =
        families[group.question.family ?? "", default: .init()]
        + .init(
          problems: 1, right: completion.isRight ? 1 : 0, reasoned: completion.reasons ? 1 : 0)
    }
    let evaluation = TrainingEvaluation(
      step: isAtStart ? 0 : step, split: split,
      prompting: prompting?.description ?? settings.used.prompting ?? Prompting.plain.description,
      families: families, meanLength: Double(tokens) / Double(max(1, groups.count)))
    emit(.evaluation(evaluation))
    return evaluation
  }

  /// The final figure: answers problems that no training has seen, and tells how many are right.
  ///
  /// - Parameters:
  ///   - families: of the library; those trained on, or others.
  ///   - count: problems of each.
  ///   - prompting: how questions are put; nil as the settings say.
  ///   - isAtStart: whether the model answers as it was before training.
  /// - Throws: `ProblemError`, and as `train`.
  @discardableResult
  public func evaluateHeldOut(
    _ families: [String], count: Int, prompting: Prompting? = nil, isAtStart: Bool = false
  ) async throws -> TrainingEvaluation {
    try await evaluate(
      TrainingProblems.heldOut(families, count: count), split: .heldout, prompting: prompting,
      isAtStart: isAtStart)
  }

  private func answerProbes() async throws {
    var choosing = Rollouts.Choosing.greedy
    choosing.keepsProbabilities = true
    let groups = try await rollouts().answer(problems.probes, choosing)
    for (probe, group) in groups.enumerated() {
      guard let completion = group.completions.first else { continue }
      emit(
        .probe(
          TrainingProbe(
            step: step, probe: probe,
            said: SaidTokens(completion.tokens.map { vocabulary.token($0) }),
            probabilities: completion.logProbabilities.map { exp($0) },
            answer: completion.answer, isRight: completion.isRight)))
    }
  }

  /// Samples many answers to some problems: how often one is right, the majority, and any.
  func vote() async throws {
    let count = settings.votes
    guard count > 0, !problems.votes.isEmpty else { return }
    let groups = try await rollouts().answer(
      problems.votes.map { Question($0) }, count: count,
      .init(
        sampling: settings.used.sampling(temperature: 1), seed: settings.seed &+ Self.voteSeed,
        firstPath: 0))
    var (one, majority, any): ([Double], [Double], [Double]) = ([], [], [])
    var distinct = 0
    for group in groups {
      var tally = Tally(method: .majority, votes: [:], unparsed: 0, order: [])
      for completion in group.completions { tally.count(completion.answer, weight: 1) }
      let right = group.completions.count(where: \.isRight)
      one.append(Double(right) / Double(count))
      majority.append(
        group.completions.contains { $0.isRight && $0.answer == tally.winner } ? 1 : 0)
      any.append(right > 0 ? 1 : 0)
      distinct += tally.votes.count
    }
    func share(_ values: [Double]) -> TrainingVotes.Share {
      .init(
        values.reduce(0, +) / Double(values.count), Statistics.accuracyInterval(of: values))
    }
    emit(
      .votes(
        TrainingVotes(
          step: step, problems: groups.count, samples: count, one: share(one),
          majority: share(majority), any: share(any),
          distinct: Double(distinct) / Double(groups.count))))
  }

  /// Votes draw other random numbers than the steps do.
  private static let voteSeed: UInt64 = 0x766F_7465
}
