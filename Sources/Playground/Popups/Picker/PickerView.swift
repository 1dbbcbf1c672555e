import Problems
import TerminalUI

/// The problem picker.
extension PickerState {
  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    switch page {
    case .families, .problems: drawList(state, view: view, on: &buffer)
    case .template(let form):
      PickerFormView.draw(form, state, hints: hints(state), view: view, on: &buffer)
    case .question(let form):
      PickerFormView.draw(form, state, hints: hints(state), view: view, on: &buffer)
    }
  }

  private var title: String {
    if case .problems(let family) = page { "Problems › \(family)" } else { "Problems" }
  }

  private func drawList(
    _ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    guard let list = list(state) else { return nil }
    let body = PopupFrame.draw(
      title: title, note: isInFamily ? "seed \(seed)" : nil, width: list.frame.width,
      height: list.frame.height, hints: hints(state), view: view, on: &buffer)
    buffer.put("filter: ", x: body.x, y: body.y, style: theme.popup(.dim))
    let cursor = filter.draw(
      in: Rect(x: body.x + 8, y: body.y, width: body.width - 8, height: 1),
      style: theme.popup(.input), placeholder: "type to narrow the list",
      placeholderStyle: theme.popup(.dim), on: &buffer)
    list.draw(
      rows.map { Self.cells($0, theme) },
      columns: [.init("", .fixed(11)), .init("", .fill), .init("", .fixed(10), .right)],
      theme: theme, empty: "nothing here matches", on: &buffer)
    let rule = list.rows.bottom
    buffer.horizontalLine(x: body.x, y: rule, width: body.width, style: theme.popup(.border))
    let below = Rect(x: body.x, y: rule + 1, width: body.width, height: body.bottom - rule - 1)
    WrappedText(preview(theme), width: below.width).draw(in: below, on: &buffer)
    return cursor
  }

  private static func cells(_ row: Row, _ theme: Theme) -> [StyledText] {
    let dim = theme[.dim]
    switch row {
    case .emblem:
      return [
        StyledText("apples", style: theme[.key]), StyledText(ProblemLibrary.apples.question),
        StyledText("★", style: theme[.nodeBest]),
      ]
    case .family(let name, let summary, let levels, _):
      let range = levels.count == 1 ? "1 level" : "\(levels.count) levels"
      return [
        StyledText(name, style: theme[.key]), StyledText(summary), StyledText(range, style: dim),
      ]
    case .template(_, let title, _):
      return [
        StyledText("change it", style: theme[.key]), StyledText(title),
        StyledText("template", style: dim),
      ]
    case .problem(let problem):
      let number = problem.id.split(separator: "/").last.map { String($0) } ?? ""
      return [
        StyledText("level \(problem.level)", style: dim), StyledText(problem.question),
        StyledText("#\(number)", style: dim),
      ]
    case .own:
      return [
        StyledText("your own", style: theme[.key]), StyledText("type any question"), StyledText(),
      ]
    }
  }

  /// The selected row's question, and on request its solution.
  private func preview(_ theme: Theme) -> StyledText {
    let base = theme.popupText
    let dim = theme.popup(.dim)
    switch selectedRow {
    case nil: return StyledText()
    case .emblem, .problem:
      guard let problem = selectedRow?.problem else { return StyledText() }
      if showsSolution { return PickerFormView.solved(problem, theme) }
      return StyledText([
        .init(problem.question, style: base), .init("\n\(problem.id)", style: dim),
      ])
    case .family(_, _, _, let example), .template(_, _, let example):
      return StyledText([.init("for example: ", style: dim), .init(example, style: base)])
    case .own:
      return StyledText(
        "Anything you like, with the right answer if you know it. The question starts with "
          + "your filter text.", style: dim)
    }
  }
}

/// The forms of the problem picker.
enum PickerFormView {
  // MARK: A template

  static func draw(
    _ form: TemplateForm, _ state: PlaygroundState, hints: [KeyHint], view: PlaygroundView,
    on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    let preview = PickerState.previewLines(state.size)
    let height = form.values.count + preview + 3
    let body = PopupFrame.draw(
      title: "Problems › \(form.template.family) › change it", width: PickerState.width,
      height: height, hints: hints, view: view, on: &buffer)
    let fields = Rect(
      x: body.x, y: body.y, width: body.width, height: max(1, body.height - preview - 1))
    let cursor = drawFields(form, fields, theme, on: &buffer)
    let rule = fields.bottom
    buffer.horizontalLine(x: body.x, y: rule, width: body.width, style: theme.popup(.border))
    let rect = Rect(x: body.x, y: rule + 1, width: body.width, height: body.bottom - rule - 1)
    WrappedText(text(form, theme), width: rect.width).draw(in: rect, on: &buffer)
    return cursor
  }

  private static func drawFields(
    _ form: TemplateForm, _ rect: Rect, _ theme: Theme, on buffer: inout CellBuffer
  ) -> Point? {
    let visible = ListPosition(selected: form.focus).visible(
      count: form.values.count, height: rect.height)
    let labels = form.template.fields.map { DisplayWidth.of($0.label) }.max() ?? 0
    let x = rect.x + labels + 5
    var cursor: Point?
    for (row, index) in visible.enumerated() {
      let field = form.template.fields[index]
      let isFocused = index == form.focus
      let y = rect.y + row
      buffer.put(isFocused ? "▸" : " ", x: rect.x, y: y, style: theme.popup(.key))
      buffer.put(field.label, x: rect.x + 2, y: y, style: theme.popup(isFocused ? .text : .dim))
      let cell = Rect(x: x, y: y, width: max(1, min(24, rect.right - x)), height: 1)
      if case .choice = field.kind {
        let style = theme.popup(isFocused ? .input : .text)
        let end = buffer.put(form.values[index].text, x: x, y: y, style: style, width: cell.width)
        if isFocused {
          buffer.put("◂", x: x - 2, y: y, style: theme.popup(.key))
          buffer.put("▸", x: end + 1, y: y, style: theme.popup(.key))
        }
      } else {
        let place = form.values[index].draw(
          in: cell, style: theme.popup(isFocused ? .input : .text), on: &buffer)
        if isFocused { cursor = place }
      }
    }
    return cursor
  }

  private static func text(_ form: TemplateForm, _ theme: Theme) -> StyledText {
    guard let problem = form.problem else {
      return StyledText(form.error ?? "", style: theme.popup(.error))
    }
    return solved(problem, theme)
  }

  /// A question with its solution.
  static func solved(_ problem: Problem, _ theme: Theme) -> StyledText {
    StyledText([
      .init(problem.question, style: theme.popupText),
      .init("\n\(problem.steps.joined(separator: " · "))", style: theme.popup(.dim)),
      .init("\nanswer \(problem.answer)", style: theme.popup(.answerCorrect)),
    ])
  }

  // MARK: A question of one's own

  static let questionHeight = 13

  static func draw(
    _ form: QuestionForm, _ state: PlaygroundState, hints: [KeyHint], view: PlaygroundView,
    on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    let body = PopupFrame.draw(
      title: "Problems › your own question", width: PickerState.width, height: questionHeight,
      hints: hints, view: view, on: &buffer)
    let width = 14
    let warns = !form.isKnownForm && !form.question.isEmpty && state.readyModel?.isBundled == true
    let notice = WrappedText(
      StyledText(QuestionForm.notice, style: theme.popup(.warning)), width: body.width)
    let noticeLines = warns ? max(0, min(notice.lines.count, body.height - 4)) : 0
    let area = Rect(
      x: body.x + width, y: body.y, width: max(1, body.width - width),
      height: max(1, body.height - noticeLines - 2))
    label("question", body.x, body.y, isFocused: !form.isOnAnswer, theme, on: &buffer)
    let questionCursor = draw(form.question, in: area, theme, on: &buffer)
    label("right answer", body.x, area.bottom, isFocused: form.isOnAnswer, theme, on: &buffer)
    let answerCursor = form.answer.draw(
      in: Rect(x: area.x, y: area.bottom, width: min(30, area.width), height: 1),
      style: theme.popup(.input), placeholder: "if you know it",
      placeholderStyle: theme.popup(.dim), on: &buffer)
    if warns {
      notice.draw(
        in: Rect(x: body.x, y: body.bottom - noticeLines, width: body.width, height: noticeLines),
        on: &buffer)
    }
    return form.isOnAnswer ? answerCursor : questionCursor
  }

  private static func label(
    _ text: String, _ x: Int, _ y: Int, isFocused: Bool, _ theme: Theme,
    on buffer: inout CellBuffer
  ) {
    buffer.put(text, x: x, y: y, style: theme.popup(isFocused ? .key : .dim))
  }

  /// The question on as many lines as it takes, scrolled so that the cursor shows.
  private static func draw(
    _ field: TextField, in rect: Rect, _ theme: Theme, on buffer: inout CellBuffer
  ) -> Point {
    let style = theme.popup(.input)
    guard !field.isEmpty else {
      return field.draw(
        in: rect, style: style, placeholder: "for example: What is 17 + 25?",
        placeholderStyle: theme.popup(.dim), on: &buffer)
    }
    let wrapped = WrappedText(StyledText(field.text, style: style), width: rect.width)
    let offset = field.text.prefix(field.cursor).utf8.count
    let place = wrapped.position(ofOffset: offset)
    let first = max(0, place.y - rect.height + 1)
    wrapped.draw(in: rect, firstLine: first, on: &buffer)
    return Point(x: rect.x + place.x, y: rect.y + place.y - first)
  }
}
