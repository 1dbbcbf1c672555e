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
  }

  var run: Int?
  /// The run's paths.
  var digest = RunDigest()
  /// The candidates, the first in rank first; those without a score last.
  var ranked: [Candidate] = []
  /// The ways to rank for which there are scores.
  var rankings: [CandidateRanking] = []
  /// The way to rank that the user chose; nil is the run's own.
  var chosen: CandidateRanking?
  /// How well the ranking tells right candidates from wrong ones; nil where there are not both.
  var area: Double?
  var position = ListPosition()
  var judged = ListPosition()
  var focus = Focus.candidates
  /// Says which steps are right; nil where the problem is not one of the library.
  private var checker: StepChecker?

  init() {}

  /// Whatever ranks candidates is shown here, unless it searches as well.
  static let shapes: Set<StrategyShape> = [.ranking]

  // MARK: Reading

  /// What the run ranked by.
  var own: CandidateRanking { verifier.scoreKind }

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
    VerifyLayout(in: rect, candidates: ranked.count, judgements: selected?.judgements.count ?? 0)
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
    let path = selected?.path
    var all = Candidate.list(of: run, checker)
    let winners = winners(of: all)
    for index in all.indices { all[index].isWinner = winners.contains(all[index].path) }
    rankings = CandidateRanking.rankings.filter { ranking in
      all.contains { $0.scores[ranking] != nil }
    }
    order(all, keeping: path)
  }

  /// Puts the candidates in order; ties stay in the order of their paths.
  private mutating func order(_ candidates: [Candidate], keeping path: Int?) {
    let ranking = ranking
    ranked = candidates.sorted { a, b in
      let (p, q) = (a.scores[ranking] ?? -.infinity, b.scores[ranking] ?? -.infinity)
      return p > q || (p == q && a.path < b.path)
    }
    // While the user has chosen nothing the first in rank stays selected.
    if let path, position.selected > 0 || focus == .judgements {
      position.selected = ranked.firstIndex { $0.path == path } ?? 0
    }
    area =
      RankingQuality(
        ranked.compactMap { candidate in
          guard let score = candidate.scores[ranking], let isRight = candidate.isRight else {
            return nil
          }
          return LabelledScore(group: 0, score: score, isPositive: isRight)
        }
      ).area
  }

  private mutating func cycleRanking(_ session: SessionState) {
    guard let next = rankings.cycled(from: ranking, by: 1) else { return }
    chosen = next
    order(ranked, keeping: selected?.path)
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
    let (run, chosen) = (run, chosen)
    self = Self()
    (self.run, self.chosen) = (run, chosen)
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

  /// Says which steps of a question's solutions are right, when it is a problem of the library.
  private static func checker(of question: Question) -> StepChecker? {
    guard let id = question.problem, let problem = try? ProblemLibrary.problem(id: id),
      question.text.contains(problem.question)
    else { return nil }
    return StepChecker(problem)
  }
}

// MARK: - Keys and mouse

extension VerifyScreen {
  static let bindings: [KeyBinding] =
    [
      KeyBinding([" "], .run, "sample candidates and rank them; again to stop", hint: "rank"),
      KeyBinding(["r"], .runAnew, "sample and rank again from scratch"),
      KeyBinding(["w"], .cycleWeighting, "rank the candidates another way", hint: "rank by"),
    ] + KeyBinding.moving("candidate or judgement") + [
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
    ]

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    switch command {
    case .cycleWeighting: rankings.contains { $0 != ranking }
    case .activate, .openInDecode: selected != nil
    default: true
    }
  }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    switch command {
    case .run, .runAnew: return rankAnew(&session)
    case .cycleWeighting: cycleRanking(session)
    case .openInDecode where focus == .candidates:
      if let selected { session.open(path: selected.path, of: run) }
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
    case .judgements:
      _ = judged.move(
        command, count: selected?.judgements.count ?? 0, page: layout.visibleJudgements)
    }
  }

  /// Into the selected candidate's judgements; from there to the place in Decode.
  private mutating func goIntoCandidate(_ session: inout SessionState) {
    guard let selected, let run else { return }
    if focus == .judgements {
      guard let judgement, let place = judgement.place else {
        return session.tell("The trace does not say where this was read.")
      }
      if judgement.kind != .step, let judge = digest.start?.judge {
        // The text is in the judge's tokens, not in those of the model at hand.
        return session.tell("\(judge.name) has read this; it is not in this model's tree.")
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
    guard focus == .judgements else { return nil }
    focus = .candidates
    return []
  }

  mutating func go(to place: LessonCommand.Place, _ session: inout SessionState) -> [Effect]? {
    guard case .answer(let answer) = place,
      let row = ranked.firstIndex(where: { $0.answer == answer })
    else { return nil }
    focus = .candidates
    position.selected = row
    return []
  }

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    let (layout, judgements) = (layout(session), selected?.judgements ?? [])
    switch mouse.action {
    case .wheelUp, .wheelDown:
      if layout.judgements.contains(mouse.position), !judgements.isEmpty { focus = .judgements }
      if layout.table.contains(mouse.position) { focus = .candidates }
      return perform(mouse.action == .wheelUp ? .up : .down, &session)
    case .press(.right): return perform(.back, &session)
    case .press(.left):
      // A second click on the same candidate or judgement opens it.
      if let row = position.item(at: mouse.position, in: layout.table, count: ranked.count) {
        if row == position.selected, focus == .candidates { return perform(.activate, &session) }
        focus = .candidates
        if row != position.selected { judged = ListPosition() }
        position.selected = row
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
