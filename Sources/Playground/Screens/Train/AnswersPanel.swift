import Decoding
import Problems
import TerminalUI
import Traces

/// How the same question is answered before training, at the step that is read, and where there is
/// room at every step.
struct AnswersPanel {
  let train: TrainScreen
  let layout: TrainLayout
  let theme: Theme

  func draw(on buffer: inout CellBuffer) {
    let rect = layout.answers
    guard !rect.isEmpty else { return }
    drawTitle(in: rect, on: &buffer)
    var area = Rect(x: rect.x + 1, y: rect.y + 1, width: rect.width - 2, height: rect.height - 1)
    guard area.height > 0 else { return }
    guard let now = train.shownAnswer else {
      buffer.put(
        train.activity == nil ? "no question was asked while it was trained" : "not asked yet",
        x: area.x, y: area.y, style: theme[.dim], width: area.width)
      return
    }
    if area.height > train.answers.count + 3 || train.part == .answers {
      return drawAll(in: area, on: &buffer)
    }
    if let first = train.answers.first, first.step < now.step {
      put(first, lines: 1, &area, on: &buffer)
    }
    put(now, lines: area.height, &area, on: &buffer)
  }

  /// The steps as a slider, and the question.
  private func drawTitle(in rect: Rect, on buffer: inout CellBuffer) {
    Panel.draw("", in: rect.row(0), theme: theme, on: &buffer)
    let slider = layout.slider
    buffer.put(" step ", x: rect.x + 1, y: rect.y, style: theme[.title])
    buffer.put(
      "◀" + String(repeating: "─", count: max(0, slider.width - 2)) + "▶", x: slider.x,
      y: slider.y, style: theme[.dim])
    let share = Double(train.step) / Double(train.plannedSteps)
    let place = slider.x + Int((share * Double(max(0, slider.width - 1))).rounded())
    buffer.put("●", x: place, y: slider.y, style: theme[.key])
    var x = buffer.put(
      " \(train.step) of \(train.plannedSteps) ", x: slider.right, y: rect.y, style: theme[.title])
    guard let probe = train.shownProbe else { return }
    let count = train.probes.count
    let note = count > 1 ? " f \(train.probe + 1)/\(count) " : ""
    let gold = probe.gold.map { " right \(PathText.head($0, columns: 12)) " } ?? " "
    let end = rect.right - 1 - DisplayWidth.of(note)
    x += 1
    let room = end - x - DisplayWidth.of(gold) - 2
    if room > 12 {
      let text = PathText.middle(PathText.oneLine(probe.text.utf8), columns: room - 1)
      x = buffer.put(" " + text, x: x, y: rect.y, style: theme[.text])
      buffer.put(gold, x: x, y: rect.y, style: theme[.answerCorrect])
    }
    buffer.put(note, x: end, y: rect.y, style: theme[.dim])
  }

  /// Each answer on one line, that of the step in full.
  private func drawAll(in rect: Rect, on buffer: inout CellBuffer) {
    var area = rect
    let answers = train.answers
    let here = answers.lastIndex { $0.step <= train.step } ?? 0
    // What does not fit is left out at the beginning, but for the first answer.
    let full = max(1, min(area.height, 3))
    let room = max(1, area.height - full + 1)
    let hidden = max(0, here - room + 2)
    for (index, answer) in answers.enumerated() where index == 0 || index >= hidden {
      guard area.height > 0 else { break }
      put(answer, lines: index == here ? full : 1, &area, isHere: index == here, on: &buffer)
    }
  }

  private func put(
    _ answer: TrainingProbe, lines: Int, _ area: inout Rect, isHere: Bool = false,
    on buffer: inout CellBuffer
  ) {
    guard area.height > 0 else { return }
    let lead = 11
    buffer.put(isHere ? "▸" : " ", x: area.x - 1, y: area.y, style: theme[.text])
    let x = buffer.put("step \(answer.step)", x: area.x, y: area.y, style: theme[.dim])
    buffer.put(
      answer.isRight ? "✓" : "✗", x: max(x + 1, area.x + lead - 2), y: area.y,
      style: theme[answer.isRight ? .answerCorrect : .answerWrong])
    let text = text(of: answer)
    let inside = Rect(
      x: area.x + lead, y: area.y, width: max(1, area.width - lead),
      height: min(lines, area.height))
    var used = 1
    if lines == 1 {
      buffer.put(text, x: inside.x, y: inside.y, width: inside.width)
    } else {
      let wrapped = WrappedText(text, width: inside.width)
      used = max(1, min(inside.height, wrapped.lines.count))
      wrapped.draw(in: inside, on: &buffer)
    }
    area.y += used
    area.height -= used
  }

  /// What was said, tinted by how likely each token was; then the least likely one.
  private func text(of answer: TrainingProbe) -> StyledText {
    let p = answer.probabilities
    var text = SaidText.line(answer.said) { index in
      p.indices.contains(index) ? theme[.text].overlaid(by: theme.heat(p[index])) : theme[.text]
    }
    let least = p.indices.filter { answer.said.tokens.indices.contains($0) }.min { p[$0] < p[$1] }
    if let least {
      text.append(
        "   p ≥ \(Format.smallProbability(p[least]))"
          + " (\(PathText.quoted(answer.said.tokens[least].bytes)))",
        style: theme[.dim])
    }
    return text
  }
}
