import Decoding
import TerminalUI
import Traces

/// What keys and commands do in Decode. Moving about is in `DecodeMoving`, the mouse in
/// `DecodePointer`.
extension PlaygroundState {
  mutating func decodeCommand(_ command: Command) -> [Effect] {
    if command != .take && command != .right && command != .activate { decode.pendingTakes = 0 }
    switch command {
    case .up: return selectRow(decode.selectedRow - 1)
    case .down: return selectRow(decode.selectedRow + 1)
    case .take, .right, .activate: return takeSelected()
    case .undo, .left, .back: return undo()
    case .redo: return redo()
    case .streamOrStop, .run: return streamOrStop()
    case .top: return moveToPromptEnd()
    case .bottom: return moveToLineEnd()
    case .markFork: return markFork()
    case .nextFork: return hop(1)
    case .previousFork: return hop(-1)
    case .insertText: return beginInsertion()
    case .findToken: beginSearch()
    case .answerNow: return askNow()
    case .wait: return waitHere()
    case .cycleHeat:
      let all = HeatMode.allCases
      decode.heat = all[(decode.heat.rawValue + 1) % all.count]
    case .nextKnob:
      let all = SamplerKnob.allCases
      decode.knob = all[(decode.knob.rawValue + 1) % all.count]
    case .turnKnob(let steps): turn(decode.knob, by: steps)
    case .pageUp: scrollText(by: max(1, (decodeLayout?.text.height ?? 6) - 2))
    case .pageDown: scrollText(by: -max(1, (decodeLayout?.text.height ?? 6) - 2))
    default: break
    }
    return []
  }

  mutating func selectRow(_ row: Int) -> [Effect] {
    decode.selectedRow = max(0, min(row, (decode.table?.rows.count ?? 1) - 1))
    return []
  }

  /// Scrolls the text back by some lines, as far as there is text.
  mutating func scrollText(by lines: Int) {
    guard let rect = decodeLayout?.text else { return }
    let range = plainDecodeText(width: rect.width).scrollRange(height: rect.height)
    let wanted = min(range.upperBound, max(range.lowerBound, decode.scrollBack))
    decode.scrollBack = min(range.upperBound, max(range.lowerBound, wanted + lines))
  }

  // MARK: What needs a model

  /// Whether something that takes a model can be done now; if not, says why.
  private mutating func canWork(_ what: String) -> Bool {
    if decode.isStreaming {
      message = Message(.notice, "Text is being sampled; stop it with the space bar first.")
      return false
    }
    switch model {
    case .ready:
      // Until the prompt is in there is nothing to go on from.
      return runs.exploration != nil && decode.cursor != .root
    case .loading(let load):
      message = Message(.notice, "\(load.name) is still loading.")
    case .failed(let name, _):
      message = Message(.notice, "\(name) could not be loaded; press m to choose another model.")
    case .none:
      message = Message(.notice, "This is a saved trace: \(what) needs a model. Press m.")
    }
    return false
  }

  /// Takes the next of the tokens that were asked for before their tables were there.
  mutating func takePending() -> [Effect] {
    guard decode.pendingTakes > 0, decode.arriving == nil, decode.hasCurrentTable else {
      return []
    }
    decode.pendingTakes -= 1
    return takeSelected()
  }

  private mutating func takeSelected() -> [Effect] {
    guard !decode.isStreaming else {
      message = Message(.notice, "Text is being sampled; stop it with the space bar first.")
      return []
    }
    guard decode.arriving == nil, decode.hasCurrentTable || !expectsTable else {
      decode.pendingTakes = min(decode.pendingTakes + 1, 8)
      return []
    }
    guard let table = decode.table, table.rows.indices.contains(decode.selectedRow) else {
      _ = canWork("going on")
      return []
    }
    let row = table.rows[decode.selectedRow]
    return take(row.token.id, label: row.label)
  }

  /// Goes on with a token: along the line, to where somebody has been, or to a new place.
  mutating func take(_ token: TokenID, label: String) -> [Effect] {
    let child = decode.cursor.appending(token)
    if decode.redo.last == child { return redo() }
    if trace.node(child) != nil { return move(to: child) + note(.move, child) }
    guard canWork("going where nobody has been") else { return [] }
    if let known = decode.known[decode.cursor], known.logProbability(of: token) == -.infinity {
      message = Message(.notice, "The model gives \(label) no probability at all.")
      return []
    }
    decode.arriving = child
    return [.decode(.take(token, after: decode.cursor, decode.known[decode.cursor]))]
  }

  private mutating func streamOrStop() -> [Effect] {
    if decode.isStreaming { return [.decode(.stopStream)] }
    guard canWork("sampling") else { return [] }
    if let last = decode.line.last, vocabulary?.endOfText.contains(last.token.id) == true {
      message = Message(.notice, "The text ends here; go back with ← to try something else.")
      return []
    }
    decode.isStreaming = true
    decode.redo = []
    decode.scrollBack = 0
    refreshLine()
    return [.decode(.stream(from: decode.cursor, sampling, budget: settings.maxTokens))]
  }

  private mutating func beginInsertion() -> [Effect] {
    if canWork("putting text in") { decode.insertion = TextField() }
    return []
  }

  private mutating func askNow() -> [Effect] {
    guard !decode.isAsking, canWork("asking for the answer") else { return [] }
    decode.isAsking = true
    decode.forcedAnswer = nil
    let said = decode.line.generated.flatMap(\.token.bytes)
    return [.decode(.answerNow(after: decode.cursor, said: said))]
  }

  /// Budget forcing by hand. Where the thinking has ended, its end is taken back.
  private mutating func waitHere() -> [Effect] {
    guard !decode.isAsking, canWork("putting \"Wait,\" in") else { return [] }
    decode.isAsking = true
    let said = decode.line.generated
    let start = said.first.flatMap { trace.node($0.node)?.parent } ?? decode.cursor
    return [
      .decode(
        .wait(
          behind: start, depth: decode.line.cursor - said.count, said: said.map(\.token)))
    ]
  }

  private mutating func markFork() -> [Effect] {
    guard decode.cursor != .root else { return [] }
    defer { refreshLine() }
    if let index = decode.forks.firstIndex(of: decode.cursor) {
      decode.forks.remove(at: index)
      return []
    }
    decode.forks.append(decode.cursor)
    return note(.fork, decode.cursor)
  }

  /// Leaves a trace of a move, when there is a session to leave it in.
  func note(_ action: Edit.Action, _ node: NodeID) -> [Effect] {
    readyModel == nil ? [] : [.decode(.note(action, node))]
  }

  // MARK: Typing

  /// A key while text is typed for insertion; nil when none is.
  mutating func insertionKey(_ key: KeyEvent) -> [Effect]? {
    if let effects = searchKey(key) { return effects }
    guard var field = decode.insertion else { return nil }
    switch (key.key, key.modifiers) {
    case (.escape, _), (.character("c"), .control):
      decode.insertion = nil
    case (.enter, .alt), (.character("j"), .control):
      field.insert("\n")
      decode.insertion = field
    case (.enter, _):
      decode.insertion = nil
      return field.isEmpty ? [] : [.decode(.insert(field.text, after: decode.cursor))]
    default:
      _ = field.handle(key)
      decode.insertion = field
    }
    return []
  }
}
