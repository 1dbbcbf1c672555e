import Decoding
import Foundation
import TerminalUI

/// What lies behind one answer: its paths, the selected one in full, and the fork that tells most
/// about which answer follows.
struct AnswerView {
  let votes: VotesState
  let detail: AnswerDetail
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    let layout = AnswerLayout(
      in: rect, paths: detail.paths.count, choices: detail.fork?.choices.count ?? 0)
    drawHeader(in: layout.header, on: &buffer)
    drawTable(in: layout.table, on: &buffer)
    if let number = votes.selectedPath, let path = votes.digest.paths[number] {
      PathPanel(
        path: path,
        name: "path \(number + 1)" + (votes.model(ofPath: number).map { ", \($0)" } ?? ""),
        scroll: votes.textScroll,
        leaving: detail.leaving[number], theme: theme
      ).draw(in: layout.detail, on: &buffer)
    }
    drawFork(in: layout.fork, on: &buffer)
  }

  private var quoted: String {
    detail.answer.map { "\"\(PathText.oneLine($0.utf8))\"" } ?? "no answer"
  }

  private func drawHeader(in rect: Rect, on buffer: inout CellBuffer) {
    var left = StyledText(
      "\(Panel.count(detail.paths.count, "path")) with \(quoted) ", style: theme[.title])
    let marks = Panel.marks(
      isWinner: detail.answer != nil && detail.answer == votes.digest.winner(votes.weighting),
      isCorrect: votes.digest.isCorrect(detail.answer), theme: theme, base: theme[.text])
    left.runs += marks.runs
    if detail.texts < detail.paths.count {
      left.append(
        detail.texts == 1 ? "  all the same text" : "  \(detail.texts) different texts",
        style: theme[.dim])
    }
    var right = StyledText("←", style: theme[.key])
    right.append(" back to the answers", style: theme[.dim])
    Panel.header(left, right, in: rect, on: &buffer)
  }

  // MARK: The paths

  private enum Column { case number, model, tokens, bar, delta, likelihood, leaves, text }

  private func columns(width: Int) -> [(Column, Table.Column)] {
    var columns: [(Column, Table.Column)] = [
      (.number, .init("path", .fixed(4), .right)),
      (.tokens, .init("tokens", .fixed(6), .right)),
    ]
    if !votes.models.isEmpty {
      columns.insert((.model, .init("model", .fixed(width < 76 ? 12 : 18))), at: 1)
    }
    if width >= 76 { columns.append((.bar, .init("Δ", .fixed(6)))) }
    columns.append((.delta, .init(width >= 76 ? "" : "Δ", .fixed(4), .right)))
    columns.append((.likelihood, .init("log p", .fixed(6), .right)))
    if width >= 76, !detail.leaving.isEmpty, votes.models.isEmpty {
      columns.append((.leaves, .init("parts at", .fixed(width < 110 ? 11 : 18))))
    }
    columns.append((.text, .init("text", .fill)))
    return columns
  }

  private func drawTable(in rect: Rect, on buffer: inout CellBuffer) {
    let columns = columns(width: rect.width)
    let table = Table(columns: columns.map(\.1), styles: Table.Styles(theme: theme))
    table.draw(
      count: detail.paths.count, position: votes.paths, in: rect, on: &buffer
    ) { item, column, cell, base, buffer in
      guard let path = votes.digest.paths[detail.paths[item]] else { return }
      draw(columns[column].0, of: path, in: cell, base: base, on: &buffer)
    }
    let visible = votes.paths.visible(count: detail.paths.count, height: rect.height - 1)
    if let marked = votes.marked, let row = detail.paths.firstIndex(of: marked),
      visible.contains(row)
    {
      buffer.put("◆", x: rect.x, y: rect.y + 1 + row - visible.lowerBound, style: theme[.notice])
    }
  }

  private func draw(
    _ column: Column, of path: PathDigest, in cell: Rect, base: Style,
    on buffer: inout CellBuffer
  ) {
    func put(_ text: String, _ role: Role = .text, _ alignment: Alignment = .right) {
      let style = role == .text ? base : base.overlaid(by: theme[role]).on(base.background)
      Table.put(StyledText(text, style: style), in: cell, alignment: alignment, on: &buffer)
    }
    switch column {
    case .number: put("\(path.number + 1)")
    case .model: put(votes.model(ofPath: path.number) ?? "", .dim, .left)
    case .tokens: put("\(path.generated)", .dim)
    case .bar:
      let style = base.overlaid(by: theme[.barShaped]).on(base.background)
      if let delta = path.delta { Bar.draw(delta, in: cell, style: style, on: &buffer) }
    case .delta: put(path.delta.map(Format.probability) ?? "—")
    case .likelihood: put(path.logProbability.map { Format.fixed($0, $0 > -100 ? 2 : 0) } ?? "—")
    case .leaves:
      guard let index = detail.leaving[path.number] else { return }
      put("\(index + 1) \(PathText.quoted(path.bytes(ofToken: index)))", .dim, .left)
    case .text:
      let styles = PathText.Styles(theme: theme, base: base)
      buffer.put(
        PathText.line(path, columns: cell.width, styles: styles), x: cell.x, y: cell.y,
        width: cell.width)
    }
  }

  // MARK: The fork

  private func drawFork(in rect: Rect, on buffer: inout CellBuffer) {
    guard let fork = detail.fork else {
      let inside = Panel.draw("where the paths part", in: rect, theme: theme, on: &buffer)
      let isOnly = detail.paths.count == detail.counted
      buffer.put(
        isOnly
          ? "Every counted path gave this answer."
          : !votes.models.isEmpty
            ? "The paths are by different models, each with odds of its own."
            : "No single token tells this answer from the others beyond chance.",
        x: inside.x + 1, y: inside.y, style: theme[.dim], width: inside.width - 2)
      return
    }
    let place =
      fork.depth == 0
      ? "at the first token" : "after \"\(PathText.tail(fork.context, columns: 14))\""
    let inside = Panel.draw(
      "where \(quoted) leaves the others: \(place)",
      note: "\(fork.choices.count) ways · \(Format.fixed(fork.information, 2)) bit", in: rect,
      theme: theme, on: &buffer)
    guard inside.height > 1 else { return }
    let most = fork.choices.map { $0.matching + $0.others }.max() ?? 1
    let heading = cells(in: inside.row(0))
    for (cell, title, alignment) in [
      (heading[0], "token", Alignment.left), (heading[1], "p", .right), (heading[2], quoted, .left),
      (heading[3], "others", .left),
    ] {
      Table.put(
        StyledText(title, style: theme[.dim]), in: cell, alignment: alignment, on: &buffer)
    }
    for (index, choice) in fork.choices.prefix(inside.height - 1).enumerated() {
      draw(choice, most: most, in: inside.row(index + 1), on: &buffer)
    }
  }

  private func cells(in line: Rect) -> [Rect] {
    Rect(x: line.x + 1, y: line.y, width: line.width - 2, height: line.height).splitColumns(
      [.fixed(14), .fixed(4), .fill, .fill], gap: 1)
  }

  private func draw(
    _ choice: DecidingFork.Choice, most: Int, in line: Rect, on buffer: inout CellBuffer
  ) {
    let cells = cells(in: line)
    buffer.put(
      PathText.head(PathText.quoted(choice.token.bytes), columns: cells[0].width), x: cells[0].x,
      y: line.y, style: theme[.text])
    Table.put(
      StyledText(
        choice.logProbability.map { Format.probability(exp($0)) } ?? "—", style: theme[.dim]),
      in: cells[1], alignment: .right, on: &buffer)
    for (cell, count, role) in [
      (cells[2], choice.matching, Role.barShaped), (cells[3], choice.others, .barCut),
    ] {
      let digits = "\(count)"
      let x = buffer.put(
        String(repeating: " ", count: max(0, 3 - digits.count)) + digits, x: cell.x, y: line.y,
        style: theme[count > 0 ? .text : .dim])
      guard count > 0 else { continue }
      Bar.draw(
        Double(count) / Double(most),
        in: Rect(x: x + 1, y: line.y, width: max(0, cell.right - x - 1), height: 1),
        style: theme[role], on: &buffer)
    }
  }
}
