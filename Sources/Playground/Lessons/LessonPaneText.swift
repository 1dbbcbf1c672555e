import Reasoning
import TerminalUI

/// What the pane says.
enum LessonPaneText {
  /// What the pane says now, laid out.
  static func wrapped(_ lesson: LessonState, in pane: Rect, theme: Theme) -> WrappedText {
    let isBeside = LessonPane.isBeside(pane)
    var text = StyledText()
    let gap = isBeside ? "\n\n" : "\n"
    for paragraph in paragraphs(lesson, isBeside: isBeside, theme) {
      if !text.runs.isEmpty { text.append(gap, style: theme[.text]) }
      text.runs += paragraph.runs
    }
    return WrappedText(text, width: LessonPane.body(pane).width)
  }

  private static func paragraphs(
    _ lesson: LessonState, isBeside: Bool, _ theme: Theme
  ) -> [StyledText] {
    guard let step = lesson.current else {
      return lesson.lesson.introduction.map { styled($0, theme[.text], theme) }
    }
    let before = step.before.map { styled($0, theme[.text], theme) }
    let guess = lesson.guess.map { [self.guess($0, theme)] } ?? []
    guard let outcome = lesson.outcomes[lesson.step], !lesson.isWorking else {
      // Below the screens there is room for a question or for what leads to it.
      return guess.isEmpty || isBeside ? before + guess : Array(before.suffix(1)) + guess
    }
    var after = guess
    after += outcome.notes.map { StyledText($0, style: theme[.warning]) }
    if let result = outcome.result {
      let role: Role =
        result.contains("✗") ? .answerWrong : result.contains("✓") ? .answerCorrect : .notice
      after.append(StyledText(result, style: theme[.text].overlaid(by: theme[role])))
    }
    if let otherwise = outcome.otherwise {
      after.append(styled(otherwise, theme[.text].overlaid(by: theme[.warning]), theme))
    } else {
      after += step.after.map { styled($0, theme[.text], theme) }
    }
    if !isBeside { return after }
    return step.before.map { styled($0, theme[.text].overlaid(by: theme[.dim]), theme) } + after
  }

  /// The choices, or how the reader's bet came out.
  private static func guess(_ guess: LessonState.Guess, _ theme: Theme) -> StyledText {
    var text = StyledText()
    guard let picked = guess.picked, guess.choices.indices.contains(picked) else {
      for (index, choice) in guess.choices.enumerated() {
        text.append(index == 0 ? "" : "   ", style: theme[.text])
        text.append("\(index + 1) ", style: theme[.text].overlaid(by: theme[.key]))
        text.append("\(choice.text)", style: theme[.text].adding(.bold))
      }
      return text
    }
    let choice = guess.choices[picked]
    let isFirst = choice.rank == 1
    text.append("Your bet \(choice.text): p ", style: theme[.text])
    text.append(
      Format.probability(choice.probability) + (isFirst ? ", the likeliest. " : ""),
      style: theme[.text].overlaid(by: theme[isFirst ? .answerCorrect : .answerWrong]))
    if !isFirst, let first = guess.choices.first(where: { $0.rank == 1 }) {
      text.append(
        ", rank \(choice.rank); the likeliest is \(first.text), p "
          + "\(Format.probability(first.probability)).", style: theme[.text])
    }
    return text
  }

  private static func styled(_ paragraph: String, _ base: Style, _ theme: Theme) -> StyledText {
    StyledText(
      LessonText.spans(of: paragraph).map { span in
        let style: Style =
          switch span.style {
          case .plain: base
          case .strong: base.adding(.bold)
          case .emphasis: base.adding(.italic)
          case .code: base.overlaid(by: theme[.key])
          }
        return StyledText.Run(span.text, style: style)
      })
  }
}
