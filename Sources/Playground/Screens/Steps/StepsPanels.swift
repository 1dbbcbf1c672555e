import Reasoning
import TerminalUI

/// The steps of a path as rows: the state's p(answer), the action, its reward and its value.
struct StepTable {
  let steps: StepsScreen
  let episode: Episode
  let theme: Theme

  /// Each figure has a name of its own.
  enum Column: Hashable {
    case step, chance, chanceBar, now, action, tokens, logProbability, reward, value

    /// The heading; of the answer's chance it names the answer.
    func title(_ answer: String?) -> String {
      switch self {
      case .step: "t"
      case .chance: "p(\(answer ?? "answer"))"
      case .chanceBar: ""
      case .now: "now"
      case .action: "action R"
      case .tokens: "tok"
      case .logProbability: "log p"
      case .reward: "r"
      case .value: "Q"
      }
    }
  }

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.width > StepsLayout.oracleWidth else { return }
    let columns = columns(width: rect.width)
    let oracle = Table.Column("│ oracle", .fixed(StepsLayout.oracleWidth))
    let table = Table(columns: columns.map(\.1) + [oracle], styles: Table.Styles(theme: theme))
    table.draw(
      count: steps.shownSteps, position: steps.position, in: rect, on: &buffer
    ) { item, column, cell, base, buffer in
      // What lies ahead of the selected step has not been done yet.
      let base =
        item > steps.position.selected ? base.overlaid(by: theme[.dim]).on(base.background) : base
      guard columns.indices.contains(column) else {
        return drawOracle(item, in: cell, base, on: &buffer)
      }
      draw(columns[column].0, of: item, in: cell, base: base, on: &buffer)
    }
  }

  func columns(width: Int) -> [(Column, Table.Column)] {
    let isWide = width >= 90
    let (isAsked, knowsLeaders) = (!episode.curve.isEmpty, episode.curve.knowsLeaders)
    let answer = episode.answer.map { PathText.head($0, columns: 3) }
    func column(
      _ column: Column, _ length: Length, _ alignment: Alignment = .left
    ) -> (Column, Table.Column) {
      (column, .init(column.title(answer), length, alignment))
    }
    var columns = [column(.step, .fixed(2), .right)]
    if isAsked {
      columns.append(column(.chance, .fixed(6), .right))
      if isWide { columns.append(column(.chanceBar, .fixed(10))) }
      if knowsLeaders { columns.append(column(.now, .fixed(isWide ? 8 : 4))) }
    }
    columns.append(column(.action, .fill))
    columns.append(column(.tokens, .fixed(3), .right))
    columns.append(column(.logProbability, .fixed(6), .right))
    columns.append(column(.reward, .fixed(6), .right))
    if steps.hasValues { columns.append(column(.value, .fixed(4), .right)) }
    return columns
  }

  private func draw(
    _ column: Column, of item: Int, in cell: Rect, base: Style, on buffer: inout CellBuffer
  ) {
    guard episode.steps.indices.contains(item) else { return }
    let step = episode.steps[item]
    let dim = base.overlaid(by: theme[.dim]).on(base.background)
    func put(_ text: String, _ style: Style, _ alignment: Alignment = .right) {
      Table.put(StyledText(text, style: style), in: cell, alignment: alignment, on: &buffer)
    }
    let chance = episode.curve.own.indices.contains(item) ? episode.curve.own[item] : nil
    switch column {
    case .step: put("\(step.number)", base)
    case .chance: put(chance.map(Format.smallProbability) ?? "—", chance == nil ? dim : base)
    case .chanceBar:
      if let chance {
        let bar = base.overlaid(by: theme[.barShaped]).on(base.background)
        Bar.draw(chance, in: cell, style: bar, on: &buffer)
      }
    case .now:
      let leader = episode.curve.leader(at: item)?.answer
      put(leader.map { PathText.head($0, columns: cell.width) } ?? "—", base, .left)
    case .action:
      let text = PathText.oneLine(step.bytes).drop { $0 == " " }
      put(PathText.head(String(text), columns: cell.width), base, .left)
    case .tokens: put("\(step.tokens.count)", dim)
    case .logProbability:
      put(step.injected == step.tokens.count ? "—" : Format.fixed(step.logProbability, 2), base)
    case .reward:
      guard let reward = step.reward else { return put("—", dim) }
      let style = Strip.style(reward, theme, base)
      put(Strip.glyph(reward) + " " + Format.smallProbability(reward), style)
    case .value: put(step.value.map { Format.probability($0.value) } ?? "—", base)
    }
  }

  /// What the exact checker says of the last step, to the right of a line.
  private func drawOracle(_ item: Int, in cell: Rect, _ base: Style, on buffer: inout CellBuffer) {
    func on(_ role: Role) -> Style { base.overlaid(by: theme[role]).on(base.background) }
    let x = buffer.put("│ ", x: cell.x, y: cell.y, style: on(.border))
    guard item + 1 == episode.steps.count else { return }
    switch episode.outcome {
    case true?: buffer.put("1 ✓", x: x, y: cell.y, style: on(.answerCorrect))
    case false?: buffer.put("0 ✗", x: x, y: cell.y, style: on(.answerWrong))
    case nil: buffer.put("—", x: x, y: cell.y, style: on(.dim))
    }
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
    let table = Table(
      columns: [
        .init("", .fixed(4), .right), .init("token", .fixed(18)), .init("p", .fixed(5), .right),
        .init("", .fixed(12)), .init("the likeliest other", .fill),
      ], styles: Table.Styles(theme: theme), showsSelection: false)
    table.draw(
      count: min(places.count, inside.height - 1), position: ListPosition(), in: inside,
      on: &buffer
    ) { item, column, cell, base, buffer in
      let piece = steps.pieces[places[item]]
      func put(_ text: String, _ style: Style, _ alignment: Alignment = .left) {
        Table.put(StyledText(text, style: style), in: cell, alignment: alignment, on: &buffer)
      }
      let mode = HeatMode.probability
      let heat = piece.probability.map { mode.style(mode.sureness($0), in: theme) }
      switch column {
      case 0: put("\(places[item] + 1)", theme[.dim], .right)
      case 1:
        let style = piece.isInjected ? theme[.tokenInjected].adding(.reverse) : heat ?? base
        put(PathText.head(piece.label, columns: cell.width), style)
      case 2:
        put(
          piece.isInjected ? "—" : piece.probability.map(Format.smallProbability) ?? "—", base,
          .right)
      case 3:
        if !piece.isInjected, let p = piece.probability {
          Bar.draw(p, in: cell, style: heat ?? base, on: &buffer)
        }
      default:
        if piece.isInjected { return put("put in", theme[.dim]) }
        guard let other = piece.other, let p = piece.otherProbability else { return }
        put("\(PathText.head(other, columns: 24)) \(Format.smallProbability(p))", theme[.dim])
      }
    }
  }
}
