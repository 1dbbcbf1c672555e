import Decoding
import Reasoning
import Traces

/// Moving the cursor about. Nothing here changes what was explored; where the cursor goes back
/// along its line, what lies ahead stays on the line for redo.
extension DecodeScreen {
  mutating func undo(_ session: inout SessionState) -> [Effect] {
    // While text streams in, going back means: enough.
    if isStreaming { return [.decode(.stopStream)] }
    guard let node = session.trace.node(session.cursor), node.parent != .root else { return [] }
    redo.append(session.cursor)
    return place(at: node.parent, &session) + session.note(.undo, node.parent)
  }

  mutating func redo(_ session: inout SessionState) -> [Effect] {
    guard !isStreaming, let next = redo.popLast() else { return [] }
    return place(at: next, &session) + session.note(.redo, next)
  }

  /// Goes to a node. If it lies on the line on screen, the rest of the line stays ahead.
  mutating func move(to node: NodeID, _ session: inout SessionState) -> [Effect] {
    let line = session.trace.line(to: session.cursor) + redo.reversed()
    if let index = line.firstIndex(of: node) {
      redo = line[(index + 1)...].reversed()
    } else {
      redo = []
    }
    return place(at: node, &session)
  }

  /// To the prompt's end, else to the line's first token.
  mutating func moveToPromptEnd(_ session: inout SessionState) -> [Effect] {
    if isStreaming { return [] }
    guard line.promptCount > 0 else {
      return line.tokens.first.map { move(to: $0.node, &session) } ?? []
    }
    return move(to: promptEnd, &session)
  }

  /// To the end of the line: along what lies ahead, then along the likeliest that is known.
  mutating func moveToLineEnd(_ session: inout SessionState) -> [Effect] {
    if isStreaming { return [] }
    var node = redo.first ?? session.cursor
    while let child = session.trace.children(of: node).first { node = child }
    return move(to: node, &session)
  }

  /// Goes to the next or previous of: the answer just asked for, the marked forks, the ends of
  /// lines.
  mutating func hop(_ offset: Int, _ session: inout SessionState) -> [Effect] {
    if isStreaming { return [] }
    if offset > 0, let forced = forcedAnswer, forced.asked == session.cursor {
      return move(to: forced.end, &session)
    }
    let places =
      forks + session.trace.leaves(of: session.exploration).filter { !forks.contains($0) }
    guard let next = places.cycled(from: session.cursor, by: offset) else {
      session.tell("There is no fork yet; mark one with f.")
      return []
    }
    return move(to: next, &session)
  }

  private mutating func place(at node: NodeID, _ session: inout SessionState) -> [Effect] {
    session.cursor = node
    scrollBack = 0
    search = nil
    return reachCursor(&session)
  }

  /// Shows the cursor's place anew, and sees to it that its table is there or on its way.
  mutating func reachCursor(_ session: inout SessionState) -> [Effect] {
    place = session.cursor
    let isNew = !hasCurrentTable
    refreshLine(session)
    if isNew { selectedRow = 0 }
    reshapeTable(session)
    if isNew { selectNext(session) }
    guard expectsTable(session), known[session.cursor] == nil, !isFollowing(session) else {
      return []
    }
    fetches[session.cursor, default: 0] += 1
    return [.decode(.fetch(session.cursor))]
  }

  /// Selects the token that lies ahead on the line, so that → goes on along it.
  mutating func selectNext(_ session: SessionState) {
    guard hasCurrentTable, let next = redo.last, let token = session.trace.node(next)?.token
    else { return }
    selectedRow = table?.rows.firstIndex { $0.token.id == token.id } ?? 0
  }

  /// Shows where a saved run ended, which the session's cursor already says.
  mutating func show(_ run: RunTrace, _ session: inout SessionState) -> [Effect] {
    promptEnd = run.promptEnd
    forks = run.edits.filter { $0.action == .fork }.map(\.node)
    return reachCursor(&session)
  }

  // MARK: Following

  /// Whether the cursor runs along with text that is being sampled.
  func isFollowing(_ session: SessionState) -> Bool { isStreaming || session.isUnderWay(run) }

  /// Follows the stream with the cursor.
  mutating func follow(_ node: NodeEvent, run: Int, _ session: inout SessionState) {
    let isFollowed =
      run == self.run ? session.isUnderWay(run) : run == session.exploration && isStreaming
    guard isFollowed, node.parent == session.cursor else { return }
    session.cursor = node.id
    place = node.id
  }

  /// Goes where a run that Decode follows puts text in: its prompt, or words of the strategy.
  mutating func followInjection(_ record: TraceRecord, _ session: inout SessionState) {
    guard record.run == run, case .injected(let injection) = record.event,
      injection.role == .prompt || injection.parent == session.cursor
    else { return }
    session.look(at: record.run)
    session.cursor = injection.end
    place = injection.end
    if injection.role == .prompt { promptEnd = injection.end }
    redo = []
  }
}
