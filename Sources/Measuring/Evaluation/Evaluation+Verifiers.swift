import Decoding
public import Problems
import Reasoning
public import Traces

/// How well a verifier tells right from wrong.
public struct VerifierRow: Sendable, Hashable {
  /// Whose solutions are judged.
  public enum Source: String, Sendable, Encodable {
    /// The model's own.
    case samples
    /// Held-out solutions and the same with a fault.
    case corrupted
  }

  /// What is told apart.
  public enum Target: String, Sendable, Encodable {
    case solution
    /// Single steps up to the first wrong one.
    case step
  }

  /// What the figures are of, but for the family.
  public struct Subject: Sendable, Hashable, Encodable {
    public var verifier: VerifierName
    /// How the scores of steps became one; nil where there is nothing to put together.
    public var aggregate: StepAggregate?
    public var source: Source
    public var target: Target
  }

  public var subject: Subject
  /// A family; `all` for the mean over families, `pooled` for all scores in one pool.
  public var family: String
  public var quality: RankingQuality
  /// The share of what was scored whose label could be decided.
  public var coverage: Double
}

extension VerifierRow: Encodable {
  private enum CodingKeys: CodingKey { case family, coverage }

  public func encode(to encoder: any Swift.Encoder) throws {
    try subject.encode(to: encoder)
    try quality.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(family, forKey: .family)
    try container.encode(coverage, forKey: .coverage)
  }
}

/// What a verifier said of one thing.
struct VerifierFinding: Sendable {
  var subject: VerifierRow.Subject
  var family: String
  var score: Double?
  /// nil where the checker cannot tell.
  var isRight: Bool?
}

/// Measures verifiers: their scores of solutions against what an exact checker says.
extension Evaluation {
  private static let judgedSamples = 8

  /// A question with solutions to be judged.
  private struct Case: Sendable {
    var source: VerifierRow.Source
    var question: Question
    var problem: Problem?
    var solutions: [JudgedPair.Solution] = []
  }

  /// Samples solutions of problems and judges them and the pairs.
  ///
  /// - Parameter progress: called after each question with how many are done.
  /// - Returns: how well each verifier tells right from wrong, by aggregate, source, target and family,
  ///   and what each way to decide makes of the very same candidates, with verifiers and without.
  ///   When cancelled, of what was judged until then.
  /// - Throws: `StrategyError` when the model cannot go on.
  public func compareVerifiers(
    of verifiers: [VerifierName], samplesOf problems: [Problem], pairs: [JudgedPair],
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws -> (quality: [VerifierRow], decisions: [DecisionRow]) {
    let cases =
      problems.map { Case(source: .samples, question: Question($0), problem: $0) }
      + pairs.map {
        Case(source: .corrupted, question: Question($0.problem), solutions: [$0.right, $0.wrong])
      }
    let findings = try await Evaluation.concurrently(
      cases, width: decoder.slots, progress: progress
    ) { item in
      do {
        return try await judge(item, by: verifiers)
      } catch is CancellationError {
        return nil
      }
    }
    let quality = VerifierRow.rows(
      findings.flatMap { group, own in own.findings.map { (group, $0) } })
    let decisions = findings.compactMap { group, own in
      own.decisions.map { decisions in
        var decisions = decisions
        decisions.problem = group
        return decisions
      }
    }
    return (quality, DecisionRow.rows(decisions))
  }

  private func judge(
    _ item: Case, by verifiers: [VerifierName]
  ) async throws -> (findings: [VerifierFinding], decisions: Decisions?) {
    var settings = settings
    settings.detail = 0
    let run = try Run.sampling(item.question, settings, decoder, prompts, judge: judge)
    var solutions: [CandidateSolution] = []
    var rightness: [Bool] = []
    var labels: [[Bool?]] = []
    var choice: CandidateChoice?
    if let problem = item.problem {
      let outcomes = try await run.sampledOutcomes(settings.samples ?? Self.judgedSamples)
      let checker = StepChecker(problem)
      solutions = outcomes.map { run.solution(ofPath: $0.path) }
      rightness = outcomes.map { item.question.isCorrect($0.answer) ?? false }
      labels = solutions.map { checker.labels($0.steps) }
      choice = CandidateChoice(
        zip(outcomes, zip(solutions, rightness)).map { outcome, known in
          .init(
            text: known.0.text, answer: outcome.answer, isRight: known.1,
            logProbability: outcome.logProbability)
        })
    } else {
      solutions = item.solutions.enumerated().map { CandidateSolution(path: $0, text: $1.text) }
      rightness = item.solutions.map(\.isRight)
      labels = item.solutions.map(\.labels)
    }
    var findings: [VerifierFinding] = []
    var decisions = choice.map {
      Decisions($0, family: item.question.family ?? "file", problem: 0)
    }
    for name in verifiers where item.problem != nil || name != .likelihood {
      let assessments = try await name.verifier(settings, judge: judge).assess(solutions, in: run)
      for (assessment, (isRight, labels)) in zip(assessments, zip(rightness, labels)) {
        findings += self.findings(assessment, isRight, labels, by: name, item)
      }
      guard let choice else { continue }
      for aggregate in aggregates(name) {
        let scores = assessments.map { assessment in
          aggregate.map { $0.of(assessment.steps) } ?? assessment.value
        }
        decisions?.add(
          choice, scores: scores,
          weights: aggregate == nil ? assessments.map(\.weight) : scores.map { max(0, $0 ?? 0) },
          by: name, aggregate)
      }
    }
    return (findings, decisions)
  }

  private func findings(
    _ assessment: Assessment, _ isRight: Bool, _ labels: [Bool?], by name: VerifierName,
    _ item: Case
  ) -> [VerifierFinding] {
    let family = item.question.family ?? "file"
    func finding(
      _ target: VerifierRow.Target, _ aggregate: StepAggregate?, _ score: Double?, _ label: Bool?
    ) -> VerifierFinding {
      VerifierFinding(
        subject: .init(verifier: name, aggregate: aggregate, source: item.source, target: target),
        family: family, score: score, isRight: label)
    }
    return aggregates(name).map { aggregate in
      finding(
        .solution, aggregate, aggregate.map { $0.of(assessment.steps) } ?? assessment.value,
        isRight)
    } + zip(assessment.steps, labels).map { finding(.step, nil, $0, $1) }
  }

  /// The ways to put the scores of steps together that are told of; nil where the score is of the
  /// whole. The same steps give every aggregate, so all are told unless one was asked for.
  private func aggregates(_ name: VerifierName) -> [StepAggregate?] {
    guard name == .prm || name == .prmRestated else { return [nil] }
    return settings.aggregate?.ofSteps.map { [$0] } ?? StepAggregate.allCases
  }
}

extension VerifierRow {
  /// The rows of findings, each with the number of its question.
  static func rows(_ findings: [(group: Int, finding: VerifierFinding)]) -> [VerifierRow] {
    findings.grouped(by: \.finding.subject).flatMap { subject, own in
      func scores(_ findings: [(group: Int, finding: VerifierFinding)]) -> [LabelledScore] {
        findings.compactMap { group, finding in
          guard let score = finding.score, let isRight = finding.isRight else { return nil }
          return LabelledScore(group: group, score: score, isPositive: isRight)
        }
      }
      let families = own.grouped(by: \.finding.family)
      let pools = families.map { scores($0.elements) }
      func row(
        _ family: String, _ pools: [[LabelledScore]],
        of findings: [(group: Int, finding: VerifierFinding)]
      ) -> VerifierRow {
        VerifierRow(
          subject: subject, family: family, quality: RankingQuality(families: pools),
          coverage: Double(pools.joined().count) / Double(max(1, findings.count)))
      }
      return zip(families, pools).map { row($0.key, [$1], of: $0.elements) }
        + [row("all", pools, of: own)]
        + (families.count > 1 ? [row("pooled", [scores(own)], of: own)] : [])
    }
  }
}
