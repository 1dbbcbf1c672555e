import Measuring
import Problems
import TerminalUI
import Traces

/// What keys, commands and the mouse do in Scale.
extension PlaygroundState {
  mutating func scaleCommand(_ command: Command) -> [Effect] {
    switch command {
    case .run, .streamOrStop: return scale.activity == nil ? startStudy() : stopStudy()
    case .runAnew: return scale.activity == nil ? startStudy(anew: true) : []
    case .nextStudy(let step): chooseStudy { $0.kind = $0.kind.neighbour(step) }
    case .nextFamily(let step):
      let family = neighbour(ofFamily: step)
      chooseStudy { $0.family = family }
    case .studyCount(let step):
      let count = count(after: step)
      chooseStudy { $0.count = count }
    case .cycleAxis: cycleAxis()
    case .cycleMeasure: cycleMeasure()
    case .toggleCurve, .activate, .take, .openInDecode: toggleCurve()
    case .export: return exportStudy()
    case .left, .undo, .back: moveCursor(-1)
    case .right: moveCursor(1)
    default:
      _ = scale.position.move(command, count: scale.curves.count, page: scaleLayout.visibleCurves)
    }
    return []
  }

  var scaleLayout: ScaleLayout {
    ScaleLayout(in: Chrome.rect(of: .scale, self) ?? Chrome.content(self), self)
  }

  /// What the study shown is planned as: the settings at hand, without what changes nothing but
  /// its cost. The temperature is that of the samples; other studies have their strategies' own.
  var studyPlan: StudyPlan {
    var settings = settings
    settings.detail = 0
    settings.answerOverTime = nil
    if scale.kind != .samples { settings.temperature = nil }
    let family = studyFamily
    let families = family == "all" ? ProblemLibrary.coreFamilies.map(\.name) : [family]
    return StudyPlan(
      kind: scale.kind, families: families, count: scale.count, settings: settings)
  }

  /// The family that is studied: the one chosen, else the question's, else the emblem's.
  var studyFamily: String {
    let known = Self.studyFamilies
    return [scale.family, question.family].compactMap { $0 }.first(where: known.contains)
      ?? ProblemLibrary.apples.family
  }

  private static let studyFamilies = ProblemLibrary.families.map(\.name) + ["all"]

  // MARK: Choosing

  private mutating func chooseStudy(_ change: (inout ScaleState) -> Void) {
    guard scale.activity == nil else {
      message = Message(.notice, "A study is under way; Space stops it and keeps what it has.")
      return
    }
    let kind = scale.kind
    change(&scale)
    // What is usual differs between kinds.
    if scale.kind != kind { scale.count = nil }
  }

  private func neighbour(ofFamily step: Int) -> String {
    let all = Self.studyFamilies
    let here = all.firstIndex(of: studyFamily) ?? 0
    return all[(((here + step) % all.count) + all.count) % all.count]
  }

  private func count(after step: Int) -> Int {
    let steps = [5, 10, 20, 50, 100, 200]
    let now = scale.count ?? StudyPlan.defaultCount(of: scale.kind)
    return step > 0 ? steps.first { $0 > now } ?? now : steps.last { $0 < now } ?? now
  }

  /// Looks the study up that is chosen now, when that is another than before.
  mutating func lookUpStudy() -> [Effect] {
    guard screen == .scale, scale.activity == nil, readyModel != nil else { return [] }
    let plan = studyPlan
    guard plan != scale.lookedUp else { return [] }
    scale.lookedUp = plan
    scale.reset()
    return [.study(.lookUp(plan))]
  }

  // MARK: Looking

  private mutating func cycleAxis() {
    let axes = scale.kind.axes.filter { axis in
      scale.curves.contains { !$0.placed(on: axis, .accuracy).isEmpty }
    }
    guard axes.count > 1 else {
      message = Message(.notice, "This study has one axis.")
      return
    }
    let here = axes.firstIndex(of: scale.chart?.axis ?? axes[0]) ?? 0
    scale.axis = axes[(here + 1) % axes.count]
    scale.cursor = nil
    scale.makeChart()
  }

  private mutating func cycleMeasure() {
    let measures = scale.kind.measures
    guard measures.count > 1 else {
      message = Message(.notice, "This study is of accuracy alone.")
      return
    }
    let here = measures.firstIndex(of: scale.chart?.measure ?? measures[0]) ?? 0
    scale.measure = measures[(here + 1) % measures.count]
    scale.makeChart()
  }

  private mutating func toggleCurve() {
    let curve = scale.position.selected
    guard scale.curves.indices.contains(curve) else { return }
    if scale.hidden.remove(curve) == nil { scale.hidden.insert(curve) }
    scale.makeChart()
  }

  private mutating func moveCursor(_ step: Int) {
    guard let stops = scale.chart?.stops, !stops.isEmpty else { return }
    let here = scale.cursor ?? stops.count - 1
    scale.cursor = min(stops.count - 1, max(0, here + step))
  }

  // MARK: Doing

  private mutating func startStudy(anew: Bool = false) -> [Effect] {
    guard readyModel != nil else {
      message = Message(.error, "There is no model to study; press m to choose one.")
      return []
    }
    if !anew, scale.shown?.results.isComplete == true {
      message = Message(.notice, "This study is complete; r does it anew.")
      return []
    }
    if anew { scale.reset() }
    let plan = studyPlan
    scale.lookedUp = plan
    scale.activity = StudyActivity()
    return [.study(.start(plan, anew: anew))]
  }

  mutating func stopStudy() -> [Effect] {
    guard scale.activity != nil else { return [] }
    scale.activity?.isCancelling = true
    return [.study(.stop)]
  }

  private mutating func exportStudy() -> [Effect] {
    guard let shown = scale.shown, let chart = scale.chart else {
      message = Message(.notice, "There is nothing to export yet.")
      return []
    }
    return [.study(.export(shown, chart))]
  }

  // MARK: News

  mutating func receive(_ news: StudyNews) {
    switch news {
    case .kept(let plan, let snapshot):
      // An answer to an earlier question is of no interest any more.
      guard plan == scale.lookedUp, scale.activity == nil else { return }
      scale.show(snapshot)
    case .progress(let snapshot, let activity):
      guard scale.activity != nil else { return }
      let isCancelling = scale.activity?.isCancelling ?? false
      scale.activity = activity
      scale.activity?.isCancelling = isCancelling
      scale.show(snapshot)
    case .ended(let snapshot):
      scale.activity = nil
      if let snapshot { scale.show(snapshot) }
    }
    _ = scale.position.reveal(count: scale.curves.count, height: scaleLayout.visibleCurves)
  }

  /// A study of another model is another study.
  mutating func forgetStudy() {
    scale.activity = nil
    scale.lookedUp = nil
    scale.reset()
  }

  // MARK: Mouse

  mutating func scaleMouse(_ mouse: MouseEvent) -> [Effect] {
    let layout = scaleLayout
    switch mouse.action {
    case .wheelUp: return scaleCommand(.up)
    case .wheelDown: return scaleCommand(.down)
    case .press(.left):
      if let row = layout.table.item(
        at: mouse.position, count: scale.curves.count, position: scale.position)
      {
        // A second click on the same curve hides it, or shows it again.
        if row == scale.position.selected { return scaleCommand(.toggleCurve) }
        scale.position.selected = row
      } else if layout.plot.contains(mouse.position), let chart = scale.chart {
        let share =
          Double(mouse.position.x - layout.plot.x) / Double(max(1, layout.plot.width - 1))
        let distances = chart.stops.map { abs(chart.x.position(of: $0) - share) }
        scale.cursor = distances.indices.min { distances[$0] < distances[$1] }
      }
    default: break
    }
    return []
  }
}

extension StudyKind {
  func neighbour(_ step: Int) -> StudyKind {
    let all = StudyKind.allCases
    let here = all.firstIndex(of: self) ?? 0
    return all[(((here + step) % all.count) + all.count) % all.count]
  }
}
