import Decoding
import TerminalUI

/// What the model switcher shows: the sizes of the family and the other known models, and a path
/// being typed.
struct ModelPickerState: Popup {
  var field = TextField()
  var position = ListPosition()
  /// The files whose paths begin with what is typed.
  var files: [String] = []
  /// The model that was asked for here, until it is there or has failed.
  var wanted: String?
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

  /// Whether what is typed is the address of a server.
  var isAddress: Bool { ModelAddress.isOne(field.text) }

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

  func list(_ state: PlaygroundState) -> PopupList? { box(state) }

  func box(_ state: PlaygroundState) -> PopupList {
    let known = sizeCount + state.catalog.models.count
    let count = isTyping ? files.count : known
    return PopupList(
      width: Self.width, height: max(8, known) + 6, heading: 2, footing: 2,
      count: count, position: position, in: state.size)
  }

  /// After typing: other files come.
  private mutating func edited(_ state: inout PlaygroundState) -> [Effect] {
    files = []
    position = ListPosition()
    wanted = nil
    state.replaceTop(self)
    return isTyping ? [.file(.list(field.text))] : []
  }
}

// MARK: Keys

extension ModelPickerState {
  var contexts: [KeyContext] { isOnFamily ? [.family, .models] : [.models] }
  var takesText: Bool { true }

  func offers(_ command: Command, _ state: PlaygroundState) -> Bool {
    let family = state.catalog.family
    return switch command {
    case .complete: isTyping && completed != nil
    case .checkpoint(let step): chosen(family).flatMap { family.checkpoint(step, from: $0) } != nil
    case .nextStage:
      chosen(family).map { family.nextStage(after: $0) != nil } ?? false
    case .activate: isTyping || box(state).count > 0
    default: true
    }
  }

  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] {
    var picker = self
    picker.position.selected = item
    state.replaceTop(picker)
    return []
  }

  func paste(_ line: String, _ state: inout PlaygroundState) -> [Effect] {
    var picker = self
    picker.field.insert(line)
    return picker.edited(&state)
  }

  func receive(files: [String], for path: String, _ state: inout PlaygroundState) {
    guard field.text == path else { return }
    var picker = self
    picker.files = files
    state.replaceTop(picker)
  }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var picker = self
    let list = box(state)
    if picker.position.move(command, count: list.count, page: list.rows.height) {
      state.replaceTop(picker)
      return []
    }
    let family = state.catalog.family
    switch command {
    case .dismiss: state.popups.removeLast()
    case .activate: return picker.open(&state)
    case .checkpoint(let step):
      picker.go(to: chosen(family).flatMap { family.checkpoint(step, from: $0) }, &state)
    case .nextStage: picker.go(to: chosen(family).flatMap(family.nextStage), &state)
    case .complete:
      guard isTyping, let completed else { return [] }
      picker.field = TextField(completed)
      return picker.edited(&state)
    default:
      guard picker.field.handle(key) else { return [] }
      if picker.field.text != field.text { return picker.edited(&state) }
      state.replaceTop(picker)
    }
    return []
  }

  private mutating func go(to member: FamilyMember?, _ state: inout PlaygroundState) {
    guard let member else { return }
    place = member
    state.replaceTop(self)
  }

  /// Opens what is chosen: a known model, a file of the list, or the name or path as it is typed.
  private mutating func open(_ state: inout PlaygroundState) -> [Effect] {
    var path: String?
    if isTyping, let known = state.catalog.path(ofModel: field.text, like: state.readyModel?.member)
    {
      path = known
    } else if isTyping {
      let isListed = files.indices.contains(position.selected) && !files.contains(field.text)
      path = isListed ? files[position.selected] : field.text
      if let folder = path, folder.hasSuffix("/") {
        field = TextField(folder)
        return edited(&state)
      }
    } else if isOnFamily {
      path = chosen(state.catalog.family)?.path
    } else {
      let index = position.selected - state.catalog.family.sizes.count
      if state.catalog.models.indices.contains(index) { path = state.catalog.models[index].path }
    }
    guard let path else { return [] }
    wanted = path
    state.replaceTop(self)
    return [state.session.effect(opening: path)]
  }

  /// What is typed, completed as far as all files agree, else to the selected file.
  private var completed: String? {
    guard var common = files.first else { return nil }
    for file in files.dropFirst() {
      common = String(zip(common, file).prefix { $0 == $1 }.map(\.0))
    }
    if common.count > field.text.count { return common }
    return files.indices.contains(position.selected) ? files[position.selected] : nil
  }
}
