import Decoding
import Reasoning
import TerminalUI

extension PlaygroundState {
  // MARK: Commands

  mutating func decodeCommand(_ command: Command) -> [Effect] {
    switch command {
    case .up: return selectRow(decode.selectedRow - 1)
    case .down: return selectRow(decode.selectedRow + 1)
    case .take, .right, .activate: return takeSelected()
    case .undo, .left, .back: return undo()
    case .redo: return redo()
    case .streamOrStop, .run: return streamOrStop()
    case .top: return move(to: decode.promptEnd)
    case .bottom: return move(to: deepest(below: decode.cursor))
    case .markFork: return markFork()
    case .nextFork: return hop(1)
    case .previousFork: return hop(-1)
    case .insertText:
      guard readyModel != nil else { return needsModel() }
      decode.insertion = TextField()
      return []
    case .answerNow:
      guard readyModel != nil else { return needsModel() }
      decode.forcedAnswer = nil
      return [.answerNow(after: decode.cursor)]
    case .cycleHeat:
      let all = HeatMode.allCases
      decode.heat = all[(decode.heat.rawValue + 1) % all.count]
      return []
    case .pageUp:
      decode.scrollBack += 5
      return []
    case .pageDown:
      decode.scrollBack = max(0, decode.scrollBack - 5)
      return []
    default: return []
    }
  }

  private mutating func needsModel() -> [Effect] {
    message = Message(.notice, "This is a saved trace; press m to load a model and go on from it.")
    return []
  }

  private mutating func selectRow(_ row: Int) -> [Effect] {
    decode.selectedRow = max(0, min(row, (decode.table?.rows.count ?? 1) - 1))
    return []
  }

  private mutating func takeSelected() -> [Effect] {
    guard !decode.isStreaming, let table = decode.table,
      table.rows.indices.contains(decode.selectedRow)
    else { return [] }
    let token = table.rows[decode.selectedRow].token
    let child = decode.cursor.appending(token)
    decode.redo = []
    if readyModel == nil {
      // Without a model one can only walk where somebody has been.
      guard trace.node(child) != nil else { return needsModel() }
      return move(to: child)
    }
    return [.take(token, after: decode.cursor, decode.known[decode.cursor])]
  }

  private mutating func undo() -> [Effect] {
    guard !decode.isStreaming, let node = trace.node(decode.cursor), node.parent != .root else {
      return []
    }
    let left = decode.cursor
    let effects = move(to: node.parent)
    decode.redo.append(left)
    return effects + (readyModel == nil ? [] : [.note(.undo, node.parent)])
  }

  private mutating func redo() -> [Effect] {
    guard !decode.isStreaming, let next = decode.redo.popLast() else { return [] }
    let rest = decode.redo
    let effects = move(to: next)
    decode.redo = rest
    return effects + (readyModel == nil ? [] : [.note(.redo, next)])
  }

  private mutating func streamOrStop() -> [Effect] {
    if decode.isStreaming { return [.stopStream] }
    guard readyModel != nil else { return needsModel() }
    decode.isStreaming = true
    decode.redo = []
    return [.stream(from: decode.cursor, sampling, budget: settings.maxTokens)]
  }

  private mutating func markFork() -> [Effect] {
    if let index = decode.forks.firstIndex(of: decode.cursor) {
      decode.forks.remove(at: index)
      return []
    }
    decode.forks.append(decode.cursor)
    return readyModel == nil ? [] : [.note(.fork, decode.cursor)]
  }

  /// Goes to the next or previous of the marked forks and the ends of lines.
  private mutating func hop(_ offset: Int) -> [Effect] {
    let places =
      decode.forks + trace.leaves(of: runs.exploration).filter { !decode.forks.contains($0) }
    guard !places.isEmpty else { return [] }
    let here = places.firstIndex(of: decode.cursor)
    let next =
      here.map { ($0 + offset + places.count) % places.count }
      ?? (offset > 0 ? 0 : places.count - 1)
    return move(to: places[next])
  }

  private func deepest(below node: NodeID) -> NodeID {
    var node = node
    while let child = trace.children(of: node).first { node = child }
    return node
  }

  // MARK: Moving

  /// Goes to a node and shows what may follow it.
  mutating func move(to node: NodeID) -> [Effect] {
    guard node != decode.cursor else { return [] }
    decode.cursor = node
    decode.redo = []
    decode.selectedRow = 0
    decode.scrollBack = 0
    return reachCursor()
  }

  /// Sees to it that the cursor's table is there, or on its way.
  mutating func reachCursor() -> [Effect] {
    reshapeTable()
    guard readyModel != nil, decode.known[decode.cursor] == nil, decode.cursor != .root,
      runs.exploration != nil, !decode.isStreaming
    else { return [] }
    return [.fetch(decode.cursor)]
  }

  /// Makes the table anew from what is known at the cursor: the full distribution, else the
  /// saved part of it.
  mutating func reshapeTable() {
    let rows = 64
    if let distribution = decode.known[decode.cursor] {
      decode.table = NextTokenTable(distribution, settings: sampling, rows: rows)
    } else if let saved = trace.distribution(after: decode.cursor) {
      decode.table = NextTokenTable(saved.summary, settings: sampling, rows: rows)
    } else {
      decode.table = nil
    }
    decode.selectedRow = min(decode.selectedRow, max(0, (decode.table?.rows.count ?? 1) - 1))
  }

  // MARK: News

  mutating func receiveDistribution(
    _ distribution: TokenDistribution, for node: NodeID
  ) -> [Effect] {
    decode.known.insert(distribution, for: node)
    if node == decode.cursor { reshapeTable() }
    return []
  }

  mutating func beginExploring(run: Int, prompt: NodeID) -> [Effect] {
    runs.exploration = run
    decode.promptEnd = prompt
    decode.cursor = prompt
    decode.redo = []
    decode.selectedRow = 0
    decode.forcedAnswer = nil
    decode.isStreaming = false
    return reachCursor()
  }

  mutating func arrive(at node: NodeID) -> [Effect] { move(to: node) }

  /// Follows the stream with the cursor.
  mutating func follow(_ node: NodeEvent, run: Int) {
    guard run == runs.exploration, decode.isStreaming, node.parent == decode.cursor else { return }
    decode.cursor = node.id
    decode.selectedRow = 0
  }

  mutating func endStream(at node: NodeID, reason: String) -> [Effect] {
    decode.isStreaming = false
    return reachCursor()
  }

  mutating func showForcedAnswer(_ outcome: PathOutcome, end: NodeID) -> [Effect] {
    decode.forcedAnswer = outcome.answer ?? "no answer"
    let answer = outcome.answer.map { "\"\($0)\"" } ?? "not found"
    let delta = outcome.delta.map { ", Δ \(Format.probability($0))" } ?? ""
    message = Message(.notice, "Asked here, the answer is \(answer)\(delta); press n to go there.")
    return []
  }

  // MARK: Typing

  /// A key while text is typed for insertion; nil when none is.
  mutating func insertionKey(_ key: KeyEvent) -> [Effect]? {
    guard var field = decode.insertion else { return nil }
    switch key.key {
    case .escape:
      decode.insertion = nil
      return []
    case .enter:
      decode.insertion = nil
      return field.isEmpty ? [] : [.insert(field.text, after: decode.cursor)]
    default:
      _ = field.handle(key)
      decode.insertion = field
      return []
    }
  }

  mutating func decodeMouse(_ mouse: MouseEvent) -> [Effect] {
    switch mouse.action {
    case .wheelUp: return decodeCommand(.up)
    case .wheelDown: return decodeCommand(.down)
    default: return []
    }
  }
}
