import Decoding
public import TerminalUI

/// What the model switcher shows: the sizes of the family and the other known models, and a path
/// being typed.
public struct ModelPickerState: Sendable {
  public var field = TextField()
  public var position = ListPosition()
  /// The files whose paths begin with what is typed.
  public var files: [String] = []
  /// The model that was asked for here, until it is there or has failed.
  public var wanted: String?
  /// Where the user is within the family: each size is offered at this one's stage and
  /// checkpoint as far as it has them.
  var place: FamilyMember?
  /// How many rows the sizes of the family take, before those of the other models.
  private let sizeCount: Int

  init(_ state: PlaygroundState) {
    let family = state.catalog.family
    let model = state.readyModel
    sizeCount = family.sizes.count
    place = model?.member ?? family.standard
    if let other = state.catalog.models.firstIndex(where: { $0.path == model?.path }) {
      position.selected = sizeCount + other
    } else {
      position.selected = family.sizes.firstIndex { $0 == place?.size } ?? 0
    }
  }

  static let width = 72

  /// Whether the list shows files instead of models.
  var isTyping: Bool { !field.isEmpty }

  /// Whether the selected row is a size of the family.
  var isOnFamily: Bool { !isTyping && position.selected < sizeCount }

  /// The member that a size stands for now.
  func member(_ size: String, _ family: ModelFamily) -> FamilyMember? {
    family.member(of: size, like: place)
  }

  /// The member of the selected row; nil when that is none of the family.
  func chosen(_ family: ModelFamily) -> FamilyMember? {
    guard isOnFamily, family.sizes.indices.contains(position.selected) else { return nil }
    return member(family.sizes[position.selected], family)
  }

  func list(_ state: PlaygroundState) -> PopupList {
    let known = sizeCount + state.catalog.models.count
    let count = isTyping ? files.count : known
    return PopupList(
      width: Self.width, height: max(8, known) + 6, heading: 2, footing: 2,
      count: count, position: position, in: state.size)
  }

  /// After typing: other files come.
  func edited(_ state: inout PlaygroundState) -> [Effect] {
    var picker = self
    picker.files = []
    picker.position = ListPosition()
    picker.wanted = nil
    state.replaceTop(.models(picker))
    return picker.isTyping ? [.file(.list(picker.field.text))] : []
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
    case .checkpoint(let step):
      guard let chosen = picker.chosen(state.catalog.family),
        let next = state.catalog.family.checkpoint(step, from: chosen)
      else { return [] }
      picker.place = next
      state.replaceTop(.models(picker))
      return []
    case .nextStage:
      guard let chosen = picker.chosen(state.catalog.family),
        let next = state.catalog.family.nextStage(after: chosen)
      else { return [] }
      picker.place = next
      state.replaceTop(.models(picker))
      return []
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

  /// Opens what is chosen: a known model, a file of the list, or the name or path as it is typed.
  private func openModel(
    _ old: ModelPickerState, _ state: inout PlaygroundState
  ) -> [Effect] {
    var picker = old
    var path: String?
    if picker.isTyping,
      let known = state.catalog.path(ofModel: picker.field.text, like: state.readyModel?.member)
    {
      path = known
    } else if picker.isTyping {
      let index = picker.position.selected
      let isListed =
        picker.files.indices.contains(index) && !picker.files.contains(picker.field.text)
      path = isListed ? picker.files[index] : picker.field.text
      if let folder = path, folder.hasSuffix("/") {
        picker.field = TextField(folder)
        return picker.edited(&state)
      }
    } else if picker.isOnFamily {
      path = picker.chosen(state.catalog.family)?.path
    } else {
      let index = picker.position.selected - state.catalog.family.sizes.count
      if state.catalog.models.indices.contains(index) { path = state.catalog.models[index].path }
    }
    guard let path else { return [] }
    picker.wanted = path
    state.replaceTop(.models(picker))
    return [.model(.load(path: path))]
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
