import Reasoning
import TerminalUI
import Traces

/// What the branches answer: by the sum of their Δ where that decides, else (of a beam, or of plain
/// samples) in the order of the first branch that gave each.
struct AnswerBoard {
  let branches: BranchesScreen
  let theme: Theme

  /// An answer with how many branches gave it and the greatest Σ log p of one that did.
  struct Row: Equatable {
    var answer: String
    var count: Int
    var logProbability: Double?
  }

  /// In the order of the first branch that gave each.
  static func rows(_ digest: RunDigest) -> [Row] {
    var rows: [Row] = []
    for path in digest.numbers.compactMap({ digest.paths[$0] }) where path.isBranch {
      guard let answer = path.answer else { continue }
      if let index = rows.firstIndex(where: { $0.answer == answer }) {
        rows[index].count += 1
        rows[index].logProbability = [rows[index].logProbability, path.logProbability]
          .compactMap { $0 }.max()
      } else {
        rows.append(Row(answer: answer, count: 1, logProbability: path.logProbability))
      }
    }
    return rows
  }

  private var digest: RunDigest { branches.digest }

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard !rect.isEmpty else { return }
    if branches.isByDelta {
      drawSums(in: rect, on: &buffer)
    } else {
      drawCounts(in: rect, on: &buffer)
    }
  }

  private func drawNone(x: Int, _ rect: Rect, on buffer: inout CellBuffer) {
    buffer.put(
      "no branch has answered yet", x: x, y: rect.y, style: theme[.dim], width: rect.right - x)
  }

  private func name(_ answer: String) -> StyledText {
    StyledText(
      PathText.oneLine(answer.utf8),
      style: digest.style(of: answer, theme: theme, base: theme[.text]))
  }

  private func marks(_ answer: String) -> StyledText {
    digest.marks(of: answer, winner: branches.winner, theme: theme, base: theme[.text])
  }

  // MARK: How many branches

  private func drawCounts(in rect: Rect, on buffer: inout CellBuffer) {
    let rows = Self.rows(digest)
    var inside = rect
    if rect.height > 1 {
      let isBeam = branches.strategy.shape.searches && !branches.strategy.shape.ranksCandidates
      let hidden = rows.count - (rect.height - 1)
      inside = Panel.draw(
        isBeam ? "the likeliest text decides" : "answers",
        note: hidden > 0 ? "\(hidden) more" : nil, in: rect, theme: theme, on: &buffer)
    }
    if rows.isEmpty { drawNone(x: inside.x + 1, inside, on: &buffer) }
    for (index, row) in rows.prefix(inside.height).enumerated() {
      var text = name(row.answer)
      text.runs[0].text += " "
      text.runs += marks(row.answer).runs
      text.append("  \(Panel.count(row.count, "branch", "branches"))", style: theme[.text])
      if let sum = row.logProbability {
        text.append("  Σ log p \(Format.fixed(sum, 2))", style: theme[.dim])
      }
      buffer.put(text, x: inside.x + 1, y: inside.y + index, width: inside.width - 2)
    }
  }

  // MARK: The sum of their Δ

  private func drawSums(in rect: Rect, on buffer: inout CellBuffer) {
    let rows = (digest.standings[.delta] ?? []).filter { $0.answer != nil }
    let top = max(rows.map(\.weight).max() ?? 0, .leastNormalMagnitude)
    if rect.height == 1 { return drawLine(rows, top: top, in: rect, on: &buffer) }
    let isMax = digest.start?.settings.aggregate == .max
    let unparsed = digest.votes(for: nil)
    let hidden = rows.count - (rect.height - 1)
    let notes = [
      hidden > 0 ? "\(hidden) more" : nil,
      unparsed > 0 ? "\(Panel.count(unparsed, "branch", "branches")) without an answer" : nil,
      isMax ? digest.surest.map { "the surest branch, \($0.number + 1), decides" } : nil,
    ].compactMap { $0 }
    let inside = Panel.draw(
      isMax ? "ΣΔ by answer" : "ΣΔ decides",
      note: notes.isEmpty ? nil : notes.joined(separator: " · "), in: rect, theme: theme,
      on: &buffer)
    if rows.isEmpty { drawNone(x: inside.x + 1, inside, on: &buffer) }
    let columns: [ItemColumn<Standing>] = [
      .init("", .fixed(1)) { _, _ in nil },
      .init("", .fixed(8), .right) { row, _ in row.answer.map(name) },
      .init("", .fixed(2)) { row, _ in row.answer.map(marks) },
      .init("", .fill) { row, cell in
        row.weight > 0 ? cell.bar(row.weight / top, theme[.barShaped]) : nil
      }, .init("", .fixed(5), .right) { $1.text(Format.fixed($0.weight, 2)) },
      .init("", .fixed(5), .right) { $1.text(Format.probability($0.share), .dim) },
      .init("", .fixed(11), .right) {
        $1.text(Panel.count(digest.votes(for: $0.answer), "branch", "branches"), .dim)
      },
    ]
    rows.draw(columns, in: inside, theme: theme, on: &buffer)
  }

  /// All on one line: `ΣΔ  8 ★ ████████ 2.91   5 ██ .53`.
  private func drawLine(
    _ rows: [Standing], top: Double, in rect: Rect, on buffer: inout CellBuffer
  ) {
    var x = buffer.put("ΣΔ", x: rect.x + 1, y: rect.y, style: theme[.title]) + 1
    if rows.isEmpty { drawNone(x: x + 1, rect, on: &buffer) }
    for row in rows {
      guard let answer = row.answer else { continue }
      let name = name(answer)
      let bar = Bar.text(row.weight / top, width: 8)
      let value = Format.fixed(row.weight, 2)
      let needed = DisplayWidth.of(name.text) + DisplayWidth.of(bar) + value.count + 6
      guard x + needed < rect.right else { break }
      x = buffer.put(name, x: x + 1, y: rect.y)
      x = buffer.put(marks(answer), x: x, y: rect.y)
      x = buffer.put(bar, x: x + 1, y: rect.y, style: theme[.barShaped])
      x = buffer.put(value, x: x + 1, y: rect.y, style: theme[.text]) + 1
    }
  }
}
