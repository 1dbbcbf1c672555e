import Decoding
import Reasoning
import TerminalUI
import Traces

/// One path of a run as states, actions, rewards and values.
struct StepsScreen: Screen {
  static let id = ScreenID("steps")
  static let group = ScreenGroup.judges
  static let summary = "a path step by step, with its rewards"

  var run: Int?
  /// The path's number.
  var path = 0
  /// The path as it stands; nil when there is none.
  private(set) var episode: Episode?
  /// Which step is selected.
  var position = ListPosition()
  /// Lines scrolled back from where the state's end shows.
  private(set) var scrollBack = 0
  /// Whether the steps are gone through at a person's pace.
  private(set) var isPlaying = false
  /// Counts the timers that were set: only the newest one moves on.
  private(set) var timer = 0
  /// What the model is being asked about a path, and whether it had been asked that before.
  var asking: Asking?
  private var wasAnswered = false
  /// The path's tokens as they are drawn. [tokens]
  private(set) var pieces: [Piece] = []
  /// What else the trace tells of the path, by step. [steps]
  private(set) var notes: [[StepNote]] = []
  /// The run's strategy, and how many runs and paths there are to choose from.
  private(set) var heading = Heading()

  init() {}

  /// How long a step stays while they are played, in seconds.
  static let pace = 1.5

  /// A question to the model that is under way.
  struct Asking: Sendable, Hashable {
    var run: Int
    var question: RunReview.Question
  }

  /// How many steps the trace has such answers for.
  private func answered(_ question: RunReview.Question) -> Int {
    question.verifier == nil
      ? episode?.curve.own.count { $0 != nil } ?? 0
      : episode?.steps.count { $0.reward != nil || $0.learnedValue != nil } ?? 0
  }

  /// A token of the path.
  struct Piece: Sendable, Hashable {
    var text: String
    /// The token by itself, in quotes.
    var label: String
    /// Probability at temperature 1; nil for text that was put in.
    var probability: Double?
    var isInjected: Bool
    /// The likeliest other token and its probability, where the trace keeps it.
    var other: String?
    var otherProbability: Double?
  }

  struct Heading: Sendable, Hashable {
    var strategy = ""
    /// Which of the runs, from 1, and which of its paths.
    var run = 0
    var runs = 0
    var path = 0
    var paths = 0
  }

  // MARK: Reading

  private var count: Int { episode?.steps.count ?? 0 }

  /// The selected step.
  var selected: Episode.Step? {
    guard let steps = episode?.steps, steps.indices.contains(position.selected) else { return nil }
    return steps[position.selected]
  }

  /// How many steps show: while they are played, none ahead of the selected one.
  var shownSteps: Int { isPlaying ? min(count, position.selected + 1) : count }

  /// Whether the model is being asked about the path on screen.
  var isAsking: Bool {
    guard let asking, asking.run == run else { return false }
    return switch asking.question {
    case .answerOverTime(let path), .steps(let path, _, _): path == self.path
    case .candidates: false
    }
  }

  /// Whether any step was judged, and whether a search valued one.
  var hasRewards: Bool {
    episode?.steps.contains { $0.reward != nil || $0.learnedValue != nil } ?? false
  }
  var hasValues: Bool {
    guard let episode else { return false }
    return episode.openingValue != nil || episode.steps.contains { $0.value != nil }
  }

  func layout(_ session: SessionState) -> StepsLayout { layout(in: rect(session)) }

  func layout(in rect: Rect) -> StepsLayout {
    StepsLayout(in: rect, steps: count, isAsked: episode?.curve.isEmpty == false)
  }

  var work: Progress? {
    if let asking {
      let title = asking.question.verifier == nil ? "asking" : "judging"
      // Of another path, or of one that was asked about before, nobody knows.
      guard isAsking, !wasAnswered else { return Progress(title) }
      return Progress(title, min(answered(asking.question), count), of: count, .steps)
    }
    return isPlaying ? Progress("playing", position.selected + 1, of: count, .steps) : nil
  }

  /// The paths of a run that say something, in order.
  private func paths(of run: Int, _ trace: Trace) -> [Int] {
    trace.runs[run].map { run in run.pathNumbers.filter { run.paths[$0]?.tip != nil } } ?? []
  }

  /// The runs with such paths, in order.
  private func runs(_ trace: Trace) -> [Int] {
    trace.runs.keys.sorted().filter { !paths(of: $0, trace).isEmpty }
  }

  // MARK: Choosing a path

  mutating func answer(_ request: ScreenRequest, _ session: inout SessionState) -> [Effect]? {
    guard case .steps(let selection) = request else { return nil }
    switch selection {
    case .path(let path, let run): open(path: path, of: run, &session)
    case .place(let node, let run, let end): open(at: node, of: run, towards: end, &session)
    }
    return []
  }

  private mutating func open(path: Int, of run: Int, _ session: inout SessionState) {
    // A path of an ensemble is its model's own.
    let origin = session.trace.origin(ofPath: path, in: run)
    guard session.trace.runs[origin.run]?.paths[origin.path]?.tip != nil else {
      return session.tell("There is no path here yet.")
    }
    session.screen = Self.id
    show(path: origin.path, of: origin.run, session)
  }

  /// Shows the first path through a node, of a run or of the newest that has one, at the step that
  /// holds the node.
  ///
  /// - Parameter end: where the line on screen ends.
  private mutating func open(
    at node: NodeID, of wanted: Int?, towards end: NodeID?, _ session: inout SessionState
  ) {
    let trace = session.trace
    for number in wanted.map({ [$0] }) ?? trace.runs.keys.sorted(by: >) {
      guard let run = trace.runs[number], trace.considers(run), run.nodes[node] != nil else {
        continue
      }
      let through = run.pathNumbers.filter { number in
        guard let nodes = run.paths[number]?.nodes, let first = nodes.first else { return false }
        return nodes.contains(node) || run.nodes[first]?.parent == node
      }
      // Of several the one that goes where the line on screen does.
      let path = through.first { run.paths[$0]?.nodes.contains(end ?? node) == true }
      guard let path = path ?? through.first else { continue }
      session.screen = Self.id
      show(path: path, of: number, session)
      let place = episode?.nodes.firstIndex(of: node)
      let step = place.flatMap { place in
        episode?.steps.firstIndex { $0.tokens.contains(place) }
      }
      select(step ?? 0, session)
      return
    }
    session.tell("No path goes through this place yet.")
  }

  /// Shows a path from its first step.
  private mutating func show(path: Int, of run: Int, _ session: SessionState) {
    let (asking, wasAnswered, timer) = (asking, wasAnswered, timer)
    self = Self()
    (self.run, self.path, self.timer) = (run, path, timer)
    (self.asking, self.wasAnswered) = (asking, wasAnswered)
    read(session)
  }

  mutating func show(_ run: Int, _ session: inout SessionState) -> [Effect]? {
    guard let first = paths(of: run, session.trace).first else { return nil }
    if run != self.run { show(path: first, of: run, session) }
    return []
  }

  /// Keeps the path on screen; without one shows the first of what another screen shows, else of
  /// the newest run with paths.
  mutating func appear(_ session: inout SessionState) -> [Effect] {
    reach(session)
    return []
  }

  private mutating func reach(_ session: SessionState) {
    let trace = session.trace
    if let run, trace.runs[run]?.paths[path]?.tip != nil { return read(session) }
    let screens = [VotesScreen.id, VerifyScreen.id, BranchesScreen.id, DecodeScreen.id]
    let shown =
      [session.currentRun] + screens.map { session.shownRuns[$0] } + [session.exploration]
    let all = runs(trace)
    guard let run = shown.compactMap({ $0 }).first(where: all.contains) ?? all.last,
      let path = paths(of: run, trace).first
    else {
      self = Self()
      return
    }
    show(path: path, of: run, session)
  }

  /// Reads the path anew from the trace. The selected step stays selected.
  private mutating func read(_ session: SessionState) {
    let trace = session.trace
    episode = nil
    guard let number = run, let run = trace.runs[number],
      let episode = Episode(ofPath: path, in: run)
    else { return }
    self.episode = episode
    pieces = Self.pieces(of: episode, in: run)
    notes = episode.notes(in: run, path: path)
    let (all, paths) = (runs(trace), paths(of: number, trace))
    heading = Heading(
      strategy: run.start?.strategy ?? "run", run: (all.firstIndex(of: number) ?? 0) + 1,
      runs: all.count, path: (paths.firstIndex(of: path) ?? 0) + 1, paths: paths.count)
    position.select(position.selected, count: count, page: layout(session).visibleSteps)
  }

  private static func pieces(of episode: Episode, in run: RunTrace) -> [Piece] {
    let nodes = episode.nodes.compactMap { id in run.nodes[id].map { (id: id, known: $0) } }
    return zip(nodes, TokenText.pieces(nodes.map(\.known.token.bytes))).map { node, text in
      var piece = Piece(
        text: text, label: PathText.quoted(node.known.token.bytes),
        probability: node.known.logProbability.map(TokenDistribution.probability(ofLog:)),
        isInjected: episode.injected.contains(node.id))
      if !piece.isInjected, let (token, log) = run.likeliestOther(than: node.known) {
        piece.other = PathText.quoted(token.bytes)
        piece.otherProbability = log.map(TokenDistribution.probability(ofLog:))
      }
      return piece
    }
  }

  // MARK: News

  mutating func refresh(after records: [TraceRecord], _ session: inout SessionState) -> [Effect] {
    guard session.screen == Self.id else { return [] }
    if episode == nil {
      reach(session)
    } else if records.contains(where: { $0.run == run }) {
      read(session)
    }
    return []
  }

  mutating func receive(_ news: Action, _ session: inout SessionState) -> [Effect] {
    switch news {
    case .review(.ended(let run, let question, let ending)):
      session.tell(ending)
      // What an earlier question came to does not end the wait for a newer one.
      if asking == Asking(run: run, question: question) { asking = nil }
    case .shell(.ticked(let timer)): return ticked(timer, session)
    default: break
    }
    return []
  }
}

// MARK: - Keys and mouse

enum StepsCommand: ScreenCommand {
  /// Has a process verifier judge the steps.
  case judge
}

extension StepsScreen {
  static let bindings: [KeyBinding] =
    [
      KeyBinding([" "], .run, "play the steps one after another; again to stop", hint: "play"),
      KeyBinding([.down, "j"], .down, "next step"),
      KeyBinding([.up, "k"], .up, "previous step", hint: "step"),
      KeyBinding([.home], .top, "first step"), KeyBinding([.end, "G"], .bottom, "last step"),
      KeyBinding([.right, "l"], .right, "next path of the run", hint: "path"),
      KeyBinding([.left, "h"], .left, "previous path of the run"),
      KeyBinding(
        ["a"], .answerNow,
        "ask the model for its answer in every state; again to stop", hint: "answers"),
      KeyBinding(
        ["v"], .own(StepsCommand.judge),
        "have a process verifier judge the steps; again to stop", hint: "judge"),
      KeyBinding(
        [.enter, "o"], .openInDecode, "open the state in Decode, to go on from there", hint: "open"),
    ] + KeyBinding.scrolling("state")

  func hint(for command: Command, _ session: SessionState) -> String? {
    let isQuestion = command == .answerNow || command == .own(StepsCommand.judge)
    return isQuestion && asking != nil ? "stop" : nil
  }

  static let legend: [LegendRow] = [
    .selected,
    LegendRow("r", .text, "a step’s process reward, p(+) behind it"),
    LegendRow("V", .text, "what a model trained to judge gives the state behind the step"),
    LegendRow("◑ ○", .text, "r and V: unsure, and sure that the step is wrong"),
    LegendRow("Q", .text, "the value that a search found for the step"),
    LegendRow("oracle", .text, "whether the end is right; no strategy sees it"),
    .right,
    .wrong,
    LegendRow("Σ log p", .text, "how likely the text is: the log p of its tokens, added up"),
    LegendRow("●", .nodeBest, "the selected state on the curve"),
    LegendRow("▶", .notice, "the action that comes next"),
    LegendRow("flat post-hoc", .text, "p moves by less than .10; and it starts at .50 or more"),
  ]

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    switch command {
    case .run: count > 1
    case .up: position.selected > 0
    case .right: heading.path < heading.paths
    case .own: command == .own(StepsCommand.judge) ? selected != nil : heading.runs > 1
    case .answerNow, .openInDecode: selected != nil
    default: true
    }
  }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if command.own(StepsCommand.self) == .judge {
      // The verifier that is set, where it judges steps.
      let verifier = session.settings.verifier.flatMap { $0.judgesSteps ? $0 : nil } ?? .prm
      return ask(.steps(path: path, verifier, model: session.settings.verifierModel), &session)
    }
    switch command {
    case .up: select(position.selected - 1, session)
    case .down: select(position.selected + 1, session)
    case .top: select(0, session)
    case .bottom: select(count - 1, session)
    case .pageUp: scroll(1, session)
    case .pageDown: scroll(-1, session)
    case .left: goToPath(-1, session)
    case .right: goToPath(1, session)
    case .run: return play(session)
    case .openInDecode: openState(&session)
    case .answerNow: return ask(.answerOverTime(path: path), &session)
    default: break
    }
    return []
  }

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    let layout = layout(session)
    let isState = layout.stack.contains(mouse.position)
    switch mouse.action {
    case .wheelUp: return perform(isState ? .pageUp : .up, &session)
    case .wheelDown: return perform(isState ? .pageDown : .down, &session)
    case .press(.left):
      guard let row = position.item(at: mouse.position, in: layout.table, count: shownSteps)
      else { break }
      // A second click on the same step opens its state.
      if row == position.selected { return perform(.openInDecode, &session) }
      select(row, session)
    default: break
    }
    return []
  }

  mutating func reset(_ reason: ResetReason, _ session: inout SessionState) -> [Effect] {
    guard reason.startsOver else { return [] }
    let isAsking = asking != nil
    self = StepsScreen()
    return isAsking ? [.review(.stop)] : []
  }

  mutating func stop(_ session: inout SessionState) -> [Effect]? {
    if asking != nil { return [.review(.stop)] }
    guard isPlaying, session.screen == Self.id else { return nil }
    isPlaying = false
    return []
  }

  // MARK: Moving

  private mutating func select(_ step: Int, _ session: SessionState) {
    (isPlaying, scrollBack) = (false, 0)
    position.select(step, count: count, page: layout(session).visibleSteps)
  }

  private mutating func scroll(_ pages: Int, _ session: SessionState) {
    let rect = layout(session).stack
    let stack = StateStack(self, width: max(1, rect.width - 2))
    let most = max(0, stack.rows.count - max(0, rect.height - 1))
    scrollBack = max(0, min(most, scrollBack + pages * max(1, rect.height - 2)))
  }

  private mutating func goToPath(_ offset: Int, _ session: SessionState) {
    guard let run else { return }
    let paths = paths(of: run, session.trace)
    guard let here = paths.firstIndex(of: path), paths.indices.contains(here + offset) else {
      return
    }
    show(path: paths[here + offset], of: run, session)
  }

  /// Opens the selected state in Decode: the action comes next, and another may be taken.
  private mutating func openState(_ session: inout SessionState) {
    guard let step = selected, let run else { return }
    isPlaying = false
    session.tell("This is state \(step.number); R\(step.number) comes next, or choose another.")
    session.ask(.open(step.state, run: run))
  }

  // MARK: Playing

  /// Goes through the steps one after the other.
  private mutating func play(_ session: SessionState) -> [Effect] {
    guard count > 0 else { return [] }
    let from = position.selected
    select(from + 1 < count ? from : 0, session)
    return count > 1 ? playOn() : []
  }

  private mutating func playOn() -> [Effect] {
    isPlaying = true
    timer += 1
    return [.shell(.tick(seconds: Self.pace, timer: timer))]
  }

  /// A timer has run out; an older one has nothing to say any more.
  private mutating func ticked(_ timer: Int, _ session: SessionState) -> [Effect] {
    guard isPlaying, timer == self.timer else { return [] }
    let next = position.selected + 1
    guard session.screen == Self.id, next < count else {
      isPlaying = false
      return []
    }
    select(next, session)
    return playOn()
  }

  // MARK: Asking

  private mutating func ask(
    _ question: RunReview.Question, _ session: inout SessionState
  ) -> [Effect] {
    if asking != nil { return [.review(.stop)] }
    guard episode != nil, let number = run, let run = session.reviewable(number) else { return [] }
    asking = Asking(run: number, question: question)
    wasAnswered = answered(question) > 0
    return [.review(.ask(run: number, run, question))]
  }
}
