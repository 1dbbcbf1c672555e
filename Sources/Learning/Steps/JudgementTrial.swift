import Decoding
public import Measuring
import Problems
import Reasoning
import Traces
import Training

/// What a trained judge is worth, on what the model said before training to problems that nobody has
/// trained on.
public struct JudgementFigures: Sendable, Encodable {
  /// A share of problems, with the mean of how much oftener than the majority it is right and the 95 %
  /// interval of that mean (1.96 standard errors of the problems' differences).
  public struct Share: Sendable, Encodable {
    public var value: Double
    public var gain: Double
    public var low: Double
    public var high: Double
  }

  /// Of one family, or of all.
  public struct Row: Sendable, Encodable {
    public var family: String
    public var problems: Int
    /// One sample, the majority, and whether any sample is right.
    public var one: Double
    public var majority: Double
    public var any: Double
    /// The sample with the greatest Σ log p, with the best judgement, and votes by judgement.
    public var likeliest: Share
    public var bestOfN: Share
    public var weightedVote: Share
    /// How well right steps are told from the first wrong one, and right solutions from wrong ones.
    public var steps: RankingQuality
    public var solutions: RankingQuality
  }

  public var samples: Int
  /// One for each family, and at last one for all.
  public var rows: [Row]
}

extension TrainingRun {
  /// The final figures of a training that made a judge of steps or outcomes: it judges what the model
  /// said before training to held-out problems.
  ///
  /// - Parameter count: problems of each family that was trained on; of those that leave a judge room where
  ///   there are none.
  /// - Returns: nil where no such judge was trained.
  /// - Throws: `ProblemError`, and as `train`.
  public func judgeHeldOut(count: Int, samples: Int = 16) async throws -> JudgementFigures? {
    guard let verifier, verifier.name == .prm || verifier.name == .orm else { return nil }
    let isOfSteps = verifier.name == .prm
    var families = TrainingPlan.judgedFamilies
    if case .families(let names, _) = plan.source { families = names }
    let problems = try TrainingProblems.heldOut(families, count: count)
    let rollouts = try rolloutsAtStart()
    var quality = JudgementQuality()
    let batch = 48
    for first in stride(from: 0, to: problems.count, by: batch) {
      let own = Array(problems[first..<min(problems.count, first + batch)])
      let sampled = try await rollouts.answer(
        own.map { Question($0) }, count: samples,
        .init(
          sampling: settings.used.sampling(temperature: 1), seed: settings.seed,
          firstPath: first * samples, keepsProbabilities: true))
      let groups = zip(own, sampled).map { SolutionGroup($0, $1, vocabulary) }
      let judged = JudgedGroups(
        groups, at: isOfSteps ? .steps : .outcome, for: trainee.model,
        rowLimit: trainee.rowLimit)
      quality.add(
        groups, try judged.logits(of: trainee, LikelihoodTerm(verifier.numbers)),
        aggregate: isOfSteps ? StepVerifier.defaultAggregate : nil)
    }
    return quality.figures(samples: samples)
  }
}

extension JudgementQuality {
  func figures(samples: Int) -> JudgementFigures {
    var families: [String] = []
    for (family, _) in choices where !families.contains(family) { families.append(family) }
    let rows = families.map { row($0) { $0 == $1 } } + [row("all") { _, _ in true }]
    return JudgementFigures(samples: samples, rows: rows)
  }

  private func row(
    _ name: String, _ isIncluded: (_ family: String, _ name: String) -> Bool
  ) -> JudgementFigures.Row {
    let own = choices.filter { isIncluded($0.family, name) }.map(\.choice)
    let count = Double(max(1, own.count))
    func share(_ value: (Choice) -> Bool) -> JudgementFigures.Share {
      let gains = own.map { Double((value($0) ? 1 : 0) - ($0.majority ? 1 : 0)) }
      let gain = Statistics.mean(gains)
      let reach = 1.96 * (gain?.standardError ?? 0)
      return .init(
        value: Double(own.count(where: value)) / count, gain: gain?.mean ?? 0,
        low: (gain?.mean ?? 0) - reach, high: (gain?.mean ?? 0) + reach)
    }
    return JudgementFigures.Row(
      family: name, problems: own.count, one: own.reduce(0) { $0 + $1.one } / count,
      majority: Double(own.count(where: \.majority)) / count,
      any: Double(own.count(where: \.any)) / count, likeliest: share(\.likeliest),
      bestOfN: share(\.bestOfN), weightedVote: share(\.weighted),
      steps: RankingQuality(steps.filter { isIncluded($0.family, name) }.map(\.score)),
      solutions: RankingQuality(solutions.filter { isIncluded($0.family, name) }.map(\.score)))
  }
}
