import Reasoning
import TerminalUI
import Traces

/// The paths of one run as they grow, side by side, and how sure each is of its answer. Of
/// CoT-decoding these are the likeliest first tokens, each grown greedily.
struct BranchesScreen: Screen {
  static let id = ScreenID("branches")
  static let group = ScreenGroup.shows
  static let summary = "what follows from each first token"
  static let companion: ScreenID? = DecodeScreen.id

  var run: Int?
  /// Whether that run grows branches, so that only another of its kind takes its place.
  private var growsBranches = false
  /// The run to show of a saved trace: the newest that has paths, of those that grow branches if
  /// there are any.
  private var withPaths: (run: Int, growsBranches: Bool)?
  /// The run's paths and how their answers stand.
  var digest = RunDigest()
  /// Which row is selected.
  var position = ListPosition()
  /// The first line of the selected branch's text that shows.
  var textScroll = 0
  /// The branch marked for comparison.
  var marked: Int?
  /// The two branches that stand side by side.
  var comparison: Comparison?

  init() {}

  /// Runs of several paths; those that are searched, ranked or counted have screens of their own.
  static let shapes: Set<StrategyShape> = [.branches]

  // MARK: Keys and mouse

  static let bindings: [KeyBinding] =
    [
      KeyBinding([" ", "r"], .run, "grow the branches; again to stop", hint: "grow")
    ] + KeyBinding.moving("branch", pages: false) + [
      KeyBinding([.enter, .right, "l"], .openInDecode, "open the branch in Decode", hint: "open"),
      KeyBinding(
        ["v"], .compare, "mark a branch; again on another to compare",
        hint: "compare"),
    ] + KeyBinding.scrolling("branch's text") + [.openSteps]

  var contexts: [KeyContext] { [comparison == nil ? .screen(Self.id) : .compare] }

  static let legend: [LegendRow] = [
    .selected,
    .winner,
    .right,
    .wrong,
    .marked,
    .delta,
    LegendRow("ΣΔ", .text, "the Δ of all branches with the answer, added up"),
    LegendRow("Σ log p", .text, "how likely the whole text is: the log p of its tokens, added up"),
    LegendRow("k", .text, "how many branches there are"),
  ]

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    switch command {
    case .openInDecode, .compare: comparison != nil || digest.paths[selected] != nil
    default: true
    }
  }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if comparison.perform(command, digest, in: rect(session), &session) { return [] }
    switch command {
    case .pageUp: textScroll = max(0, textScroll - 3)
    case .pageDown: textScroll += 3
    case .run: return grow(&session)
    case .openInDecode: session.open(path: selected, of: run)
    case .compare: compareSelected(&session)
    default:
      if position.move(command, count: rowCount, page: layout(session).visibleRows) {
        textScroll = 0
      }
    }
    return []
  }

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    if comparison.mouse(mouse, digest, in: rect(session), &session) { return [] }
    let layout = layout(session)
    let isText = layout.detail.contains(mouse.position)
    switch mouse.action {
    case .wheelUp: return perform(isText ? .pageUp : .up, &session)
    case .wheelDown: return perform(isText ? .pageDown : .down, &session)
    case .press(.left):
      guard let row = position.item(at: mouse.position, in: layout.rows, count: rowCount) else {
        return []
      }
      // A second click on the same branch opens it.
      if row == position.selected { return perform(.openInDecode, &session) }
      select(row, session)
    default: break
    }
    return []
  }

  mutating func dismiss(_ session: inout SessionState) -> [Effect]? {
    guard comparison != nil else { return nil }
    comparison = nil
    return []
  }

  private mutating func select(_ row: Int, _ session: SessionState) {
    position.select(row, count: rowCount, page: layout(session).visibleRows)
    textScroll = 0
  }

  private mutating func grow(_ session: inout SessionState) -> [Effect] {
    let strategy = CoTDecoding.description
    guard let (run, effects) = session.start(strategy.name) else { return [] }
    show(run, growsBranches: strategy.shape.growsBranches)
    return effects
  }

  private mutating func compareSelected(_ session: inout SessionState) {
    guard let run, let trace = session.trace.runs[run], trace.paths[selected] != nil else { return }
    guard let marked else {
      marked = selected
      session.tell("Marked; press v on another branch to compare the two.")
      return
    }
    self.marked = nil
    guard marked != selected else { return }
    comparison = Comparison(run: run, left: marked, right: selected, trace)
  }

  // MARK: News

  /// A run that grows branches is not hidden by one that only leaves paths, such as a vote.
  mutating func begin(_ run: Int, _ strategy: StrategyDescription, _ session: SessionState) {
    let grows = strategy.shape.growsBranches
    let parts = [run] + session.trace.members(of: run)
    if grows || withPaths?.growsBranches != true,
      parts.contains(where: { session.trace.runs[$0]?.paths.isEmpty == false })
    {
      withPaths = (run, grows)
    }
    guard grows || !growsBranches else { return }
    if run == self.run { growsBranches = grows } else { show(run, growsBranches: grows) }
  }

  private mutating func show(_ run: Int, growsBranches: Bool) {
    let withPaths = withPaths
    self = Self()
    (self.run, self.growsBranches, self.withPaths) = (run, growsBranches, withPaths)
  }

  /// Any run has paths that can stand side by side; a walk has them in Decode.
  mutating func show(_ run: Int, _ session: inout SessionState) -> [Effect]? {
    guard let description = session.trace.runs[run]?.start?.description else { return nil }
    let fresh = RunDigest(run, in: session.trace)
    guard description.shape.growsBranches || !fresh.numbers.isEmpty else { return nil }
    if run != self.run { show(run, growsBranches: description.shape.growsBranches) }
    digest = fresh
    return []
  }

  /// A run that ended before it had a path has nothing to show: an earlier one has.
  mutating func restore(_ session: inout SessionState) {
    digest = RunDigest(run, in: session.trace)
    guard digest.numbers.isEmpty, let withPaths, withPaths.run != run else { return }
    show(withPaths.run, growsBranches: withPaths.growsBranches)
    digest = RunDigest(run, in: session.trace)
  }

  mutating func take(_ record: TraceRecord, _ session: inout SessionState) {
    digest.follow(record, of: run, in: session.trace)
  }

  mutating func refresh(after records: [TraceRecord], _ session: inout SessionState) -> [Effect] {
    comparison.refresh(session)
    return []
  }

  // MARK: The branches

  /// The path numbers of the branches, a row each.
  var numbers: [Int] { digest.numbers.filter { digest.paths[$0]?.isBranch == true } }

  /// The selected branch's path number; where it waits, its row.
  var selected: Int {
    let numbers = numbers
    let row = position.selected
    return numbers.indices.contains(row) ? numbers[row] : row
  }

  func selection(_ session: SessionState) -> PathSelection? { run.map { .path(selected, run: $0) } }

  /// What the run's strategy is; CoT-decoding before there is one.
  var strategy: StrategyDescription { digest.strategy ?? CoTDecoding.description }

  /// Whether answers are weighed by the Δ of their branches; else the run decides otherwise.
  var isByDelta: Bool { digest.start == nil || digest.isByDelta }

  /// More branches than any vocabulary has tokens are a damaged trace's.
  private static let mostRows = 1_000_000

  /// How many rows there are: branches that wait for a free slot have one too.
  var rowCount: Int {
    guard digest.run != nil else { return 0 }
    return min(Self.mostRows, max(numbers.count, digest.end == nil ? wanted : 0))
  }

  /// How many branches the run will have; 0 where only the run itself can tell.
  var wanted: Int {
    let start = digest.start
    if isByDelta { return start?.branches ?? CoTDecoding.defaultBranches }
    // Each model of an ensemble has samples of its own.
    guard !strategy.shape.searches, strategy.settings.contains(.samples),
      !strategy.traits.contains(.usesSeveralModels)
    else { return 0 }
    return start?.samples ?? strategy.defaultSamples
  }

  /// The answer the run gives, or would give now: by ΣΔ, or that of the surest branch.
  var winner: String? {
    if let end = digest.end, end.reason == .completed { return end.answer }
    guard isByDelta else { return nil }
    switch digest.start?.settings.aggregate {
    case .max: return digest.surest?.answer
    default: return digest.winner(.delta)
    }
  }

  // MARK: Lessons

  mutating func go(to place: LessonCommand.Place, _ session: inout SessionState) -> [Effect]? {
    let path: Int? =
      switch place {
      case .start: nil
      case .answer(let answer): numbers.first { digest.paths[$0]?.answer == answer }
      case .branch(let branch): number(of: branch)
      }
    guard let path else { return nil }
    comparison = nil
    select(numbers.firstIndex(of: path) ?? path, session)
    return []
  }

  /// Shows two branches side by side, as a lesson says.
  ///
  /// - Returns: why it cannot; nil when they are shown.
  mutating func compare(
    _ left: LessonCommand.Branch, _ right: LessonCommand.Branch, _ session: inout SessionState
  ) -> String? {
    guard let run, let trace = session.trace.runs[run], let a = number(of: left),
      let b = number(of: right)
    else { return "At least one of these branches is missing." }
    guard a != b else { return "Both are the same branch here." }
    comparison = Comparison(run: run, left: a, right: b, trace)
    return nil
  }

  /// The path number of a branch: rows count from 1, the greedy one; the best one is the surest
  /// of those with the answer that wins.
  private func number(of branch: LessonCommand.Branch) -> Int? {
    switch branch {
    case .row(let row): return digest.paths[row - 1] == nil ? nil : row - 1
    case .best:
      guard let winner else { return nil }
      return digest.paths(for: winner).max {
        digest.paths[$0]?.delta ?? -1 < digest.paths[$1]?.delta ?? -1
      }
    }
  }
}
