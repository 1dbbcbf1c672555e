import Measuring
import Reasoning
import TerminalUI
import Traces

/// The running share of each answer over the counted samples.
struct ShareChart {
  let votes: VotesScreen
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
    var series = band(of: votes.selected?.answer, history, step: step)
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
  private func band(of answer: String?, _ history: ShareHistory, step: Int) -> [LineChart.Series] {
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
        }, style: theme[.dim])
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

/// The paths as they are sampled: those that grow, then those that ended last.
struct PathFeed {
  let votes: VotesScreen
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height >= 3 else { return }
    let inside = Panel.draw(
      votes.digest.growing.isEmpty ? "the last paths" : "paths under way", in: rect,
      theme: theme, on: &buffer)
    let digest = votes.digest
    let columns: [ItemColumn<PathDigest>] = [
      .init("", .fixed(5), .right) { $1.text("\($0.number + 1)", .dim) },
      .init("", .fill) { $1.path($0) },
      .init("", .fixed(12)) { path, cell in
        guard !path.isGrowing else { return nil }
        let name = path.answer.map { PathText.oneLine($0.utf8) }
        let mark = digest.isCorrect(path.answer).map { $0 ? " ✓" : " ✗" } ?? ""
        return StyledText(
          PathText.head(name ?? (path.isCut ? "cut" : "no answer"), columns: cell.width - 2) + mark,
          style: digest.style(of: path.answer, theme: theme, base: cell.base))
      },
    ]
    digest.latest(inside.height).draw(columns, in: inside, theme: theme, on: &buffer)
  }
}
