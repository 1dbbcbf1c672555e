import Measuring
import Reasoning
import TerminalUI
import Traces

/// Self-consistency as it happens: how the answers of the sampled paths stand, how their shares
/// settle, and what lies behind each answer.
enum VotesView {
  static func draw(
    _ state: PlaygroundState, in rect: Rect, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let votes = state.votes
    if let comparison = votes.comparison {
      return ComparisonView.draw(comparison, votes.digest, in: rect, view: view, on: &buffer)
    }
    guard votes.digest.run != nil else {
      drawBlank(state, in: rect, theme: view.theme, on: &buffer)
      return nil
    }
    switch votes.level {
    case .answers: drawTally(state, in: rect, theme: view.theme, on: &buffer)
    case .paths:
      guard let detail = votes.detail else { return nil }
      AnswerView(votes: votes, detail: detail, theme: view.theme).draw(in: rect, on: &buffer)
    }
    return nil
  }

  private static func drawBlank(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let count = state.settings.samples ?? SelfConsistency.defaultSamples
    let temperature = Format.fixed(
      state.settings.temperature ?? SelfConsistency.description.defaultTemperature, 1)
    Panel.blank(
      title: "No vote has been taken yet",
      lines: [
        "\(count) paths are sampled at T = \(temperature), each reasons in its own way, and "
          + "their answers vote: the share of an answer estimates its probability summed over "
          + "all ways of reasoning. The same samples can then be weighed otherwise.",
        "Wang et al. 2022, arXiv 2203.11171",
      ],
      hint: StyledText([
        .init("Press ", style: theme[.text]), .init("Space", style: theme[.key]),
        .init(" to sample and vote.", style: theme[.text]),
      ]), in: rect, theme: theme, on: &buffer)
  }

  // MARK: The tally

  private static func drawTally(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let votes = state.votes
    let layout = TallyLayout(in: rect, rows: votes.standings.count)
    Panel.header(
      progress(state, width: rect.width, theme: theme),
      weightings(votes, theme: theme), weighting(votes.weighting, theme: theme),
      in: layout.header, on: &buffer)
    if votes.standings.isEmpty {
      drawBeginning(votes, in: layout, width: rect.width, theme: theme, on: &buffer)
    } else {
      let total = votes.wanted ?? max(1, votes.digest.counted)
      TallyTable(votes: votes, theme: theme).draw(in: layout.table, on: &buffer)
      ShareChart(votes: votes, total: total, theme: theme).draw(in: layout.chart, on: &buffer)
      PathFeed(votes: votes, theme: theme).draw(in: layout.feed, on: &buffer)
    }
    buffer.put(
      note(votes, width: rect.width), x: layout.note.x + 1, y: layout.note.y, style: theme[.dim],
      width: layout.note.width - 2)
  }

  /// Before anything is counted there are only paths that grow.
  private static func drawBeginning(
    _ votes: VotesState, in layout: TallyLayout, width: Int, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    let top = layout.header.bottom
    buffer.put(
      "No path has been counted yet: "
        + Panel.count(votes.digest.generated, "token") + " on "
        + Panel.count(votes.digest.numbers.count, "path") + ".",
      x: layout.header.x + 1, y: top, style: theme[.dim], width: width - 2)
    PathFeed(votes: votes, theme: theme).draw(
      in: Rect(
        x: layout.header.x, y: top + 1, width: width, height: max(0, layout.note.y - top - 1)),
      on: &buffer)
  }

  /// What the numbers mean, and what they do not.
  private static func note(_ votes: VotesState, width: Int) -> String {
    let temperature = Format.fixed(
      votes.digest.start?.temperature ?? SelfConsistency.description.defaultTemperature, 1)
    switch votes.weighting {
    case .majority:
      return width >= 116
        ? "A vote converges to what the sampler answers most often at T = \(temperature), "
          + "summed over all its paths: not to the truth."
        : "A vote converges to the sampler's favourite at T = \(temperature), not to the truth."
    case .delta:
      return "Each path counts its Δ, how sure it was of its answer."
    case .likelihood:
      return "Each path counts its own probability: a few short and likely ones decide."
    case .normalizedLikelihood:
      return "Each path counts its probability per token, so that length does not matter."
    case .verifier: return "Each path counts what the verifier gave it."
    }
  }

  private static func progress(
    _ state: PlaygroundState, width: Int, theme: Theme
  ) -> StyledText {
    let digest = state.votes.digest
    let description =
      digest.start.flatMap { StrategyRegistry.description(of: $0.strategy) }
      ?? SelfConsistency.description
    var text = StyledText(width >= 70 ? description.title : "Vote", style: theme[.title])
    let total = state.votes.wanted.map { " of \($0)" } ?? ""
    text.append("  \(digest.counted)\(total) counted", style: theme[.text])
    let activity = digest.run.flatMap { state.activities[$0] }
    if activity?.isCancelling == true {
      text.append("  stopping …", style: theme[.warning])
    } else if activity != nil {
      text.append("  sampling …", style: theme[.notice])
      if state.votes.queued > 0 {
        text.append("  + \(state.votes.queued)", style: theme[.notice])
      }
    } else if digest.end?.reason == .cancelled {
      text.append("  stopped; Space goes on", style: theme[.warning])
    } else if digest.end?.reason == .failed {
      text.append("  failed; Space goes on", style: theme[.error])
    } else if let stopped = digest.stopped {
      text.append("  ended early: \(stopped.why.rawValue)", style: theme[.notice])
    } else if let tokens = digest.end?.tokens {
      text.append("  done", style: theme[.dim])
      if width >= 110 {
        let computed = Panel.count(tokens.computed, "token")
        text.append(": \(computed) computed, \(tokens.reused) reused", style: theme[.dim])
      }
    }
    // What the title line tells holds for the next vote; this one may be another's.
    if width >= 100, let start = digest.start, let notes = difference(start, state.settings) {
      text.append("   taken at \(notes)", style: theme[.warning])
    }
    return text
  }

  /// In what a vote's sampler differs from the settings at hand.
  private static func difference(_ taken: RunStart, _ now: RunSettings) -> String? {
    var notes: [String] = []
    if taken.temperature != now.temperature ?? taken.usualTemperature {
      notes.append("T \(Format.fixed(taken.temperature, 1))")
    }
    if taken.settings.seed != now.seed { notes.append("seed \(taken.settings.seed)") }
    return notes.isEmpty ? nil : notes.joined(separator: ", ")
  }

  static func name(_ method: Tally.Method) -> String {
    switch method {
    case .majority: "majority"
    case .delta: "Δ"
    case .likelihood: "likelihood"
    case .normalizedLikelihood: "per token"
    case .verifier: "verifier"
    }
  }

  private static func weighting(_ active: Tally.Method, theme: Theme) -> StyledText {
    StyledText([
      .init("w", style: theme[.key]), .init(" by \(name(active))", style: theme[.text]),
    ])
  }

  private static func weightings(_ votes: VotesState, theme: Theme) -> StyledText {
    var text = StyledText("w", style: theme[.key])
    for method in votes.weightings {
      let isActive = method == votes.weighting
      text.append(" ", style: theme[.dim])
      text.append(
        isActive ? "[\(name(method))]" : " \(name(method)) ",
        style: theme[isActive ? .tabActive : .dim])
    }
    return text
  }
}

/// The answers as rows, the leader first.
private struct TallyTable {
  let votes: VotesState
  let theme: Theme

  private enum Column { case answer, marks, bar, count, weight, share, interval }

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    let columns = columns(width: rect.width)
    let table = Table(columns: columns.map(\.1), styles: Table.Styles(theme: theme))
    let rows = votes.standings
    let winner = votes.digest.winner(votes.weighting)
    table.draw(
      count: rows.count, position: ListPosition(selected: votes.selectedRow), in: rect,
      on: &buffer
    ) { item, column, cell, base, buffer in
      draw(
        columns[column].0, of: rows[item],
        isWinner: rows[item].answer.map { $0 == winner } ?? false,
        in: cell, base: base, on: &buffer)
    }
  }

  private func columns(width: Int) -> [(Column, Table.Column)] {
    let isCount = votes.weighting == .majority
    var columns: [(Column, Table.Column)] = [
      (.answer, .init("answer", .fixed(width < 76 ? 9 : 12), .right)),
      (.marks, .init("", .fixed(2))),
      (.bar, .init(isCount ? "share ├ 95 % ┤" : "share of the weight", .fill)),
      (.count, .init("paths", .fixed(5), .right)),
    ]
    if !isCount { columns.append((.weight, .init("Σ weight", .fixed(9), .right))) }
    columns.append((.share, .init("share", .fixed(5), .right)))
    if isCount { columns.append((.interval, .init("95 % interval", .fixed(13)))) }
    return columns
  }

  private func draw(
    _ column: Column, of row: Standing, isWinner: Bool, in cell: Rect, base: Style,
    on buffer: inout CellBuffer
  ) {
    let dim = base.overlaid(by: theme[.dim]).on(base.background)
    let isCorrect = votes.digest.isCorrect(row.answer)
    func put(_ text: String, _ style: Style, _ alignment: Alignment = .right) {
      Table.put(StyledText(text, style: style), in: cell, alignment: alignment, on: &buffer)
    }
    switch column {
    case .answer:
      put(
        row.answer.map { PathText.oneLine($0.utf8) } ?? "no answer",
        Panel.answerStyle(row.answer, isCorrect: isCorrect, theme: theme, base: base))
    case .marks:
      buffer.put(
        Panel.marks(isWinner: isWinner, isCorrect: isCorrect, theme: theme, base: base),
        x: cell.x, y: cell.y)
    case .bar: drawBar(row, in: cell, base: base, on: &buffer)
    case .count: put("\(votes.digest.votes(for: row.answer))", base)
    case .weight: put(row.answer == nil ? "—" : Self.weight(row.weight), base)
    case .share:
      put(
        row.answer == nil && row.interval == nil ? "—" : Format.probability(row.share), base)
    case .interval:
      guard let interval = row.interval else { return }
      put(
        "[\(Format.probability(interval.lowerBound)), \(Format.probability(interval.upperBound))]",
        dim, .left)
    }
  }

  private func drawBar(_ row: Standing, in cell: Rect, base: Style, on buffer: inout CellBuffer) {
    let own =
      row.answer.flatMap { votes.digest.order.firstIndex(of: $0) }.map { theme.series($0) }
      ?? theme[.answerUnparsed]
    let style = base.overlaid(by: own).on(base.background)
    guard let interval = row.interval else {
      if row.share > 0 { Bar.draw(row.share, in: cell, style: style, on: &buffer) }
      return
    }
    let whisker = base.overlaid(by: theme[.dim]).on(base.background)
    Bar.draw(
      row.share, interval: interval, in: cell, style: style, whiskerStyle: whisker, on: &buffer)
  }

  /// A sum of weights, which may be as small as the probability of a long text.
  private static func weight(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "0" }
    if value >= 0.001 { return Format.fixed(value, 3) }
    var (mantissa, exponent) = (value, 0)
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    return "\(Format.fixed(mantissa, 1))e\(exponent)"
  }
}

/// The paths as they are sampled: those that grow, then those that ended last.
private struct PathFeed {
  let votes: VotesState
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height >= 3 else { return }
    let inside = Panel.draw(
      votes.digest.growing.isEmpty ? "the last paths" : "paths under way", in: rect,
      theme: theme, on: &buffer)
    for (row, path) in votes.digest.latest(inside.height).enumerated() {
      draw(path, in: inside.row(row), on: &buffer)
    }
  }

  private func draw(_ path: PathDigest, in line: Rect, on buffer: inout CellBuffer) {
    let cells = line.splitColumns([.fixed(5), .fill, .fixed(12)], gap: 1)
    Table.put(
      StyledText("\(path.number + 1)", style: theme[.dim]), in: cells[0], alignment: .right,
      on: &buffer)
    let styles = PathText.Styles(theme: theme, base: theme[.text])
    buffer.put(
      PathText.line(path, columns: cells[1].width, styles: styles), x: cells[1].x, y: line.y,
      width: cells[1].width)
    guard !path.isGrowing else { return }
    let isCorrect = votes.digest.isCorrect(path.answer)
    let style = Panel.answerStyle(
      path.answer, isCorrect: isCorrect, theme: theme, base: theme[.text])
    let name = path.answer.map { PathText.oneLine($0.utf8) } ?? (path.isCut ? "cut" : "no answer")
    let x = buffer.put(
      PathText.head(name, columns: cells[2].width - 2), x: cells[2].x, y: line.y, style: style)
    if let isCorrect {
      buffer.put(isCorrect ? " ✓" : " ✗", x: x, y: line.y, style: style)
    }
  }
}

/// The running share of each answer over the counted samples.
private struct ShareChart {
  let votes: VotesState
  /// How many samples the full width stands for.
  let total: Int
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height >= 3, rect.width >= 24 else { return }
    let inside = Panel.draw(
      votes.weighting == .majority
        ? "share of the votes so far" : "share of the weight so far", in: rect, theme: theme,
      on: &buffer)
    let answers = shown
    guard let history = votes.digest.histories[votes.weighting], history.length > 0 else { return }
    let plot = Rect(
      x: inside.x + 4, y: inside.y, width: inside.width - 14, height: inside.height - 1)
    guard plot.height > 0, plot.width > 4 else { return }
    drawAxes(plot, on: &buffer)
    // More samples than dots are thinned out: every `step`-th is drawn.
    let whole = max(total, history.length)
    let step = max(1, whole / (plot.width * 4))
    let selected =
      votes.standings.indices.contains(votes.selectedRow)
      ? votes.standings[votes.selectedRow].answer : nil
    var series = band(of: selected, history, step: step)
    // The leader is drawn last, over the others.
    for answer in answers.reversed() {
      let shares = history[answer]
      series.append(
        .init(
          values: stride(from: 0, to: shares.count, by: step).map { shares[$0] },
          style: style(answer)))
    }
    LineChart(series: series, capacity: (whole + step - 1) / step).draw(
      in: plot, gridStyle: theme[.chartGrid], on: &buffer)
    drawLabels(answers, history, plot, on: &buffer)
  }

  /// The answers whose shares are drawn: those that lead, and the selected one. Answers that one
  /// path gave would hide them.
  private var shown: [String] {
    let rows = votes.standings.compactMap(\.answer)
    return rows.enumerated().filter { index, answer in
      index < 2 || answer == votes.chosen?.answer
        || (index < Role.voteLevels && votes.digest.votes(for: answer) > 1)
    }.map(\.element)
  }

  private func style(_ answer: String) -> Style {
    theme.series(votes.digest.order.firstIndex(of: answer) ?? 0)
  }

  /// The limits of the selected answer's interval, as it narrows. Weights have none.
  private func band(
    of answer: String?, _ history: ShareHistory, step: Int
  ) -> [LineChart.Series] {
    guard votes.weighting == .majority, let answer else { return [] }
    let shares = history[answer]
    let intervals = stride(from: 0, to: shares.count, by: step).map { index in
      Statistics.wilsonInterval(
        successes: Int((shares[index] * Double(index + 1)).rounded()), trials: index + 1)
    }
    // Every other sample, so that the limits are dots beside the line of the share.
    func limit(_ bound: KeyPath<ClosedRange<Double>, Double>) -> LineChart.Series {
      .init(
        values: intervals.enumerated().map {
          $0.offset % 2 == 0 ? $0.element[keyPath: bound] : nil
        },
        style: theme[.dim])
    }
    return [limit(\.lowerBound), limit(\.upperBound)]
  }

  private func drawAxes(_ plot: Rect, on buffer: inout CellBuffer) {
    let style = theme[.dim]
    for (text, row) in [("1", 0), (".5", (plot.height - 1) / 2), ("0", plot.height - 1)] {
      buffer.put(text, x: plot.x - 1 - text.count, y: plot.y + row, style: style)
    }
    buffer.put("1", x: plot.x, y: plot.bottom, style: style)
    let end = "\(max(total, votes.digest.counted)) samples"
    buffer.put(end, x: plot.right - min(plot.width - 2, end.count), y: plot.bottom, style: style)
  }

  /// Each answer beside the end of its line, the leader first; where there is no room for one it
  /// is left out, for its share is in the table.
  private func drawLabels(
    _ answers: [String], _ history: ShareHistory, _ plot: Rect, on buffer: inout CellBuffer
  ) {
    var taken: Set<Int> = []
    for answer in answers {
      guard let share = history[answer].last else { continue }
      let row = plot.height - 1 - Int((share * Double(plot.height - 1)).rounded())
      let free = [row, row + 1, row - 1].first {
        (0..<plot.height).contains($0) && !taken.contains($0)
      }
      guard let free else { continue }
      taken.insert(free)
      buffer.put(
        PathText.head(PathText.oneLine(answer.utf8), columns: 9), x: plot.right + 1,
        y: plot.y + free, style: style(answer))
    }
  }
}
