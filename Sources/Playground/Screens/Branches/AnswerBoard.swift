import Reasoning
import TerminalUI
import Traces

/// What the branches answer where no ΣΔ decides: those of a beam, or plain samples.
struct AnswerBoard {
  let branches: BranchesState
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

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard !rect.isEmpty else { return }
    let rows = Self.rows(branches.digest)
    var inside = rect
    if rect.height > 1 {
      let isBeam = branches.digest.start?.strategy == Beam.description.name
      let hidden = rows.count - (rect.height - 1)
      inside = Panel.draw(
        isBeam ? "the likeliest text decides" : "answers",
        note: hidden > 0 ? "\(hidden) more" : nil, in: rect, theme: theme, on: &buffer)
    }
    guard !rows.isEmpty else {
      buffer.put(
        "no branch has answered yet", x: inside.x + 1, y: inside.y, style: theme[.dim],
        width: inside.width - 1)
      return
    }
    for (index, row) in rows.prefix(inside.height).enumerated() {
      buffer.put(text(row), x: inside.x + 1, y: inside.y + index, width: inside.width - 2)
    }
  }

  private func text(_ row: Row) -> StyledText {
    let isCorrect = branches.digest.isCorrect(row.answer)
    var text = StyledText(
      PathText.oneLine(row.answer.utf8) + " ",
      style: Panel.answerStyle(
        row.answer, isCorrect: isCorrect, theme: theme, base: theme[.text]))
    text.runs +=
      Panel.marks(
        isWinner: row.answer == branches.winner, isCorrect: isCorrect, theme: theme,
        base: theme[.text]
      ).runs
    text.append("  \(Panel.count(row.count, "branch", "branches"))", style: theme[.text])
    if let sum = row.logProbability {
      text.append("  Σ log p \(Format.fixed(sum, 2))", style: theme[.dim])
    }
    return text
  }
}
