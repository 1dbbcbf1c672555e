public import TerminalUI

/// The command line.
public struct CommandLineState: Sendable {
  public var field: TextField
  /// What is typed can be completed to.
  var completion = CommandCompletion()
  /// The chosen completion, and what was typed before.
  var chosen: Int?
  var typed = ""
  /// Where in the history the line comes from; nil for a new line.
  var historyIndex: Int?
  var draft = ""
  /// What is wrong with the line that was entered last.
  public var error: String?

  init(_ text: String = "") { field = TextField(text) }
}

extension CommandCompletion {
  init() {}
}

extension Reducer {
  func openCommandLine(_ text: String, _ state: inout PlaygroundState) -> [Effect] {
    var line = CommandLineState(text)
    let effects = complete(&line, state)
    state.popups.append(.commandLine(line))
    return effects
  }

  func commandLineKey(
    _ key: KeyEvent, _ command: Command?, _ line: CommandLineState, _ state: inout PlaygroundState
  ) -> [Effect] {
    var line = line
    var effects: [Effect] = []
    switch command {
    case .activate:
      return enter(line, &state)
    case .complete(let offset):
      if let only = line.completion.candidates.first, line.completion.candidates.count == 1 {
        line.field = TextField(only.line)
        effects = edited(&line, state)
      } else {
        choose(offset, &line)
      }
    case .up: recall(-1, &line, state.commandHistory)
    case .down: recall(1, &line, state.commandHistory)
    default:
      if key.key == .backspace, line.field.isEmpty {
        state.popups.removeLast()
        return []
      }
      guard line.field.handle(key) else { return [] }
      effects = edited(&line, state)
    }
    state.replaceTop(.commandLine(line))
    return effects
  }

  func edited(_ line: inout CommandLineState, _ state: PlaygroundState) -> [Effect] {
    line.error = nil
    line.chosen = nil
    line.historyIndex = nil
    return complete(&line, state)
  }

  private func complete(_ line: inout CommandLineState, _ state: PlaygroundState) -> [Effect] {
    line.completion = CommandCompletion(of: line.field.text, state)
    return line.completion.path.map { [.file(.list($0))] } ?? []
  }

  /// Puts the next completion on the line; past the last one, what was typed.
  private func choose(_ offset: Int, _ line: inout CommandLineState) {
    let candidates = line.completion.candidates
    guard !candidates.isEmpty else { return }
    if line.chosen == nil { line.typed = line.field.text }
    let places = candidates.count + 1
    let next = ((line.chosen ?? candidates.count) + offset + places) % places
    line.error = nil
    if next == candidates.count {
      line.chosen = nil
      line.field = TextField(line.typed)
    } else {
      line.chosen = next
      line.field = TextField(candidates[next].line)
    }
  }

  private func recall(_ offset: Int, _ line: inout CommandLineState, _ history: [String]) {
    guard !history.isEmpty else { return }
    if line.historyIndex == nil { line.draft = line.field.text }
    let next = (line.historyIndex ?? history.count) + offset
    guard next >= 0 else { return }
    line.error = nil
    line.chosen = nil
    line.historyIndex = next < history.count ? next : nil
    line.field = TextField(next < history.count ? history[next] : line.draft)
  }

  /// Carries out the line; when it cannot be, the line stays with what is wrong with it.
  private func enter(_ line: CommandLineState, _ state: inout PlaygroundState) -> [Effect] {
    var line = line
    let text = line.field.text
    guard !text.allSatisfy(\.isWhitespace) else {
      state.popups.removeLast()
      return []
    }
    // A chosen word that still lacks its value: go on typing behind it.
    if line.chosen != nil, text.hasSuffix(" ") {
      let effects = edited(&line, state)
      state.replaceTop(.commandLine(line))
      return effects
    }
    if state.commandHistory.last != text { state.commandHistory.append(text) }
    let popups = state.popups
    state.popups.removeLast()
    do {
      let command = try TypedCommand(
        parsing: text, settings: state.settingTable, screens: state.session.screens)
      return try execute(command, &state)
    } catch {
      line.error = "\(error)"
      line.historyIndex = nil
      state.popups = popups
      state.replaceTop(.commandLine(line))
      return []
    }
  }

  /// More completions: files that begin with a path.
  func received(files: [String], for path: String, _ state: inout PlaygroundState) {
    guard let top = state.popups.last else { return }
    switch top {
    case .commandLine(var line) where line.completion.path == path && line.chosen == nil:
      line.completion = CommandCompletion(of: line.field.text, state, files: files)
      state.replaceTop(.commandLine(line))
    case .models(var picker) where picker.field.text == path:
      picker.files = files
      state.replaceTop(.models(picker))
    default: break
    }
  }
}
