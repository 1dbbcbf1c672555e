import Decoding
import Reasoning
import TerminalUI
import Traces

extension PlaygroundState {
  /// The run that Votes shows.
  var votesRun: RunTrace? { runs.votes.flatMap { trace.runs[$0] } }

  // MARK: Commands

  mutating func votesCommand(_ command: Command) -> [Effect] {
    if votes.comparison != nil {
      return comparisonCommand(command, \PlaygroundState.votes.comparison)
    }
    switch command {
    case .run, .streamOrStop: return runVote()
    case .runAnew: return beginVote()
    case .moreSamples: return askForMore()
    case .cycleWeighting: cycleWeighting()
    case .pageUp: votes.textScroll = max(0, votes.textScroll - 3)
    case .pageDown: votes.textScroll += 3
    default:
      switch votes.level {
      case .answers: return answersCommand(command)
      case .paths: return pathsCommand(command)
      }
    }
    return []
  }

  private mutating func answersCommand(_ command: Command) -> [Effect] {
    switch command {
    case .up: selectAnswer(votes.selectedRow - 1)
    case .down: selectAnswer(votes.selectedRow + 1)
    case .top: selectAnswer(0)
    case .bottom: selectAnswer(votes.standings.count - 1)
    case .activate, .right, .take, .openInDecode: showPaths()
    case .openParting:
      guard let run = runs.votes, votes.standings.indices.contains(votes.selectedRow) else {
        return []
      }
      let answer = votes.standings[votes.selectedRow].answer
      let fork = AnswerDetail(answer: answer, in: votes.digest, votesRun).fork
      guard let fork else {
        message = Message(.notice, "No single token tells this answer from the others.")
        return []
      }
      return open(fork.node, of: run)
    default: break
    }
    return []
  }

  private mutating func pathsCommand(_ command: Command) -> [Effect] {
    switch command {
    case .up: selectPath(votes.paths.selected - 1)
    case .down: selectPath(votes.paths.selected + 1)
    case .top: selectPath(0)
    case .bottom: selectPath((votes.detail?.paths.count ?? 1) - 1)
    case .activate, .right, .take, .openInDecode:
      return votes.selectedPath.map { openOwn(path: $0, of: runs.votes) } ?? []
    case .openParting:
      guard let run = runs.votes, let fork = votes.detail?.fork else { return [] }
      return open(fork.node, of: run)
    case .compare: comparePaths()
    case .back, .dismiss, .left, .undo:
      votes.level = .answers
      votes.detail = nil
      votes.marked = nil
    default: break
    }
    return []
  }

  /// Opens a path in Decode; a path of an ensemble is its model's own.
  mutating func openOwn(path: Int, of run: Int?) -> [Effect] {
    guard let run else { return [] }
    let origin = trace.origin(ofPath: path, in: run)
    let effects = open(path: origin.path, of: origin.run)
    if let own = trace.runs[origin.run]?.start?.model, let hash = readyModel?.identity.hash,
      origin.run != run, own.hash != hash
    {
      message = Message(.notice, "This path is by \(own.title), the table by the model at hand.")
    }
    return effects
  }

  private mutating func cycleWeighting() {
    let all = votes.weightings
    // The row that was followed because it led stays selected, so that it can be seen to move.
    if votes.chosen == nil, votes.standings.indices.contains(0) {
      votes.chosen = VotesState.Row(votes.standings[0].answer)
    }
    votes.weighting = all[((all.firstIndex(of: votes.weighting) ?? -1) + 1) % all.count]
  }

  private mutating func selectAnswer(_ row: Int) {
    let rows = votes.standings
    guard !rows.isEmpty else { return }
    votes.chosen = VotesState.Row(rows[max(0, min(rows.count - 1, row))].answer)
  }

  private mutating func showPaths() {
    let rows = votes.standings
    guard rows.indices.contains(votes.selectedRow) else { return }
    let answer = rows[votes.selectedRow].answer
    let detail = AnswerDetail(answer: answer, in: votes.digest, votesRun)
    guard !detail.paths.isEmpty else {
      message = Message(.notice, "No path is counted there.")
      return
    }
    votes.chosen = VotesState.Row(answer)
    votes.level = .paths(answer: answer)
    votes.detail = detail
    votes.paths = ListPosition()
    votes.textScroll = 0
    votes.marked = nil
  }

  private mutating func selectPath(_ row: Int) {
    let count = votes.detail?.paths.count ?? 0
    votes.paths.selected = max(0, min(count - 1, row))
    votes.textScroll = 0
    _ = votes.paths.reveal(count: count, height: answerLayout.visibleRows)
  }

  private mutating func comparePaths() {
    guard let run = runs.votes, let trace = votesRun, let path = votes.selectedPath else { return }
    guard votes.models.isEmpty else {
      message = Message(.notice, "Paths of different models are not compared token by token.")
      return
    }
    guard let marked = votes.marked else {
      votes.marked = path
      message = Message(
        .notice, "Marked path \(path + 1); press v on another, of any answer, to compare the two.")
      return
    }
    votes.marked = nil
    guard marked != path else { return }
    votes.comparison = Comparison(run: run, left: marked, right: path, trace)
  }

  // MARK: Running

  /// Starts a vote, stops it, or takes up one that was stopped.
  private mutating func runVote() -> [Effect] {
    if let run = runs.votes, activities[run] != nil {
      activities[run]?.isCancelling = true
      votes.queued = 0
      return [.run(.cancel(run: run))]
    }
    guard let start = votes.digest.start, isSame(start) else { return beginVote() }
    let wanted = max(samples(of: start.settings), samples(of: settings))
    // A vote that ended early is complete, unless more is asked of it than before.
    let isOpen = votes.digest.stopped.map { wanted > $0.of } ?? true
    if isOpen, votes.digest.finished < wanted {
      return start.settings.weighting == .verifier ? beginVote() : resumeVote(samples: wanted)
    }
    message = Message(
      .notice,
      "This vote is complete. + samples more; r votes anew; s changes the settings or the seed.")
    return []
  }

  private mutating func beginVote() -> [Effect] {
    guard runs.votes.map({ activities[$0] == nil }) ?? true else { return [] }
    guard
      let (run, effects) = start(
        SelfConsistency.description.name, paths: samples(of: settings))
    else { return [] }
    runs.votes = run
    votes = VotesState(weighting: votes.weighting)
    return effects
  }

  /// Whether a vote can go on: what a verifier has weighed is complete.
  private func canGrow(_ start: RunStart) -> Bool {
    start.strategy == SelfConsistency.description.name && start.settings.weighting != .verifier
  }

  /// How many samples `+` adds.
  static let moreSamples = 20

  private mutating func askForMore() -> [Effect] {
    guard let run = runs.votes, let start = votes.digest.start else { return runVote() }
    guard canGrow(start) else {
      message = Message(.notice, "Ranked candidates are complete; r samples a vote.")
      return []
    }
    if let activity = activities[run] {
      guard !activity.isCancelling else { return [] }
      votes.queued += Self.moreSamples
      message = Message(
        .notice, "\(votes.queued) more samples follow when these \(activity.paths) are done.")
      return []
    }
    return resumeVote(samples: samples(of: start.settings) + Self.moreSamples)
  }

  /// Goes on with the vote on screen, with its own question, settings and numbering of paths, so
  /// that nothing tells it from a vote that was never interrupted.
  private mutating func resumeVote(samples: Int) -> [Effect] {
    guard let number = runs.votes, let run = trace.runs[number], let start = run.start else {
      return []
    }
    guard let model = readyModel else {
      message = Message(
        .notice, "This is a saved vote; press m to load its model, \(start.model.name).")
      return []
    }
    guard model.identity.hash == start.model.hash else {
      message = Message(
        .warning,
        "This vote was made by \(start.model.name); press r for a new one by "
          + "\(model.identity.name), or m to go back.")
      return []
    }
    var settings = start.settings
    settings.samples = samples
    activities[number] = Activity(
      strategy: start.strategy, paths: samples, finished: votes.digest.finished)
    return [
      .run(
        .start(
          run: number, strategy: start.strategy, start.question, settings, previous: run))
    ]
  }

  /// What follows the end of a run: samples that were asked for in the meantime.
  mutating func voteEnded(_ run: Int) -> [Effect] {
    guard run == runs.votes, votes.queued > 0 else { return [] }
    let queued = votes.queued
    votes.queued = 0
    guard let start = votes.digest.start, votes.digest.end?.reason == .completed else {
      return []
    }
    return resumeVote(samples: samples(of: start.settings) + queued)
  }

  private func samples(of settings: RunSettings) -> Int {
    settings.samples ?? SelfConsistency.defaultSamples
  }

  /// Whether a vote started now would sample the very paths of a run.
  private func isSame(_ start: RunStart) -> Bool {
    let description = SelfConsistency.description
    func drawing(_ settings: RunSettings) -> RunSettings {
      var part = RunSettings(seed: settings.seed, maxTokens: settings.maxTokens)
      part.prompting = settings.prompting ?? description.defaultPrompting.description
      part.template = settings.template
      part.temperature = settings.temperature ?? description.defaultTemperature
      (part.topK, part.topP, part.minP) = (settings.topK, settings.topP, settings.minP)
      return part
    }
    return start.strategy == description.name && start.question == question
      && drawing(start.settings) == drawing(settings)
      && readyModel.map { $0.identity.hash == start.model.hash } ?? true
  }

  // MARK: News

  /// Brings what lies behind the shown answer up to date, once for a batch of events.
  mutating func refreshVotes() {
    if let comparison = votes.comparison, let run = trace.runs[comparison.run],
      activities[comparison.run] != nil
    {
      votes.comparison?.update(run)
    }
    guard case .paths(let answer) = votes.level, let detail = votes.detail else { return }
    // A look at all paths: while many stream it is taken when a twentieth more are counted.
    let news = votes.digest.counted - detail.counted
    let patience = votes.digest.end == nil ? detail.counted / 20 : 0
    guard news > patience else { return }
    let selected = votes.selectedPath
    let fresh = AnswerDetail(answer: answer, in: votes.digest, votesRun)
    votes.detail = fresh
    votes.paths.selected = selected.flatMap { fresh.paths.firstIndex(of: $0) } ?? 0
  }

  // MARK: Mouse

  var tallyLayout: TallyLayout {
    TallyLayout(in: Chrome.content(self), rows: votes.standings.count)
  }

  var answerLayout: AnswerLayout {
    AnswerLayout(
      in: Chrome.content(self), paths: votes.detail?.paths.count ?? 0,
      choices: votes.detail?.fork?.choices.count ?? 0)
  }

  mutating func votesMouse(_ mouse: MouseEvent) -> [Effect] {
    if votes.comparison != nil {
      return comparisonMouse(mouse, \PlaygroundState.votes.comparison)
    }
    let isAnswers = votes.level == .answers
    let isText = !isAnswers && answerLayout.detail.contains(mouse.position)
    switch mouse.action {
    case .wheelUp: return votesCommand(isText ? .pageUp : .up)
    case .wheelDown: return votesCommand(isText ? .pageDown : .down)
    case .press(.right): return votesCommand(.back)
    case .press(.left):
      let row =
        isAnswers
        ? tallyLayout.table.item(
          at: mouse.position, count: votes.standings.count,
          position: ListPosition(selected: votes.selectedRow))
        : answerLayout.table.item(
          at: mouse.position, count: votes.detail?.paths.count ?? 0, position: votes.paths)
      guard let row else { return [] }
      // A second click on the same row opens it.
      if row == (isAnswers ? votes.selectedRow : votes.paths.selected) {
        return votesCommand(.activate)
      }
      if isAnswers { selectAnswer(row) } else { selectPath(row) }
      return []
    default: return []
    }
  }
}
