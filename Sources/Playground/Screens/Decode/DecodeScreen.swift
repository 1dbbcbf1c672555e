import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// Decode: one place in the tree, the text that leads to it, and what may come next.
struct DecodeScreen: Screen {
  static let id = ScreenID("decode")
  static let group = ScreenGroup.shows
  static let summary = "every next token, and how likely it is"
  static let companion: ScreenID? = BranchesScreen.id
  static let shapes: Set<StrategyShape> = [.path]

  /// The last node of the prompt.
  var promptEnd: NodeID = .root
  /// Nodes ahead of the cursor on its line, the next to return to last.
  var redo: [NodeID] = []
  /// What undo takes back and redo brings again.
  var actions = WalkActions()
  /// Where walks were left, by their run.
  private var left: [Int: (cursor: NodeID, redo: [NodeID])] = [:]
  /// Places the user marked.
  var forks: [NodeID] = []
  /// The line through the cursor; made from the above and the trace by `refreshLine`.
  var line = DecodeLine()
  /// The continuations of the cursor that are known, the likeliest first.
  var explored: [ExploredToken] = []
  /// The next-token table; nil when there is none to show. While the cursor's own is being
  /// computed it is still the one before (see `hasCurrentTable`).
  var table: CandidateTable?
  /// Full distributions at hand, so that going back and forth needs no forward pass.
  var known = KnownDistributions()
  var selectedRow = 0
  var heat = HeatMode.probability
  /// The sampler's setting that `+` and `-` change.
  var knob = SamplerKnob.temperature
  /// Whether sampling goes on at the cursor.
  var isStreaming = false
  /// How many fetches of each place's distribution are under way.
  var fetches: [NodeID: Int] = [:]
  /// Why a place has no table, where its distribution could not be computed.
  var failure: (node: NodeID, why: String)?
  /// A token on its way into the tree.
  var arriving: NodeID?
  /// How many more tokens are to be taken as soon as their tables are there: keys that came
  /// faster than the model.
  var pendingTakes = 0
  static let mostPendingTakes = 8
  /// The text being typed for insertion, when it is.
  var insertion: TextField?
  /// Whether the model is asked what it finds of that text.
  var isInsertionScored = false
  /// Whether it is being asked what it finds of a text.
  var isScoring = false
  /// The token being looked up, when one is.
  var search: TokenSearch?
  /// Lines scrolled back from where the text shows the cursor.
  var scrollBack = 0
  /// Whether an answer was asked for and has not come yet.
  var isAsking = false
  /// What the last "answer now" gave.
  var forcedAnswer: ForcedAnswer?
  /// Another model whose distributions stand beside; nil for none.
  var beside: ModelBeside?
  /// Which answers lead at the cursor, where that was asked.
  var odds: AnswerOdds?
  /// What the line on screen came to, when it has ended.
  var verdict: Verdict?
  /// The places where sampling ended by itself.
  private var ends: Set<NodeID> = []
  /// The run of a single path that the cursor follows as it grows.
  var followed: Int?
  /// The run whose text was opened here, until one's own walk goes on from it.
  private(set) var opened: Int?
  /// A copy of the session's: the person's own walk.
  private var walk: Int?
  /// Where the cursor is. A copy of the session's: the table must be known to be the cursor's.
  var place: NodeID = .root

  init() {}

  /// The run whose text shows.
  var run: Int? { opened ?? followed ?? walk }

  /// Whether sampling ended by itself at a place.
  func hasEnded(at node: NodeID) -> Bool { ends.contains(node) }

  /// Whether the table tells what follows the cursor.
  var hasCurrentTable: Bool { table?.node == place }

  var work: Progress? {
    isStreaming
      ? Progress("sampling")
      : isScoring
        ? Progress("scoring") : isAsking ? Progress("asking for the answer") : nil
  }

  func selection(_ session: SessionState) -> PathSelection? {
    // A line of one's own comes before those of runs that happen to begin alike.
    let end = redo.first ?? session.cursor
    let own = session.exploration.flatMap { run in
      session.trace.runs[run]?.paths.values.contains { $0.nodes.contains(end) } == true ? run : nil
    }
    return .place(session.cursor, run: own, towards: end)
  }

  // MARK: Keys

  /// What only Decode does.
  enum Own: ScreenCommand {
    case redo, markFork, insertText, findToken, cycleHeat, nextKnob
    /// Inserts "Wait," and asks for the answers before and after it.
    case wait
    /// To the next (1) or previous (-1) fork or end of a line.
    case hop(Int)
  }

  static let bindings: [KeyBinding] = [
    KeyBinding([.right, "l", .enter], .activate, "take the selected token", hint: "take"),
    KeyBinding([.left, "h"], .left, "back one token", hint: "back"),
    KeyBinding(["u", .backspace], .undo, "undo the last action, all of it at once", hint: "undo"),
    KeyBinding(["r", .control("r")], .own(Own.redo), "redo", hint: "redo"),
    KeyBinding([" "], .run, "go on sampling; again to stop", hint: "run"),
    KeyBinding([.up, "k"], .up, "previous candidate"),
    KeyBinding([.down, "j"], .down, "next candidate"),
    KeyBinding([.home], .top, "back to the prompt's end"),
    KeyBinding(["G", .end], .bottom, "to the end of this line"),
    KeyBinding(["f"], .own(Own.markFork), "mark a fork here", hint: "fork"),
    KeyBinding(["n"], .own(Own.hop(1)), "next fork or line's end"),
    KeyBinding(["N"], .own(Own.hop(-1)), "previous fork or line's end"),
    KeyBinding(["i"], .own(Own.insertText), "insert any text", hint: "insert"),
    KeyBinding(["/"], .own(Own.findToken), "find and take any token", hint: "find"),
    KeyBinding(["a"], .answerNow, "ask for the answer now", hint: "answer"),
    KeyBinding(
      ["w"], .own(Own.wait), "insert \"Wait,\" here (budget forcing)",
      hint: "wait"),
    KeyBinding(
      ["e"], .own(Own.cycleHeat), "colour by probability, entropy, margin, nothing",
      hint: "heat"),
    KeyBinding(["b"], .openBeside, "another model's probabilities beside this one's"),
    KeyBinding(["x"], .own(Own.nextKnob), "next setting: T, top-k, top-p, min-p"),
    KeyBinding(["-"], .turn(-1), "turn that setting down", hint: "setting"),
    KeyBinding(["+", "="], .turn(1), "turn that setting up"),
    KeyBinding([.pageUp], .pageUp, "scroll the text up"),
    KeyBinding([.pageDown], .pageDown, "scroll the text down"), .openSteps,
  ]

  var typingHints: [KeyHint]? {
    if search != nil { return [("Enter", "take"), ("Esc", "leave")] }
    return insertion == nil
      ? nil : [("Enter", isInsertionScored ? "score" : "insert"), ("Esc", "leave")]
  }

  static let legend: [LegendRow] =
    LegendRow.sureness + [
      LegendRow("▌", .tokenChosen, "the place where Decode is; the table shows what may come next"),
      .selected,
      LegendRow("+12", .dim, "how many tokens the text has behind the prompt"),
      LegendRow("p", .text, "probability of the token, at temperature 1, with nothing cut"),
      LegendRow(
        "after T", .barShaped, "probability after the temperature and the filters that are on"),
      LegendRow("rest", .dim, "all tokens that the table does not list, together"),
      LegendRow("Δ KL", .text, "how far two models are apart: ½ Σ|p − q|, and Σ q ln q/p in nats"),
      LegendRow("•", .nodeBest, "explored: somebody went on with this token"),
      .prunings,
      LegendRow("H", .text, "entropy in bits: 0 is sure, 1 a coin, 2 a choice of four"),
      LegendRow("margin", .text, "p of the likeliest token less p of the second"),
      LegendRow("◆", .tokenChosen, "a fork that was marked here"),
      LegendRow("▲ ▼", .nodeBest, "what was put in made this answer likelier, or less likely"),
      .delta,
      LegendRow("Σ", .text, "a sum over tokens"),
      LegendRow("↵", .dim, "a line break in the text"),
      .right,
      .wrong,
      .bytes,
    ]

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    // Until the prompt is in there is nothing to go on from; without a model the key tells why.
    let hasPlace =
      session.readyModel == nil || (session.exploration != nil && session.cursor != .root)
    if let own: Own = command.own() {
      return switch own {
      case .redo: !isStreaming && !redo.isEmpty
      case .markFork: session.cursor != .root
      case .insertText: hasPlace
      case .wait: hasPlace && !isAsking
      case .findToken, .cycleHeat, .nextKnob, .hop: true
      }
    }
    switch command {
    case .activate:
      if isStreaming { return false }
      // Until the table is there, keys are only kept in mind.
      guard arriving == nil, hasCurrentTable, let table, table.rows.indices.contains(selectedRow)
      else { return hasPlace && pendingTakes < Self.mostPendingTakes }
      let next = session.cursor.appending(table.rows[selectedRow].token.id)
      return hasPlace || session.trace.node(next) != nil
    case .undo where session.cursor == promptEnd:
      return !isStreaming && actions.canUndoJump(at: session.cursor)
    case .left, .undo:
      return !isStreaming && session.trace.node(session.cursor).map { $0.parent != .root } ?? false
    case .run: return hasPlace && !hasEnded(session)
    case .answerNow: return hasPlace && !isAsking
    case .turn(let steps):
      var turned = session
      turned.step(knob.setting, by: steps)
      return turned.settings != session.settings
    default: return true
    }
  }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if command != .activate && command != .right { pendingTakes = 0 }
    if let own: Own = command.own() { return perform(own, &session) }
    switch command {
    case .up: select(row: selectedRow - 1)
    case .down: select(row: selectedRow + 1)
    case .activate, .right: return takeSelected(&session)
    case .left, .back: return back(&session)
    case .undo: return undo(&session)
    case .run: return streamOrStop(&session)
    case .top: return moveToPromptEnd(&session)
    case .bottom: return moveToLineEnd(&session)
    case .answerNow: return askNow(&session)
    case .turn(let steps): turn(knob, by: steps, &session)
    case .pageUp: scroll(by: max(1, (layout(session)?.text.height ?? 6) - 2), session)
    case .pageDown: scroll(by: -max(1, (layout(session)?.text.height ?? 6) - 2), session)
    default: break
    }
    return []
  }

  private mutating func perform(_ command: Own, _ session: inout SessionState) -> [Effect] {
    switch command {
    case .redo: return redo(&session)
    case .markFork: return markFork(&session)
    case .hop(let offset): return hop(offset, &session)
    case .insertText:
      if canWork("inserting text", &session) {
        (insertion, isInsertionScored) = (TextField(), false)
      }
    case .findToken: beginSearch(&session)
    case .wait: return waitHere(&session)
    case .cycleHeat: heat = HeatMode.allCases.cycled(from: heat, by: 1) ?? heat
    case .nextKnob: knob = SamplerKnob.allCases.cycled(from: knob, by: 1) ?? knob
    }
    return []
  }

  mutating func select(row: Int) { selectedRow = max(0, min(row, (table?.rows.count ?? 1) - 1)) }

  /// Scrolls the text back by some lines, as far as there is text.
  private mutating func scroll(by lines: Int, _ session: SessionState) {
    guard let rect = layout(session)?.text else { return }
    let range = plainText(width: rect.width).scrollRange(height: rect.height)
    let wanted = min(range.upperBound, max(range.lowerBound, scrollBack))
    scrollBack = min(range.upperBound, max(range.lowerBound, wanted + lines))
  }

  mutating func stop(_ session: inout SessionState) -> [Effect]? {
    work == nil ? nil : [.decode(.stopStream)]
  }

  // MARK: What needs a model

  /// Whether something that takes a model can be done now; if not, says why.
  private func canWork(_ what: String, _ session: inout SessionState) -> Bool {
    if isStreaming {
      session.tell("Text is being sampled; stop it with the space bar first.")
      return false
    }
    if let other = foreignModel(session) {
      session.tell("This is by \(other); \(what) needs that model. Press m to load it.")
      return false
    }
    switch session.model {
    case .ready:
      // Until the prompt is in there is nothing to go on from.
      guard session.exploration == nil else { return session.cursor != .root }
      let isBeginning = session.explored.map { session.trace.runs[$0]?.start == nil } ?? true
      if !isBeginning {
        session.tell("A walk of your own begins at the question; take it from there.")
        session.ask(.explore)
      }
    case .loading(let load): session.tell("\(load.name) is still loading.")
    case .failed(let name, _):
      session.tell("\(name) could not be loaded; press m to choose another model.")
    case .none: session.tell("This is a saved trace: \(what) needs a model. Press m.")
    }
    return false
  }

  /// The model that what shows is by, when that is not the loaded one.
  func foreignModel(_ session: SessionState) -> String? {
    guard session.showsAnotherModel else { return nil }
    let models = session.trace.runs.values.lazy.compactMap(\.start?.model)
    return models.first { $0.hash == session.trace.model }?.name ?? "another model"
  }

  /// Takes the next of the tokens that were asked for before their tables were there.
  private mutating func takePending(_ session: inout SessionState) -> [Effect] {
    guard pendingTakes > 0, arriving == nil, hasCurrentTable else { return [] }
    pendingTakes -= 1
    return takeSelected(&session)
  }

  private mutating func takeSelected(_ session: inout SessionState) -> [Effect] {
    guard !isStreaming else {
      session.tell("Text is being sampled; stop it with the space bar first.")
      return []
    }
    guard arriving == nil, hasCurrentTable || !expectsTable(session) else {
      pendingTakes = min(pendingTakes + 1, Self.mostPendingTakes)
      return []
    }
    guard let table, table.rows.indices.contains(selectedRow) else {
      _ = canWork("continuing", &session)
      return []
    }
    let row = table.rows[selectedRow]
    return take(row.token.id, label: row.label, &session)
  }

  /// Goes on with a token: along the line, to where somebody has been, or to a new place.
  mutating func take(_ token: TokenID, label: String, _ session: inout SessionState) -> [Effect] {
    let child = session.cursor.appending(token)
    if redo.last == child { return forth(&session) }
    if session.trace.node(child) != nil {
      actions.begin(at: session.cursor)
      return move(to: child, &session) + session.note(.move, child)
    }
    guard canWork("taking a new token", &session) else { return [] }
    let known = distribution(after: session.cursor, session)
    if let known, known.knownLogProbability(of: token) == -.infinity {
      session.tell("The model gives \(label) no probability at all.")
      return []
    }
    actions.begin(at: session.cursor)
    arriving = child
    return [.decode(.take(token, after: session.cursor, known))]
  }

  /// Whether the text ends where the cursor is.
  private func hasEnded(_ session: SessionState) -> Bool {
    line.last.map { session.vocabulary?.endOfText.contains($0.token.id) == true } ?? false
  }

  private mutating func streamOrStop(_ session: inout SessionState) -> [Effect] {
    guard canWork("sampling", &session) else { return [] }
    if hasEnded(session) {
      session.tell("The text ends here; go back with ← to try something else.")
      return []
    }
    actions.begin(at: session.cursor)
    isStreaming = true
    redo = []
    scrollBack = 0
    goOnAlone()
    refreshLine(session)
    return [
      .decode(.stream(from: session.cursor, session.sampling, budget: session.settings.maxTokens))
    ]
  }

  private mutating func askNow(_ session: inout SessionState) -> [Effect] {
    guard !isAsking, canWork("asking for the answer", &session) else { return [] }
    isAsking = true
    forcedAnswer = nil
    let said = line.generated.flatMap(\.token.bytes)
    return [.decode(.answerNow(after: session.cursor, said: said))]
  }

  /// Budget forcing by hand. Where the thinking has ended, its end is taken back.
  private mutating func waitHere(_ session: inout SessionState) -> [Effect] {
    guard !isAsking, canWork("inserting \"Wait,\"", &session) else { return [] }
    actions.begin(at: session.cursor)
    isAsking = true
    let said = line.generated
    let start = said.first.flatMap { session.trace.node($0.node)?.parent } ?? session.cursor
    return [.decode(.wait(behind: start, depth: line.cursor - said.count, said: said.map(\.token)))]
  }

  private mutating func markFork(_ session: inout SessionState) -> [Effect] {
    guard session.cursor != .root else { return [] }
    defer { refreshLine(session) }
    if let index = forks.firstIndex(of: session.cursor) {
      forks.remove(at: index)
      return []
    }
    forks.append(session.cursor)
    return session.note(.fork, session.cursor)
  }

  // MARK: Typing

  mutating func type(_ key: KeyEvent, _ session: inout SessionState) -> [Effect]? {
    if let effects = searchKey(key, &session) { return effects }
    guard var field = insertion else { return nil }
    switch (key.key, key.modifiers) {
    case (.escape, _), (.character("c"), .control): insertion = nil
    case (.enter, .alt), (.character("j"), .control):
      field.insert("\n")
      insertion = field
    case (.enter, _):
      insertion = nil
      guard !field.isEmpty else { return [] }
      if isInsertionScored { return score(field.text, &session) }
      actions.begin(at: session.cursor)
      return [.decode(.insert(field.text, after: session.cursor))]
    default:
      _ = field.handle(key)
      insertion = field
    }
    return []
  }

  mutating func paste(_ text: String, _ session: inout SessionState) -> Bool {
    if search != nil {
      search?.field.insert(text)
      refreshSearch(session)
    } else if insertion != nil {
      insertion?.insert(text)
    } else {
      // What is pasted by mistake is put in nowhere: it is shown, and Enter has it scored.
      guard !text.isEmpty, canWork("scoring a text", &session) else { return false }
      (insertion, isInsertionScored) = (TextField(), true)
      insertion?.insert(text)
    }
    return true
  }

  /// Has the model read a text that somebody else has written.
  mutating func score(_ text: String, _ session: inout SessionState) -> [Effect] {
    guard !isScoring, canWork("scoring a text", &session) else { return [] }
    actions.begin(at: session.cursor)
    isScoring = true
    return [.decode(.score(text, after: session.cursor))]
  }

  // MARK: Mouse

  /// A click on a token goes there, one on a candidate selects it and a second one takes it; the
  /// wheel scrolls the text, moves through the table and turns the settings.
  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    guard let layout = layout(session) else { return [] }
    switch mouse.action {
    case .press(.left): return press(at: mouse.position, layout, &session)
    case .wheelUp: turnWheel(at: mouse.position, 1, layout, &session)
    case .wheelDown: turnWheel(at: mouse.position, -1, layout, &session)
    default: break
    }
    return []
  }

  private mutating func press(
    at point: Point, _ layout: DecodeLayout, _ session: inout SessionState
  ) -> [Effect] {
    if layout.text.contains(point) {
      guard !isStreaming, let node = node(at: point, layout.text), node != session.cursor else {
        return []
      }
      return jump(to: node, &session) + session.note(.move, node)
    }
    let rows = ListPosition(selected: selectedRow)
    if let row = rows.item(at: point, in: layout.table, count: table?.rows.count ?? 0) {
      if row == selectedRow { return perform(.activate, &session) }
      select(row: row)
    } else if let knob = knob(at: point, layout, session) {
      self.knob = knob
    }
    return []
  }

  private mutating func turnWheel(
    at point: Point, _ steps: Int, _ layout: DecodeLayout, _ session: inout SessionState
  ) {
    if layout.text.contains(point) {
      scroll(by: 3 * steps, session)
    } else if let knob = knob(at: point, layout, session) {
      self.knob = knob
      turn(knob, by: steps, &session)
    } else {
      select(row: selectedRow - steps)
    }
  }

  /// The place after the token drawn at a point.
  private func node(at point: Point, _ rect: Rect) -> NodeID? {
    let text = plainText(width: rect.width)
    let first = text.firstLine(height: rect.height, scrollBack: scrollBack)
    let place = Point(x: point.x - rect.x, y: point.y - rect.y + first)
    guard let tag = text.wrapped.tag(at: place), line.tokens.indices.contains(tag) else {
      return nil
    }
    return line.tokens[tag].node
  }

  private func knob(
    at point: Point, _ layout: DecodeLayout, _ session: SessionState
  ) -> SamplerKnob? {
    let rects = layout.knobRects(knobTexts(session, width: layout.knobs.width))
    return zip(SamplerKnob.allCases, rects).first { $0.1.contains(point) }?.0
  }

  // MARK: News

  mutating func appear(_ session: inout SessionState) -> [Effect] { reachCursor(&session) }

  mutating func reset(_ reason: ResetReason, _ session: inout SessionState) -> [Effect] {
    guard reason.startsOver else {
      known.removeAll()
      // What had other tokens than the model before may have this one's.
      put(beside: beside.map { ($0.name, $0.path) })
      return []
    }
    leaveWalk(session)
    let (heat, knob, left, effects) = (heat, knob, left, stop(&session) ?? [])
    let beside = beside
    self = DecodeScreen()
    put(beside: beside.map { ($0.name, $0.path) })
    if reason == .question { (self.heat, self.knob, self.left) = (heat, knob, left) }
    session.exploration = nil
    session.cursor = .root
    return effects
  }

  /// Notes where the walk is left.
  private mutating func leaveWalk(_ session: SessionState) {
    if let walk, run == walk { left[walk] = (session.cursor, redo) }
  }

  /// What comes next belongs to the person's own walk, wherever it began.
  private mutating func goOnAlone() { (opened, followed) = (nil, nil) }

  /// Shows a walk where it was left, and a run of a single path at its end.
  mutating func show(_ run: Int, _ session: inout SessionState) -> [Effect]? {
    guard let trace = session.trace.runs[run], let start = trace.start else { return nil }
    // Paths that stand side by side, are counted or ranked have screens of their own.
    if let description = start.description, session.screens.home(of: description) != Self.id {
      return nil
    }
    let isShown = run == self.run && session.cursor != .root
    guard !isShown else { return reachCursor(&session) }
    leaveWalk(session)
    let effects = stop(&session) ?? []
    goOnAlone()
    (actions, redo, isStreaming) = (WalkActions(trace), [], false)
    promptEnd = trace.promptEnd
    forks = trace.edits.filter { $0.action == .fork }.map(\.node)
    let end = trace.pathNumbers.last.flatMap { trace.paths[$0]?.tip } ?? trace.promptEnd
    if start.isExploration {
      (session.exploration, walk) = (run, run)
      let place = left[run] ?? (end, [])
      (session.cursor, redo) = (place.cursor, place.redo)
    } else {
      if session.isUnderWay(run) { followed = run } else { opened = run }
      session.cursor = end
    }
    return effects + reachCursor(&session)
  }

  mutating func begin(_ run: Int, _ strategy: StrategyDescription, _ session: SessionState) {
    // Of a saved trace a person's own walk is shown; only a run that has begun now is followed.
    if session.isUnderWay(run), session.screens.home(of: strategy) == Self.id {
      (followed, opened) = (run, nil)
    }
  }

  mutating func prepare(_ session: inout SessionState) -> [Effect] {
    place = session.cursor
    walk = session.exploration
    return askBeside(session)
  }

  mutating func adapt(from old: RunSettings, _ session: inout SessionState) {
    reshapeTable(session)
  }

  mutating func take(_ record: TraceRecord, _ session: inout SessionState) {
    if case .node(let node) = record.event { follow(node, run: record.run, &session) }
    followInjection(record, &session)
  }

  mutating func refresh(after records: [TraceRecord], _ session: inout SessionState) -> [Effect] {
    // The cursor has run along with what was sampled.
    if session.cursor != line.last?.node, isFollowing(session) { return reachCursor(&session) }
    let touches = records.contains { record in
      switch record.event {
      case .node(let node): node.parent == session.cursor
      case .injected(let injection): injection.parent == session.cursor
      case .score(let score): score.kind == .earlyAnswer && score.node == session.cursor
      default: false
      }
    }
    if touches {
      refreshLine(session)
      reshapeTable(session)
    }
    return []
  }

  mutating func receive(_ news: Action, _ session: inout SessionState) -> [Effect] {
    switch news {
    case .decode(let run, let news): return receive(news, of: run, &session)
    case .run(.ended(let ended, _)) where ended == followed: return reachCursor(&session)
    default: return []
    }
  }

  /// Takes what came of Decode's own effects. What an earlier exploration still comes to is of no
  /// interest any more.
  private mutating func receive(
    _ news: DecodeNews, of run: Int?, _ session: inout SessionState
  ) -> [Effect] {
    if let run, case .explored(.done(let prompt)) = news {
      return begin(exploration: run, prompt: prompt, &session)
    }
    if case .besideRead(let path, let node, let ending) = news {
      receive(ending, ofModelAt: path, at: node, &session)
      return []
    }
    // However a fetch ends, nobody waits for it any more.
    if case .fetched(let node, _) = news {
      fetches[node] = fetches[node].flatMap { $0 > 1 ? $0 - 1 : nil }
    }
    guard run == nil || run == session.explored else { return [] }
    if case .scored = news { isScoring = false }
    switch news {
    case .waitInserted(let node), .inserted(.done(let node)), .scored(.done(let node)):
      return arrive(at: node, &session)
    case .explored(let ending):
      // It has put an end to all that was under way in the one before.
      (isAsking, isStreaming, isScoring, arriving, pendingTakes) = (false, false, false, nil, 0)
      if case .failed(let why) = ending { failure = (session.cursor, why) }
      session.tell(ending)
    case .inserted(let ending), .scored(let ending): session.tell(ending)
    case .resumed(let ending): session.tell(ending)
    case .fetched(let node, .done(let distribution)):
      known.insert(distribution, for: node)
      if failure?.node == node { failure = nil }
      guard node == session.cursor else { return [] }
      let hadTable = hasCurrentTable
      reshapeTable(session)
      if !hadTable { selectNext(session) }
      return takePending(&session)
    case .fetched(let node, let ending):
      if case .failed(let why) = ending {
        failure = (node, why)
        if node == session.cursor { pendingTakes = 0 }
      }
      session.tell(ending)
    case .taken(let node, let ending):
      session.tell(ending)
      guard arriving == node else { return [] }
      if ending.isDone { return arrive(at: node, &session) }
      (arriving, pendingTakes) = (nil, 0)
    case .streamed(let ending):
      isStreaming = false
      if case .done(let reason) = ending, reason != .budget, reason != .contextFull {
        ends.insert(session.cursor)
      }
      switch ending {
      case .done(.budget):
        session.tell("Stopped after \(session.settings.maxTokens) tokens; the space bar goes on.")
      case .done(.contextFull): session.tell("The model's context is full.")
      default: session.tell(ending)
      }
      return reachCursor(&session)
    case .answered(.done(let answer)): showForcedAnswer(answer.outcome, end: answer.end, session)
    case .answered(let ending):
      isAsking = false
      session.tell(ending)
    case .waited(let ending):
      isAsking = false
      session.tell(ending)
    case .streamStopped, .noted, .besideRead: break
    }
    return []
  }

  private mutating func begin(
    exploration run: Int, prompt: NodeID, _ session: inout SessionState
  ) -> [Effect] {
    let (known, heat, knob, left) = (known, heat, knob, left)
    self = DecodeScreen()
    (self.known, self.heat, self.knob, self.left) = (known, heat, knob, left)
    (session.exploration, walk) = (run, run)
    session.look(at: run)
    promptEnd = prompt
    session.cursor = prompt
    return reachCursor(&session)
  }

  private mutating func arrive(at node: NodeID, _ session: inout SessionState) -> [Effect] {
    arriving = nil
    goOnAlone()
    return move(to: node, &session) + takePending(&session)
  }

  private mutating func showForcedAnswer(
    _ outcome: PathOutcome, end: NodeID, _ session: SessionState
  ) {
    guard isAsking else { return }
    isAsking = false
    let asked = session.exploration.flatMap { run in
      session.trace.runs[run]?.paths[outcome.path]?.nodes.first.flatMap {
        session.trace.node($0)?.parent
      }
    }
    forcedAnswer = ForcedAnswer(
      asked: asked ?? session.cursor, end: end, answer: outcome.answer, delta: outcome.delta,
      isCorrect: outcome.answer.flatMap { session.question.isCorrect($0) })
    refreshLine(session)
  }

  mutating func answer(_ request: ScreenRequest, _ session: inout SessionState) -> [Effect]? {
    guard case .open(let node, let run, let end) = request else { return nil }
    session.screen = Self.id
    session.look(at: run)
    leaveWalk(session)
    let trace = session.trace.runs[run]
    promptEnd = trace?.promptEnd ?? promptEnd
    let effects = jump(to: node, &session)
    followed = nil
    opened = run == session.exploration ? nil : run
    // The rest of the line lies ahead, so that → and the table go along it.
    if let end, let ahead = trace?.line(to: end), let index = ahead.firstIndex(of: node) {
      redo = ahead[(index + 1)...].reversed()
      refreshLine(session)
      selectNext(session)
    }
    return effects
  }

  // MARK: Lessons

  mutating func go(to place: LessonCommand.Place, _ session: inout SessionState) -> [Effect]? {
    guard place == .start else { return nil }
    return session.cursor == promptEnd ? reachCursor(&session) : jump(to: promptEnd, &session)
  }
}

/// What "answer now" gave.
struct ForcedAnswer: Sendable, Hashable {
  /// Where it was asked.
  var asked: NodeID
  /// The last node of the answer's line.
  var end: NodeID
  /// nil when none was found.
  var answer: String?
  var delta: Double?
  /// Whether it is the right one; nil when that is unknown.
  var isCorrect: Bool?
}

/// The newest full distributions, a bounded number of them.
struct KnownDistributions: Sendable {
  static let capacity = 256
  private var distributions: [NodeID: TokenDistribution] = [:]
  private var order: [NodeID] = []

  subscript(node: NodeID) -> TokenDistribution? { distributions[node] }

  mutating func insert(_ distribution: TokenDistribution, for node: NodeID) {
    if distributions.updateValue(distribution, forKey: node) == nil { order.append(node) }
    if order.count > Self.capacity { distributions[order.removeFirst()] = nil }
  }

  mutating func removeAll() { self = KnownDistributions() }
}
