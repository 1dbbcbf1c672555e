import Decoding
public import Problems
public import Reasoning
import Traces

/// How sure branches are of their answers, by whether they reason and whether they are right:
/// what CoT-decoding lives on (Wang and Zhou 2024, arXiv 2402.10200, section 2.2).
public enum BranchSurvey {
  /// What a branch did before it answered, and how it went.
  public enum Class: String, Sendable, CaseIterable, Encodable {
    case directWrong = "direct_wrong"
    case directRight = "direct_right"
    case reasonedWrong = "reasoned_wrong"
    case reasonedRight = "reasoned_right"

    /// - Parameter isReasoned: at least one sentence stands before the one with the answer.
    init(isReasoned: Bool, isRight: Bool) {
      self =
        isReasoned
        ? isRight ? .reasonedRight : .reasonedWrong : isRight ? .directRight : .directWrong
    }
  }

  /// One branch that gave an answer.
  public struct Branch: Sendable, Hashable {
    var family: String
    var question: Int
    var kind: Class
    /// Mean p(likeliest) − p(second) over the answer's tokens.
    var delta: Double
  }

  /// The branches of one class.
  public struct Row: Sendable, Hashable, Encodable {
    public var strategy: String
    /// A family, or `all` for the mean over families.
    public var family: String
    public var kind: Class
    public var branches: Int
    /// The mean of the questions' mean Δ; nil without branches.
    public var delta: Double?
    /// 95 %, from the spread between questions, for branches of one question go together, and
    /// within 0 … 1 as Δ is (`Statistics.boundedInterval`). nil with fewer than two questions in any
    /// of the families.
    public var interval: ClosedRange<Double>?

    private enum CodingKeys: String, CodingKey {
      case strategy, family, delta
      case kind = "class"
      case branches = "count"
      case interval = "ci95"
    }

    public func encode(to encoder: any Swift.Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(strategy, forKey: .strategy)
      try container.encode(family, forKey: .family)
      try container.encode(kind, forKey: .kind)
      try container.encode(branches, forKey: .branches)
      try container.encode(delta, forKey: .delta)
      try container.encode(interval, forKey: .interval)
    }
  }

  /// Rows for each family in the order in which the families come, then the mean over them.
  /// None without branches.
  public static func rows(_ branches: [Branch], strategy: String) -> [Row] {
    guard !branches.isEmpty else { return [] }
    func row(_ family: String, _ kind: Class, _ count: Int, _ delta: Estimate?) -> Row {
      Row(
        strategy: strategy, family: family, kind: kind, branches: count, delta: delta?.value,
        interval: delta?.interval)
    }
    let families = branches.grouped(by: \.family)
    func rows(_ name: String, _ families: [[Branch]]) -> [Row] {
      Class.allCases.map { kind in
        let own = families.map { $0.filter { $0.kind == kind } }
        return row(
          name, kind, own.reduce(0) { $0 + $1.count },
          Estimate(families: own, within: 0...1, question: \.question, value: \.delta))
      }
    }
    return families.flatMap { rows($0.key, [$0.elements]) }
      + rows("all", families.map(\.elements))
  }
}

extension Evaluation {
  /// Runs a strategy on questions with gold answers and looks at each of its paths.
  ///
  /// - Throws: `StrategyError` when the model cannot go on.
  public func branches(
    of strategy: any Strategy, on questions: [Question],
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws -> [BranchSurvey.Branch] {
    try await paths(of: strategy, on: questions, progress: progress) {
      number, question, run, path in
      guard let delta = path.score(.delta)?.value, let answer = path.answerSpan,
        let value = answer.value
      else { return nil }
      // The answer's sentence has no full stop before the answer.
      let before = path.nodes.prefix { $0 != answer.first }.filter { !path.injected.contains($0) }
      let text = String(
        decoding: before.flatMap { run.nodes[$0]?.token.bytes ?? [] }, as: UTF8.self)
      let isReasoned = SolutionStep.steps(of: text).contains { $0.text.hasSuffix(".") }
      return BranchSurvey.Branch(
        family: question.family ?? "file", question: number,
        kind: .init(isReasoned: isReasoned, isRight: question.isCorrect(value) ?? false),
        delta: delta)
    }
  }
}
