import Decoding
import TerminalUI

/// The model switcher.
enum ModelPickerView {
  static func draw(
    _ picker: ModelPickerState, _ state: PlaygroundState, view: PlaygroundView,
    on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    let list = picker.list(state)
    let body = PopupFrame.draw(
      title: "Model", note: state.readyModel?.identity.name, width: list.frame.width,
      height: list.frame.height, contexts: Popup.models(picker).contexts, view: view, on: &buffer)
    let family = state.catalog.family
    let label = family.isEmpty ? "file: " : "model: "
    buffer.put(label, x: body.x, y: body.y, style: PopupFrame.style(.dim, theme))
    let x = body.x + label.count
    let cursor = picker.field.draw(
      in: Rect(x: x, y: body.y, width: body.right - x, height: 1),
      style: PopupFrame.style(.input, theme),
      placeholder: family.isEmpty
        ? "type a path to any GGUF file" : "type a name or a path to any GGUF file",
      placeholderStyle: PopupFrame.style(.dim, theme), on: &buffer)
    if picker.isTyping {
      ChooserView.drawRows(
        picker.files.map { [StyledText(name($0))] }, columns: [.init("", .fill)], list, theme,
        empty: known(picker, state) == nil ? "no file begins with that" : "", on: &buffer)
    } else {
      let others = state.catalog.models.map { model in
        let isOn = model.path == state.readyModel?.path
        return [
          StyledText(isOn ? "● \(model.name)" : "  \(model.name)"),
          StyledText(model.detail, style: theme[.dim]),
        ]
      }
      ChooserView.drawRows(
        family.sizes.compactMap { row($0, picker, state, theme) } + others,
        columns: [.init("", .fraction(family.isEmpty ? 0.45 : 0.55)), .init("", .fill)], list,
        theme,
        empty: "No bundled models are found; type a path, or run make models.", on: &buffer)
    }
    drawState(picker, state, body, theme, on: &buffer)
    return cursor
  }

  /// The member of the family that the typed name means.
  private static func known(
    _ picker: ModelPickerState, _ state: PlaygroundState
  ) -> FamilyMember? {
    picker.isTyping
      ? state.catalog.family.member(named: picker.field.text, like: state.readyModel?.member)
      : picker.chosen(state.catalog.family)
  }

  /// A size with what it is offered at: the stage and the training tokens in `‹ ›` where keys
  /// lead to others.
  private static func row(
    _ size: String, _ picker: ModelPickerState, _ state: PlaygroundState, _ theme: Theme
  ) -> [StyledText]? {
    let family = state.catalog.family
    guard let member = picker.member(size, family) else { return nil }
    let isOn = state.readyModel?.member?.size == size
    var name = StyledText("\(isOn ? "●" : " ") \(size)")
    name.append(String(repeating: " ", count: max(1, 6 - size.count)))
    let stages = family.stages(of: size)
    for stage in stages {
      let isChosen = stage == member.stage
      let text = isChosen && stages.count > 1 ? "‹\(stage.rawValue)› " : "\(stage.rawValue) "
      name.append(text, style: isChosen ? .plain : theme[.dim])
    }
    if size == family.standard?.size { name.append("default", style: theme[.dim]) }
    let checkpoints = family.checkpoints(of: size, member.stage)
    var detail = StyledText()
    if let index = checkpoints.firstIndex(of: member), checkpoints.count > 1 {
      detail.append("‹\(member.tokens) tokens› ")
      detail.append("\(index + 1) of \(checkpoints.count) · ", style: theme[.dim])
    } else {
      detail.append("\(member.tokens) tokens ")
      detail.append("· ", style: theme[.dim])
    }
    detail.append(member.fileType, style: theme[.dim])
    return [name, detail]
  }

  /// The last part of a path; a folder keeps its slash.
  private static func name(_ path: String) -> String {
    let end = path.hasSuffix("/") ? path.index(before: path.endIndex) : path.endIndex
    guard let slash = path[..<end].lastIndex(of: "/") else { return path }
    return String(path[path.index(after: slash)...])
  }

  /// What became of the model asked for, on the last lines of the body.
  private static func drawState(
    _ picker: ModelPickerState, _ state: PlaygroundState, _ body: Rect, _ theme: Theme,
    on buffer: inout CellBuffer
  ) {
    let rect = Rect(x: body.x, y: body.bottom - 2, width: body.width, height: 2)
    switch state.model {
    case .loading(let load):
      buffer.put(
        "opening \(load.text)", x: rect.x, y: rect.y + 1, style: PopupFrame.style(.notice, theme),
        width: rect.width)
    case .failed(_, let why) where picker.wanted != nil:
      WrappedText(StyledText(why, style: PopupFrame.style(.error, theme)), width: rect.width)
        .draw(in: rect, on: &buffer)
    default:
      guard let member = known(picker, state) else { return }
      let family = state.catalog.family
      let kind = member.stage == .base ? "" : ", \(member.stage.explanation)"
      buffer.put(
        "\(member.title)\(kind), \(Format.count(member.parameters)) parameters", x: rect.x,
        y: rect.y, style: PopupFrame.textStyle(theme), width: rect.width)
      buffer.put(
        "from anywhere: :model \(family.name(of: member))", x: rect.x, y: rect.y + 1,
        style: PopupFrame.style(.dim, theme), width: rect.width)
    }
  }
}
