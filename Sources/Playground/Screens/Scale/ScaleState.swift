public import Measuring
public import TerminalUI

/// What is known of a study, with the curves that it gives.
public struct StudySnapshot: Sendable {
  public var plan: StudyPlan
  public var results: StudyResults
  public var curves: [StudyCurve]

  public init(plan: StudyPlan, results: StudyResults, curves: [StudyCurve]) {
    self.plan = plan
    self.results = results
    self.curves = curves
  }
}

/// A study under way.
public struct StudyActivity: Sendable, Hashable {
  public var done = 0
  public var total = 0
  /// Tokens spent a second; nil before the first answer.
  public var tokensPerSecond: Double?
  public var secondsLeft: Double?
  public var isCancelling = false

  public init() {}
}

/// What the session tells of studies.
public enum StudyNews: Sendable {
  /// What is kept of the study that a plan stands for; nil where nothing is.
  case kept(StudyPlan, StudySnapshot?)
  case progress(StudySnapshot, StudyActivity)
  /// It is over, however it ended; nil when it could not begin.
  case ended(StudySnapshot?)
}

/// What Scale shows: one study, as far as it is known.
public struct ScaleState: Sendable {
  public var kind = StudyKind.samples
  /// A family, or `all`; nil is that of the question.
  public var family: String?
  /// Problems of each family or level; nil is the usual number.
  public var count: Int?
  /// The plan that was looked up last.
  public var lookedUp: StudyPlan?
  public var shown: StudySnapshot?
  public var activity: StudyActivity?
  public var axis: StudyAxis?
  public var measure: StudyMeasure?
  /// The curves that are not drawn, by their places in the study.
  public var hidden: Set<Int> = []
  /// The selected curve.
  public var position = ListPosition()
  /// Where values are read, among the chart's stops; nil is the last one.
  public var cursor: Int?
  /// Made anew whenever what it shows changes.
  public internal(set) var chart: StudyChart?

  public init() {}

  public var curves: [StudyCurve] { shown?.curves ?? [] }

  /// The place at which values are read; nil while there is no point.
  public var stop: Double? {
    guard let stops = chart?.stops, let last = stops.last else { return nil }
    guard let cursor, stops.indices.contains(cursor) else { return last }
    return stops[cursor]
  }

  /// What a curve has at the cursor: its last point up to there, for what is spent is a budget.
  func reading(of curve: Int) -> StudyChart.Point? {
    guard let stop else { return nil }
    return chart?.lines.first { $0.index == curve }?.points.last { $0.x <= stop }
  }

  /// A letter for each curve, the same on the chart and in the table.
  static func mark(of curve: Int) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return String(letters[((curve % letters.count) + letters.count) % letters.count])
  }

  mutating func makeChart() {
    chart = shown.flatMap {
      StudyChart($0.curves, of: $0.plan.kind, axis: axis, measure: measure, hidden: hidden)
    }
    if let cursor, let stops = chart?.stops, cursor >= stops.count { self.cursor = nil }
  }

  /// Shows another study, or nothing.
  mutating func show(_ snapshot: StudySnapshot?) {
    shown = snapshot
    makeChart()
  }

  /// Forgets how the study before was looked at.
  mutating func reset() {
    (axis, measure, cursor, hidden) = (nil, nil, nil, [])
    position = ListPosition()
    show(nil)
  }
}
