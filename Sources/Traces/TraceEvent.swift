/// One line of a trace: what happened, and in which run.
public struct TraceRecord: Sendable, Hashable {
  /// The run the event belongs to. Left out of the JSON when it is 1, the only run of a trace
  /// that the command line writes.
  public var run: Int
  public var event: TraceEvent

  public init(run: Int = 1, _ event: TraceEvent) {
    self.run = run
    self.event = event
  }
}

/// What happens while a model reasons. A trace is the fold of these events; every screen, the
/// command line's JSON Lines, saved sessions, lessons and tests read this one stream.
///
/// In JSON an event is an object whose `event` names the kind (`TraceEvent.Kind`), with keys in
/// snake_case. Events carry no clock: the same seed gives the same bytes.
public enum TraceEvent: Sendable, Hashable {
  case header(TraceHeader)
  case run(RunStart)
  case node(NodeEvent)
  case fork(PathFork)
  case injected(Injection)
  case span(Span)
  case score(Score)
  case retrieved(Retrieval)
  case visit(Visit)
  case backup(Backup)
  case pruned(Pruning)
  case pathFinished(PathEnd)
  case tally(Tally)
  case edit(Edit)
  case finished(RunEnd)
  case training(TrainingEvent)
  case load(LoadEvent)
  /// An event of a later version: kept as it came, and skipped by every reader.
  case unknown(JSONValue)

  enum Kind: String, Codable {
    case header, run, node, fork, injected, span, score, retrieved, visit, backup, pruned
    case pathFinished = "path_finished"
    case tally, edit, finished
    case training
    case trainingStep = "training_step"
    case trainingSamples = "training_samples"
    case trainingEvaluation = "training_evaluation"
    case trainingProbe = "training_probe"
    case trainingVotes = "training_votes"
    case trainingWeights = "training_weights"
    case trainingFinished = "training_finished"
    case load
    case loadRequest = "load_request"
    case loadPoint = "load_point"
    case loadFinished = "load_finished"
  }
}
