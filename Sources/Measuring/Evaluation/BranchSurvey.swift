public import Decoding
public import Problems
public import Reasoning
import Synchronization
public import Traces

/// How sure branches are of their answers, by whether they reason and whether they are right:
/// what CoT-decoding lives on (Wang and Zhou 2024, arXiv 2402.10200, section 2.2).
public struct BranchSurvey: Sendable {
  /// What a branch did before it answered, and how it went.
  public struct Class: Sendable, Hashable {
    /// At least one sentence stands before the one with the answer.
    public var isReasoned: Bool
    public var isRight: Bool

    public static let all = [
      Class(isReasoned: false, isRight: false), Class(isReasoned: false, isRight: true),
      Class(isReasoned: true, isRight: false), Class(isReasoned: true, isRight: true),
    ]

    /// `direct_wrong`, `direct_right`, `reasoned_wrong` or `reasoned_right`.
    public var name: String {
      (isReasoned ? "reasoned" : "direct") + (isRight ? "_right" : "_wrong")
    }
  }

  /// One branch that gave an answer.
  public struct Branch: Sendable, Hashable {
    public var family: String
    public var question: Int
    public var kind: Class
    /// Mean p(likeliest) − p(second) over the answer's tokens.
    public var delta: Double
  }

  /// The branches of one class.
  public struct Row: Sendable, Hashable {
    /// A family, or `all` for the mean over families.
    public var family: String
    public var kind: Class
    public var branches: Int
    /// The mean of the questions' mean Δ; nil without branches.
    public var delta: Double?
    /// 95 %, normal, from the spread between questions: branches of one question go together.
    public var interval: ClosedRange<Double>?
  }

  public var decoder: Decoder
  public var prompts: PromptLibrary
  public var settings: RunSettings

  public init(decoder: Decoder, prompts: PromptLibrary, settings: RunSettings) {
    self.decoder = decoder
    self.prompts = prompts
    self.settings = settings
  }

  /// Runs a strategy on questions with gold answers and looks at each of its paths.
  ///
  /// - Throws: `StrategyError` when the model cannot go on.
  public func branches(
    of strategy: any Strategy, on questions: [Question],
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws -> [Branch] {
    let found = try await Evaluation.concurrently(
      Array(questions.enumerated()), width: decoder.slots, progress: progress
    ) { number, question in
      try await branches(of: strategy, on: question, number: number)
    }
    return found.flatMap(\.output)
  }

  /// A path as its events tell of it.
  private struct Path {
    var tokens: [(node: NodeID, bytes: [UInt8])] = []
    var answer: Span?
    var delta: Double?

    /// Whether a sentence ends before the answer's own sentence begins. The answer's sentence
    /// has no full stop before the answer.
    var isReasoned: Bool {
      let first = answer?.first
      let before = tokens.prefix { $0.node != first }.flatMap(\.bytes)
      let text = String(decoding: before, as: UTF8.self)
      return SolutionStep.steps(of: text).contains { $0.text.hasSuffix(".") }
    }
  }

  private func branches(
    of strategy: any Strategy, on question: Question, number: Int
  ) async throws -> [Branch]? {
    let paths = Mutex<[Int: Path]>([:])
    var settings = settings
    settings.detail = 0
    let end = await strategy.run(question, settings: settings, decoder: decoder, library: prompts) {
      record in
      switch record.event {
      case .node(let node):
        paths.withLock {
          $0[node.path, default: Path()].tokens.append((node.id, node.token.bytes))
        }
      case .span(let span) where span.kind == .answer:
        paths.withLock { $0[span.path, default: Path()].answer = span }
      case .score(let score) where score.kind == .delta:
        paths.withLock { $0[score.path, default: Path()].delta = score.value }
      default: break
      }
    }
    if end.reason == .failed { throw StrategyError.decoding(end.message ?? "The run failed.") }
    // Some branches without the others would tell of the quick ones only.
    guard end.reason == .completed else { return nil }
    return paths.withLock { $0 }.sorted { $0.key < $1.key }.compactMap { _, path in
      guard let delta = path.delta, let value = path.answer?.value else { return nil }
      let kind = Class(
        isReasoned: path.isReasoned, isRight: question.isCorrect(value) ?? false)
      return Branch(
        family: question.family ?? "file", question: number, kind: kind, delta: delta)
    }
  }

  /// Rows for each family in the order in which the families come, then the mean over them.
  public static func rows(_ branches: [Branch]) -> [Row] {
    var families: [String] = []
    for branch in branches where !families.contains(branch.family) {
      families.append(branch.family)
    }
    let rows = families.flatMap { family in
      Class.all.map { kind in
        row(branches.filter { $0.family == family && $0.kind == kind }, family, kind)
      }
    }
    return rows
      + Class.all.map { kind in
        let own = rows.filter { $0.kind == kind && $0.delta != nil }
        let count = Double(own.count)
        guard count > 0 else { return Row(family: "all", kind: kind, branches: 0) }
        let mean = own.reduce(0) { $0 + ($1.delta ?? 0) } / count
        let variance = own.reduce(0.0) { sum, row in
          let half = row.interval.map { ($0.upperBound - $0.lowerBound) / 2 } ?? 0
          return sum + (half / Statistics.z95) * (half / Statistics.z95)
        }
        let half = Statistics.z95 * variance.squareRoot() / count
        return Row(
          family: "all", kind: kind, branches: own.reduce(0) { $0 + $1.branches }, delta: mean,
          interval: (mean - half)...(mean + half))
      }
  }

  private static func row(_ branches: [Branch], _ family: String, _ kind: Class) -> Row {
    let groups = Dictionary(grouping: branches, by: \.question)
    // In the order of the questions, so that sums come out the same every time.
    let means = groups.sorted { $0.key < $1.key }.map { _, own in
      own.reduce(0) { $0 + $1.delta } / Double(own.count)
    }
    guard !means.isEmpty else { return Row(family: family, kind: kind, branches: 0) }
    let n = Double(means.count)
    let mean = means.reduce(0, +) / n
    let spread = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, n - 1)
    let half = Statistics.z95 * (spread / n).squareRoot()
    return Row(
      family: family, kind: kind, branches: branches.count, delta: mean,
      interval: (mean - half)...(mean + half))
  }
}
