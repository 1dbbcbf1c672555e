public import Problems
public import Reasoning
import Traces

/// How answers come about over many questions: the curves of answer over time, put together.
public enum AnswerCurves {
  /// p(answer) of one path, before its first step and after each one.
  public struct Curve: Sendable, Hashable {
    var family: String
    var question: Int
    /// At least two values: before the first step, and behind the last.
    var values: [Double]

    /// By how much the steps have made the model surer.
    var rise: Double { (values.last ?? 0) - (values.first ?? 0) }

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
  public struct Row: Sendable, Hashable, Encodable {
    public var strategy: String
    public var family: String
    public var paths: Int
    /// The mean of the curves at `AnswerCurves.shares` of the way.
    public var curve: [Double]
    /// The mean rise, from −1 to 1.
    public var rise: Double
    /// Its 95 % interval, from the spread between questions and within −1 … 1
    /// (`Statistics.boundedInterval`). nil with fewer than two questions in any of the families.
    public var interval: ClosedRange<Double>?
    /// The share of paths that are flat: whose rise is below `AnswerCurve.flatRise`.
    public var flat: Double

    private enum CodingKeys: String, CodingKey {
      case strategy, family, paths, curve, rise, flat
      case interval = "ci95"
    }

    public func encode(to encoder: any Swift.Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(strategy, forKey: .strategy)
      try container.encode(family, forKey: .family)
      try container.encode(paths, forKey: .paths)
      try container.encode(curve, forKey: .curve)
      try container.encode(rise, forKey: .rise)
      try container.encode(interval, forKey: .interval)
      try container.encode(flat, forKey: .flat)
    }
  }

  public static let shares = [0, 0.25, 0.5, 0.75, 1]

  /// Rows for each family in the order in which the families come, then the mean over them.
  public static func rows(_ curves: [Curve], strategy: String) -> [Row] {
    func row(_ family: String, paths: Int, curve: [Double], rise: Estimate?, flat: Double) -> Row {
      Row(
        strategy: strategy, family: family, paths: paths, curve: curve, rise: rise?.value ?? 0,
        interval: rise?.interval, flat: flat)
    }
    func rise(_ families: [[Curve]]) -> Estimate? {
      Estimate(families: families, within: -1...1, question: \.question, value: \.rise)
    }
    let families = curves.grouped(by: \.family)
    let rows = families.map { family, own in
      let count = Double(own.count)
      return row(
        family, paths: own.count,
        curve: shares.map { share in own.reduce(0) { $0 + $1.value(at: share) } / count },
        rise: rise([own]),
        flat: Double(own.count { $0.rise < AnswerCurve.flatRise }) / count)
    }
    guard !rows.isEmpty else { return [] }
    func mean(_ value: (Row) -> Double) -> Double {
      rows.reduce(0) { $0 + value($1) } / Double(rows.count)
    }
    return rows + [
      row(
        "all", paths: curves.count, curve: shares.indices.map { index in mean { $0.curve[index] } },
        rise: rise(families.map(\.elements)), flat: mean(\.flat))
    ]
  }
}

extension Evaluation {
  /// Runs a strategy on questions and asks its paths early.
  ///
  /// - Throws: `StrategyError` when the model cannot go on.
  public func answerCurves(
    of strategy: any Strategy, on questions: [Question],
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws -> [AnswerCurves.Curve] {
    var own = self
    own.settings.answerOverTime = true
    return try await own.paths(of: strategy, on: questions, progress: progress) {
      number, question, run, path in
      let values = path.scores.filter { $0.kind == .earlyAnswer && $0.answer == nil }.map(\.value)
      guard values.count > 1 else { return nil }
      return AnswerCurves.Curve(family: question.family ?? "file", question: number, values: values)
    }
  }
}
