import TerminalUI

/// Where a lesson's text lies: beside the screens where there is room, else below them.
enum LessonPane {
  /// From this width on the text stands beside the screens.
  static let sideWidth = 118

  /// Divides what lies between the title line and the hint line.
  static func split(_ content: Rect, _ session: SessionState) -> (screens: Rect, pane: Rect?) {
    guard session.activeLesson != nil else { return (content, nil) }
    if content.width >= sideWidth {
      let width = min(60, max(40, content.width * 3 / 10))
      let parts = content.splitColumns([.fill, .fixed(width)])
      return (parts[0], parts[1])
    }
    let height = content.height >= 21 ? 8 : 6
    let parts = content.splitRows([.fill, .fixed(height)])
    return (parts[0], parts[1])
  }

  /// Where the text itself lies in the pane.
  static func body(_ pane: Rect) -> Rect {
    isBeside(pane)
      ? Rect(x: pane.x + 2, y: pane.y + 1, width: pane.width - 4, height: pane.height - 2)
      : Rect(x: pane.x + 1, y: pane.y + 1, width: pane.width - 2, height: pane.height - 1)
  }

  static func isBeside(_ pane: Rect) -> Bool { pane.x > 0 }

  /// The first line to show next when there is more text than fits; nil on the last page.
  static func nextScroll(_ session: SessionState) -> Int? {
    let content = Chrome.middle(session.size)
    guard let lesson = session.activeLesson, let pane = split(content, session).pane else {
      return nil
    }
    let body = body(pane)
    let lines = LessonPaneText.wrapped(lesson, in: pane, theme: .plain).lines.count
    let next = lesson.scroll + max(1, body.height)
    return next < lines ? next : nil
  }
}
