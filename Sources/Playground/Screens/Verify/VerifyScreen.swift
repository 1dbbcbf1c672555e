import Decoding
import Measuring
import Problems
import Reasoning
import TerminalUI
import Traces

/// The candidates of a run, ranked by what a verifier makes of them; what the exact checker says
/// stands apart.
struct VerifyScreen: Screen {
  static let id = ScreenID("verify")
  static let group = ScreenGroup.judges
  static let summary = "candidates, and what a verifier says of them"

  enum Focus: Sendable, Hashable {
    case candidates
    /// The judgements of the selected candidate.
    case judgements
    /// The verifiers side by side.
    case comparison
  }

  var run: Int?
  /// The run's paths.
  var digest = RunDigest()
  /// The candidates, the first in rank first; those without a score last.
  var ranked: [Candidate] = []
  /// The ways to rank them.
  var rankings: [CandidateRanking] = []
  /// What each of those makes of the candidates, in the same order.
  var rows: [RankingRow] = []
  /// What is being asked about the candidates.
  var reviewing: RunReview.Question?
  /// The way to rank that the user chose; nil is the run's own.
  var chosen: CandidateRanking?
  /// How well the ranking tells right candidates from wrong ones; nil where there are not both.
  var area: Double?
  var position = ListPosition()
  var judged = ListPosition()
  var focus = Focus.candidates
  /// Whether the user has gone to a candidate, which stays selected then, wherever it comes to stand.
  private var keepsSelection = false
  /// Says which steps are right; nil where the problem is not one of the library.
  private var checker: StepChecker?

  init() {}

  /// Whatever ranks candidates is shown here, unless it searches as well.
  static let shapes: Set<StrategyShape> = [.ranking]

  // MARK: Reading

  /// What the run ranked by.
  var own: CandidateRanking { .own(verifier.scoreKind) }

  var ranking: CandidateRanking { chosen ?? own }

  /// The verifier of the run.
  var verifier: VerifierName { digest.start?.verifier ?? BestOfN.defaultVerifier }

  /// How a process verifier's steps became one score.
  var aggregate: StepAggregate { digest.start?.aggregate ?? StepVerifier.defaultAggregate }

  var selected: Candidate? {
    ranked.indices.contains(position.selected) ? ranked[position.selected] : nil
  }

  /// The selected judgement, when the selection is among them.
  var judgement: Judgement? {
    guard focus == .judgements, let all = selected?.judgements,
      all.indices.contains(judged.selected)
    else { return nil }
    return all[judged.selected]
  }

  func layout(_ session: SessionState) -> VerifyLayout { layout(in: rect(session)) }

  func layout(in rect: Rect) -> VerifyLayout {
    VerifyLayout(
      in: rect, candidates: ranked.count, judgements: selected?.judgements.count ?? 0,
      rows: rows.count, comparesAlone: focus == .comparison)
  }

  /// Where the ranking stands in the comparison.
  var rowPosition: ListPosition {
    ListPosition(selected: rankings.firstIndex(of: ranking) ?? 0)
  }

  /// The ranking that a verifier has made with a model, in the run or later; nil where none has.
  func ranking(of review: Review) -> CandidateRanking? {
    if rankings.contains(.review(review)) { return .review(review) }
    let isOwn =
      digest.start?.verifier == review.verifier && digest.start?.judge?.name == review.judge
    return isOwn && rankings.contains(own) && ranked.contains { $0.scores[own] != nil } ? own : nil
  }

  /// The model that read for a ranking, where it is not the run's own.
  func judge(of ranking: CandidateRanking) -> String? {
    ranking.review.map(\.judge) ?? (ranking == own ? digest.start?.judge?.name : nil)
  }

  /// A ranking in words: the verifier, and the model that read where it is not the run's own.
  func name(of ranking: CandidateRanking) -> String {
    switch ranking {
    case .majority: return "majority"
    case .likelihood: return "Σ log p"
    case .own(let kind):
      let name = ranking == own ? verifier.rawValue : kind.rawValue
      return judge(of: ranking).map { "\(name) · \($0)" } ?? name
    case .review(let review):
      return "\(review.verifier.rawValue) · \(review.judge ?? "own model")"
    }
  }

  func selection(_ session: SessionState) -> PathSelection? {
    guard let run, let selected else { return nil }
    return .path(selected.path, run: run)
  }

  // MARK: Ranking

  /// The paths whose answer is the run's: the best candidate's, or in a weighted vote those of all
  /// candidates with that answer.
  private func winners(of candidates: [Candidate]) -> Set<Int> {
    guard let end = digest.end, end.reason == .completed, let answer = end.answer else { return [] }
    if digest.start?.vote == .weighted {
      return Set(candidates.filter { $0.answer == answer }.map(\.path))
    }
    let own = own
    var best: Candidate?
    for candidate in candidates where candidate.answer != nil {
      let score = candidate.scores[own] ?? -.infinity
      if best.map({ score > $0.scores[own] ?? -.infinity }) ?? true { best = candidate }
    }
    // A candidate with another answer than the run's is not what decided.
    return best.flatMap { $0.answer == answer ? [$0.path] : nil } ?? []
  }

  /// Ranks what a run has so far. The selected candidate stays selected.
  private mutating func rank(_ run: RunTrace) {
    let (path, before) = (selected?.path, rankings)
    rankings = run.rankings(own: verifier.scoreKind)
    var all = Candidate.list(of: run, by: rankings, checker)
    let winners = winners(of: all)
    for index in all.indices { all[index].isWinner = winners.contains(all[index].path) }
    let settings = digest.start?.effective ?? RunSettings()
    rows = rankings.map { RankingRow($0, of: all, settings) }
    // Who was asked to judge is looked at as soon as they have.
    if reviewing != nil, let fresh = rankings.last(where: { !before.contains($0) }),
      fresh.review != nil
    {
      chosen = fresh
    }
    order(all, keeping: path)
  }

  /// Puts the candidates in order.
  private mutating func order(_ candidates: [Candidate], keeping path: Int?) {
    ranked = Candidate.ranked(candidates, by: ranking)
    for index in ranked.indices {
      let all = ranked[index].allJudgements
      ranked[index].judgements = all[ranking] ?? (ranking.isBaseline ? all[own] : nil) ?? []
    }
    // While the user has chosen nothing the first in rank stays selected.
    if let path, keepsSelection || focus == .judgements {
      position.selected = ranked.firstIndex { $0.path == path } ?? 0
    }
    judged.selected = max(0, min(judged.selected, (selected?.judgements.count ?? 0) - 1))
    area = Candidate.area(of: ranked, by: ranking)
  }

  private mutating func cycleRanking(_ session: SessionState) {
    guard let next = rankings.cycled(from: ranking, by: 1) else { return }
    choose(next, session)
  }

  /// Ranks by something else.
  private mutating func choose(_ ranking: CandidateRanking, _ session: SessionState) {
    chosen = ranking
    order(ranked, keeping: selected?.path)
    if focus == .judgements, selected?.judgements.isEmpty ?? true { focus = .candidates }
    reveal(session)
  }

  private mutating func reveal(_ session: SessionState) {
    _ = position.reveal(count: ranked.count, height: layout(session).visibleCandidates)
  }

  // MARK: News

  mutating func begin(_ run: Int, _ strategy: StrategyDescription, _ session: SessionState) {
    guard strategy.shape.ranksCandidates, run != self.run else { return }
    self = Self()
    self.run = run
  }

  mutating func show(_ run: Int, _ session: inout SessionState) -> [Effect]? {
    guard let description = session.trace.runs[run]?.start?.description,
      description.shape.ranksCandidates
    else { return nil }
    begin(run, description, session)
    if digest.run != run { restore(&session) }
    return []
  }

  mutating func restore(_ session: inout SessionState) {
    let (run, chosen, reviewing) = (run, chosen, reviewing)
    self = Self()
    (self.run, self.chosen, self.reviewing) = (run, chosen, reviewing)
    digest = RunDigest(run, in: session.trace)
    checker = digest.start.flatMap { Self.checker(of: $0.question) }
    if let known = run.flatMap({ session.trace.runs[$0] }) { rank(known) }
  }

  mutating func take(_ record: TraceRecord, _ session: inout SessionState) {
    digest.follow(record, of: run, in: session.trace)
    if record.run == run, case .run(let start) = record.event {
      checker = Self.checker(of: start.question)
    }
  }

  mutating func refresh(after records: [TraceRecord], _ session: inout SessionState) -> [Effect] {
    guard let run, let known = session.trace.runs[run] else { return [] }
    let count = ranked.count
    let matters = records.contains { record in
      guard record.run == run else { return false }
      switch record.event {
      case .score, .pathFinished, .finished, .span: return true
      // A path that begins is a candidate.
      case .node(let node): return node.parent == known.promptEnd
      default: return false
      }
    }
    if matters { rank(known) }
    if count != ranked.count { reveal(session) }
    return []
  }

  mutating func receive(_ news: Action, _ session: inout SessionState) -> [Effect] {
    guard case .review(.ended(let run, let question, let ending)) = news,
      case .candidates = question
    else { return [] }
    session.tell(ending)
    if run == self.run, question == reviewing { reviewing = nil }
    return []
  }

  var work: Progress? {
    guard let reviewing, let verifier = reviewing.verifier else { return nil }
    return Progress("judging by \(verifier.rawValue)")
  }

  mutating func stop(_ session: inout SessionState) -> [Effect]? {
    reviewing == nil ? nil : [.review(.stop)]
  }

  mutating func reset(_ reason: ResetReason, _ session: inout SessionState) -> [Effect] {
    guard reason.startsOver else { return [] }
    let isReviewing = reviewing != nil
    self = Self()
    return isReviewing ? [.review(.stop)] : []
  }

  /// Says which steps of a question's solutions are right, when it is a problem of the library.
  private static func checker(of question: Question) -> StepChecker? {
    guard let id = question.problem, let problem = try? ProblemLibrary.problem(id: id),
      question.text.contains(problem.question)
    else { return nil }
    return StepChecker(problem)
  }
}

// MARK: - Keys and mouse

enum VerifyCommand: ScreenCommand {
  /// Goes to the verifiers side by side, and back.
  case compare
}

extension VerifyScreen {
  static let bindings: [KeyBinding] =
    [
      KeyBinding([" "], .run, "sample candidates and rank them; again to stop", hint: "rank"),
      KeyBinding(["r"], .runAnew, "sample and rank again from scratch"),
      KeyBinding(
        ["v"], .openVerifiers, "have another verifier judge the same candidates; again to stop",
        hint: "judge"),
      KeyBinding(
        ["x"], .own(VerifyCommand.compare), "compare the verifiers side by side; again to close",
        hint: "compare"),
      KeyBinding(["w"], .cycleWeighting, "rank the candidates another way", hint: "rank by"),
    ] + KeyBinding.moving("candidate, judgement or verifier") + [
      KeyBinding(
        [.enter, .right, "l"], .activate,
        "its judgements; then open a step or verdict in Decode", hint: "open"),
      KeyBinding([.left, "h", .backspace], .back, "back to the candidates"),
      KeyBinding(["o"], .openInDecode, "open the candidate's answer in Decode", hint: "decode"),
      .openSteps,
    ]

  static let legend: [LegendRow] =
    [
      .selected,
      .winner,
      .right,
      .wrong,
    ] + LegendRow.sureness + [
      LegendRow(
        "p(+) p(Yes)", .text, "how sure the verifier is that a step, or the answer, is right"),
      LegendRow("oracle", .text, "what the exact checker says; no strategy sees it"),
      LegendRow("AUC", .text, "the chance that a right candidate ranks above a wrong one"),
      LegendRow("pick vote", .text, "the best candidate’s answer, and that of a weighted vote"),
      LegendRow("Σ log p", .text, "how likely the text is to the model that wrote it"),
      LegendRow("first ✓", .text, "the rank of the best right candidate"),
    ]

  func hint(for command: Command, _ session: SessionState) -> String? {
    command == .openVerifiers && reviewing != nil ? "stop" : nil
  }

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    switch command {
    case .cycleWeighting: rankings.contains { $0 != ranking }
    case .activate: selected != nil && focus != .comparison
    case .openInDecode, .openVerifiers: selected != nil
    case .own: !rows.isEmpty && selected != nil
    default: true
    }
  }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if command.own(VerifyCommand.self) == .compare {
      focus = focus == .comparison || selected == nil ? .candidates : .comparison
      reveal(session)
      return []
    }
    switch command {
    case .run, .runAnew: return rankAnew(&session)
    case .cycleWeighting: cycleRanking(session)
    case .openInDecode where focus != .judgements:
      if let selected { session.open(path: selected.path, of: run) }
    case .activate where focus == .comparison: focus = .candidates
    case .activate, .openInDecode: goIntoCandidate(&session)
    case .back: focus = .candidates
    default: move(command, session)
    }
    return []
  }

  /// Starts best of N.
  private mutating func rankAnew(_ session: inout SessionState) -> [Effect] {
    let strategy = BestOfN.description
    guard let (run, effects) = session.start(strategy.name) else { return [] }
    begin(run, strategy, session)
    return effects
  }

  private mutating func move(_ command: Command, _ session: SessionState) {
    let layout = layout(session)
    switch focus {
    case .candidates:
      let before = position.selected
      _ = position.move(command, count: ranked.count, page: layout.visibleCandidates)
      if position.selected != before { judged = ListPosition() }
      keepsSelection = position.selected > 0
    case .judgements:
      _ = judged.move(
        command, count: selected?.judgements.count ?? 0, page: layout.visibleJudgements)
    case .comparison:
      var row = rowPosition
      _ = row.move(command, count: rankings.count, page: max(1, layout.comparison.height - 2))
      if rankings.indices.contains(row.selected) { choose(rankings[row.selected], session) }
    }
  }

  /// Has the candidates judged once more, or shows what came of it where they have been.
  mutating func judge(
    by choice: VerifierChooser.Choice, _ session: inout SessionState
  ) -> [Effect] {
    focus = .comparison
    if let known = ranking(of: choice.review),
      ranked.allSatisfy({ $0.scores[known] != nil || $0.answer == nil })
    {
      choose(known, session)
      return []
    }
    guard reviewing == nil, let number = run, let run = session.reviewable(number) else {
      return []
    }
    let question = RunReview.Question.candidates(choice.verifier, model: choice.path)
    reviewing = question
    return [.review(.ask(run: number, run, question))]
  }

  /// Into the selected candidate's judgements; from there to the place in Decode.
  private mutating func goIntoCandidate(_ session: inout SessionState) {
    guard let selected, let run else { return }
    if focus == .judgements {
      guard let judgement, let place = judgement.place else {
        return session.tell("The trace does not say where this was read.")
      }
      if judgement.kind != .step, let judge = judge(of: ranking) {
        // The text is in the judge's tokens, not in those of the model at hand.
        return session.tell("\(judge) has read this; it is not in this model's tree.")
      }
      if judgement.kind != .step, session.readyModel != nil {
        session.tell("The verdict comes next: the table shows p(Yes) and p(No).")
      }
      session.ask(.open(place, run: run))
    } else if selected.judgements.isEmpty {
      session.tell("This candidate has no step-by-step judgements.")
      session.open(path: selected.path, of: run)
    } else {
      focus = .judgements
      judged.selected = min(judged.selected, selected.judgements.count - 1)
    }
  }

  mutating func dismiss(_ session: inout SessionState) -> [Effect]? {
    guard focus != .candidates, reviewing == nil else { return nil }
    focus = .candidates
    return []
  }

  mutating func go(to place: LessonCommand.Place, _ session: inout SessionState) -> [Effect]? {
    guard case .answer(let answer) = place,
      let row = ranked.firstIndex(where: { $0.answer == answer })
    else { return nil }
    focus = .candidates
    position.selected = row
    keepsSelection = row > 0
    return []
  }

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    let (layout, judgements) = (layout(session), selected?.judgements ?? [])
    switch mouse.action {
    case .wheelUp, .wheelDown:
      if layout.judgements.contains(mouse.position), !judgements.isEmpty { focus = .judgements }
      if layout.table.contains(mouse.position), focus != .comparison { focus = .candidates }
      if layout.comparison.contains(mouse.position) { focus = .comparison }
      return perform(mouse.action == .wheelUp ? .up : .down, &session)
    case .press(.right): return perform(.back, &session)
    case .press(.left):
      // A second click on the same candidate or judgement opens it.
      if let row = position.item(at: mouse.position, in: layout.table, count: ranked.count) {
        if row == position.selected, focus == .candidates { return perform(.activate, &session) }
        focus = .candidates
        if row != position.selected { judged = ListPosition() }
        position.selected = row
        keepsSelection = row > 0
      } else if let row = rowPosition.item(
        at: mouse.position, in: layout.comparisonTable, count: rows.count)
      {
        focus = .comparison
        choose(rankings[row], session)
      } else if let row = judged.item(
        at: mouse.position, in: layout.judgements, count: judgements.count)
      {
        if row == judged.selected, focus == .judgements { return perform(.activate, &session) }
        focus = .judgements
        judged.selected = row
      }
    default: break
    }
    return []
  }
}
