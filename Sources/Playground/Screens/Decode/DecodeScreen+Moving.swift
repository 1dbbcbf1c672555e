import Decoding
import Reasoning
import Traces

/// Moving the cursor about. Nothing here changes what was explored; where the cursor goes back
/// along its line, what lies ahead stays on the line for redo.
extension DecodeScreen {
  /// Back by one token.
  mutating func back(_ session: inout SessionState) -> [Effect] {
    // While text streams in, going back means: enough.
    if isStreaming { return [.decode(.stopStream)] }
    guard let node = session.trace.node(session.cursor), node.parent != .root else { return [] }
    redo.append(session.cursor)
    return place(at: node.parent, &session) + session.note(.undo, node.parent)
  }

  /// On by one token, along what lies ahead.
  mutating func forth(_ session: inout SessionState) -> [Effect] {
    guard !isStreaming, let next = redo.popLast() else { return [] }
    return place(at: next, &session) + session.note(.redo, next)
  }

  /// Takes back what was done last: a jump, else everything since the last action on this line began.
  mutating func undo(_ session: inout SessionState) -> [Effect] {
    if isStreaming { return [.decode(.stopStream)] }
    if let jump = actions.undoJump(at: session.cursor, ahead: redo) {
      redo = jump.redo
      return place(at: jump.from, &session) + session.note(.undo, jump.from)
    }
    let line = session.trace.line(to: session.cursor)
    // What leads to the prompt's end was not done here.
    let first = line.firstIndex(of: promptEnd) ?? 0
    let before = line.indices.dropLast().last { $0 >= first && actions.starts.contains(line[$0]) }
    guard let before, before < line.count - 1 else {
      // Nor is the prompt.
      return line.count - 1 > first ? back(&session) : []
    }
    redo += line[(before + 1)...].reversed()
    return place(at: line[before], &session) + session.note(.undo, line[before])
  }

  /// Does again what was taken back.
  mutating func redo(_ session: inout SessionState) -> [Effect] {
    if isStreaming { return [] }
    if let jump = actions.redoJump(at: session.cursor) {
      redo = jump.ahead
      return place(at: jump.to, &session) + session.note(.redo, jump.to)
    }
    guard var next = redo.popLast() else { return [] }
    while !actions.starts.contains(next), let further = redo.popLast() { next = further }
    return place(at: next, &session) + session.note(.redo, next)
  }

  /// Goes to a node in a way that undo takes back at once.
  mutating func jump(to node: NodeID, _ session: inout SessionState) -> [Effect] {
    let (from, before) = (session.cursor, redo)
    let effects = move(to: node, &session)
    if from != node, from != .root {
      actions.jump(WalkActions.Jump(from: from, redo: before, to: node, ahead: redo))
    }
    return effects
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
      return line.tokens.first.map { jump(to: $0.node, &session) } ?? []
    }
    let advice = verdict?.advice
    let effects = jump(to: promptEnd, &session)
    // Whoever goes back from a wrong end has the token to try under the hand.
    if let advice, hasCurrentTable {
      selectedRow = table?.rows.firstIndex { $0.token.id == advice.token.id } ?? selectedRow
    }
    return effects
  }

  /// To the end of the line: along what lies ahead, then along the likeliest that is known.
  mutating func moveToLineEnd(_ session: inout SessionState) -> [Effect] {
    if isStreaming { return [] }
    var node = redo.first ?? session.cursor
    while let child = session.trace.children(of: node).first { node = child }
    return jump(to: node, &session)
  }

  /// Goes to the next or previous of: the answer just asked for, the marked forks, the ends of
  /// lines.
  mutating func hop(_ offset: Int, _ session: inout SessionState) -> [Effect] {
    if isStreaming { return [] }
    if offset > 0, let forced = forcedAnswer, forced.asked == session.cursor {
      return jump(to: forced.end, &session)
    }
    let places =
      forks + session.trace.leaves(of: session.exploration).filter { !forks.contains($0) }
    guard let next = places.cycled(from: session.cursor, by: offset) else {
      session.tell("There is no fork yet; mark one with f.")
      return []
    }
    return jump(to: next, &session)
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
  func isFollowing(_ session: SessionState) -> Bool { isStreaming || session.isUnderWay(followed) }

  /// Follows the stream with the cursor.
  mutating func follow(_ node: NodeEvent, run: Int, _ session: inout SessionState) {
    let isFollowed =
      run == followed ? session.isUnderWay(run) : run == session.exploration && isStreaming
    guard isFollowed, node.parent == session.cursor else { return }
    session.cursor = node.id
    place = node.id
  }

  /// Goes where a run that Decode follows puts text in: its prompt, or words of the strategy.
  mutating func followInjection(_ record: TraceRecord, _ session: inout SessionState) {
    guard record.run == followed, case .injected(let injection) = record.event,
      injection.role == .prompt || injection.parent == session.cursor
    else { return }
    session.look(at: record.run)
    session.cursor = injection.end
    place = injection.end
    if injection.role == .prompt { promptEnd = injection.end }
    redo = []
  }
}

/// What was done on a walk, as far as undo needs it. Along a line it is enough to know where actions
/// began; a jump leads from one place to another.
struct WalkActions: Sendable, Hashable {
  struct Jump: Sendable, Hashable {
    var from: NodeID
    /// What lay ahead there.
    var redo: [NodeID]
    var to: NodeID
    /// What lies ahead here.
    var ahead: [NodeID]
  }

  /// The places at which something was taken, put in or sampled.
  private(set) var starts: Set<NodeID> = []
  private var jumps: [Jump] = []
  /// The jumps that were taken back, the last one last.
  private var undone: [Jump] = []

  init() {}

  /// What a trace tells of it: what follows a token that was taken, or a text that was put in, was
  /// another action.
  init(_ run: RunTrace) {
    for edit in run.edits where edit.action == .take || edit.action == .insert {
      starts.insert(edit.node)
      var first = run.nodes[edit.node]
      while edit.action == .insert, let node = first, let parent = run.nodes[node.parent],
        parent.origin == .injected
      { first = parent }
      if let first { starts.insert(first.parent) }
    }
  }

  /// Something is taken, put in or sampled at a place.
  mutating func begin(at node: NodeID) {
    starts.insert(node)
    undone = []
  }

  mutating func jump(_ jump: Jump) {
    jumps.append(jump)
    undone = []
  }

  /// The jump that led to a place, if that was the last one.
  ///
  /// - Parameter ahead: what lies ahead there by now.
  func canUndoJump(at node: NodeID) -> Bool { jumps.last?.to == node }

  mutating func undoJump(at node: NodeID, ahead: [NodeID]) -> Jump? {
    guard var jump = jumps.last, jump.to == node else { return nil }
    jumps.removeLast()
    jump.ahead = ahead
    undone.append(jump)
    return jump
  }

  /// The jump that was taken back to a place, if that was the last one.
  mutating func redoJump(at node: NodeID) -> Jump? {
    guard let jump = undone.last, jump.from == node else { return nil }
    undone.removeLast()
    jumps.append(jump)
    return jump
  }
}
