import TerminalUI
import Traces

/// The answers by the sum of their branches' Δ.
struct Scoreboard {
  let branches: BranchesState
  let theme: Theme

  private var rows: [Standing] {
    (branches.digest.standings[.delta] ?? []).filter { $0.answer != nil }
  }

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard !rect.isEmpty else { return }
    if rect.height == 1 { return drawLine(in: rect, on: &buffer) }
    let isMax = branches.digest.start?.settings.aggregate == .max
    let unparsed = branches.digest.votes(for: nil)
    let hidden = rows.count - (rect.height - 1)
    let notes = [
      hidden > 0 ? "\(hidden) more" : nil,
      unparsed > 0 ? "\(Panel.count(unparsed, "branch", "branches")) without an answer" : nil,
      isMax ? branches.digest.surest.map { "the surest branch, \($0.number + 1), decides" } : nil,
    ].compactMap { $0 }
    let note = notes.isEmpty ? nil : notes.joined(separator: " · ")
    let inside = Panel.draw(
      isMax ? "ΣΔ by answer" : "ΣΔ decides", note: note, in: rect, theme: theme, on: &buffer)
    guard !rows.isEmpty else {
      buffer.put(
        "no branch has answered yet", x: inside.x + 1, y: inside.y, style: theme[.dim],
        width: inside.width - 1)
      return
    }
    let top = rows.map(\.weight).max() ?? 0
    for (index, row) in rows.prefix(inside.height).enumerated() {
      draw(row, top: top, in: inside.row(index), on: &buffer)
    }
  }

  private func draw(_ row: Standing, top: Double, in line: Rect, on buffer: inout CellBuffer) {
    guard let answer = row.answer else { return }
    let isCorrect = branches.digest.isCorrect(answer)
    let cells = line.splitColumns(
      [.fixed(1), .fixed(8), .fixed(2), .fill, .fixed(5), .fixed(5), .fixed(11)], gap: 1)
    let name = Panel.answerStyle(answer, isCorrect: isCorrect, theme: theme, base: theme[.text])
    Table.put(
      StyledText(PathText.oneLine(answer.utf8), style: name), in: cells[1], alignment: .right,
      on: &buffer)
    buffer.put(
      Panel.marks(
        isWinner: answer == branches.winner, isCorrect: isCorrect, theme: theme,
        base: theme[.text]), x: cells[2].x, y: line.y)
    if row.weight > 0 {
      Bar.draw(
        row.weight / max(top, .leastNormalMagnitude), in: cells[3], style: theme[.barShaped],
        on: &buffer)
    }
    func put(_ text: String, _ cell: Rect, _ style: Style) {
      Table.put(StyledText(text, style: style), in: cell, alignment: .right, on: &buffer)
    }
    put(Format.fixed(row.weight, 2), cells[4], theme[.text])
    put(Format.probability(row.share), cells[5], theme[.dim])
    put(
      Panel.count(branches.digest.votes(for: answer), "branch", "branches"), cells[6],
      theme[.dim])
  }

  /// All on one line: `ΣΔ  8 ★ ████████ 2.91   5 ██ .53`.
  private func drawLine(in rect: Rect, on buffer: inout CellBuffer) {
    var x = buffer.put("ΣΔ", x: rect.x + 1, y: rect.y, style: theme[.title]) + 1
    guard !rows.isEmpty else {
      buffer.put(
        "no branch has answered yet", x: x + 1, y: rect.y, style: theme[.dim],
        width: rect.right - x - 1)
      return
    }
    let top = rows.map(\.weight).max() ?? 0
    for row in rows {
      guard let answer = row.answer else { continue }
      let isCorrect = branches.digest.isCorrect(answer)
      let name = PathText.oneLine(answer.utf8)
      let bar = Bar.text(row.weight / max(top, .leastNormalMagnitude), width: 8)
      let value = Format.fixed(row.weight, 2)
      let needed = DisplayWidth.of(name) + DisplayWidth.of(bar) + value.count + 6
      guard x + needed < rect.right else { break }
      x = buffer.put(
        name, x: x + 1, y: rect.y,
        style: Panel.answerStyle(answer, isCorrect: isCorrect, theme: theme, base: theme[.text]))
      x = buffer.put(
        Panel.marks(
          isWinner: answer == branches.winner, isCorrect: isCorrect, theme: theme,
          base: theme[.text]), x: x, y: rect.y)
      x = buffer.put(bar, x: x + 1, y: rect.y, style: theme[.barShaped])
      x = buffer.put(value, x: x + 1, y: rect.y, style: theme[.text]) + 1
    }
  }
}
