import Decoding
import TerminalUI

/// The model switcher.
extension ModelPickerState {
  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let theme = view.theme
    let list = box(state)
    let body = PopupFrame.draw(
      title: "Model", note: state.readyModel?.identity.name, width: list.frame.width,
      height: list.frame.height, hints: hints(state), view: view, on: &buffer)
    let family = state.catalog.family
    let label = family.isEmpty ? "file: " : "model: "
    buffer.put(label, x: body.x, y: body.y, style: theme.popup(.dim))
    let x = body.x + label.count
    let cursor = field.draw(
      in: Rect(x: x, y: body.y, width: body.right - x, height: 1), style: theme.popup(.input),
      placeholder: family.isEmpty
        ? "type a path to any GGUF file, or http://…"
        : "type a name, a path to any GGUF file, or http://…",
      placeholderStyle: theme.popup(.dim), on: &buffer)
    if isTyping {
      list.draw(
        files.map { [StyledText(Self.name($0))] }, columns: [.init("", .fill)], theme: theme,
        empty: isAddress
          ? "Enter asks the server"
          : known(state) == nil
            ? "no file begins with that" : "", on: &buffer)
    } else {
      let others = state.catalog.models.map { model in
        let isOn = model.path == state.readyModel?.path
        return [
          StyledText(isOn ? "● \(model.name)" : "  \(model.name)"),
          StyledText(model.detail, style: theme[.dim]),
        ]
      }
      list.draw(
        family.sizes.compactMap { row($0, state, theme) } + others,
        columns: [.init("", .fraction(family.isEmpty ? 0.45 : 0.55)), .init("", .fill)],
        theme: theme,
        empty: "No bundled models found; type a path, or run make models.", on: &buffer)
    }
    drawState(state, body, theme, on: &buffer)
    return cursor
  }

  /// The member of the family that the typed name means.
  private func known(_ state: PlaygroundState) -> FamilyMember? {
    isTyping
      ? state.catalog.family.member(named: field.text, like: state.readyModel?.member)
      : chosen(state.catalog.family)
  }

  /// A size with what it is offered at: the stage and the training tokens in `‹ ›` where keys
  /// lead to others.
  private func row(_ size: String, _ state: PlaygroundState, _ theme: Theme) -> [StyledText]? {
    let family = state.catalog.family
    guard let member = member(size, family) else { return nil }
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
  private func drawState(
    _ state: PlaygroundState, _ body: Rect, _ theme: Theme, on buffer: inout CellBuffer
  ) {
    let rect = Rect(x: body.x, y: body.bottom - 2, width: body.width, height: 2)
    switch state.model {
    case .loading(let load):
      buffer.put(
        "opening \(load.text)", x: rect.x, y: rect.y + 1, style: theme.popup(.notice),
        width: rect.width)
    case .failed(_, let why) where wanted != nil:
      WrappedText(StyledText(why, style: theme.popup(.error)), width: rect.width)
        .draw(in: rect, on: &buffer)
    default:
      guard let member = known(state) else { return }
      let family = state.catalog.family
      let kind = member.stage == .base ? "" : ", \(member.stage.explanation)"
      buffer.put(
        "\(member.title)\(kind), \(Format.count(member.parameters)) parameters", x: rect.x,
        y: rect.y, style: theme.popupText, width: rect.width)
      buffer.put(
        "from anywhere: :model \(family.name(of: member))", x: rect.x, y: rect.y + 1,
        style: theme.popup(.dim), width: rect.width)
    }
  }
}
