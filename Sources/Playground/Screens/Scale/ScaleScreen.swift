import Measuring
import Problems
import Reasoning
import TerminalUI
import Traces

/// Accuracy against compute: one study, as far as it is known, read at a cursor.
struct ScaleScreen: Screen {
  static let id = ScreenID("scale")
  static let group = ScreenGroup.measures
  static let summary = "accuracy against compute"

  private(set) var kind = StudyKind.samples
  /// A family, or `all`; nil is that of the question.
  private var family: String?
  /// Problems of each family or level; nil is the usual number.
  private var count: Int?
  /// The plan that was looked up last.
  private var lookedUp: StudyPlan?
  private(set) var shown: StudySnapshot?
  /// The study under way; nil when none is.
  private(set) var progress: StudyActivity?
  private var axis: StudyAxis?
  private var measure: StudyMeasure?
  /// The curves that are not drawn, by their places in the study.
  private(set) var hidden: Set<Int> = []
  /// The selected curve.
  private(set) var position = ListPosition()
  /// Where values are read, among the chart's stops; nil is the last one.
  private(set) var cursor: Int?
  /// Made anew whenever what it shows changes.
  private(set) var chart: StudyChart?

  init() {}

  // MARK: Reading

  var curves: [StudyCurve] { shown?.curves ?? [] }

  /// The place at which values are read; nil while there is no point.
  var stop: Double? {
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

  func layout(_ session: SessionState) -> ScaleLayout { ScaleLayout(in: rect(session), self) }

  var work: Progress? { progress?.progress }

  // MARK: The study

  /// What the study shown is planned as: the settings at hand, without what changes nothing but
  /// its cost. The temperature is that of the samples; other studies have their strategies' own.
  func studyPlan(_ session: SessionState) -> StudyPlan {
    var settings = session.settings
    settings.detail = 0
    settings.answerOverTime = nil
    if kind != .samples { settings.temperature = nil }
    let family = studyFamily(session)
    let families = family == "all" ? ProblemLibrary.coreFamilies.map(\.name) : [family]
    return StudyPlan(kind: kind, families: families, count: count, settings: settings)
  }

  /// The family that is studied: the one chosen, else the question's. The apples are where everybody
  /// begins, and of their family all samples of the bundled models are right; for them and for
  /// questions without a family it is one in which there is something to see.
  func studyFamily(_ session: SessionState) -> String {
    let question = session.question
    let asked = question.problem == ProblemLibrary.apples.id ? nil : question.family
    return [family, asked].compactMap { $0 }.first(where: Self.families.contains)
      ?? Self.usualFamily
  }

  private static let usualFamily = "story"

  private static let families = ProblemLibrary.families.map(\.name) + ["all"]

  private mutating func makeChart() {
    chart = shown.flatMap {
      StudyChart($0.curves, of: $0.plan.kind, axis: axis, measure: measure, hidden: hidden)
    }
    if let cursor, let stops = chart?.stops, cursor >= stops.count { self.cursor = nil }
  }

  /// Shows another study, or nothing.
  private mutating func show(_ snapshot: StudySnapshot?) {
    shown = snapshot
    makeChart()
  }

  /// Forgets the study and how it was looked at.
  private mutating func forget() {
    (axis, measure, cursor, hidden) = (nil, nil, nil, [])
    position = ListPosition()
    show(nil)
  }

  // MARK: News

  /// Looks the study up that is chosen now, when that is another than before.
  mutating func prepare(_ session: inout SessionState) -> [Effect] {
    guard session.screen == Self.id, progress == nil, session.readyModel != nil else { return [] }
    let plan = studyPlan(session)
    guard plan != lookedUp else { return [] }
    lookedUp = plan
    forget()
    return [.study(.lookUp(plan))]
  }

  mutating func receive(_ news: Action, _ session: inout SessionState) -> [Effect] {
    guard case .study(let news) = news else { return [] }
    switch news {
    case .kept(let plan, let ending):
      // An answer to an earlier question is of no interest any more.
      guard plan == lookedUp, progress == nil else { return [] }
      if case .done(let snapshot) = ending { show(snapshot) }
      session.tell(ending)
    case .progress(let snapshot, var activity):
      guard let progress else { return [] }
      activity.isCancelling = progress.isCancelling
      self.progress = activity
      show(snapshot)
    case .notice(let text): session.tell(text, .warning)
    case .ended(let plan, let snapshot, let ending):
      session.tell(ending)
      guard plan == lookedUp, progress != nil else { return [] }
      progress = nil
      if let snapshot { show(snapshot) }
    case .stopped: break
    case .exported(.done(let names)):
      let endings = names.dropFirst().map { ".\($0.split(separator: ".").last ?? "")" }
      session.tell(
        "Wrote \(names.first ?? ""), \(endings.joined(separator: " and ")) in this folder.")
    case .exported(let ending): session.tell(ending)
    }
    _ = position.reveal(count: curves.count, height: layout(session).visibleCurves)
    return []
  }

  /// Another model means another study; a new question or trace does not touch this one.
  mutating func reset(_ reason: ResetReason, _ session: inout SessionState) -> [Effect] {
    guard reason == .model else { return [] }
    (progress, lookedUp) = (nil, nil)
    forget()
    return []
  }
}

// MARK: - Keys and mouse

enum ScaleCommand: ScreenCommand {
  /// Goes to the next (1) or previous (-1) kind of study.
  case kind(Int)
  /// Goes to the next (1) or previous (-1) family of problems.
  case family(Int)
  /// Takes more (1) or fewer (-1) problems.
  case count(Int)
  /// Go to the next axis or the next measure.
  case axis, measure
  /// Hides the selected curve, or shows it again.
  case toggle
  /// Writes the study into files.
  case export
}

extension ScaleScreen {
  static let bindings: [KeyBinding] =
    [
      KeyBinding([" "], .run, "run the study; again to stop and keep results", hint: "study"),
      KeyBinding(["}"], .own(ScaleCommand.kind(1)), "next kind of study", hint: "kind"),
      KeyBinding(["{"], .own(ScaleCommand.kind(-1)), "previous kind of study"),
      KeyBinding(
        ["f"], .own(ScaleCommand.family(1)), "next family of problems, or all", hint: "problems"),
      KeyBinding(["F"], .own(ScaleCommand.family(-1)), "previous family of problems"),
      KeyBinding(["+", "="], .own(ScaleCommand.count(1)), "more problems"),
      KeyBinding(["-"], .own(ScaleCommand.count(-1)), "fewer problems"),
      KeyBinding([.left, "h"], .left, "read the curves further to the left", hint: "read"),
      KeyBinding([.right, "l"], .right, "read the curves further to the right"),
    ] + KeyBinding.moving("curve", pages: false) + [
      KeyBinding(
        ["v", .enter], .own(ScaleCommand.toggle), "hide the curve, or show it again", hint: "hide"),
      KeyBinding(
        ["a"], .own(ScaleCommand.axis), "next axis: tokens, FLOPs, k, parameters", hint: "axis"),
      KeyBinding(["y"], .own(ScaleCommand.measure), "next measure, if there is one"),
      KeyBinding(
        ["e"], .own(ScaleCommand.export),
        "save the study here as SVG, CSV and JSON", hint: "export"),
      KeyBinding(["r"], .runAnew, "run it again"),
    ]

  static let legend: [LegendRow] = [
    .selected,
    LegendRow("A B C", .chartLine, "the curves, the same letter on the chart and in the table"),
    LegendRow("▲", .key, "where the curves are read"),
    LegendRow("┆", .chartGrid, "the cursor; bands are 95 % intervals over problems"),
    LegendRow("≈", .text, "an estimate"),
    LegendRow("pass@k", .text, "whether any of k samples is right"),
  ]

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    if command == .left {
      return chart.map { !$0.stops.isEmpty && (cursor ?? $0.stops.count - 1) > 0 } ?? false
    }
    return switch command.own(ScaleCommand.self) {
    case .axis: shownAxes.count > 1
    case .export: shown != nil && chart != nil
    case .toggle: curves.indices.contains(position.selected)
    default: true
    }
  }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if let own: ScaleCommand = command.own() { return perform(own, &session) }
    switch command {
    case .run: return start(&session)
    case .runAnew: return start(anew: true, &session)
    case .left: moveCursor(-1)
    case .right: moveCursor(1)
    default: _ = position.move(command, count: curves.count, page: layout(session).visibleCurves)
    }
    return []
  }

  private mutating func perform(
    _ command: ScaleCommand, _ session: inout SessionState
  ) -> [Effect] {
    switch command {
    case .kind(let step):
      guard mayChoose(&session) else { break }
      kind = StudyKind.allCases.cycled(from: kind, by: step) ?? kind
      // What is usual differs between kinds.
      count = nil
    case .family(let step):
      guard mayChoose(&session) else { break }
      family = Self.families.cycled(from: studyFamily(session), by: step)
    case .count(let step):
      guard mayChoose(&session) else { break }
      let steps = [5, 10, 20, 50, 100, 200]
      let now = count ?? StudyPlan.defaultCount(of: kind)
      count = (step > 0 ? steps.first { $0 > now } : steps.last { $0 < now }) ?? now
    case .axis: goToNextAxis(&session)
    case .measure: goToNextMeasure(&session)
    case .toggle: toggleCurve()
    case .export:
      if let shown, let chart { return [.study(.export(shown, chart))] }
      session.tell("There is nothing to export yet.")
    }
    return []
  }

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    let layout = layout(session)
    switch mouse.action {
    case .wheelUp: return perform(.up, &session)
    case .wheelDown: return perform(.down, &session)
    case .press(.left):
      if let row = position.item(at: mouse.position, in: layout.table, count: curves.count) {
        // A second click on the same curve hides it, or shows it again.
        if row == position.selected { toggleCurve() } else { position.selected = row }
      } else if layout.plot.contains(mouse.position), let chart {
        let share = Double(mouse.position.x - layout.plot.x) / Double(max(1, layout.plot.width - 1))
        let distances = chart.stops.map { abs(chart.x.position(of: $0) - share) }
        cursor = distances.indices.min { distances[$0] < distances[$1] }
      }
    default: break
    }
    return []
  }

  /// Stops the study only from this screen: `Esc` elsewhere leaves it running.
  mutating func stop(_ session: inout SessionState) -> [Effect]? {
    session.screen == Self.id && progress != nil ? cancel() : nil
  }

  // MARK: Choosing and looking

  /// Whether another study may be chosen; tells why not.
  private func mayChoose(_ session: inout SessionState) -> Bool {
    if progress == nil { return true }
    session.tell("A study is running; Space stops it and keeps its results.")
    return false
  }

  /// The axes on which there is something to show.
  private var shownAxes: [StudyAxis] {
    kind.axes.filter { axis in curves.contains { !$0.placed(on: axis, .accuracy).isEmpty } }
  }

  private mutating func goToNextAxis(_ session: inout SessionState) {
    let axes = shownAxes
    guard axes.count > 1 else { return session.tell("This study has only one axis.") }
    axis = axes.cycled(from: chart?.axis ?? axes.first, by: 1)
    cursor = nil
    makeChart()
  }

  private mutating func goToNextMeasure(_ session: inout SessionState) {
    let measures = kind.measures
    guard measures.count > 1 else { return session.tell("This study measures only accuracy.") }
    measure = measures.cycled(from: chart?.measure ?? measures.first, by: 1)
    makeChart()
  }

  private mutating func toggleCurve() {
    let curve = position.selected
    guard curves.indices.contains(curve) else { return }
    if hidden.remove(curve) == nil { hidden.insert(curve) }
    makeChart()
  }

  private mutating func moveCursor(_ step: Int) {
    guard let stops = chart?.stops, !stops.isEmpty else { return }
    cursor = min(stops.count - 1, max(0, (cursor ?? stops.count - 1) + step))
  }

  // MARK: Doing

  private mutating func start(anew: Bool = false, _ session: inout SessionState) -> [Effect] {
    guard session.readyModel != nil else {
      session.tell("There is no model to study; press m to choose one.", .error)
      return []
    }
    if !anew, shown?.results.isComplete == true {
      session.tell("This study is complete; r runs it again.")
      return []
    }
    if anew { forget() }
    let plan = studyPlan(session)
    lookedUp = plan
    progress = StudyActivity()
    return [.study(.start(plan, anew: anew))]
  }

  private mutating func cancel() -> [Effect] {
    progress?.isCancelling = true
    return [.study(.stop)]
  }
}

// MARK: - What is known of studies

/// What is known of a study, with the curves that it gives.
public struct StudySnapshot: Sendable {
  var plan: StudyPlan
  var results: StudyResults
  var curves: [StudyCurve]
}

/// A study under way.
struct StudyActivity: Sendable, Hashable {
  var done = 0
  var total = 0
  var unit = Progress.Unit.things("answer")
  /// Tokens spent a second; nil before the first answer.
  var tokensPerSecond: Double?
  var secondsLeft: Double?
  var isCancelling = false

  /// Nothing is counted until it is known how many answers there will be.
  var progress: Progress {
    Progress(
      "study", done, of: total, total > 0 ? unit : nil, rate: tokensPerSecond,
      secondsLeft: secondsLeft, isStopping: isCancelling)
  }
}
