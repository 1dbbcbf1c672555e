public import TerminalUI

/// What the model switcher shows: the known models, and a path being typed.
public struct ModelPickerState: Sendable {
  public var field = TextField()
  public var position = ListPosition()
  /// The files whose paths begin with what is typed.
  public var files: [String] = []
  /// The model that was asked for here, until it is there or has failed.
  public var wanted: String?

  init(_ state: PlaygroundState) {
    let path = state.readyModel?.path
    position.selected = state.catalog.models.firstIndex { $0.path == path } ?? 0
  }

  static let width = 72

  /// Whether the list shows files instead of models.
  var isTyping: Bool { !field.isEmpty }

  func list(_ state: PlaygroundState) -> PopupList {
    let count = isTyping ? files.count : state.catalog.models.count
    return PopupList(
      width: Self.width, height: max(8, state.catalog.models.count) + 6, heading: 2, footing: 2,
      count: count, position: position, in: state.size)
  }

  /// After typing: other files come.
  func edited(_ state: inout PlaygroundState) -> [Effect] {
    var picker = self
    picker.files = []
    picker.position = ListPosition()
    picker.wanted = nil
    state.replaceTop(.models(picker))
    return picker.isTyping ? [.listFiles(picker.field.text)] : []
  }
}

extension Reducer {
  func modelsKey(
    _ key: KeyEvent, _ command: Command?, _ old: ModelPickerState, _ state: inout PlaygroundState
  ) -> [Effect] {
    var picker = old
    let list = picker.list(state)
    if picker.position.move(command, count: list.count, page: list.rows.height) {
      state.replaceTop(.models(picker))
      return []
    }
    switch command {
    case .activate: return openModel(picker, &state)
    case .complete:
      guard picker.isTyping, let common = picker.completed else { return [] }
      picker.field = TextField(common)
      return picker.edited(&state)
    default:
      guard picker.field.handle(key) else { return [] }
      if picker.field.text == old.field.text {
        state.replaceTop(.models(picker))
        return []
      }
      return picker.edited(&state)
    }
  }

  /// Opens what is chosen: a known model, a file of the list, or the path as it is typed.
  private func openModel(
    _ old: ModelPickerState, _ state: inout PlaygroundState
  ) -> [Effect] {
    var picker = old
    var path: String?
    if picker.isTyping {
      let index = picker.position.selected
      let isListed =
        picker.files.indices.contains(index) && !picker.files.contains(picker.field.text)
      path = isListed ? picker.files[index] : picker.field.text
      if let folder = path, folder.hasSuffix("/") {
        picker.field = TextField(folder)
        return picker.edited(&state)
      }
    } else if state.catalog.models.indices.contains(picker.position.selected) {
      path = state.catalog.models[picker.position.selected].path
    }
    guard let path else { return [] }
    picker.wanted = path
    state.replaceTop(.models(picker))
    return [.loadModel(path: path)]
  }
}

extension ModelPickerState {
  /// What is typed, completed as far as all files agree, else to the selected file.
  var completed: String? {
    guard var common = files.first else { return nil }
    for file in files.dropFirst() {
      common = String(zip(common, file).prefix { $0 == $1 }.map(\.0))
    }
    if common.count > field.text.count { return common }
    return files.indices.contains(position.selected) ? files[position.selected] : nil
  }
}
