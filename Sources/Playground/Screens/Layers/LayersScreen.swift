import Decoding
import Reasoning
import TerminalUI
import Traces

/// Layers: at one place of a text, what each layer would have said, where its heads looked, and what
/// becomes of the next token when parts of the model are silenced.
struct LayersScreen: Screen {
  static let id = ScreenID("layers")
  static let group = ScreenGroup.shows
  static let summary = "what each layer would say, where its heads look"

  /// A token of the text.
  struct Piece: Sendable, Hashable {
    /// The place behind it.
    var node: NodeID
    var token: Token
    var text: String
  }

  /// The text, from the root to its known end.
  private(set) var line: [Piece] = []
  /// The last token that has been read at the place on view.
  private(set) var place = 0
  /// What was opened last: coming back to the same place changes nothing.
  private var opened: PathSelection?
  /// Whose text it is, when that is not the loaded model.
  private(set) var foreignModel: String?

  /// The row of the table: 0 is the embedding, then each layer. nil as long as the heads choose it.
  private(set) var row: Int?
  /// The head within the layer; nil as long as the effects choose it.
  private(set) var head: Int?
  /// The token of the text that `x` silences; nil for the one that the head looks at most.
  private(set) var eye: Int?
  /// In the order in which it was silenced.
  private(set) var silenced: [Ablation] = []
  /// A token beside the chosen one.
  private(set) var named: TokenID?
  /// Its text, while it is typed.
  private(set) var naming: TextField?

  /// How many questions were asked.
  private var count = 0
  /// What was asked last.
  private(set) var asked: InspectionQuestion?
  /// What is known, and of which question. Until the answer to a newer one is there it still shows.
  private(set) var reading: LayerReading?
  private(set) var answered: InspectionQuestion?
  private(set) var effects = HeadEffects()
  /// Why there is no answer.
  private(set) var failure: String?

  init() {}

  /// Whether what shows answers another question than the one that is asked.
  var isWaiting: Bool { asked != nil && asked != answered && failure == nil }

  // MARK: The selection

  /// The row that keys act on.
  func selectedRow(_ reading: LayerReading) -> Int {
    min(reading.layerCount, row ?? best.map { $0.layer + 1 } ?? reading.layerCount)
  }

  /// The head that keys act on; nil on a row without heads.
  var selectedHead: HeadPlace? {
    guard let reading, let layer = reading.layer(ofRow: selectedRow(reading)) else { return nil }
    let count = reading.headCount(layer)
    guard count > 0 else { return nil }
    let own = ranking.first { $0.layer == layer }?.head
    return HeadPlace(layer: layer, head: min(count - 1, max(0, head ?? own ?? 0)))
  }

  /// The heads by how much they move the chosen token, as far as that is known.
  var ranking: [HeadPlace] {
    reading.map { effects.ranking(from: $0.probabilities.now) } ?? []
  }

  private var best: HeadPlace? { ranking.first }

  /// The token of the text that keys act on: the one looked at most where none was chosen.
  var selectedToken: Int? {
    if let eye, eye <= place { return eye }
    guard let reading, let weights = selectedHead.flatMap(reading.attention) else { return nil }
    return weights.indices.max { weights[$0] < weights[$1] }
  }

  func selection(_ session: SessionState) -> PathSelection? {
    guard line.indices.contains(place), let end = line.last else { return nil }
    return .place(line[place].node, run: nil, towards: end.node)
  }

  // MARK: Opening a text

  mutating func appear(_ session: inout SessionState) -> [Effect] {
    let decode = PathSelection.place(session.cursor, run: nil, towards: nil)
    open(session.selected ?? decode, session)
    return ask(session)
  }

  private mutating func open(_ selection: PathSelection, _ session: SessionState) {
    guard selection != opened || line.isEmpty else { return }
    let (run, nodes, node) = Self.text(of: selection, session.trace)
    guard let last = nodes.last else { return }
    let tokens = nodes.compactMap { session.trace.node($0)?.token }
    guard tokens.count == nodes.count else { return }
    let silenced = silenced.filter { if case .token = $0 { false } else { true } }
    let (named, count) = (named, count)
    self = LayersScreen()
    (self.silenced, self.named, self.count) = (silenced, named, count)
    opened = selection
    line = zip(zip(nodes, tokens), TokenText.pieces(tokens.map(\.bytes))).map {
      Piece(
        node: $0.0, token: $0.1,
        text: $0.1.bytes.isEmpty ? session.name(of: $0.1.id) : $1)
    }
    place = nodes.firstIndex(of: node ?? last) ?? nodes.count - 1
    if let hash = session.readyModel?.identity.hash {
      let own = run.flatMap { session.trace.runs[$0]?.start?.model }
      foreignModel =
        own.map { $0.hash == hash ? nil : $0.name }
        ?? (session.showsAnotherModel ? session.shownModel?.name : nil)
    }
  }

  /// The nodes of a text, and the place in it to begin with; nil for its end.
  private static func text(
    of selection: PathSelection, _ trace: Trace
  ) -> (run: Int?, nodes: [NodeID], place: NodeID?) {
    switch selection {
    case .path(let number, let shown):
      let (run, number) = trace.origin(ofPath: number, in: shown)
      guard let known = trace.runs[run], let path = known.paths[number], let tip = path.tip else {
        return (nil, [], nil)
      }
      // What the answer was chosen from is most worth a look.
      let span = path.answer == nil ? nil : path.answerSpan.flatMap(path.range(of:))
      let place = span.map {
        $0.lowerBound == 0 ? known.promptEnd : path.nodes[$0.lowerBound - 1]
      }
      return (run, known.line(to: tip), place)
    case .place(let node, let run, let end):
      if let end { return (run, trace.line(to: end), node) }
      // The text goes on as the first path through the place does.
      for (number, known) in trace.runs.sorted(by: { $0.key < $1.key })
      where trace.considers(known) && (run == nil || run == number) {
        let paths = known.pathNumbers.lazy.compactMap { known.paths[$0] }
        guard let tip = paths.first(where: { $0.nodes.contains(node) })?.tip else { continue }
        return (number, known.line(to: tip), node)
      }
      return (run, trace.line(to: node), node)
    }
  }

  // MARK: Asking

  /// The question that the screen stands for; nil where nothing can be asked.
  private func question(_ session: SessionState) -> InspectionQuestion? {
    guard line.indices.contains(place), session.readyModel?.isInspectable == true,
      foreignModel == nil
    else { return nil }
    let next = line.indices.contains(place + 1) ? line[place + 1].token.id : nil
    return InspectionQuestion(
      node: line[place].node, ablations: Set(silenced), chosen: next, named: named)
  }

  /// Asks what is not known yet. Nothing waits for the answer.
  private mutating func ask(_ session: SessionState) -> [Effect] {
    guard var question = question(session), !question.asksTheSame(as: asked) else { return [] }
    count += 1
    question.number = count
    asked = question
    failure = nil
    return [.inspection(.read(tokens: line[...place].map(\.token.id), question))]
  }

  mutating func receive(_ news: Action, _ session: inout SessionState) -> [Effect] {
    guard case .inspection(let news) = news else { return [] }
    switch news {
    case .read(let question, let reading) where question == asked:
      (self.reading, answered, effects) = (reading, question, HeadEffects())
    case .heads(let question, let layer, let values) where question == answered:
      effects.insert(values, layer: layer)
    case .ended(let question, let ending) where question == asked:
      switch ending {
      case .done: break
      case .failed(let why): failure = why
      // It can be asked again.
      case .cancelled: asked = answered
      }
    case .read, .heads, .ended, .stopped: break
    }
    return []
  }

  mutating func stop(_ session: inout SessionState) -> [Effect]? {
    isWaiting ? [.inspection(.stop)] : nil
  }

  mutating func reset(_ reason: ResetReason, _ session: inout SessionState) -> [Effect] {
    // What was silenced belongs to the model, and so does all that is known.
    let selection = reason.startsOver ? nil : opened
    let (wasAsked, count) = (isWaiting, count)
    self = LayersScreen()
    self.count = count
    if let selection { open(selection, session) }
    let stopping: [Effect] = wasAsked ? [.inspection(.stop)] : []
    return stopping + (session.screen == Self.id ? ask(session) : [])
  }
}

// MARK: - Keys and mouse

enum LayersCommand: ScreenCommand {
  /// Silences the head, or lets it speak again; so with the others.
  case silenceAttention, silenceFeedForward, silenceToken
  case clear, nameToken
  /// To the head that moves the answer most, then to the next one.
  case bestHead
  /// Another token of the text, so many further on.
  case eye(Int)
}

extension LayersScreen {
  static let bindings: [KeyBinding] = [
    KeyBinding([.down, "j"], .down, "next layer", hint: "layer"),
    KeyBinding([.up, "k"], .up, "previous layer"),
    KeyBinding([.right, "l"], .right, "next token of the text", hint: "token"),
    KeyBinding([.left, "h"], .left, "previous token of the text"),
    KeyBinding(["+", "="], .turn(1), "next head of the layer", hint: "head"),
    KeyBinding(["-"], .turn(-1), "previous head of the layer"),
    KeyBinding(
      ["b"], .own(LayersCommand.bestHead), "the head that moves the answer most; again the next",
      hint: "best"),
    KeyBinding([.enter], .activate, "silence the head, or let it speak again", hint: "silence"),
    KeyBinding(["a"], .own(LayersCommand.silenceAttention), "silence the layer's attention"),
    KeyBinding(["f"], .own(LayersCommand.silenceFeedForward), "silence its feed-forward block"),
    KeyBinding(["x"], .own(LayersCommand.silenceToken), "hide the marked token from later ones"),
    KeyBinding(["}", "."], .own(LayersCommand.eye(1)), "mark the next token"),
    KeyBinding(["{", ","], .own(LayersCommand.eye(-1)), "mark the previous token"),
    KeyBinding(["u", .backspace], .undo, "take back the last silencing", hint: "undo"),
    KeyBinding(["0"], .own(LayersCommand.clear), "silence nothing", hint: "clear"),
    KeyBinding(["/"], .own(LayersCommand.nameToken), "follow another token, too", hint: "name"),
    KeyBinding(["o"], .openInDecode, "open the place in Decode", hint: "open"),
    KeyBinding([.home], .top, "first layer"), KeyBinding([.end, "G"], .bottom, "last layer"),
    KeyBinding([.pageUp], .pageUp, "a page up"), KeyBinding([.pageDown], .pageDown, "a page down"),
    .openSteps,
  ]

  static let legend: [LegendRow] = [
    .selected,
    LegendRow(
      "says", .text, "the token that the model would say if the layer were its last (logit lens)"),
    LegendRow("p(…)", .text, "what the lens gives the token that comes next"),
    LegendRow("H", .text, "the lens's entropy in bits"),
    LegendRow("emb", .text, "before the first layer: the last token's own embedding"),
    LegendRow("· ░ ▒ ▓ █", .text, "of a head: how much p moves without it, at this token alone"),
    LegendRow("░▒▓█ behind a token", .text, "how much the marked head looks at it"),
    LegendRow("✂", .nodePruned, "silenced"),
    LegendRow("▌", .tokenChosen, "the place that is looked at: what comes next there"),
    LegendRow("◂", .notice, "the token that x hides from later ones"),
    LegendRow("▲ ▼", .nodeBest, "what is silenced makes the token likelier, or less likely"),
    LegendRow("KL", .text, "how far what the model says is from what it said, in nats"), .bytes,
  ]

  var typingHints: [KeyHint]? { naming == nil ? nil : [("Enter", "follow"), ("Esc", "leave")] }

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    guard let reading, emptyText(session) == nil else { return false }
    let row = selectedRow(reading)
    if let own: LayersCommand = command.own() {
      return switch own {
      case .silenceAttention, .silenceFeedForward: row > 0
      case .silenceToken, .eye: selectedToken != nil
      case .clear: !silenced.isEmpty
      case .bestHead: ranking.count > 1
      case .nameToken: session.vocabulary != nil
      }
    }
    switch command {
    case .down: return row < reading.layerCount
    case .up: return row > 0
    case .right: return place + 1 < line.count
    case .left: return place > 0
    case .turn(let steps):
      guard let head = selectedHead else { return false }
      return (0..<reading.headCount(head.layer)).contains(head.head + steps)
    case .activate: return selectedHead != nil
    case .undo: return !silenced.isEmpty
    default: return true
    }
  }

  func hint(for command: Command, _ session: SessionState) -> String? {
    guard command == .activate, let head = selectedHead else { return nil }
    return silenced.contains(.head(layer: head.layer, head: head.head)) ? "unsilence" : nil
  }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if let own: LayersCommand = command.own() { return perform(own, &session) }
    switch command {
    case .up: move(by: -1)
    case .down: move(by: 1)
    case .pageUp: move(by: -10)
    case .pageDown: move(by: 10)
    case .top: move(by: -Int(Int32.max))
    case .bottom: move(by: Int(Int32.max))
    case .left: go(to: place - 1)
    case .right: go(to: place + 1)
    case .turn(let steps): turn(by: steps)
    case .activate:
      if let head = selectedHead { toggle(.head(layer: head.layer, head: head.head)) }
    case .undo: _ = silenced.popLast()
    case .openInDecode: openInDecode(&session)
    default: break
    }
    return ask(session)
  }

  private mutating func perform(
    _ command: LayersCommand, _ session: inout SessionState
  ) -> [Effect] {
    let layer = reading.flatMap { $0.layer(ofRow: selectedRow($0)) }
    switch command {
    case .silenceAttention: if let layer { toggle(.attention(layer: layer)) }
    case .silenceFeedForward: if let layer { toggle(.feedForward(layer: layer)) }
    case .silenceToken: if let token = selectedToken { toggle(.token(position: token)) }
    case .clear: silenced = []
    case .nameToken: if reading != nil, session.vocabulary != nil { naming = TextField() }
    case .bestHead: goToBest()
    case .eye(let steps):
      if let token = selectedToken { eye = max(0, min(place, token + steps)) }
    }
    return ask(session)
  }

  /// Moves to another layer, where the head that moves the answer most is marked.
  private mutating func move(by rows: Int) {
    guard let reading else { return }
    row = max(0, min(reading.layerCount, selectedRow(reading) + rows))
    (head, eye) = (nil, nil)
  }

  private mutating func turn(by steps: Int) {
    guard let reading, let old = selectedHead else { return }
    row = old.layer + 1
    head = max(0, min(reading.headCount(old.layer) - 1, old.head + steps))
    eye = nil
  }

  private mutating func goToBest() {
    let ranking = ranking
    guard !ranking.isEmpty else { return }
    let now = selectedHead.flatMap { ranking.firstIndex(of: $0) }
    // From anywhere else to the first.
    let isOnWay = row != nil && head != nil || now == 0
    let next = ranking[isOnWay ? ((now ?? -1) + 1) % ranking.count : 0]
    (row, head, eye) = (next.layer + 1, next.head, nil)
  }

  private mutating func go(to index: Int) {
    guard line.indices.contains(index), index != place else { return }
    place = index
    eye = nil
  }

  private mutating func toggle(_ ablation: Ablation) {
    if let index = silenced.firstIndex(of: ablation) {
      silenced.remove(at: index)
    } else {
      silenced.append(ablation)
    }
  }

  private func openInDecode(_ session: inout SessionState) {
    guard line.indices.contains(place), let end = line.last else { return }
    let node = line[place].node
    let run = session.trace.runs.sorted { $0.key < $1.key }.first {
      session.trace.considers($0.value) && $0.value.nodes[node] != nil
    }
    guard let run else { return }
    session.ask(.open(node, run: run.key, towards: end.node == node ? nil : end.node))
  }

  // MARK: Naming a token

  mutating func type(_ key: KeyEvent, _ session: inout SessionState) -> [Effect]? {
    guard var field = naming else { return nil }
    switch (key.key, key.modifiers) {
    case (.escape, _), (.character("c"), .control): naming = nil
    case (.enter, _):
      naming = nil
      // The first token of what was typed; nothing typed follows none.
      named = session.vocabulary?.tokenize(continuing: field.text, parsingSpecial: true).first
      return ask(session)
    default:
      _ = field.handle(key)
      naming = field
    }
    return []
  }

  mutating func paste(_ text: String, _ session: inout SessionState) -> Bool {
    naming?.insert(text)
    return naming != nil
  }

  // MARK: Mouse

  /// A click on a layer chooses it, one on a head the head and a second one silences it; one on a
  /// token marks it, a second one hides it. The wheel goes through layers and the text.
  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    guard let reading, emptyText(session) == nil else { return [] }
    let layout = LayersLayout(in: rect(session), reading, isNamed: named != nil)
    let isText = layout.text.contains(mouse.position)
    switch mouse.action {
    case .wheelUp: return perform(isText ? .left : .up, &session)
    case .wheelDown: return perform(isText ? .right : .down, &session)
    case .press(.left): return press(at: mouse.position, layout, reading, &session)
    default: return []
    }
  }

  private mutating func press(
    at point: Point, _ layout: LayersLayout, _ reading: LayerReading, _ session: inout SessionState
  ) -> [Effect] {
    if layout.text.contains(point) {
      guard let token = text(width: layout.text.width).tag(at: point, in: layout.text, place),
        token <= place
      else { return [] }
      if token == selectedToken { return perform(.silenceToken, &session) }
      eye = token
      return []
    }
    let position = ListPosition(selected: selectedRow(reading))
    guard let row = position.item(at: point, in: layout.table, count: reading.layerCount + 1)
    else { return [] }
    let old = selectedHead
    if row != selectedRow(reading) { (self.row, head, eye) = (row, nil, nil) }
    guard let layer = reading.layer(ofRow: row) else { return [] }
    let first = layout.firstHead(of: reading.headCount(layer), selectedHead?.head)
    guard let head = layout.head(at: point.x, first: first), head < reading.headCount(layer) else {
      return []
    }
    (self.row, self.head, eye) = (row, head, nil)
    return old == HeadPlace(layer: layer, head: head) ? perform(.activate, &session) : []
  }

  // MARK: Nothing to show

  func emptyText(_ session: SessionState) -> EmptyText? {
    let source = "logit lens: nostalgebraist 2020; ablation: Michel et al. 2019"
    func empty(_ title: String, _ purpose: String, _ starts: EmptyText.Start...) -> EmptyText {
      EmptyText(title: title, purpose: purpose, starts: starts, source: source)
    }
    let models = EmptyText.Start(.openModels, "choose a model")
    guard let model = session.readyModel else {
      return empty(
        "What happens inside needs the model",
        "A saved session keeps what was said, not what happened in the layers. With its model loaded,"
          + " any token of any path can be looked into.", models)
    }
    guard model.isInspectable else {
      return empty(
        "\(model.identity.name) cannot be looked into",
        "Layers shows what each layer of a transformer would have said and where its heads looked. "
          + "That needs a model that Ponder computes itself, from a file of weights.", models)
    }
    if session.isGuessing {
      return empty(
        "First the guess", "The layers would tell what comes next.",
        .init(.screen(DecodeScreen.id), "back to Decode"))
    }
    if let foreignModel {
      return empty(
        "This text is by \(foreignModel)",
        "What happened inside can be seen with that model only.", models)
    }
    // Where a text is at hand it is opened as soon as the screen shows.
    if line.isEmpty, session.screen == Self.id || session.cursor == .root {
      return empty(
        "What happens between two tokens?",
        "Shows at any token of any path what each layer would have said, where its heads looked, and "
          + "what changes when a part of the model is silenced. Choose a place on another screen and "
          + "come back.", .init(.screen(DecodeScreen.id), "choose a place in Decode"),
        .init(.screen(VotesScreen.id), "or a path in Votes"))
    }
    if let failure {
      return empty(
        "This place cannot be looked into", failure,
        .init(.screen(DecodeScreen.id), "choose another place"))
    }
    return nil
  }
}
