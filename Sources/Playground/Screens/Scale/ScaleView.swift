import Measuring
import Reasoning
import TerminalUI
import Traces

/// Accuracy against compute: one study with its curves, read at a cursor.
enum ScaleView {
  static func draw(
    _ state: PlaygroundState, in rect: Rect, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let (scale, theme) = (state.scale, view.theme)
    let layout = ScaleLayout(in: rect, state)
    drawHeader(state, in: layout.header, theme: theme, on: &buffer)
    drawProgress(scale, in: layout.progress, theme: theme, on: &buffer)
    guard let chart = scale.chart else {
      drawBlank(state, in: rect.inset(horizontal: 0, vertical: 2), theme: theme, on: &buffer)
      return nil
    }
    ScaleChart(scale: scale, chart: chart, theme: theme).draw(layout, on: &buffer)
    CurveTable(scale: scale, theme: theme).draw(in: layout.table, on: &buffer)
    for (curve, rect) in layout.points {
      PointTable(curve: curve, scale: scale, theme: theme).draw(in: rect, on: &buffer)
    }
    buffer.put(
      note(scale, rect.width), x: layout.note.x + 1, y: layout.note.y, style: theme[.dim],
      width: max(0, layout.note.width - 2))
    return nil
  }

  private static func note(_ scale: ScaleState, _ width: Int) -> String {
    if scale.kind == .difficulty {
      return width >= 110
        ? "tokens a problem takes by itself, by its level: answered at once easy and hard cost the "
          + "same · 95 % over problems"
        : "what a problem takes by itself, by its level · 95 % over problems"
    }
    return width >= 110
      ? "tokens: chosen or put in, a verifier's included, the prompt left out · FLOPs: 2 × parameters "
        + "× tokens · 95 % over problems (Wilson, or bootstrap where shares are not 0 or 1)"
      : "FLOPs: 2 × parameters × tokens, without the prompt · 95 % over problems"
  }

  // MARK: Header

  private static func drawHeader(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let scale = state.scale
    let plan = state.studyPlan
    var left = StyledText(plan.kind.rawValue, style: theme[.title])
    left.append("  \(state.studyFamily)", style: theme[.text])
    left.append("  \(size(plan, scale.shown))", style: theme[.dim])
    if rect.width >= 100, plan.kind == .samples {
      let verifier = plan.settings.verifier ?? BestOfN.defaultVerifier
      left.append("  best by \(verifier.rawValue)", style: theme[.dim])
    }
    Panel.header(left, status(scale, theme: theme), in: rect, on: &buffer)
  }

  /// How much a study asks, or will ask.
  private static func size(_ plan: StudyPlan, _ shown: StudySnapshot?) -> String {
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

  private static func status(_ scale: ScaleState, theme: Theme) -> StyledText {
    var text = StyledText()
    if scale.activity?.isCancelling == true {
      text.append("stopping …", style: theme[.warning])
    } else if scale.activity != nil {
      text.append("studying …", style: theme[.notice])
    } else if let results = scale.shown?.results {
      if results.isComplete {
        text.append("complete, kept", style: theme[.dim])
      } else {
        text.append("stopped at \(results.done) of \(results.total)", style: theme[.warning])
      }
    }
    return text
  }

  private static func drawProgress(
    _ scale: ScaleState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    guard let activity = scale.activity, !rect.isEmpty else { return }
    guard activity.total > 0 else {
      buffer.put("getting ready …", x: rect.x, y: rect.y, style: theme[.dim], width: rect.width)
      return
    }
    let label = words(activity)
    let width = min(rect.width, DisplayWidth.of(label))
    let bar = Rect(
      x: rect.x, y: rect.y, width: max(0, rect.width - width - 2), height: 1)
    let share = Double(activity.done) / Double(activity.total)
    buffer.put(
      String(repeating: "░", count: bar.width), x: bar.x, y: bar.y, style: theme[.chartGrid])
    Bar.draw(share, in: bar, style: theme[.chartLine], on: &buffer)
    buffer.put(label, x: rect.right - width, y: rect.y, style: theme[.text], width: width)
  }

  /// Such as `12/20 answers, 3.2k tok/s, ≈ 40 s left`.
  static func words(_ activity: StudyActivity) -> String {
    var parts = ["\(activity.done)/\(activity.total) answers"]
    if let rate = activity.tokensPerSecond { parts.append("\(Format.rate(rate)) tok/s") }
    if let seconds = activity.secondsLeft {
      parts.append("≈ \(Format.duration(seconds)) left")
    }
    return parts.joined(separator: ", ")
  }

  // MARK: Nothing yet

  private static func drawBlank(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    if state.scale.activity != nil { return }
    Panel.blank(
      title: title(state), lines: about(state.scale.kind),
      hint: StyledText([
        .init("Space", style: theme[.key]), .init(" starts, ", style: theme[.text]),
        .init("]", style: theme[.key]), .init(" another kind, ", style: theme[.text]),
        .init("f", style: theme[.key]), .init(" problems, ", style: theme[.text]),
        .init("+ -", style: theme[.key]), .init(" how many.", style: theme[.text]),
      ]), in: rect, theme: theme, on: &buffer)
  }

  private static func title(_ state: PlaygroundState) -> String {
    state.readyModel == nil
      ? "A study needs a model: press m to choose one"
      : "Nothing is kept of this study yet"
  }

  private static func about(_ kind: StudyKind) -> [String] {
    switch kind {
    case .samples:
      [
        "Draws samples of each problem once, and tells for every k what k of them give: any right "
          + "(pass@k), a majority, the verifier's first, its weighted vote.",
        "Chen et al. 2021, arXiv 2107.03374; Wang et al. 2022, arXiv 2203.11171",
      ]
    case .thinking:
      [
        "Has the model think within budgets of 8, 16, 32 … tokens, and takes 0, 1, 2 and 4 ends of "
          + "its thinking back with \"Wait,\".",
        "Muennighoff et al. 2025, arXiv 2501.19393",
      ]
    case .size:
      [
        "Asks every bundled model, by size and by training: greedily, with a chain of thought, and "
          + "by votes. The model at hand stays as it is.",
        "Kaplan et al. 2020, arXiv 2001.08361; Wei et al. 2022, arXiv 2201.11903",
      ]
    case .strategies:
      [
        "Turns up what each strategy spends tokens on (samples, branches, simulations, ends taken "
          + "back) and puts all on one axis: what does the same budget buy?",
        "Snell et al. 2024, arXiv 2408.03314",
      ]
    case .difficulty:
      [
        "Asks problems of every level, to answer at once and with reasoning: what do easy and hard "
          + "problems cost by themselves?",
        "Without a chain of thought every answer costs the same few passes.",
      ]
    }
  }
}
