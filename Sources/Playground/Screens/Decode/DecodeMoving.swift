import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// Moving the cursor about. Nothing here changes what was explored; where the cursor goes back
/// along its line, what lies ahead stays on the line for redo.
extension PlaygroundState {
  mutating func undo() -> [Effect] {
    // While text streams in, going back means: enough.
    if decode.isStreaming { return [.decode(.stopStream)] }
    guard let node = trace.node(decode.cursor), node.parent != .root else { return [] }
    decode.redo.append(decode.cursor)
    return place(at: node.parent) + note(.undo, node.parent)
  }

  mutating func redo() -> [Effect] {
    guard !decode.isStreaming, let next = decode.redo.popLast() else { return [] }
    return place(at: next) + note(.redo, next)
  }

  /// Goes to a node. If it lies on the line on screen, the rest of the line stays ahead.
  mutating func move(to node: NodeID) -> [Effect] {
    let line = trace.line(to: decode.cursor) + decode.redo.reversed()
    if let index = line.firstIndex(of: node) {
      decode.redo = line[(index + 1)...].reversed()
    } else {
      decode.redo = []
    }
    return place(at: node)
  }

  /// To the prompt's end, else to the line's first token.
  mutating func moveToPromptEnd() -> [Effect] {
    if decode.isStreaming { return [] }
    let line = decode.line
    guard line.promptCount > 0 else {
      return line.tokens.first.map { move(to: $0.node) } ?? []
    }
    return move(to: decode.promptEnd)
  }

  /// To the end of the line: along what lies ahead, then along the likeliest that is known.
  mutating func moveToLineEnd() -> [Effect] {
    if decode.isStreaming { return [] }
    var node = decode.redo.first ?? decode.cursor
    while let child = trace.children(of: node).first { node = child }
    return move(to: node)
  }

  /// Goes to the next or previous of: the answer just asked for, the marked forks, the ends of
  /// lines.
  mutating func hop(_ offset: Int) -> [Effect] {
    if decode.isStreaming { return [] }
    if offset > 0, let forced = decode.forcedAnswer, forced.asked == decode.cursor {
      return move(to: forced.end)
    }
    let places =
      decode.forks + trace.leaves(of: runs.exploration).filter { !decode.forks.contains($0) }
    guard !places.isEmpty else {
      message = Message(.notice, "There is no fork yet; mark one with f.")
      return []
    }
    let here = places.firstIndex(of: decode.cursor)
    let next =
      here.map { ($0 + offset + places.count) % places.count }
      ?? (offset > 0 ? 0 : places.count - 1)
    return move(to: places[next])
  }

  private mutating func place(at node: NodeID) -> [Effect] {
    decode.cursor = node
    decode.scrollBack = 0
    decode.search = nil
    return reachCursor()
  }

  /// Shows the cursor's place anew, and sees to it that its table is there or on its way.
  mutating func reachCursor() -> [Effect] {
    let isNew = !decode.hasCurrentTable
    refreshLine()
    if isNew { decode.selectedRow = 0 }
    reshapeTable()
    if isNew { selectNext() }
    guard expectsTable, decode.known[decode.cursor] == nil, !isFollowing else { return [] }
    return [.decode(.fetch(decode.cursor))]
  }

  /// Selects the token that lies ahead on the line, so that → goes on along it.
  private mutating func selectNext() {
    guard decode.hasCurrentTable, let next = decode.redo.last, let token = trace.node(next)?.token
    else { return }
    decode.selectedRow = decode.table?.rows.firstIndex { $0.token.id == token.id } ?? 0
  }

  // MARK: News

  mutating func receiveDistribution(
    _ distribution: TokenDistribution, for node: NodeID
  ) -> [Effect] {
    decode.known.insert(distribution, for: node)
    guard node == decode.cursor else { return [] }
    let hadTable = decode.hasCurrentTable
    reshapeTable()
    if !hadTable { selectNext() }
    return takePending()
  }

  mutating func beginExploring(run: Int, prompt: NodeID) -> [Effect] {
    let (known, heat, knob) = (decode.known, decode.heat, decode.knob)
    decode = DecodeState()
    (decode.known, decode.heat, decode.knob) = (known, heat, knob)
    runs.exploration = run
    decode.promptEnd = prompt
    decode.cursor = prompt
    return reachCursor()
  }

  mutating func arrive(at node: NodeID) -> [Effect] {
    decode.arriving = nil
    return move(to: node) + takePending()
  }

  /// Follows the stream with the cursor.
  mutating func follow(_ node: NodeEvent, run: Int) {
    let isFollowed =
      run == runs.followed ? isFollowingRun : run == runs.exploration && decode.isStreaming
    guard isFollowed, node.parent == decode.cursor else { return }
    decode.cursor = node.id
  }

  /// Goes where a run that Decode follows puts text in: its prompt, or words of the strategy.
  mutating func followInjection(_ record: TraceRecord) {
    guard record.run == runs.followed, case .injected(let injection) = record.event,
      injection.role == .prompt || injection.parent == decode.cursor
    else { return }
    decode.cursor = injection.end
    if injection.role == .prompt { decode.promptEnd = injection.end }
    decode.redo = []
  }

  /// Shows what news about the trace mean for Decode.
  mutating func refreshDecode(after records: [TraceRecord]) -> [Effect] {
    // The cursor has run along with what was sampled.
    if decode.cursor != decode.line.last?.node, isFollowing { return reachCursor() }
    let touches = records.contains { record in
      switch record.event {
      case .node(let node): node.parent == decode.cursor
      case .injected(let injection): injection.parent == decode.cursor
      case .score(let score): score.kind == .earlyAnswer && score.node == decode.cursor
      default: false
      }
    }
    if touches {
      refreshLine()
      reshapeTable()
    }
    return []
  }

  mutating func endStream(at node: NodeID, reason: String) -> [Effect] {
    decode.isStreaming = false
    switch reason {
    case "length":
      message = Message(
        .notice, "Stopped after \(settings.maxTokens) tokens; the space bar goes on.")
    case "context": message = Message(.notice, "The model's context is full.")
    default: break
    }
    return reachCursor()
  }

  mutating func showForcedAnswer(_ outcome: PathOutcome, end: NodeID) -> [Effect] {
    guard decode.isAsking else { return [] }
    decode.isAsking = false
    let asked = runs.exploration.flatMap { run in
      trace.runs[run]?.paths[outcome.path]?.nodes.first.flatMap { trace.node($0)?.parent }
    }
    decode.forcedAnswer = ForcedAnswer(
      asked: asked ?? decode.cursor, end: end, answer: outcome.answer, delta: outcome.delta,
      isCorrect: outcome.answer.flatMap { question.isCorrect($0) })
    refreshLine()
    return []
  }

  /// What was asked of the model will not come.
  mutating func giveUpWaiting() {
    decode.arriving = nil
    decode.pendingTakes = 0
    decode.isAsking = false
  }
}
