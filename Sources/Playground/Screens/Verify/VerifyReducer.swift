import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// What keys, commands and the mouse do in Verify.
extension PlaygroundState {
  mutating func verifyCommand(_ command: Command) -> [Effect] {
    switch command {
    case .run, .streamOrStop: return runVerifier()
    case .runAnew: return beginVerifier()
    case .cycleWeighting: cycleRanking()
    case .openInDecode where verify.focus == .candidates:
      return verify.selected.map { open(path: $0.path, of: runs.verify) } ?? []
    case .activate, .right, .take, .openInDecode: return goIntoCandidate()
    case .left, .back, .undo: verify.focus = .candidates
    default: moveInVerify(command)
    }
    return []
  }

  var verifyLayout: VerifyLayout {
    VerifyLayout(
      in: Chrome.rect(of: .verify, self) ?? Chrome.content(self), candidates: verify.ranked.count,
      judgements: verify.selected?.judgements.count ?? 0)
  }

  // MARK: Moving

  private mutating func moveInVerify(_ command: Command) {
    let layout = verifyLayout
    switch verify.focus {
    case .candidates:
      let before = verify.position.selected
      _ = verify.position.move(command, count: verify.ranked.count, page: layout.visibleCandidates)
      if verify.position.selected != before { verify.judged = ListPosition() }
    case .judgements:
      _ = verify.judged.move(
        command, count: verify.selected?.judgements.count ?? 0, page: layout.visibleJudgements)
    }
  }

  /// Into the selected candidate's judgements; from there to the place in Decode.
  private mutating func goIntoCandidate() -> [Effect] {
    guard let candidate = verify.selected, let run = runs.verify else { return [] }
    if verify.focus == .judgements {
      guard let judgement = verify.judgement, let place = judgement.place else {
        message = Message(.notice, "The trace does not tell where this was read.")
        return []
      }
      if judgement.kind != .step, readyModel != nil {
        message = Message(.notice, "The verdict comes next: the table tells p(Yes) and p(No).")
      }
      return open(place, of: run)
    }
    guard !candidate.judgements.isEmpty else {
      message = Message(.notice, "Nothing of this candidate has been judged by itself.")
      return open(path: candidate.path, of: run)
    }
    verify.focus = .judgements
    verify.judged.selected = min(verify.judged.selected, candidate.judgements.count - 1)
    return []
  }

  private mutating func cycleRanking() {
    guard !verify.rankings.isEmpty else { return }
    let path = verify.selected?.path
    let here = verify.rankings.firstIndex(of: verify.ranking) ?? -1
    verify.chosen = verify.rankings[(here + 1) % verify.rankings.count]
    verify.order(verify.ranked, keeping: path)
    _ = verify.position.reveal(
      count: verify.ranked.count, height: verifyLayout.visibleCandidates)
  }

  // MARK: Running

  /// Starts best of N, or stops what runs.
  private mutating func runVerifier() -> [Effect] {
    if let run = runs.verify, activities[run] != nil {
      activities[run]?.isCancelling = true
      return [.run(.cancel(run: run))]
    }
    return beginVerifier()
  }

  private mutating func beginVerifier() -> [Effect] {
    guard runs.verify.map({ activities[$0] == nil }) ?? true else { return [] }
    let samples = settings.samples ?? BestOfN.defaultSamples
    guard let (run, effects) = start(BestOfN.description.name, paths: samples) else { return [] }
    place(run, of: BestOfN.description.name)
    return effects
  }

  // MARK: News

  /// Makes anew what Verify shows of its run.
  mutating func makeVerified() {
    let chosen = verify.chosen
    verify = VerifyState()
    verify.chosen = chosen
    guard let number = runs.verify, let run = trace.runs[number] else { return }
    verify.digest = RunDigest(number, run)
    verify.checker = run.start.flatMap { Self.checker(of: $0.question) }
    verify.rank(run)
  }

  /// Takes up an event of the run that the trace has already folded in.
  mutating func digestVerified(_ record: TraceRecord) {
    guard record.run == runs.verify, let run = trace.runs[record.run] else { return }
    if verify.digest.run == record.run {
      verify.digest.apply(record.event, run)
    } else {
      verify = VerifyState()
      verify.digest = RunDigest(record.run, run)
    }
    if case .run(let start) = record.event {
      verify.checker = Self.checker(of: start.question)
    }
  }

  /// Ranks the candidates anew, once for a batch of events, when one of them matters for that.
  mutating func refreshVerified(after records: [TraceRecord]) {
    guard let number = runs.verify, let run = trace.runs[number] else { return }
    let known = verify.ranked.count
    let matters = records.contains { record in
      guard record.run == number else { return false }
      switch record.event {
      case .score, .pathFinished, .finished, .span: return true
      // A path that begins is a candidate.
      case .node(let node): return node.parent == run.promptEnd
      default: return false
      }
    }
    if matters { verify.rank(run) }
    if known != verify.ranked.count {
      _ = verify.position.reveal(
        count: verify.ranked.count, height: verifyLayout.visibleCandidates)
    }
  }

  /// Says which steps of a question's solutions are right, when it is a problem of the library.
  private static func checker(of question: Question) -> StepChecker? {
    guard let id = question.problem, let problem = try? ProblemLibrary.problem(id: id),
      question.text.contains(problem.question)
    else { return nil }
    return StepChecker(problem)
  }

  // MARK: Mouse

  mutating func verifyMouse(_ mouse: MouseEvent) -> [Effect] {
    let layout = verifyLayout
    let isBelow = layout.judgements.contains(mouse.position)
    switch mouse.action {
    case .wheelUp, .wheelDown:
      if isBelow, verify.selected?.judgements.isEmpty == false { verify.focus = .judgements }
      if layout.table.contains(mouse.position) { verify.focus = .candidates }
      return verifyCommand(mouse.action == .wheelUp ? .up : .down)
    case .press(.right): return verifyCommand(.back)
    case .press(.left):
      if let row = layout.table.item(
        at: mouse.position, count: verify.ranked.count, position: verify.position)
      {
        // A second click on the same candidate opens it.
        if row == verify.position.selected, verify.focus == .candidates {
          return verifyCommand(.activate)
        }
        verify.focus = .candidates
        if row != verify.position.selected { verify.judged = ListPosition() }
        verify.position.selected = row
        return []
      }
      let judgements = verify.selected?.judgements ?? []
      if let row = layout.judgements.item(
        at: mouse.position, count: judgements.count, position: verify.judged)
      {
        if row == verify.judged.selected, verify.focus == .judgements {
          return verifyCommand(.activate)
        }
        verify.focus = .judgements
        verify.judged.selected = row
      }
      return []
    default: return []
    }
  }
}
