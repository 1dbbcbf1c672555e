import Measuring
import Reasoning
import TerminalUI
import Traces

extension ScaleScreen {
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    let layout = ScaleLayout(in: rect, self)
    drawHeader(session, in: layout.header, theme: theme, on: &buffer)
    drawProgress(in: layout.progress, theme: theme, on: &buffer)
    guard let chart else { return nil }
    ScaleChart(scale: self, chart: chart, theme: theme).draw(layout, on: &buffer)
    CurveTable(scale: self, theme: theme).draw(in: layout.table, on: &buffer)
    for (curve, rect) in layout.points {
      PointTable(curve: curve, scale: self, theme: theme).draw(in: rect, on: &buffer)
    }
    Panel.note(note(rect.width), in: layout.note, theme: theme, on: &buffer)
    return nil
  }

  private func note(_ width: Int) -> String {
    if kind == .difficulty {
      return width >= 110
        ? "tokens spent on a problem, by its level: answered directly, easy and hard cost the "
          + "same · 95 % over problems"
        : "tokens spent on a problem, by its level · 95 % over problems"
    }
    return width >= 110
      ? "tokens: chosen or inserted, with a verifier's, without the prompt · FLOPs: 2 × parameters "
        + "× tokens · 95 % over problems (Wilson, or bootstrap where shares are not 0 or 1)"
      : "FLOPs: 2 × parameters × tokens, without the prompt · 95 % over problems"
  }

  // MARK: Header

  private func drawHeader(
    _ session: SessionState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let plan = studyPlan(session)
    var left = StyledText(plan.kind.rawValue, style: theme[.title])
    left.append("  \(studyFamily(session))", style: theme[.text])
    left.append("  \(size(of: plan))", style: theme[.dim])
    if rect.width >= 100, plan.kind == .samples {
      let verifier = plan.settings.verifier ?? BestOfN.defaultVerifier
      left.append("  best by \(verifier.rawValue)", style: theme[.dim])
    }
    Panel.header(left, status(theme), in: rect, on: &buffer)
  }

  /// How much a study asks, or will ask.
  private func size(of plan: StudyPlan) -> String {
    let planned = plan.count * plan.families.count
    let known = shown?.results.study.problems.count
    let isByLevel = plan.kind == .difficulty
    let problems =
      known == nil && isByLevel
      ? "\(Panel.count(plan.count, "problem")) of each level"
      : Panel.count(known ?? planned, "problem") + (isByLevel ? " of all levels" : "")
    let samples = plan.settings.samples ?? StudyPlan.defaultSamples(of: plan.kind)
    switch plan.kind {
    case .samples: return "\(problems), \(Panel.count(samples, "sample"))"
    case .strategies: return "\(problems), up to \(Panel.count(samples, "sample"))"
    case .size: return "\(problems), votes of \(samples)"
    case .thinking, .difficulty: return problems
    }
  }

  private func status(_ theme: Theme) -> StyledText {
    var text = StyledText()
    if progress?.isCancelling == true {
      text.append("stopping …", style: theme[.warning])
    } else if progress != nil {
      text.append("studying …", style: theme[.notice])
    } else if let results = shown?.results {
      if results.isComplete {
        text.append("complete, kept", style: theme[.dim])
      } else {
        text.append(
          "stopped at \(Progress("", results.done, of: results.total, results.unit).amount)",
          style: theme[.warning])
      }
    }
    return text
  }

  private func drawProgress(in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    guard let progress, !rect.isEmpty else { return }
    guard progress.total > 0 else {
      buffer.put("getting ready …", x: rect.x, y: rect.y, style: theme[.dim], width: rect.width)
      return
    }
    // The title tells what it is.
    var shown = progress.progress
    shown.title = ""
    let label = shown.text(width: rect.width)
    let width = min(rect.width, DisplayWidth.of(label))
    let bar = Rect(x: rect.x, y: rect.y, width: rect.width - width - 2, height: 1)
    let share = Double(progress.done) / Double(progress.total)
    buffer.put(
      String(repeating: "░", count: bar.width), x: bar.x, y: bar.y, style: theme[.chartGrid])
    Bar.draw(share, in: bar, style: theme[.chartLine], on: &buffer)
    buffer.put(label, x: rect.right - width, y: rect.y, style: theme[.text], width: width)
  }

  // MARK: Nothing yet

  func emptyText(_ session: SessionState) -> EmptyText? {
    guard chart == nil, progress == nil else { return nil }
    let about = Self.about(kind)
    guard session.readyModel != nil else {
      return EmptyText(
        title: "A study needs a model", purpose: about.first ?? "",
        starts: [.init(.openModels, "choose one")], source: about.last)
    }
    return EmptyText(
      title: "This study has no results yet", purpose: about.first ?? "",
      starts: [
        .init(.run, "start"), .init(.own(ScaleCommand.kind(1)), "another kind"),
        .init(.own(ScaleCommand.family(1)), "problems"),
        .init(.own(ScaleCommand.count(1)), "more of them"),
      ], source: about.last)
  }

  func emptyArea(in rect: Rect, _ session: SessionState) -> Rect {
    rect.inset(horizontal: 0, vertical: 2)
  }

  private static func about(_ kind: StudyKind) -> [String] {
    switch kind {
    case .samples:
      [
        "Samples each problem once and shows, for every k, what k of the samples give: any right "
          + "(pass@k), the majority, the verifier's best, its weighted vote.",
        "Chen et al. 2021, arXiv 2107.03374; Wang et al. 2022, arXiv 2203.11171",
      ]
    case .thinking:
      [
        "Lets the model think for up to 8, 16, 32 … tokens, and replaces 0, 1, 2 and 4 ends of "
          + "its thinking with \"Wait,\".", "Muennighoff et al. 2025, arXiv 2501.19393",
      ]
    case .size:
      [
        "Asks every bundled size and checkpoint: greedily, with a chain of thought, and "
          + "by votes. Your current model stays loaded.",
        "Kaplan et al. 2020, arXiv 2001.08361; Wei et al. 2022, arXiv 2201.11903",
      ]
    case .strategies:
      [
        "Turns up what each strategy spends tokens on (samples, branches, simulations, waits) "
          + "and puts them all on one axis: what does the same budget buy?",
        "Snell et al. 2024, arXiv 2408.03314",
      ]
    case .difficulty:
      [
        "Asks problems of every level, directly and with reasoning: what do easy and hard "
          + "problems cost?", "Without a chain of thought every answer costs the same few passes.",
      ]
    }
  }
}

/// Where the parts of Scale lie.
struct ScaleLayout {
  var header: Rect
  /// How far a study under way is; empty when none is.
  var progress: Rect
  /// The chart with its edges, under a line with its title.
  var chart: Rect
  /// The inside of the chart.
  var plot: Rect
  /// The curves, with a line of headings.
  var table: Rect
  /// All points of curves, each under a title and a line of headings: of all curves where there is
  /// room, else of the selected one, else of none.
  var points: [(curve: Int, rect: Rect)] = []
  var note: Rect

  /// What stands at the left of the chart.
  static let edge = 7
  private static let wide = 140

  init(in rect: Rect, _ scale: ScaleScreen) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let line = scale.progress == nil ? 0 : 1
    progress = Rect(x: rect.x + 1, y: rect.y + 1, width: rect.width - 2, height: line)
    let body = Rect(
      x: rect.x, y: rect.y + 1 + line, width: rect.width, height: rect.height - 2 - line)
    let curves = scale.curves
    if rect.width >= Self.wide {
      let parts = body.splitColumns([.fill, .fixed(76)], gap: 2)
      chart = parts[0]
      let right = parts[1].splitRows([.fixed(min(curves.count + 1, body.height)), .fill])
      table = right[0]
      points = Self.points(of: curves, selected: scale.position.selected, in: right[1])
    } else {
      // The chart keeps at least half.
      let list = min(curves.count + 1, max(3, body.height / 2))
      let parts = body.splitRows([.fill, .fixed(list)])
      (chart, table) = (parts[0], parts[1])
    }
    plot = Rect(
      x: chart.x + Self.edge, y: chart.y + 1, width: chart.width - Self.edge - 2,
      height: chart.height - 3)
  }

  private static func points(
    of curves: [StudyCurve], selected: Int, in rect: Rect
  ) -> [(curve: Int, rect: Rect)] {
    // A blank line, a title and a line of headings stand above the points.
    let heights = curves.map { $0.points.count + 3 }
    let isRoomForAll = heights.reduce(0, +) <= rect.height
    var y = rect.y
    return curves.indices.filter { isRoomForAll || $0 == selected }.map { curve in
      let height = min(heights[curve], max(0, rect.bottom - y))
      defer { y += height }
      return (curve, Rect(x: rect.x, y: y + 1, width: rect.width, height: height - 1))
    }
  }

  var visibleCurves: Int { max(1, table.height - 1) }
}
