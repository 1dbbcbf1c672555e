public import Decoding
public import Problems
public import Reasoning
import Synchronization
public import Traces

/// How answers come about over many questions: the curves of answer over time, put together.
public struct AnswerCurves: Sendable {
  /// p(answer) of one path, before its first step and behind each of them.
  public struct Curve: Sendable, Hashable {
    public var family: String
    public var question: Int
    public var isRight: Bool
    /// At least two values: before the first step, and behind the last.
    public var values: [Double]

    /// By how much the steps have made the model surer.
    public var rise: Double { (values.last ?? 0) - (values.first ?? 0) }

    /// The value a share of the way through the steps, between two steps on the line that joins
    /// them.
    func value(at share: Double) -> Double {
      guard values.count > 1 else { return values.first ?? 0 }
      let place = share * Double(values.count - 1)
      let index = min(max(0, Int(place)), values.count - 2)
      let part = place - Double(index)
      return values[index] * (1 - part) + values[index + 1] * part
    }
  }

  /// The curves of a family, or of all.
  public struct Row: Sendable, Hashable {
    public var family: String
    public var paths: Int
    /// The mean of the curves at `AnswerCurves.shares` of the way.
    public var curve: [Double]
    /// The mean rise; between questions, with its 95 % interval.
    public var rise: Double
    public var interval: ClosedRange<Double>
    /// The share of paths that are flat: whose rise is below `AnswerCurve.flatRise`.
    public var flat: Double
  }

  public static let shares = [0, 0.25, 0.5, 0.75, 1]

  public var decoder: Decoder
  public var prompts: PromptLibrary
  public var settings: RunSettings

  public init(decoder: Decoder, prompts: PromptLibrary, settings: RunSettings) {
    self.decoder = decoder
    self.prompts = prompts
    self.settings = settings
  }

  /// Runs a strategy on questions and asks its paths early.
  ///
  /// - Throws: `StrategyError` when the model cannot go on.
  public func curves(
    of strategy: any Strategy, on questions: [Question],
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws -> [Curve] {
    let found = try await Evaluation.concurrently(
      Array(questions.enumerated()), width: decoder.slots, progress: progress
    ) { number, question in
      try await curves(of: strategy, on: question, number: number)
    }
    return found.flatMap(\.output)
  }

  private func curves(
    of strategy: any Strategy, on question: Question, number: Int
  ) async throws -> [Curve]? {
    let values = Mutex<[Int: [Double]]>([:])
    let answers = Mutex<[Int: String]>([:])
    var settings = settings
    settings.detail = 0
    settings.answerOverTime = true
    let end = await strategy.run(question, settings: settings, decoder: decoder, library: prompts) {
      record in
      switch record.event {
      case .score(let score) where score.kind == .earlyAnswer && score.answer == nil:
        values.withLock { $0[score.path, default: []].append(score.value) }
      case .pathFinished(let end): answers.withLock { $0[end.path] = end.answer }
      default: break
      }
    }
    if end.reason == .failed { throw StrategyError.decoding(end.message ?? "The run failed.") }
    guard end.reason == .completed else { return nil }
    let answered = answers.withLock { $0 }
    return values.withLock { $0 }.sorted { $0.key < $1.key }.compactMap { path, values in
      guard values.count > 1 else { return nil }
      return Curve(
        family: question.family ?? "file", question: number,
        isRight: question.isCorrect(answered[path]) ?? false, values: values)
    }
  }

  /// Rows for each family in the order in which the families come, then the mean over them.
  public static func rows(_ curves: [Curve]) -> [Row] {
    var families: [String] = []
    for curve in curves where !families.contains(curve.family) { families.append(curve.family) }
    let rows = families.map { family in row(curves.filter { $0.family == family }, family) }
    guard !rows.isEmpty else { return [] }
    let count = Double(rows.count)
    func mean(_ value: (Row) -> Double) -> Double { rows.reduce(0) { $0 + value($1) } / count }
    let rise = mean(\.rise)
    let variance = rows.reduce(0.0) { sum, row in
      let error = (row.interval.upperBound - row.interval.lowerBound) / 2 / Statistics.z95
      return sum + error * error
    }
    let half = Statistics.z95 * variance.squareRoot() / count
    return rows + [
      Row(
        family: "all", paths: rows.reduce(0) { $0 + $1.paths },
        curve: shares.indices.map { index in mean { $0.curve[index] } }, rise: rise,
        interval: (rise - half)...(rise + half), flat: mean(\.flat))
    ]
  }

  private static func row(_ curves: [Curve], _ family: String) -> Row {
    let count = Double(max(1, curves.count))
    let groups = Dictionary(grouping: curves, by: \.question).sorted { $0.key < $1.key }
    // Paths of one question go together.
    let rises = groups.map { _, own in own.reduce(0) { $0 + $1.rise } / Double(own.count) }
    let mean = Statistics.mean(rises)
    let half = Statistics.z95 * (mean?.standardError ?? 0)
    let rise = mean?.mean ?? 0
    return Row(
      family: family, paths: curves.count,
      curve: shares.map { share in curves.reduce(0) { $0 + $1.value(at: share) } / count },
      rise: rise, interval: (rise - half)...(rise + half),
      flat: Double(curves.count { $0.rise < AnswerCurve.flatRise }) / count)
  }
}
