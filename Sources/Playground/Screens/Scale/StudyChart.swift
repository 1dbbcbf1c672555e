public import Measuring
import Reasoning
import TerminalUI

/// A study's curves on one pair of axes: what the screen and the SVG file both draw.
public struct StudyChart: Sendable, Hashable {
  struct Line: Sendable, Hashable {
    /// The curve's place in the study, which gives it its letter and colour everywhere.
    var index: Int
    var name: String
    var isOracle: Bool
    /// From left to right.
    var points: [Point]
  }

  struct Point: Sendable, Hashable {
    var x: Double
    var y: Estimate
    var point: StudyPoint
  }

  var kind: StudyKind
  var axis: StudyAxis
  var measure: StudyMeasure
  var lines: [Line]
  var x: ChartScale
  var y: ChartScale

  /// - Parameter hidden: the places of curves that are left out.
  /// - Returns: nil while no curve has a point.
  public init?(
    _ curves: [StudyCurve], of kind: StudyKind, axis: StudyAxis? = nil,
    measure: StudyMeasure? = nil, hidden: Set<Int> = []
  ) {
    self.kind = kind
    let axis = axis ?? kind.axes.first ?? .tokens
    let measure = measure ?? kind.measures.first ?? .accuracy
    self.axis = axis
    self.measure = measure
    // The scale stays as it is while curves are hidden and shown.
    let all = curves.enumerated().compactMap { index, curve -> Line? in
      let points = curve.placed(on: axis, measure).map { Point(x: $0.x, y: $0.y, point: $0.point) }
      guard !points.isEmpty else { return nil }
      return Line(index: index, name: curve.name, isOracle: curve.isOracle, points: points)
    }
    guard
      let x = ChartScale(
        of: all.flatMap { $0.points.map(\.x) }, isLogarithmic: axis != .level,
        isWhole: axis == .level || axis == .knob)
    else { return nil }
    self.x = x
    if measure == .accuracy {
      y = ChartScale(Self.zoom(all.flatMap(\.points).map(\.y)))
    } else {
      let highest = all.flatMap { $0.points.map { $0.y.interval?.upperBound ?? $0.y.value } }.max()
      y = ChartScale(0...max(1, highest ?? 1) * 1.05)
    }
    lines = all.filter { !hidden.contains($0.index) }
  }

  /// The twentieths between which accuracies and their intervals lie, at least a fifth of the whole.
  private static func zoom(_ accuracies: [Estimate]) -> ClosedRange<Double> {
    let bounds = accuracies.flatMap { estimate in
      [estimate.value] + (estimate.interval.map { [$0.lowerBound, $0.upperBound] } ?? [])
    }
    guard let low = bounds.min(), let high = bounds.max() else { return 0...1 }
    var (first, last) = (Int((low * 20).rounded(.down)), Int((high * 20).rounded(.up)))
    while last - first < 4, first > 0 || last < 20 {
      if first > 0 { first -= 1 }
      if last - first < 4, last < 20 { last += 1 }
    }
    return Double(max(0, first)) / 20...Double(min(20, last)) / 20
  }

  /// The positions of all points, ascending: where a cursor can stand.
  var stops: [Double] { Set(lines.flatMap { $0.points.map(\.x) }).sorted() }

  // MARK: Words

  public static func title(of kind: StudyKind) -> String {
    switch kind {
    case .samples: "samples: pass@k, votes and best of k"
    case .thinking: "thinking: budgets, and waits"
    case .size: "size: the bundled models"
    case .strategies: "strategies at equal token budgets"
    case .difficulty: "difficulty: what each level costs"
    }
  }

  static func title(of axis: StudyAxis) -> String {
    switch axis {
    case .tokens: "tokens a problem"
    case .flops: "FLOPs a problem"
    case .knob: "k, samples"
    case .parameters: "parameters"
    case .trainingTokens: "training tokens"
    case .level: "problem level"
    }
  }

  static func title(of measure: StudyMeasure) -> String {
    switch measure {
    case .accuracy: "accuracy"
    case .tokens: "tokens a problem"
    case .flops: "FLOPs a problem"
    }
  }

  public static func text(_ value: Double, on axis: StudyAxis) -> String {
    axis == .level || axis == .knob ? Format.fixed(value, 0) : amount(value)
  }

  static func text(_ value: Double, of measure: StudyMeasure) -> String {
    measure == .accuracy ? Format.probability(value) : amount(value)
  }

  /// A round value beside the left edge.
  static func tick(_ value: Double, of measure: StudyMeasure) -> String {
    measure == .accuracy ? Format.share(value) : amount(value)
  }

  /// Three digits and a letter: `8.4`, `132`, `1.2k`, `4.2M`, `3.1G`, `2.0T`.
  private static func amount(_ value: Double) -> String {
    guard value.isFinite, value >= 0 else { return "—" }
    for (unit, letter) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
    where value >= unit * 0.9995 {
      let scaled = value / unit
      return short(scaled) + letter
    }
    return short(value)
  }

  private static func short(_ value: Double) -> String {
    value < 9.95 && abs(value - value.rounded()) > 0.04
      ? Format.fixed(value, 1) : Format.fixed(value, 0)
  }

  // MARK: Files

  /// The chart as a file.
  ///
  /// - Parameter results: what it is of, for its title and notes.
  public func svg(of results: StudyResults) -> String {
    let study = results.study
    let models = study.models.count == 1 ? study.models.first?.name : nil
    let about = [study.subject, models].compactMap { $0 }.joined(separator: ", ")
    let count = "\(study.problems.count) problems"
    let part = results.isComplete ? "" : " (stopped: \(results.done) of \(results.total) answers)"
    let intervals = "Bands: 95 % over problems (Wilson, or bootstrap where shares are not 0 or 1)."
    let (axis, measure) = (axis, measure)
    return SvgChart(
      title: "\(StudyChart.title(of: kind)) — \(about)",
      notes: [
        "\(count), made by Ponder\(part). \(intervals)",
        "Tokens: chosen or inserted, including a verifier's, without the prompt. "
          + "FLOPs: 2 × parameters × tokens.",
      ], xTitle: StudyChart.title(of: axis), yTitle: StudyChart.title(of: measure), x: x, y: y,
      series: lines.map { line in
        SvgChart.Series(
          name: line.name,
          points: line.points.map { ChartPoint(x: $0.x, y: $0.y.value, interval: $0.y.interval) },
          isDashed: line.isOracle)
      },
      xText: { StudyChart.text($0, on: axis) }, yText: { StudyChart.tick($0, of: measure) }
    ).svg
  }
}
