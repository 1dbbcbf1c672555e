import Decoding
import Reasoning
import TerminalUI
import Traces

/// Self-consistency as it happens: how the answers of a run's paths stand, how their shares settle,
/// and what lies behind each answer.
struct VotesScreen: Screen {
  static let id = ScreenID("votes")
  static let group = ScreenGroup.shows
  static let summary = "the answers of many samples"

  enum Level: Hashable {
    case answers
    /// The paths that gave this answer; nil those in which none was found.
    case paths(answer: String?)
  }

  /// A row of the tally, by what it stands for: rows change places while the vote goes on.
  enum Row: Hashable {
    case answer(String)
    case unparsed

    init(_ answer: String?) { self = answer.map { .answer($0) } ?? .unparsed }

    var answer: String? {
      if case .answer(let answer) = self { answer } else { nil }
    }
  }

  var run: Int?
  /// The run's paths and how their answers stand.
  var digest = RunDigest()
  var level = Level.answers
  var weighting = Tally.Method.majority
  /// The row the user chose; nil follows the leader.
  var chosen: Row?
  /// The answer's paths and where they part, when they are shown.
  var detail: AnswerDetail?
  /// Which of the answer's paths is selected.
  var paths = ListPosition()
  /// The first line of the selected path's text that shows.
  var textScroll = 0
  /// The path marked for comparison.
  var marked: Int?
  /// The two paths that stand side by side.
  var comparison: Comparison?
  /// The models of an ensemble, each with as many of the paths; empty for a vote of one model.
  var models: [String] = []
  /// Samples that were asked for while the vote was running: they follow when it is done.
  var queued = 0

  init() {}

  init(run: Int? = nil, weighting: Tally.Method) { (self.run, self.weighting) = (run, weighting) }

  static let shapes: Set<StrategyShape> = [.votes]

  // MARK: Keys and mouse

  static let bindings: [KeyBinding] =
    [
      KeyBinding([" "], .run, "sample and vote; again to stop or resume", hint: "vote"),
      KeyBinding(["+", "="], .own(VotesCommand.more), "\(moreSamples) more samples", hint: "more"),
      KeyBinding(["w"], .cycleWeighting, "weigh the samples another way", hint: "weight"),
    ] + KeyBinding.moving("answer or path", pages: false) + [
      KeyBinding(
        [.enter, .right, "l"], .activate,
        "the answer's paths; then open a path in Decode", hint: "open"),
      KeyBinding([.left, "h", .backspace], .back, "back to the answers"),
      KeyBinding(
        ["o"], .openParting, "open in Decode the fork that decides the answer", hint: "fork"),
      KeyBinding(["v"], .compare, "mark a path; again on another to compare"),
    ] + KeyBinding.scrolling("path's text") + [
      KeyBinding(["r"], .runAnew, "vote again from scratch"), .openSteps,
    ]

  var contexts: [KeyContext] { [comparison == nil ? .screen(Self.id) : .compare] }

  static let legend: [LegendRow] = [
    .selected,
    .winner,
    .right,
    .wrong,
    .marked,
    LegendRow(
      "share", .text, "the part of the counted paths, or of their weight, that gave the answer"),
    LegendRow("├ 95 % ┤", .dim, "Wilson interval of the share: chance alone moves it that far"),
    LegendRow("Σ weight", .text, "the weights of the paths with the answer, added up"),
    .delta,
  ]

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    switch command {
    case .own: run.flatMap { session.activities[$0]?.isCancelling } != true
    case .run:
      digest.start.map { !isSame($0, session) || missing($0, session) != nil } ?? true
    case .cycleWeighting: level == .answers && !standings.isEmpty && weightings.count > 1
    case .activate: level == .answers ? selected != nil : selectedPath != nil
    case .openParting: level == .answers ? selected != nil : detail?.fork != nil
    default: true
    }
  }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if comparison.perform(command, digest, in: rect(session), &session) { return [] }
    if case .more? = command.own(VotesCommand.self) { return askForMore(&session) }
    switch command {
    case .run: return vote(&session)
    case .runAnew: return voteAnew(&session)
    case .cycleWeighting: cycleWeighting()
    case .pageUp: textScroll = max(0, textScroll - 3)
    case .pageDown: textScroll += 3
    case .activate: if level == .answers { showPaths(&session) } else { openSelected(&session) }
    case .back: backToAnswers()
    case .openParting: openParting(&session)
    case .compare: compareSelected(&session)
    default: move(command, session)
    }
    return []
  }

  private mutating func move(_ command: Command, _ session: SessionState) {
    switch level {
    case .answers:
      var position = ListPosition(selected: selectedRow)
      let page = tallyLayout(session).visibleRows
      guard position.move(command, count: standings.count, page: page) else { return }
      select(answer: position.selected)
    case .paths:
      let page = answerLayout(session).visibleRows
      if paths.move(command, count: detail?.paths.count ?? 0, page: page) { textScroll = 0 }
    }
  }

  private mutating func select(answer row: Int) {
    if standings.indices.contains(row) { chosen = Row(standings[row].answer) }
  }

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    if comparison.mouse(mouse, digest, in: rect(session), &session) { return [] }
    let isText = level != .answers && answerLayout(session).detail.contains(mouse.position)
    switch mouse.action {
    case .wheelUp: return perform(isText ? .pageUp : .up, &session)
    case .wheelDown: return perform(isText ? .pageDown : .down, &session)
    case .press(.right): return perform(.back, &session)
    case .press(.left): return clicked(mouse.position, &session)
    default: return []
    }
  }

  /// A first click selects a row, a second one opens it.
  private mutating func clicked(_ point: Point, _ session: inout SessionState) -> [Effect] {
    switch level {
    case .answers:
      let row = ListPosition(selected: selectedRow)
        .item(at: point, in: tallyLayout(session).table, count: standings.count)
      guard let row else { return [] }
      if row == selectedRow { return perform(.activate, &session) }
      select(answer: row)
    case .paths:
      let (layout, count) = (answerLayout(session), detail?.paths.count ?? 0)
      guard let row = paths.item(at: point, in: layout.table, count: count) else { return [] }
      if row == paths.selected { return perform(.activate, &session) }
      paths.select(row, count: count, page: layout.visibleRows)
      textScroll = 0
    }
    return []
  }

  mutating func dismiss(_ session: inout SessionState) -> [Effect]? {
    if comparison != nil {
      comparison = nil
    } else if level != .answers {
      backToAnswers()
    } else {
      return nil
    }
    return []
  }

  // MARK: Answers and their paths

  /// The ways of counting, in the order in which they are offered.
  static let weightings: [Tally.Method] = [.majority, .delta, .likelihood, .normalizedLikelihood]

  /// The ways in which the shown votes are counted: by a verifier too, where one has ranked them.
  var weightings: [Tally.Method] {
    let isVerified = digest.standings[.verifier] != nil
    // Of others' samples only what their file tells can be counted.
    let isPartial = isVerified || digest.start?.isImported == true
    return Self.weightings.filter { digest.standings[$0] != nil || !isPartial }
      + (isVerified ? [.verifier] : [])
  }

  private mutating func cycleWeighting() {
    // The row that was followed because it led stays selected, so that it can be seen to move.
    if chosen == nil { select(answer: 0) }
    weighting = weightings.cycled(from: weighting, by: 1) ?? weighting
  }

  /// The tally as it is weighed now.
  var standings: [Standing] { digest.standings[weighting] ?? [] }

  /// The selected row of the tally.
  var selectedRow: Int {
    guard let chosen else { return 0 }
    return standings.firstIndex { Row($0.answer) == chosen } ?? 0
  }

  /// What stands on the selected row.
  var selected: Standing? {
    let rows = standings
    return rows.indices.contains(selectedRow) ? rows[selectedRow] : nil
  }

  /// The selected path's number, when an answer's paths are shown.
  var selectedPath: Int? {
    guard case .paths = level, let detail else { return nil }
    return detail.paths.indices.contains(paths.selected) ? detail.paths[paths.selected] : nil
  }

  func selection(_ session: SessionState) -> PathSelection? {
    let path = selectedPath ?? digest.paths(for: selected?.answer).first
    return run.flatMap { run in path.map { .path($0, run: run) } }
  }

  /// How many paths are to be counted; nil for a search, which cannot say.
  var wanted: Int? {
    let start = digest.start
    let strategy = digest.strategy ?? SelfConsistency.description
    guard !strategy.shape.searches else { return nil }
    let each = start?.samples ?? strategy.defaultSamples
    // Of an ensemble each model has as many, unless all choose their tokens together.
    guard strategy.traits.contains(.usesSeveralModels), start?.settings.combine != .mixture else {
      return each
    }
    // A damaged file may claim any number.
    let others = start?.settings.with?.split(separator: ",").count ?? 0
    return min(max(0, each), 1 << 30) * max(1 + others, models.count)
  }

  /// The model that a path is by, when there are several.
  func model(ofPath path: Int) -> String? {
    let each = max(1, digest.start?.samples ?? 1)
    return path >= 0 && models.indices.contains(path / each) ? models[path / each] : nil
  }

  private func look(behind answer: String?, _ session: SessionState) -> AnswerDetail {
    AnswerDetail(answer: answer, in: digest, run.flatMap { session.trace.runs[$0] })
  }

  private mutating func showPaths(_ session: inout SessionState) {
    guard let answer = selected.map(\.answer) else { return }
    let detail = look(behind: answer, session)
    guard !detail.paths.isEmpty else { return session.tell("No path is counted there.") }
    chosen = Row(answer)
    level = .paths(answer: answer)
    self.detail = detail
    paths = ListPosition()
    textScroll = 0
    marked = nil
  }

  private mutating func backToAnswers() {
    level = .answers
    detail = nil
    marked = nil
  }

  private func openSelected(_ session: inout SessionState) {
    if let selectedPath { session.open(path: selectedPath, of: run) }
  }

  private func openParting(_ session: inout SessionState) {
    guard let run, let answer = selected.map(\.answer) else { return }
    let detail = detail ?? look(behind: answer, session)
    if let fork = detail.fork {
      // The token that the selected path took lies ahead, else that of the first one through here.
      let through = detail.paths.filter { digest.paths[$0]?.nodes.contains(fork.node) == true }
      let path = selectedPath.flatMap { through.contains($0) ? $0 : nil } ?? through.first
      let end = (path ?? detail.paths.first).flatMap { digest.paths[$0]?.nodes.last }
      session.ask(.open(fork.node, run: run, towards: end))
    } else if level == .answers {
      session.tell("No single token tells this answer from the others.")
    }
  }

  private mutating func compareSelected(_ session: inout SessionState) {
    guard let run, let trace = session.trace.runs[run], let path = selectedPath else { return }
    guard models.isEmpty else {
      return session.tell("Paths of different models are not compared token by token.")
    }
    guard let marked else {
      marked = path
      return session.tell(
        "Marked path \(path + 1); press v on another, of any answer, to compare the two.")
    }
    self.marked = nil
    guard marked != path else { return }
    comparison = Comparison(run: run, left: marked, right: path, trace)
  }

  // MARK: Running

  /// How many samples `+` adds.
  static let moreSamples = 20

  /// What was to follow the run on view does not, when that is stopped.
  mutating func stop(_ session: inout SessionState) -> [Effect]? {
    queued = 0
    return nil
  }

  /// How many samples the vote on view is to have, if it has fewer; nil when it is complete. One that
  /// ended early is, unless more is asked of it than before.
  private func missing(_ start: RunStart, _ session: SessionState) -> Int? {
    let wanted = max(samples(of: start.settings), samples(of: session.settings))
    let isOpen = digest.stopped.map { wanted > $0.of } ?? true
    return isOpen && digest.finished < wanted ? wanted : nil
  }

  /// Starts a vote, or takes up one that was stopped.
  private mutating func vote(_ session: inout SessionState) -> [Effect] {
    guard let start = digest.start, isSame(start, session) else { return voteAnew(&session) }
    if let wanted = missing(start, session) {
      return canGrow ? resume(samples: wanted, &session) : voteAnew(&session)
    }
    session.tell(
      "This vote is complete. + adds samples; r votes again; s changes settings or the seed.")
    return []
  }

  private mutating func voteAnew(_ session: inout SessionState) -> [Effect] {
    let name = SelfConsistency.description.name
    guard let (run, effects) = session.start(name) else { return [] }
    self = Self(run: run, weighting: weighting)
    return effects
  }

  private mutating func askForMore(_ session: inout SessionState) -> [Effect] {
    guard let run, let start = digest.start else { return vote(&session) }
    guard canGrow else {
      session.tell(
        digest.start?.isImported == true
          ? "These samples are from a file; r starts a vote with the model at hand."
          : "A ranking takes no more samples; r starts a vote.")
      return []
    }
    if let activity = session.activities[run] {
      guard !activity.isCancelling else { return [] }
      queued += Self.moreSamples
      session.tell("\(queued) more samples follow when these \(activity.paths) are done.")
      return []
    }
    return resume(samples: samples(of: start.settings) + Self.moreSamples, &session)
  }

  /// Goes on with the vote on screen, with its own question, settings and numbering of paths, so
  /// that nothing tells it from a vote that was never interrupted.
  private func resume(samples: Int, _ session: inout SessionState) -> [Effect] {
    guard let number = run, let run = session.trace.runs[number], let start = run.start else {
      return []
    }
    guard let model = session.readyModel else {
      session.tell("This is a saved vote; press m to load its model, \(start.model.name).")
      return []
    }
    guard model.identity.hash == start.model.hash else {
      session.tell(
        "This vote was made by \(start.model.name); press r for a new one by "
          + "\(model.identity.name), or m to switch back.", .warning)
      return []
    }
    var settings = start.settings
    settings.samples = samples
    settings.detail = max(settings.detail, session.settings.detail)
    session.activities[number] = Activity(
      start.strategy, settings, resumedAt: digest.finished)
    return [
      .run(.start(run: number, strategy: start.strategy, start.question, settings, previous: run))
    ]
  }

  private func samples(of settings: RunSettings) -> Int {
    settings.samples ?? SelfConsistency.defaultSamples
  }

  /// Whether the run on view is a vote of one model's samples, as Space starts one.
  private var isPlainVote: Bool { digest.start?.has(.canGrow) ?? false }

  /// Whether the vote can go on: what a verifier has weighed is complete.
  private var canGrow: Bool { isPlainVote && digest.start?.settings.weighting != .verifier }

  /// Whether a vote started now would sample the very paths of the run on view: with what that run
  /// used, not only with what it was asked for.
  private func isSame(_ start: RunStart, _ session: SessionState) -> Bool {
    let strategy = SelfConsistency.description
    func drawing(_ settings: RunSettings) -> [String] {
      var used = settings
      used.prompting = used.prompting ?? strategy.defaultPrompting.description
      let retrieves = used.prompting == Prompting.retrieval.description
      return session.settingTable.filter { setting in
        // Passages matter where they are looked up.
        [Setting.corpus, .passages].contains(setting)
          ? retrieves
          : [.prompt, .sampler].contains(setting.invalidates)
            || [Setting.maxTokens, .seed].contains(setting)
      }.map { $0.text(of: used) }
    }
    return isPlainVote && start.question == session.question
      && drawing(start.effective) == drawing(strategy.effective(session.settings))
      && session.readyModel.map { $0.identity.hash == start.model.hash } ?? true
  }

  // MARK: News

  mutating func reset(_ reason: ResetReason, _ session: inout SessionState) -> [Effect] {
    if reason.startsOver { self = Self(weighting: session.settings.weighting) }
    return []
  }

  mutating func adapt(from old: RunSettings, _ session: inout SessionState) {
    if session.settings.weighting != old.weighting { weighting = session.settings.weighting }
  }

  mutating func begin(_ run: Int, _ strategy: StrategyDescription, _ session: SessionState) {
    guard strategy.shape.takesVotes, run != self.run else { return }
    self = Self(run: run, weighting: session.settings.weighting)
  }

  mutating func show(_ run: Int, _ session: inout SessionState) -> [Effect]? {
    guard let start = session.trace.runs[run]?.start, start.shape?.takesVotes == true else {
      return nil
    }
    if run != self.run { self = Self(run: run, weighting: start.settings.weighting) }
    restore(&session)
    return []
  }

  mutating func restore(_ session: inout SessionState) {
    digest = RunDigest(run, in: session.trace)
    nameModels(session)
  }

  mutating func take(_ record: TraceRecord, _ session: inout SessionState) {
    digest.follow(record, of: run, in: session.trace)
    if case .run = record.event { nameModels(session) }
  }

  private mutating func nameModels(_ session: SessionState) {
    let members = run.map { session.trace.members(of: $0) } ?? []
    models = members.map { session.trace.runs[$0]?.start?.model.title ?? "" }
  }

  /// Brings what lies behind the shown answer up to date.
  mutating func refresh(after records: [TraceRecord], _ session: inout SessionState) -> [Effect] {
    comparison.refresh(session)
    guard case .paths(let answer) = level, let detail else { return [] }
    // A look at all paths: while many stream it is taken when a twentieth more are counted.
    let news = digest.counted - detail.counted
    let patience = digest.end == nil ? detail.counted / 20 : 0
    guard news > patience else { return [] }
    let selected = selectedPath
    let fresh = look(behind: answer, session)
    self.detail = fresh
    paths.selected = selected.flatMap { fresh.paths.firstIndex(of: $0) } ?? 0
    return []
  }

  /// What follows the end of the run: samples that were asked for in the meantime.
  mutating func receive(_ news: Action, _ session: inout SessionState) -> [Effect] {
    guard case .run(.ended(let ended, _)) = news, ended == run, queued > 0 else { return [] }
    let more = queued
    queued = 0
    guard let start = digest.start, digest.end?.reason == .completed else { return [] }
    return resume(samples: samples(of: start.settings) + more, &session)
  }

  // MARK: Lessons

  mutating func go(to place: LessonCommand.Place, _ session: inout SessionState) -> [Effect]? {
    guard case .answer(let answer) = place, standings.contains(where: { $0.answer == answer })
    else { return nil }
    backToAnswers()
    comparison = nil
    chosen = .answer(answer)
    return []
  }
}

/// What only Votes knows.
enum VotesCommand: ScreenCommand {
  /// Samples more for the vote on screen.
  case more
}
