import TerminalUI

/// What is asked of somebody who quits while a part of the session is not on disk.
struct UnkeptQuestion: Popup {
  enum Own: ScreenCommand { case retry, saveElsewhere, quit }

  /// The path being typed to save the session at.
  var path: TextField?

  static let width = 72
  private static let height = 8

  var contexts: [KeyContext] { [path == nil ? .unkept : .name] }
  var takesText: Bool { path != nil }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var question = self
    defer { if !state.popups.isEmpty { state.replaceTop(question) } }
    if var field = path {
      switch command {
      case .activate: return field.isEmpty ? [] : [.file(.save(path: field.text))]
      case .dismiss: question.path = nil
      default:
        _ = field.handle(key)
        question.path = field
      }
      return []
    }
    switch (command, command?.own() as Own?) {
    case (_, .retry): return [.file(.keep)]
    case (_, .saveElsewhere): question.path = TextField()
    case (_, .quit):
      state.popups.removeAll()
      state.isQuitting = true
      return state.cancelRuns() + state.stopScreens() + [.shell(.leave)]
    case (.dismiss, _):
      state.popups.removeLast()
      if let below = state.popups.last as? UnkeptQuestion { question = below }
    default: break
    }
    return []
  }

  func paste(_ line: String, _ state: inout PlaygroundState) -> [Effect] {
    var question = self
    question.path?.insert(line)
    state.replaceTop(question)
    return []
  }

  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let body = PopupFrame.draw(
      title: "Not everything is on disk", width: Self.width, height: Self.height,
      hints: hints(state), view: view, on: &buffer)
    let text = StyledText(state.unkept?.description ?? "", style: view.theme.popupText)
    let above = Rect(x: body.x, y: body.y, width: body.width, height: body.height - 2)
    WrappedText(text, width: body.width).draw(in: above, on: &buffer)
    guard let path else { return nil }
    let label = "save as: "
    buffer.put(label, x: body.x, y: body.bottom - 1, style: view.theme.popup(.dim))
    return path.draw(
      in: Rect(
        x: body.x + label.count, y: body.bottom - 1, width: body.width - label.count, height: 1),
      style: view.theme.popup(.input), placeholder: "a path on another disk",
      placeholderStyle: view.theme.popup(.dim), on: &buffer)
  }
}

// MARK: Quitting

extension Reducer {
  /// Quits as soon as everything is on disk; asks where it cannot be. A second time it does not
  /// wait.
  func quit(_ state: inout PlaygroundState) -> [Effect] {
    if state.isQuitting { return [.shell(.leave)] }
    if state.unkept != nil {
      if !(state.popups.last is UnkeptQuestion) { state.popups.append(UnkeptQuestion()) }
      return []
    }
    // The session cancels what runs, so that every trace is closed, before it ends.
    state.isQuitting = true
    return state.cancelRuns() + state.stopScreens() + [.shell(.quit)]
  }

  /// Everything that ran has ended.
  func settled(_ unkept: Unkept?, _ state: inout PlaygroundState) -> [Effect] {
    guard state.isQuitting else { return [] }
    guard let unkept else { return [.shell(.leave)] }
    state.isQuitting = false
    state.session.unkept = unkept
    return quit(&state)
  }
}

extension PlaygroundState {
  /// Quits after all when what was asked about has come to the disk.
  mutating func askAboutUnkept() -> [Effect] {
    guard session.unkept == nil, popups.contains(where: { $0 is UnkeptQuestion }) else { return [] }
    popups.removeAll()
    return Reducer().perform(.quit, &self)
  }
}
