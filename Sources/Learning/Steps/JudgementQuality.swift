import Decoding
import Measuring
import Problems
import Reasoning
import Traces
import Training

/// How well judgements tell right from wrong, and what choosing by them comes to, beside what needs no
/// judge: the majority, and what the model itself finds likeliest.
struct JudgementQuality {
  /// One problem: whether each way to choose an answer finds the right one.
  struct Choice: Sendable, Hashable {
    /// The share of samples that are right.
    var one: Double
    var majority: Bool
    /// The answer of the sample with the greatest Σ log p.
    var likeliest: Bool
    var bestOfN: Bool
    /// Votes that count the score of their solution.
    var weighted: Bool
    /// Whether any sample is right.
    var any: Bool
  }

  private(set) var choices: [(family: String, choice: Choice)] = []
  /// Steps up to the first wrong one, with what the step checker says; scores of one problem belong
  /// together.
  private(set) var steps: [(family: String, score: LabelledScore)] = []
  private(set) var solutions: [(family: String, score: LabelledScore)] = []

  init() {}

  /// Adds problems whose solutions were judged.
  ///
  /// - Parameter aggregate: how the scores of steps become one; nil where a whole solution is judged.
  mutating func add(
    _ groups: [SolutionGroup], _ logits: JudgementLogits, aggregate: StepAggregate?
  ) {
    for (group, logits) in zip(groups, logits) {
      let number = choices.count
      let family = group.problem.family
      let scores = logits.map { $0.map { Judgement.score(ofLogit: $0) } }
      let exact = group.exactLabels
      var values: [Double?] = []
      for (solution, path) in zip(group.solutions, group.paths) {
        if let aggregate {
          let own = path.compactMap { scores[$0] }
          values.append(own.count == path.count ? aggregate.of(own) : nil)
          for state in path {
            guard let score = scores[state], let label = exact[state] else { continue }
            steps.append(
              (family, LabelledScore(group: number, score: score, isPositive: label == 1)))
          }
        } else {
          values.append(path.last.flatMap { scores[$0] })
        }
        if let value = values.last ?? nil {
          solutions.append(
            (family, LabelledScore(group: number, score: value, isPositive: solution.isRight)))
        }
      }
      choices.append((family, Self.choice(group, values)))
    }
  }

  private static func choice(_ group: SolutionGroup, _ values: [Double?]) -> Choice {
    let solutions = group.solutions
    let choice = CandidateChoice(
      solutions.map {
        .init(
          text: $0.text, answer: $0.answer, isRight: $0.isRight, logProbability: $0.likelihood)
      })
    let right = solutions.count(where: \.isRight)
    return Choice(
      one: Double(right) / Double(max(1, solutions.count)), majority: choice.isMajorityRight,
      likeliest: choice.isLikeliestRight, bestOfN: choice.isRight(scores: values),
      weighted: choice.isRight(weights: values.map { $0 ?? 0 }), any: choice.isAnyRight)
  }

  // MARK: Figures

  /// What a training tells of a step.
  var metrics: [TrainingMetric: Double] {
    func mean(_ value: (Choice) -> Bool) -> Double {
      Double(choices.count { value($0.choice) }) / Double(max(1, choices.count))
    }
    var metrics: [TrainingMetric: Double] = [
      .exact: choices.reduce(0) { $0 + $1.choice.one } / Double(max(1, choices.count)),
      .majority: mean(\.majority), .likeliest: mean(\.likeliest), .bestOfN: mean(\.bestOfN),
      .weightedVote: mean(\.weighted),
    ]
    metrics[.stepArea] = RankingQuality.area(
      under: steps.map { ($0.score.score, $0.score.isPositive) })
    metrics[.solutionArea] = RankingQuality.area(
      under: solutions.map { ($0.score.score, $0.score.isPositive) })
    return metrics
  }
}
