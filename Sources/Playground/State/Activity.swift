import Decoding
import Reasoning
import Traces

/// A run under way, and how far it has come by the events that it has left.
struct Activity: Sendable, Hashable {
  /// What a strategy's progress is measured by.
  enum Measure: Sendable, Hashable {
    /// Paths that have ended, of all.
    case paths, branches
    /// Candidates that have ended; then those that a verifier has judged.
    case candidates
    /// Simulations of a tree search that were backed up.
    case simulations
    /// Steps that were found; how many there will be nobody can say.
    case steps
    /// Tokens of the text; how many there will be nobody can say.
    case tokens
    /// Tokens of the thinking, of a budget; then those of the answer.
    case thinking(budget: Int)
  }

  var strategy: String
  /// Paths the run will have in all, and those that have ended; in a tree search, simulations.
  var paths: Int
  var finished = 0
  var isCancelling = false
  var measure = Measure.paths
  /// Tokens that were chosen.
  var tokens = 0
  /// Those of them that were thought, once the thinking is over.
  private(set) var thought: Int?
  /// Steps that were found.
  var steps = 0
  /// The paths that a verifier has judged.
  var judged: Set<Int> = []
  /// What was finished when it was taken up: that took no time.
  private(set) var before = 0

  init(
    strategy: String, paths: Int, finished: Int = 0, resumedAt before: Int = 0,
    isCancelling: Bool = false, measure: Measure = .paths
  ) {
    (self.strategy, self.paths, self.finished) = (strategy, paths, max(finished, before))
    (self.isCancelling, self.measure, self.before) = (isCancelling, measure, before)
  }

  /// Takes up an event of the run, or of a run that is part of it.
  mutating func count(_ event: TraceEvent) {
    switch event {
    case .node: tokens += 1
    case .injected(let injection) where injection.role == .strategy && tokens > 0:
      // Whatever is put in but "Wait," ends the thinking.
      let text = String(decoding: injection.tokens.flatMap(\.bytes), as: UTF8.self)
      if !text.contains("Wait") { thought = thought ?? tokens }
    case .backup(let backup) where measure == .simulations:
      finished = max(finished, backup.iteration)
    case .pathFinished where measure != .simulations: finished += 1
    case .span(let span) where span.kind == .step: steps += 1
    case .score(let score) where Self.verdicts.contains(score.kind): judged.insert(score.path)
    default: break
    }
  }

  private static let verdicts: Set<Score.Kind> = [.prm, .orm, .genrm, .implicit]

  /// How far it is, without its pace.
  var progress: Progress {
    var progress: Progress
    let ended = min(finished, paths)
    switch measure {
    case .paths: progress = Progress(strategy, ended, of: paths, .paths)
    case .branches: progress = Progress(strategy, ended, of: paths, .branches)
    case .candidates where isJudging:
      progress = Progress("\(strategy) judging", min(judged.count, paths), of: paths, .candidates)
    case .candidates: progress = Progress(strategy, ended, of: paths, .candidates)
    case .simulations: progress = Progress(strategy, ended, of: paths, .simulations)
    case .steps: progress = Progress(strategy, steps, .steps)
    case .tokens: progress = Progress(strategy, tokens, .tokens)
    case .thinking(let budget):
      let end = thought ?? (tokens > budget ? budget : nil)
      progress =
        end.map { Progress("\(strategy) answering", tokens - $0, .tokens) }
        ?? Progress("\(strategy) thinking", tokens, of: budget, .tokens)
    }
    progress.isStopping = isCancelling
    return progress
  }

  /// Whether all candidates are there and a verifier reads them.
  private var isJudging: Bool { measure == .candidates && paths > 0 && finished >= paths }

  /// What is done since it began or was taken up, and what is left; nil where nobody can say.
  var pace: (done: Int, left: Int)? {
    guard !isJudging, let total = progress.total else { return nil }
    return (progress.done - before, total - progress.done)
  }
}

extension Activity {
  /// A run of a strategy with some settings.
  ///
  /// - Parameter before: how many of its paths there are already when it is taken up again.
  init(_ strategy: String, _ settings: RunSettings, resumedAt before: Int = 0) {
    let description = StrategyRegistry.description(of: strategy)
    let used = description?.settings ?? []
    let samples = settings.samples ?? description?.defaultSamples ?? 1
    let branches = settings.branches ?? description?.defaultBranches ?? 1
    let measure: Measure
    var count = used.contains(.samples) ? samples : 1
    switch description?.shape {
    case .treeSearch: measure = .simulations
    case .stepSearch: measure = .steps
    case .tokensSearch: (measure, count) = (.tokens, branches)
    case .ranking: measure = .candidates
    case .branches where used.contains(.branches): (measure, count) = (.branches, branches)
    case .path where used.contains(.thinkingBudget):
      measure = .thinking(budget: settings.thinkingBudget ?? settings.maxTokens)
    case .path: measure = .tokens
    case .branches, .votes, nil: measure = .paths
    }
    if description?.traits.contains(.usesSeveralModels) == true, settings.combine != .mixture {
      // How many companions there are by themselves is only known when they begin.
      count *= 1 + (settings.with?.split(separator: ",").count ?? 0)
    }
    self.init(strategy: strategy, paths: count, resumedAt: before, measure: measure)
  }
}

extension SessionState {
  /// How far a run under way is, with its pace; nil for a run that is not under way.
  func progress(of run: Int?) -> Progress? {
    guard let run, let activity = activities[run] else { return nil }
    var progress = activity.progress
    progress.rate = pace.tokensPerSecond
    progress.secondsLeft = pace.secondsLeft[run]
    return progress
  }

  /// Takes up an event in the activity that it belongs to.
  mutating func count(_ record: TraceRecord) {
    guard !activities.isEmpty else { return }
    let run = activities[record.run] == nil ? trace.ensemble(of: record.run) : record.run
    guard let run, activities[run] != nil else { return }
    activities[run]?.count(record.event)
    // Each model of an ensemble has as many paths; how many models there are shows as they begin.
    if case .run(let start) = record.event, run != record.run {
      let all = trace.members(of: run).count * (start.settings.samples ?? 1)
      let known = activities[run]?.paths ?? 0
      activities[run]?.paths = max(known, all)
    }
  }

  /// The run under way that has a screen for its home: the one that it shows, else the newest.
  func runUnderWay(on screen: ScreenID, showing shown: Int?) -> Int? {
    if isUnderWay(shown) { return shown }
    return activities.filter { _, activity in
      StrategyRegistry.description(of: activity.strategy).map { screens.home(of: $0) } == screen
    }.keys.max()
  }
}
