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
      height: list.frame.height, contexts: [.models], view: view, on: &buffer)
    let label = "file: "
    buffer.put(label, x: body.x, y: body.y, style: PopupFrame.style(.dim, theme))
    let x = body.x + label.count
    let cursor = picker.field.draw(
      in: Rect(x: x, y: body.y, width: body.right - x, height: 1),
      style: PopupFrame.style(.input, theme), placeholder: "type a path to any GGUF file",
      placeholderStyle: PopupFrame.style(.dim, theme), on: &buffer)
    if picker.isTyping {
      ChooserView.drawRows(
        picker.files.map { [StyledText(name($0))] }, columns: [.init("", .fill)], list, theme,
        empty: "no file begins with that", on: &buffer)
    } else {
      ChooserView.drawRows(
        state.catalog.models.map { model in
          let isOn = model.path == state.readyModel?.path
          return [
            StyledText(isOn ? "● \(model.name)" : "  \(model.name)"),
            StyledText(model.detail, style: theme[.dim]),
          ]
        }, columns: [.init("", .fraction(0.45)), .init("", .fill)], list, theme,
        empty: "No bundled models are found; type a path, or run make models.", on: &buffer)
    }
    drawState(picker, state, body, theme, on: &buffer)
    return cursor
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
    case .loading(let name):
      buffer.put(
        "opening \(name) …", x: rect.x, y: rect.y + 1, style: PopupFrame.style(.notice, theme),
        width: rect.width)
    case .failed(_, let why) where picker.wanted != nil:
      WrappedText(StyledText(why, style: PopupFrame.style(.error, theme)), width: rect.width)
        .draw(in: rect, on: &buffer)
    default: break
    }
  }
}
