import Reasoning
import TerminalUI

/// The steps of a path as rows: the state's p(answer), the action, its reward and its value.
struct StepTable {
  let steps: StepsScreen
  let episode: Episode
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.width > StepsLayout.oracleWidth else { return }
    Table.draw(
      columns(width: rect.width), count: steps.shownSteps, position: steps.position, in: rect,
      theme: theme, on: &buffer,
      // What lies ahead of the selected step has not been done yet.
      base: { $0 > steps.position.selected ? theme.style(.dim, over: $1) : $1 },
      item: { episode.steps.indices.contains($0) ? episode.steps[$0] : nil })
  }

  /// Each figure has a name of its own.
  func columns(width: Int) -> [ItemColumn<Episode.Step>] {
    let isWide = width >= 90
    let curve = episode.curve
    var columns: [ItemColumn<Episode.Step>] = [
      .init("t", .fixed(2), .right) { $1.text("\($0.number)") }
    ]
    if !curve.isEmpty {
      let answer = episode.answer.map { PathText.head($0, columns: 3) } ?? "answer"
      func chance(_ row: Int) -> Double? { curve.own.indices.contains(row) ? curve.own[row] : nil }
      columns.append(
        .init("p(\(answer))", .fixed(6), .right) {
          $1.text(orDash: chance($1.row).map(Format.smallProbability))
        })
      if isWide {
        columns.append(
          .init("", .fixed(10)) { _, cell in
            chance(cell.row).map { cell.bar($0, cell.style(.barShaped)) }
          })
      }
      if curve.knowsLeaders {
        columns.append(
          .init("now", .fixed(isWide ? 8 : 4)) { _, cell in
            let leader = curve.leader(at: cell.row)?.answer
            return cell.text(leader.map { PathText.head($0, columns: cell.width) } ?? "—")
          })
      }
    }
    columns += [
      .init("action R", .fill) { step, cell in
        let text = PathText.oneLine(step.bytes).drop { $0 == " " }
        return cell.text(PathText.head(String(text), columns: cell.width))
      }, .init("tok", .fixed(3), .right) { $1.text("\($0.tokens.count)", .dim) },
      .init("log p", .fixed(6), .right) {
        $1.text($0.injected == $0.tokens.count ? "—" : Format.fixed($0.logProbability, 2))
      },
      .init("r", .fixed(6), .right) { step, cell in
        guard let reward = step.reward else { return cell.text("—", .dim) }
        return StyledText(
          Strip.glyph(reward) + " " + Format.smallProbability(reward),
          style: Strip.style(reward, theme, cell.base))
      },
    ]
    if episode.judge != nil {
      columns.append(
        .init("V", .fixed(6), .right) { step, cell in
          guard let value = step.learnedValue else { return cell.text("—", .dim) }
          return StyledText(
            Strip.glyph(value) + " " + Format.smallProbability(value),
            style: Strip.style(value, theme, cell.base))
        })
    }
    if steps.hasValues {
      columns.append(
        .init("Q", .fixed(4), .right) {
          $1.text($0.value.map { Format.probability($0.value) } ?? "—")
        })
    }
    return columns + [.init("│ oracle", .fixed(StepsLayout.oracleWidth)) { oracle($1) }]
  }

  /// What the exact checker says of the last step, to the right of a line.
  private func oracle(_ cell: Cell) -> StyledText {
    var text = cell.text("│ ", .border)
    guard cell.row + 1 == episode.steps.count else { return text }
    switch episode.outcome {
    case true?: text.append("1 ✓", style: cell.style(.answerCorrect))
    case false?: text.append("0 ✗", style: cell.style(.answerWrong))
    case nil: text.append("—", style: cell.style(.dim))
    }
    return text
  }
}

/// The answers over time: p(the path's own answer) in each state, those of the answers that the
/// model would give instead, and which of them it would give.
struct CurvePanel {
  let steps: StepsScreen
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
        hint.append(" judges the steps", style: theme[.dim])
      }
      buffer.put(hint, x: inside.x + 1, y: inside.y, width: inside.width - 2)
      return
    }
    // One state makes no curve.
    guard states > 1 else {
      return drawOnlyState(in: inside.inset(horizontal: 1, vertical: 0), on: &buffer)
    }
    let labels = inside.height > 2 ? 1 : 0
    let chart = Rect(
      x: inside.x + 4, y: inside.y, width: inside.width - 6, height: inside.height - labels)
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

  private func style(ofLine index: Int) -> Style { theme.level(.vote, index % Role.voteLevels + 1) }

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

  /// What the model would answer in the only state that was asked, in words.
  private func drawOnlyState(in rect: Rect, on buffer: inout CellBuffer) {
    var text = StyledText("Asked once, before the first step", style: theme[.text])
    if let own = curve.own.first ?? nil, let answer = episode.answer {
      text.append(
        ", the model gives p(\(PathText.head(answer, columns: 12))) "
          + Format.smallProbability(own), style: theme[.text])
    }
    if let leader = curve.leader(at: 0), leader.answer != episode.answer {
      text.append(
        "; it would say \(PathText.head(leader.answer, columns: 12)), "
          + Format.smallProbability(leader.probability), style: theme[.text])
    }
    text.append(". A curve takes two steps.", style: theme[.dim])
    WrappedText(text, width: rect.width).draw(in: rect, on: &buffer)
  }

  private var curve: AnswerCurve { episode.curve }

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

/// The selected action token by token: how likely each was, and what could have come instead.
struct ActionTokens {
  let steps: StepsScreen
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height > 2, let step = steps.selected else { return }
    let places = Array(step.tokens).filter(steps.pieces.indices.contains)
    let hidden = places.count - (rect.height - 2)
    let inside = Panel.draw(
      "R\(step.number) token by token", note: hidden > 0 ? "\(hidden) more" : nil, in: rect,
      theme: theme, on: &buffer)
    let columns: [ItemColumn<StepsScreen.Piece>] = [
      .init("", .fixed(4), .right) { _, cell in
        StyledText("\(places[cell.row] + 1)", style: theme[.dim])
      },
      .init("token", .fixed(18)) { piece, cell in
        StyledText(
          PathText.head(piece.label, columns: cell.width),
          style: piece.isInjected
            ? theme[.tokenInjected].adding(.reverse)
            : piece.probability.map(theme.heat) ?? cell.base)
      },
      .init("p", .fixed(5), .right) { piece, cell in
        cell.text(piece.isInjected ? "—" : piece.probability.map(Format.smallProbability) ?? "—")
      },
      .init("", .fixed(12)) { piece, cell in
        guard !piece.isInjected, let p = piece.probability else { return nil }
        return cell.bar(p, theme.heat(p))
      },
      .init("the likeliest other", .fill) { piece, _ in
        if piece.isInjected { return StyledText("put in", style: theme[.dim]) }
        guard let other = piece.other, let p = piece.otherProbability else { return nil }
        return StyledText(
          "\(PathText.head(other, columns: 24)) \(Format.smallProbability(p))", style: theme[.dim])
      },
    ]
    places.map { steps.pieces[$0] }
      .draw(columns, showsHeading: true, in: inside, theme: theme, on: &buffer)
  }
}
