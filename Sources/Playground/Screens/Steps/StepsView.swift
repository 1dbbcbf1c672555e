import Decoding
import Reasoning
import TerminalUI

/// One path of reasoning as a decision process: states, actions, rewards and values.
enum StepsView {
  static func draw(
    _ state: PlaygroundState, in rect: Rect, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let (steps, theme) = (state.steps, view.theme)
    guard let episode = steps.episode, !episode.steps.isEmpty else {
      drawBlank(state, in: rect, theme: theme, on: &buffer)
      return nil
    }
    let layout = StepsLayout(
      in: rect, steps: episode.steps.count, isAsked: !episode.curve.isEmpty)
    drawHeader(state, episode, in: layout.header, theme: theme, on: &buffer)
    StepTable(steps: steps, episode: episode, theme: theme).draw(in: layout.table, on: &buffer)
    CurvePanel(steps: steps, episode: episode, theme: theme).draw(in: layout.curve, on: &buffer)
    ActionTokens(steps: steps, theme: theme).draw(in: layout.tokens, on: &buffer)
    drawStack(steps, episode, in: layout.stack, theme: theme, on: &buffer)
    buffer.put(
      note(rect.width), x: layout.note.x + 1, y: layout.note.y, style: theme[.dim],
      width: max(0, layout.note.width - 2))
    return nil
  }

  private static func note(_ width: Int) -> String {
    width >= 130
      ? "r is the process reward of a step · Q what a search made of where it leads · the oracle is "
        + "exact, and no strategy sees it · flat means that p moves by less than .10; post-hoc, "
        + "that it began at .50 or more"
      : "r reward · Q value · oracle unseen · flat: p moves < .10; post-hoc: from ≥ .50"
  }

  private static func drawBlank(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    Panel.blank(
      title: "No path to go through yet",
      lines: [
        "Here one path of reasoning is a decision process: the state is the question with the steps "
          + "so far, the action is the next step, a process verifier may reward it, and the exact "
          + "checker stands at the end, apart.",
        "Wang et al. 2024 (OpenR), arXiv 2410.09671",
      ],
      hint: StyledText([
        .init("Run something first; ", style: theme[.text]), .init("S", style: theme[.key]),
        .init(" opens any path here.", style: theme[.text]),
      ]), in: rect, theme: theme, on: &buffer)
  }

  // MARK: Header

  private static func drawHeader(
    _ state: PlaygroundState, _ episode: Episode, in rect: Rect, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    let (steps, heading) = (state.steps, state.steps.heading)
    var left = StyledText("path \(steps.path + 1)", style: theme[.title])
    left.append(
      "  \(heading.path) of \(heading.paths), \(heading.strategy)", style: theme[.text])
    if heading.runs > 1, rect.width >= 70 {
      left.append("  run \(heading.run) of \(heading.runs)", style: theme[.dim])
    }
    if steps.isAsking(state.runs.steps) {
      let asks = steps.asking?.kind == .answerOverTime ? "asking" : "judging"
      return Panel.header(
        left, StyledText("\(asks) … Esc stops", style: theme[.notice]), in: rect, on: &buffer)
    }
    if steps.isPlaying {
      return Panel.header(
        left, StyledText("playing, Space stops", style: theme[.notice]), in: rect, on: &buffer)
    }
    let tokens = Panel.count(episode.tokenCount, "token")
    let sum = "Σ log p \(Format.fixed(episode.logProbability, 2))"
    let count = Panel.count(episode.steps.count, "step")
    Panel.header(
      left, StyledText("\(count), \(tokens), \(sum)", style: theme[.dim]),
      StyledText("\(tokens), \(sum)", style: theme[.dim]), in: rect, on: &buffer)
  }

  // MARK: The state

  private static func drawStack(
    _ steps: StepsState, _ episode: Episode, in rect: Rect, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    guard rect.height > 1, let step = steps.selected else { return }
    let inside = Panel.draw(
      title(step.number), note: stackNote(step, episode), in: rect, theme: theme, on: &buffer)
    let area = Rect(
      x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height)
    let mode = HeatMode.probability
    let stack = StateStack(
      steps, width: area.width,
      styles: StateStack.Styles(
        question: theme[.tokenPrompt], step: theme[.text],
        injected: theme[.tokenInjected].adding(.reverse), note: theme[.notice],
        action: { mode.style(mode.sureness($0), in: theme) }))
    // The top of the stack shows, unless the user scrolls.
    let most = max(0, stack.rows.count - area.height)
    let first = max(0, most - steps.scrollBack)
    for (row, line) in stack.rows.dropFirst(first).prefix(area.height).enumerated() {
      let y = area.y + row
      let style = line.isAction ? theme[.tokenChosen] : theme[.dim]
      buffer.put(line.label, x: area.x, y: y, style: style, width: StateStack.labelWidth)
      line.text.draw(
        in: Rect(
          x: area.x + StateStack.labelWidth, y: y,
          width: max(0, area.width - StateStack.labelWidth), height: 1),
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
  static func title(_ number: Int) -> String {
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
  private static func stackNote(_ step: Episode.Step, _ episode: Episode) -> String? {
    var parts: [String] = []
    let value =
      step.number == 1 ? episode.openingValue : episode.steps[step.number - 2].value
    if let value {
      switch value.source {
      case .search(let visits):
        parts.append(
          "V(s\(step.number)) \(Format.probability(value.value)), "
            + Panel.count(visits, "visit"))
      case .lookahead:
        parts.append("V(s\(step.number)) \(Format.probability(value.value)) by looking ahead")
      }
    }
    if step.injected > 0 { parts.append("\(Panel.count(step.injected, "token")) put in") }
    return parts.isEmpty ? nil : parts.joined(separator: " · ")
  }
}
