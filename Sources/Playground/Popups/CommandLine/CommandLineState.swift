import TerminalUI

/// The command line.
struct CommandLineState: Popup {
  var field: TextField
  /// What is typed can be completed to.
  var completion = CommandCompletion()
  /// The chosen completion, and what was typed before.
  var chosen: Int?
  var typed = ""
  /// Where in the history the line comes from; nil for a new line.
  var historyIndex: Int?
  var draft = ""
  /// What is wrong with the line that was entered last.
  var error: String?

  init(_ text: String = "") { field = TextField(text) }
}

extension CommandCompletion {
  init() {}
}

// MARK: Keys

extension CommandLineState {
  static func open(_ state: inout PlaygroundState) -> [Effect] {
    var line = CommandLineState()
    let effects = line.complete(state)
    state.popups.append(line)
    return effects
  }

  var contexts: [KeyContext] { [.commandLine] }
  var takesText: Bool { true }

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
      if let only = completion.candidates.first, completion.candidates.count == 1 {
        line.field = TextField(only.line)
        effects = line.edited(state)
      } else {
        line.choose(offset)
      }
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

  private mutating func edited(_ state: PlaygroundState) -> [Effect] {
    error = nil
    chosen = nil
    historyIndex = nil
    return complete(state)
  }

  private mutating func complete(_ state: PlaygroundState) -> [Effect] {
    completion = CommandCompletion(of: field.text, state)
    return completion.path.map { [.file(.list($0))] } ?? []
  }

  /// Puts the next completion on the line; past the last one, what was typed.
  private mutating func choose(_ offset: Int) {
    let candidates = completion.candidates
    guard !candidates.isEmpty else { return }
    if chosen == nil { typed = field.text }
    let places = candidates.count + 1
    let next = ((chosen ?? candidates.count) + offset + places) % places
    error = nil
    chosen = next < candidates.count ? next : nil
    field = TextField(chosen.map { candidates[$0].line } ?? typed)
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

  /// Carries out the line; when it cannot be, the line stays with what is wrong with it.
  private mutating func enter(_ state: inout PlaygroundState) -> [Effect] {
    let text = field.text
    guard !text.allSatisfy(\.isWhitespace) else {
      state.popups.removeLast()
      return []
    }
    // A chosen word that still lacks its value: go on typing behind it.
    if chosen != nil, text.hasSuffix(" ") {
      let effects = edited(state)
      state.replaceTop(self)
      return effects
    }
    if state.commandHistory.last != text { state.commandHistory.append(text) }
    let popups = state.popups
    state.popups.removeLast()
    do {
      let command = try TypedCommand(
        parsing: text, settings: state.settingTable, screens: state.session.screens)
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
