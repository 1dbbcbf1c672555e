import Reasoning
import TerminalUI

extension StepsScreen {
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    guard let episode, !episode.steps.isEmpty else { return nil }
    let layout = layout(in: rect)
    drawHeader(episode, in: layout.header, theme: theme, on: &buffer)
    StepTable(steps: self, episode: episode, theme: theme).draw(in: layout.table, on: &buffer)
    CurvePanel(steps: self, episode: episode, theme: theme).draw(in: layout.curve, on: &buffer)
    ActionTokens(steps: self, theme: theme).draw(in: layout.tokens, on: &buffer)
    drawState(episode, in: layout.stack, theme: theme, on: &buffer)
    Panel.note(note(rect.width), in: layout.note, theme: theme, on: &buffer)
    return nil
  }

  private func note(_ width: Int) -> String {
    if let judge = episode?.judge {
      return width >= 130
        ? "r is a step's process reward by the model itself · V what \(judge) gives the state "
          + "behind it · Q the value that a search found · the oracle is exact; no strategy sees it"
        : "r own reward · V \(PathText.head(judge, columns: 24)) · Q search · oracle hidden"
    }
    return width >= 130
      ? "r is a step's process reward · Q the value that a search found for it · the oracle is "
        + "exact; no strategy sees it · flat means that p moves by less than .10, post-hoc "
        + "that it also starts at .50 or more"
      : "r reward · Q value · oracle hidden · flat: p moves < .10; post-hoc: from ≥ .50"
  }

  func emptyText(_ session: SessionState) -> EmptyText? {
    guard episode?.steps.isEmpty ?? true else { return nil }
    return EmptyText(
      title: "No path yet",
      purpose: "One path as a decision process: the state is the question with the steps so far, "
        + "the action is the next step, and a process verifier may reward it.",
      starts: [
        .init(.screen(DecodeScreen.id), "take one in Decode"),
        .init(.screen(VotesScreen.id), "sample some"),
        .init(.openSteps, "from any screen: its path here"),
      ], source: "Wang et al. 2024 (OpenR), arXiv 2410.09671")
  }

  // MARK: Header

  private func drawHeader(
    _ episode: Episode, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    var left = StyledText("path \(path + 1)", style: theme[.title])
    left.append("  \(heading.path) of \(heading.paths), \(heading.strategy)", style: theme[.text])
    if heading.runs > 1, rect.width >= 70 {
      left.append("  run \(heading.run) of \(heading.runs)", style: theme[.dim])
    }
    if isAsking || isPlaying, let work {
      return Panel.header(
        left, StyledText(work.text(width: rect.width / 2), style: theme[.notice]), in: rect,
        on: &buffer)
    }
    let tokens = Panel.count(episode.tokenCount, "token")
    let sum = "Σ log p \(Format.fixed(episode.logProbability, 2))"
    let count = Panel.count(episode.steps.count, "step")
    Panel.header(
      left, StyledText("\(count), \(tokens), \(sum)", style: theme[.dim]),
      StyledText("\(tokens), \(sum)", style: theme[.dim]), in: rect, on: &buffer)
  }

  // MARK: The state

  private func drawState(
    _ episode: Episode, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    guard rect.height > 1, let step = selected else { return }
    let inside = Panel.draw(
      Self.title(step.number), note: Self.note(on: step, of: episode), in: rect, theme: theme,
      on: &buffer)
    let area = Rect(x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height)
    let stack = StateStack(
      self, width: area.width,
      styles: StateStack.Styles(
        question: theme[.tokenPrompt], step: theme[.text],
        injected: theme[.tokenInjected].adding(.reverse), note: theme[.notice], action: theme.heat))
    // The top of the stack shows, unless the user scrolls.
    let most = max(0, stack.rows.count - area.height)
    let first = max(0, most - scrollBack)
    for (row, line) in stack.rows.dropFirst(first).prefix(area.height).enumerated() {
      let y = area.y + row
      let style = line.isAction ? theme[.tokenChosen] : theme[.dim]
      buffer.put(line.label, x: area.x, y: y, style: style, width: StateStack.labelWidth)
      line.text.draw(
        in: Rect(
          x: area.x + StateStack.labelWidth, y: y,
          width: area.width - StateStack.labelWidth, height: 1),
        firstLine: line.line, on: &buffer)
    }
    if most > 0 {
      Scrollbar.draw(
        visible: first..<first + area.height, count: stack.rows.count,
        in: Rect(x: inside.right - 1, y: area.y, width: 1, height: area.height),
        style: theme[.dim], on: &buffer)
    }
  }

  /// `s3 = (Q, R1, R2), then R3`.
  private static func title(_ number: Int) -> String {
    let steps: String =
      switch number {
      case ...1: "Q"
      case 2: "Q, R1"
      case 3: "Q, R1, R2"
      default: "Q, R1 … R\(number - 1)"
      }
    return "s\(number) = (\(steps)), then R\(number)"
  }

  /// What the search made of the state, and what was put in.
  private static func note(on step: Episode.Step, of episode: Episode) -> String? {
    var parts: [String] = []
    let value = step.number == 1 ? episode.openingValue : episode.steps[step.number - 2].value
    if let value {
      switch value.source {
      case .search(let visits):
        parts.append(
          "V(s\(step.number)) \(Format.probability(value.value)), " + Panel.count(visits, "visit"))
      case .lookahead:
        parts.append("V(s\(step.number)) \(Format.probability(value.value)) by looking ahead")
      }
    }
    if step.injected > 0 { parts.append("\(Panel.count(step.injected, "token")) put in") }
    return parts.isEmpty ? nil : parts.joined(separator: " · ")
  }
}

/// A state as a stack that grows: the question, the steps so far, and on top the action that is
/// taken in it, word for word.
struct StateStack {
  struct Row {
    /// `Q`, `R1`, on the first line of a part.
    var label: String
    var isAction: Bool
    var text: WrappedText
    var line: Int
  }

  /// How the parts look: by what they are, and tokens of the action by how sure they were.
  struct Styles {
    var question: Style
    var step: Style
    var injected: Style
    var note: Style
    var action: (Double) -> Style

    /// For measuring.
    static var plain: Styles {
      Styles(question: .plain, step: .plain, injected: .plain, note: .plain) { _ in .plain }
    }
  }

  private(set) var rows: [Row] = []

  /// How wide the labels are.
  static let labelWidth = 4

  init(_ steps: StepsScreen, width: Int, styles: Styles = .plain) {
    guard let episode = steps.episode, width > Self.labelWidth + 1 else { return }
    let room = width - Self.labelWidth
    let question = String(decoding: episode.question, as: UTF8.self)
    add("Q", StyledText(question, style: styles.question), false, room)
    for step in episode.steps.prefix(steps.position.selected + 1) {
      let isAction = step.number == steps.position.selected + 1
      var text = StyledText()
      for index in step.tokens where steps.pieces.indices.contains(index) {
        let piece = steps.pieces[index]
        // The label stands where the white space before a step would.
        let words = text.runs.isEmpty ? String(piece.text.drop(while: \.isWhitespace)) : piece.text
        if words.isEmpty { continue }
        let style =
          piece.isInjected
          ? styles.injected : isAction ? styles.action(piece.probability ?? 1) : styles.step
        text.append(words, style: style)
      }
      add("R\(step.number)", text, isAction, room)
      guard isAction, steps.notes.indices.contains(step.number - 1) else { continue }
      for note in steps.notes[step.number - 1] {
        add(note.label, StyledText(note.text, style: styles.note), true, room)
      }
    }
  }

  private mutating func add(_ label: String, _ text: StyledText, _ isAction: Bool, _ width: Int) {
    let wrapped = WrappedText(text, width: width)
    for line in wrapped.lines.indices {
      rows.append(Row(label: line == 0 ? label : "", isAction: isAction, text: wrapped, line: line))
    }
  }
}

/// Where the parts of Steps lie.
struct StepsLayout {
  var header: Rect
  /// The steps, with a line of headings.
  var table: Rect
  /// How the answers stood in each state, under a line with its title.
  var curve: Rect
  /// The action token by token, under a line with its title; empty where there is no room.
  var tokens: Rect
  /// The selected state, under a line with its title.
  var stack: Rect
  var note: Rect

  /// - Parameter isAsked: whether there is a curve to draw.
  init(in rect: Rect, steps: Int, isAsked: Bool) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let body = rect.inset(horizontal: 0, vertical: 1)
    if rect.width >= 130 {
      let parts = body.splitColumns([.fill(weight: 3), .fill(weight: 2)], gap: 2)
      let curveHeight = isAsked ? min(16, max(6, body.height / 3)) : 2
      let rows = parts[0].splitRows([
        .fixed(min(steps + 2, max(3, body.height - curveHeight))), .fixed(curveHeight), .fill,
      ])
      (table, curve, stack) = (rows[0], rows[1], parts[1])
      // Two rows would say nothing.
      tokens = rows[2].height < 4 ? Rect(x: 0, y: 0, width: 0, height: 0) : rows[2]
    } else {
      let curveHeight = isAsked ? (body.height >= 17 ? 6 : body.height >= 13 ? 4 : 0) : 2
      let tableHeight = min(steps + 1, max(3, (body.height - curveHeight) / 2))
      let rows = body.splitRows([.fixed(tableHeight), .fixed(curveHeight), .fill])
      (table, curve, stack) = (rows[0], rows[1], rows[2])
      tokens = Rect(x: 0, y: 0, width: 0, height: 0)
    }
  }

  var visibleSteps: Int { max(1, table.height - 1) }

  /// How many columns stand at the right for what the exact checker says, its line included.
  static let oracleWidth = 8
}
