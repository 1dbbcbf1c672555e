import TerminalUI

/// The command line: what is typed is a command, or is looked for in everything that there is.
struct CommandLineState: Popup {
  var field: TextField
  /// What is typed can be completed to.
  var completion = CommandCompletion()
  /// What is found by what is typed.
  var found: [Palette.Found] = []
  /// The chosen completion or find, and what was typed before.
  var chosen: Int?
  var typed = ""
  /// Where in the history the line comes from; nil for a new line.
  var historyIndex: Int?
  var draft = ""
  /// What is wrong with the line that was entered last.
  var error: String?
  /// Everything that can be found; made when the line opens.
  private var palette: Palette

  init(_ state: PlaygroundState, _ text: String = "") {
    field = TextField(text)
    palette = Palette(state)
  }
}

extension CommandCompletion {
  init() {}
}

// MARK: The list

extension CommandLineState {
  /// The lines that the list offers: first the completions of a command.
  private var lines: [String] { completion.candidates.map(\.line) + found.map(\.entry.line) }

  var rowCount: Int { completion.candidates.count + found.count }

  /// The row that Enter carries out: the chosen one; where nothing typed begins a command, the
  /// best that was found.
  var selectedRow: Int? {
    if let chosen { return chosen }
    // Letters that are scattered over a text are no word of it: then somebody has to choose.
    let isClear = found.first.map { $0.match.quality < .scattered } ?? false
    return completion.candidates.isEmpty && isUnknown && isClear ? 0 : nil
  }

  /// Whether the first word that was typed begins no command.
  private var isUnknown: Bool {
    let name = TypedCommand.split(field.text).name
    return !name.isEmpty && !knownWords.contains { $0.hasPrefix(name) }
  }

  private var knownWords: [String] { palette.words }
}

// MARK: Keys

extension CommandLineState {
  static func open(_ state: inout PlaygroundState) -> [Effect] {
    var line = CommandLineState(state)
    let effects = line.complete(state)
    state.popups.append(line)
    return effects
  }

  var contexts: [KeyContext] { [.commandLine] }
  var takesText: Bool { true }

  func offers(_ command: Command, _ state: PlaygroundState) -> Bool {
    switch command {
    case .complete: rowCount > 0
    case .up: chosen != nil || (historyIndex ?? state.commandHistory.count) > 0
    case .down: rowCount > 0 || historyIndex != nil
    default: true
    }
  }

  func paste(_ text: String, _ state: inout PlaygroundState) -> [Effect] {
    var line = self
    line.field.insert(text)
    let effects = line.edited(state)
    state.replaceTop(line)
    return effects
  }

  /// More completions: files that begin with a path.
  func receive(files: [String], for path: String, _ state: inout PlaygroundState) {
    guard completion.path == path, chosen == nil else { return }
    var line = self
    line.completion = CommandCompletion(of: field.text, state, files: files)
    state.replaceTop(line)
  }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var line = self
    var effects: [Effect] = []
    switch command {
    case .dismiss:
      state.popups.removeLast()
      return []
    case .activate: return line.enter(&state)
    case .complete(let offset):
      // Where a command can be completed, Tab goes through its completions alone.
      let count = completion.candidates.isEmpty ? found.count : completion.candidates.count
      if let only = completion.candidates.first, completion.candidates.count == 1 {
        line.field = TextField(only.line)
        effects = line.edited(state)
      } else {
        line.choose(offset, of: count)
      }
    case .up where chosen != nil: line.choose(-1, of: rowCount)
    case .down where historyIndex == nil: line.choose(1, of: rowCount)
    case .up: line.recall(-1, state.commandHistory)
    case .down: line.recall(1, state.commandHistory)
    default:
      if key.key == .backspace, field.isEmpty {
        state.popups.removeLast()
        return []
      }
      guard line.field.handle(key) else { return [] }
      effects = line.edited(state)
    }
    state.replaceTop(line)
    return effects
  }

  /// After typing: what was chosen or recalled is the line now.
  private mutating func edited(_ state: PlaygroundState) -> [Effect] {
    (historyIndex, error) = (nil, nil)
    return complete(state)
  }

  private mutating func complete(_ state: PlaygroundState) -> [Effect] {
    chosen = nil
    completion = CommandCompletion(of: field.text, state)
    // What completes the line already is not told twice.
    let known = Set(completion.candidates.map { TypedCommand.split($0.line).name })
    let isWord = !field.text.contains(where: \.isWhitespace)
    found = palette.found(field.text).filter { found in
      let name = TypedCommand.split(found.entry.line).name
      return
        !(isWord && found.entry.line.hasPrefix(name) && found.entry.title == name
        && known.contains(name))
    }
    return completion.path.map { [.file(.list($0))] } ?? []
  }

  /// Puts the next row of the list on the line; past the last one, what was typed.
  private mutating func choose(_ offset: Int, of count: Int) {
    guard count > 0 else { return }
    if chosen == nil { typed = field.text }
    let places = count + 1
    let next = (min(chosen ?? count, count) + offset + places) % places
    error = nil
    chosen = next < count ? next : nil
    field = TextField(chosen.map { lines[$0] } ?? typed)
  }

  private mutating func recall(_ offset: Int, _ history: [String]) {
    guard !history.isEmpty else { return }
    if historyIndex == nil { draft = field.text }
    let next = (historyIndex ?? history.count) + offset
    guard next >= 0 else { return }
    error = nil
    chosen = nil
    historyIndex = next < history.count ? next : nil
    field = TextField(historyIndex.map { history[$0] } ?? draft)
  }

  /// Carries out the line, or the row that is selected; when it cannot be, the line stays with what
  /// is wrong with it.
  private mutating func enter(_ state: inout PlaygroundState) -> [Effect] {
    if chosen == nil, let row = selectedRow { field = TextField(lines[row]) }
    let text = field.text
    guard !text.allSatisfy(\.isWhitespace) else {
      state.popups.removeLast()
      return []
    }
    // A word that still lacks its value: go on typing behind it.
    if text.hasSuffix(" "), chosen != nil || lines.contains(text) {
      let effects = edited(state)
      state.replaceTop(self)
      return effects
    }
    if state.commandHistory.last != text { state.commandHistory.append(text) }
    let popups = state.popups
    state.popups.removeLast()
    do {
      let command = try TypedCommand(
        parsing: text, settings: state.commandSettings, screens: state.session.screens)
      return try Reducer().execute(command, &state)
    } catch {
      self.error = "\(error)"
      historyIndex = nil
      state.popups = popups
      state.replaceTop(self)
      return []
    }
  }
}

// MARK: Mouse

extension CommandLineState {
  private static let listed = 8

  /// How many rows the list shows.
  func listedRows(_ size: Size) -> Int { min(rowCount, Self.listed, max(0, size.height - 4)) }

  /// The box of the list, above the line that is typed.
  func box(_ size: Size) -> Rect {
    let rows = listedRows(size)
    return Rect(
      x: 0, y: size.height - 1 - rows - 2, width: min(size.width, 110), height: rows + 2)
  }

  func frame(_ state: PlaygroundState) -> Rect? {
    let line = Rect(x: 0, y: state.size.height - 1, width: state.size.width, height: 1)
    guard rowCount > 0, error == nil else { return line }
    let box = box(state.size)
    return Rect(x: 0, y: box.y, width: state.size.width, height: line.bottom - box.y)
  }

  func list(_ state: PlaygroundState) -> PopupList? {
    guard rowCount > 0, error == nil else { return nil }
    let box = box(state.size)
    return PopupList(
      frame: box, rows: box.inset(), count: rowCount, position: listPosition(state.size))
  }

  /// Which rows show; nothing need be selected.
  func listPosition(_ size: Size) -> ListPosition {
    let rows = listedRows(size)
    let selected = selectedRow ?? -1
    return ListPosition(
      selected: selected,
      firstVisible: min(max(0, selected - rows + 1), max(0, rowCount - rows)))
  }

  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] {
    var line = self
    if line.chosen == nil { line.typed = field.text }
    line.chosen = item
    line.field = TextField(lines[item])
    state.replaceTop(line)
    return []
  }
}
