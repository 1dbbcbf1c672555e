import Reasoning
import TerminalUI

/// The answers over time: p(the path's own answer) in each state, those of the answers that the
/// model would give instead, and which of them it would give.
struct CurvePanel {
  let steps: StepsState
  let episode: Episode
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard !rect.isEmpty else { return }
    let curve = episode.curve
    let own = episode.answer.map { "p(\(PathText.head($0, columns: 12))) over time" }
    let inside = Panel.draw(
      own ?? "answers over time",
      note: curve.reading.map { Self.text($0, isLong: rect.width >= 76) }, in: rect, theme: theme,
      on: &buffer)
    guard !inside.isEmpty else { return }
    guard !curve.isEmpty else {
      var hint = StyledText("a", style: theme[.key])
      hint.append(" asks the model for its answer in every state", style: theme[.dim])
      if !steps.hasRewards {
        hint.append("   v", style: theme[.key])
        hint.append(" has the steps judged", style: theme[.dim])
      }
      buffer.put(hint, x: inside.x + 1, y: inside.y, width: inside.width - 2)
      return
    }
    let labels = inside.height > 2 ? 1 : 0
    let chart = Rect(
      x: inside.x + 4, y: inside.y, width: max(0, inside.width - 6),
      height: inside.height - labels)
    buffer.put("1", x: chart.x - 2, y: chart.y, style: theme[.dim])
    buffer.put("0", x: chart.x - 2, y: chart.bottom - 1, style: theme[.dim])
    LineChart(series: series, capacity: states).draw(
      in: chart, gridStyle: theme[.chartGrid], on: &buffer)
    drawMark(in: chart, on: &buffer)
    if labels == 1 { drawLeaders(in: chart, y: chart.bottom, on: &buffer) }
  }

  /// How many states were asked, or stand between such.
  private var states: Int {
    let curve = episode.curve
    let lines = [curve.own] + curve.leading.map(\.values)
    return (lines.compactMap { line in line.lastIndex { $0 != nil } }.max() ?? 0) + 1
  }

  private var series: [LineChart.Series] {
    let curve = episode.curve
    let rivals = curve.leading.enumerated().filter { $0.element.answer != episode.answer }
    return rivals.map { index, line in
      .init(values: Array(line.values.prefix(states)), style: style(ofLine: index))
    } + [.init(values: Array(curve.own.prefix(states)), style: theme[.chartLine].adding(.bold))]
  }

  private func style(ofLine index: Int) -> Style {
    theme.level(.vote, index % Role.voteLevels + 1)
  }

  private func column(_ state: Int, in chart: Rect) -> Int {
    states < 2 ? chart.x : chart.x + (state * (chart.width - 1) + (states - 1) / 2) / (states - 1)
  }

  /// Where the selected state stands.
  private func drawMark(in chart: Rect, on buffer: inout CellBuffer) {
    guard steps.position.selected < states, !chart.isEmpty else { return }
    let x = column(steps.position.selected, in: chart)
    buffer.restyle(Rect(x: x, y: chart.y, width: 1, height: chart.height)) {
      $0.overlaid(by: theme[.selection])
    }
  }

  /// What the model would answer in each state, below it: `s1 5 .62`.
  private func drawLeaders(in chart: Rect, y: Int, on buffer: inout CellBuffer) {
    var free = chart.x - 3
    for state in 0..<states {
      var text = StyledText("s\(state + 1)", style: theme[.dim])
      if let leader = episode.curve.leader(at: state) {
        let index = episode.curve.leading.firstIndex { $0.answer == leader.answer } ?? 0
        let isOwn = leader.answer == episode.answer
        text.append(
          " " + PathText.head(leader.answer, columns: 8),
          style: isOwn ? theme[.chartLine].adding(.bold) : style(ofLine: index))
        text.append(" \(Format.smallProbability(leader.probability))", style: theme[.dim])
      }
      let width = DisplayWidth.of(text.text)
      let x = min(chart.right + 1 - width, max(free, column(state, in: chart) - width / 2))
      guard x >= free else { continue }
      buffer.put(text, x: x, y: y, width: width)
      free = x + width + 2
    }
  }

  /// What is said of the curve, with the figures that decide it.
  static func text(_ reading: AnswerCurve.Reading, isLong: Bool) -> String {
    let (first, last) = (figure(reading.first), figure(reading.last))
    let word: String =
      switch reading.shape {
      case .rising: "rising"
      case .falling: "falling"
      case .uneven: "uneven"
      case .postHoc: "flat: post-hoc"
      case .unsure: "flat: unsure"
      }
    guard isLong else { return "\(word), \(first) → \(last)" }
    switch reading.shape {
    case .rising: return "\(word): \(first) → \(last), +\(figure(reading.rise)) ≥ .10"
    case .falling: return "\(word): \(first) → \(last), −\(figure(-reading.rise)) ≥ .10"
    case .uneven:
      return "\(word): \(first) → \(last), between \(figure(reading.least)) and "
        + "\(figure(reading.greatest)) ≥ .10"
    case .postHoc:
      return "\(word), \(first) → \(last), spread \(figure(reading.spread)) < .10, from ≥ .50"
    case .unsure:
      return "\(word), \(first) → \(last), spread \(figure(reading.spread)) < .10, from < .50"
    }
  }

  private static func figure(_ value: Double) -> String { Format.probability(value) }
}
