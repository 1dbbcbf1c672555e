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
  /// - Returns: a row for each verifier, aggregate, source, target and family.
  ///   When cancelled, of what was judged until then.
  /// - Throws: `StrategyError` when the model cannot go on.
  public func verifierRows(
    of verifiers: [VerifierName], samplesOf problems: [Problem], pairs: [JudgedPair],
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws -> [VerifierRow] {
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
    return VerifierRow.rows(findings.flatMap { group, own in own.map { (group, $0) } })
  }

  private func judge(_ item: Case, by verifiers: [VerifierName]) async throws -> [VerifierFinding] {
    var settings = settings
    settings.detail = 0
    let run = try Run.sampling(item.question, settings, decoder, prompts)
    var solutions: [CandidateSolution] = []
    var rightness: [Bool] = []
    var labels: [[Bool?]] = []
    if let problem = item.problem {
      let outcomes = try await run.sampledOutcomes(settings.samples ?? Self.judgedSamples)
      let checker = StepChecker(problem)
      solutions = outcomes.map { run.solution(ofPath: $0.path) }
      rightness = outcomes.map { item.question.isCorrect($0.answer) ?? false }
      labels = solutions.map { checker.labels($0.steps) }
    } else {
      solutions = item.solutions.enumerated().map { CandidateSolution(path: $0, text: $1.text) }
      rightness = item.solutions.map(\.isRight)
      labels = item.solutions.map(\.labels)
    }
    var findings: [VerifierFinding] = []
    for name in verifiers where item.problem != nil || name != .likelihood {
      let assessments = try await name.verifier(settings).assess(solutions, in: run)
      for (assessment, (isRight, labels)) in zip(assessments, zip(rightness, labels)) {
        findings += self.findings(assessment, isRight, labels, by: name, item)
      }
    }
    return findings
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
    guard name == .prm || name == .prmRestated else {
      return [finding(.solution, nil, assessment.value, isRight)]
    }
    // The same steps give every aggregate, so all are told unless one was asked for.
    let aggregates = settings.aggregate?.ofSteps.map { [$0] } ?? StepAggregate.allCases
    return aggregates.map { finding(.solution, $0, $0.of(assessment.steps), isRight) }
      + zip(assessment.steps, labels).map { finding(.step, nil, $0, $1) }
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
