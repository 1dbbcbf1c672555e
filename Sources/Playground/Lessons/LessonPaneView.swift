import Reasoning
import TerminalUI

/// Draws the pane of a lesson.
enum LessonPaneView {
  static func draw(
    _ session: SessionState, in pane: Rect, view: PlaygroundView, on buffer: inout CellBuffer
  ) {
    guard let lesson = session.activeLesson, !pane.isEmpty else { return }
    let theme = view.theme
    buffer.fill(pane, style: theme[.text])
    let title = title(lesson)
    if LessonPane.isBeside(pane) {
      buffer.box(pane, style: theme[.borderFocus], title: title, titleStyle: theme[.title])
      let bottom = pane.row(pane.height - 1)
      buffer.caption(
        bottom, title: hint(session, lesson), style: theme[.key], lineStyle: theme[.borderFocus])
    } else {
      buffer.horizontalLine(x: pane.x, y: pane.y, width: pane.width, style: theme[.borderFocus])
      buffer.caption(
        pane.row(0), title: title, note: hint(session, lesson), style: theme[.title],
        lineStyle: theme[.key])
    }
    let body = LessonPane.body(pane)
    let text = LessonPaneText.wrapped(lesson, in: pane, theme: theme)
    text.draw(in: body, firstLine: lesson.scroll, on: &buffer)
    if lesson.scroll + body.height < text.lines.count {
      buffer.put("↓", x: body.right - 1, y: body.bottom - 1, style: theme[.key])
    }
  }

  private static func title(_ lesson: LessonState) -> String {
    guard let step = lesson.current else { return lesson.lesson.title }
    return "\(lesson.step + 1)/\(lesson.stepCount) \(step.title)"
  }

  /// What Enter does now.
  private static func hint(_ session: SessionState, _ lesson: LessonState) -> String {
    if LessonPane.nextScroll(session) != nil { return "Enter more" }
    if lesson.guess != nil, lesson.wait == .guess {
      return "1–\(lesson.guess?.choices.count ?? 0) bet"
    }
    if lesson.isWorking {
      guard case .run(let run)? = lesson.wait, let told = session.progress(of: run) else {
        return "working …"
      }
      return "working, \(told.amount)"
    }
    guard let step = lesson.current else { return "Enter begin" }
    if !lesson.isDone, !step.commands.isEmpty { return "Enter do it" }
    return lesson.step + 1 < lesson.stepCount ? "Enter next step" : "Enter end"
  }
}
