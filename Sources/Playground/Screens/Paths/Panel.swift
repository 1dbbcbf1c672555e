import TerminalUI

/// The pieces that Branches, Votes and the comparison are drawn with.
enum Panel {
  /// A line with a title across the top of `rect`; what is below it is returned.
  @discardableResult
  static func draw(
    _ title: String, note: String? = nil, in rect: Rect, theme: Theme,
    on buffer: inout CellBuffer
  ) -> Rect {
    guard !rect.isEmpty else { return rect }
    buffer.horizontalLine(x: rect.x, y: rect.y, width: rect.width, style: theme[.border])
    buffer.caption(
      rect.row(0), title: title, note: note, style: theme[.title], lineStyle: theme[.dim])
    return Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: rect.height - 1)
  }

  /// A title line: words at the left, and at the right the first of `right` that fits beside them.
  static func header(
    _ left: StyledText, _ right: StyledText..., in rect: Rect, on buffer: inout CellBuffer
  ) {
    guard !rect.isEmpty else { return }
    buffer.put(left, x: rect.x + 1, y: rect.y, width: rect.width - 1)
    let room = rect.width - DisplayWidth.of(left.text) - 4
    if let fitting = right.first(where: { DisplayWidth.of($0.text) <= room }) {
      buffer.put(fitting, x: rect.right - 1 - DisplayWidth.of(fitting.text), y: rect.y)
    }
  }

  /// The last line of a screen: what its figures mean.
  static func note(_ text: String, in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    buffer.put(text, x: rect.x + 1, y: rect.y, style: theme[.dim], width: max(0, rect.width - 2))
  }

  /// A text under a line with its title.
  static func draw(
    _ title: String, note: String? = nil, text: StyledText, in rect: Rect, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    let inside = draw(title, note: note, in: rect, theme: theme, on: &buffer)
    let area = inside.inset(horizontal: 1, vertical: 0)
    WrappedText(text, width: max(1, area.width)).draw(in: area, on: &buffer)
  }

  /// The sign of the row that is marked for comparison, where the selection's arrow would be.
  static func mark(
    _ row: Int?, of count: Int, _ position: ListPosition, in rect: Rect, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    let visible = position.visible(count: count, height: rect.height - 1)
    guard let row, visible.contains(row) else { return }
    buffer.put("◆", x: rect.x, y: rect.y + 1 + row - visible.lowerBound, style: theme[.notice])
  }

  /// The signs of an answer: `★` for the one that wins, `✓` or `✗` where the right one is known.
  static func marks(isWinner: Bool, isCorrect: Bool?, theme: Theme, base: Style) -> StyledText {
    var text = StyledText(isWinner ? "★" : " ", style: theme.style(.nodeBest, over: base))
    switch isCorrect {
    case true?: text.append("✓", style: theme.style(.answerCorrect, over: base))
    case false?: text.append("✗", style: theme.style(.answerWrong, over: base))
    case nil: text.append(" ", style: base)
    }
    return text
  }

  /// How an answer itself is written.
  static func answerStyle(_ answer: String?, isCorrect: Bool?, theme: Theme, base: Style) -> Style {
    theme.style(answer == nil ? .answerUnparsed : role(isCorrect: isCorrect), over: base)
  }

  /// What an answer is written as, by whether it is right.
  static func role(isCorrect: Bool?) -> Role {
    isCorrect.map { $0 ? .answerCorrect : .answerWrong } ?? .text
  }

  /// An answer with ` ✓` or ` ✗` where the right one is known, and a suffix, in at most so many
  /// columns.
  static func answer(
    _ answer: String?, isCorrect: Bool?, suffix: String = "", columns: Int = .max, theme: Theme,
    base: Style
  ) -> StyledText {
    let end = (isCorrect.map { $0 ? " ✓" : " ✗" } ?? "") + suffix
    let name = answer.map { PathText.oneLine($0.utf8) } ?? "no answer"
    return StyledText(
      PathText.head(name, columns: columns - DisplayWidth.of(end)) + end,
      style: answerStyle(answer, isCorrect: isCorrect, theme: theme, base: base))
  }

  /// "1 path", "2 paths".
  static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
  }
}

extension RunDigest {
  /// How an answer of the run is written.
  func style(of answer: String?, theme: Theme, base: Style) -> Style {
    Panel.answerStyle(answer, isCorrect: isCorrect(answer), theme: theme, base: base)
  }

  /// The signs of an answer of the run.
  func marks(of answer: String?, winner: String?, theme: Theme, base: Style) -> StyledText {
    Panel.marks(
      isWinner: answer != nil && answer == winner, isCorrect: isCorrect(answer), theme: theme,
      base: base)
  }
}

extension Theme {
  /// The style of a role within a row that has a background of its own.
  func style(_ role: Role, over base: Style) -> Style {
    base.overlaid(by: self[role]).on(base.background)
  }
}
