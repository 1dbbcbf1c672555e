import TerminalUI

/// A line of a legend: a symbol or a column's heading, and what it means.
struct LegendRow: Sendable, Hashable {
  /// As it is drawn, such as `★` or `Σ log p`; several with blanks between.
  var symbol: String
  /// What it is drawn in.
  var role: Role
  /// In a few words, without a full stop.
  var meaning: String

  init(_ symbol: String, _ role: Role = .text, _ meaning: String) {
    (self.symbol, self.role, self.meaning) = (symbol, role, meaning)
  }
}

extension LegendRow {
  // MARK: What several screens draw

  static let selected = LegendRow("▸", .text, "the row that keys act on")
  static let winner = LegendRow("★", .nodeBest, "the answer that wins")
  static let right = LegendRow("✓", .answerCorrect, "the right answer")
  static let wrong = LegendRow("✗", .answerWrong, "not the right answer")
  static let marked = LegendRow("◆", .notice, "marked, to be compared with another")
  static let delta = LegendRow(
    "Δ", .text, "how sure a path is of its answer: the mean lead of its tokens")
  static let sureness: [LegendRow] = [
    LegendRow("●", "token.heat.4", "sure: .7 or more"),
    LegendRow("◑", "token.heat.2", "half sure: .4 or more"),
    LegendRow("○", "token.heat.0", "torn: less than .4"),
  ]
  static let lineBreak = LegendRow("⏎", .dim, "a line break in the text")
  static let bytes = LegendRow("⟨E4 BD⟩", .text, "bytes that are no whole character")
  static let prunings = LegendRow("✂", .nodePruned, "cut off or given up")

  /// Two paths side by side, wherever they are compared.
  static let comparing: [LegendRow] = [
    LegendRow("◀ ▶", .notice, "what the left and the right path took"), prunings,
  ]

  /// What surrounds every screen.
  static let everywhere: [LegendRow] = [
    LegendRow("•", .notice, "a notice, until the next key"),
    LegendRow("⚠", .warning, "a warning"), LegendRow("✗", .error, "an error"),
    LegendRow("≈", .text, "an estimate, or interpolated"),
    LegendRow("—", .dim, "not known"), lineBreak,
  ]
}
