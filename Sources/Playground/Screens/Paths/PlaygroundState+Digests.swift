import Reasoning
import Traces

extension PlaygroundState {
  /// Keeps what Branches, Votes and Verify show of their runs up to date with an event that the trace
  /// has folded in.
  mutating func digest(_ record: TraceRecord) {
    if case .run(let start) = record.event { show(record.run, start) }
    if record.run == runs.branches, let run = trace.runs[record.run] {
      if branches.digest.run == record.run {
        branches.digest.apply(record.event, run)
      } else {
        branches = BranchesState()
        branches.digest = RunDigest(record.run, run)
      }
    }
    if record.run == runs.votes, let run = trace.runs[record.run] {
      if votes.digest.run == record.run {
        votes.digest.apply(record.event, run)
      } else {
        votes = VotesState(weighting: votes.weighting)
        votes.digest = RunDigest(record.run, run)
      }
    }
    digestMember(record)
    digestVerified(record)
    noteSearched(record)
  }

  /// Takes up an event of a member's part of the ensemble that Branches or Votes shows.
  private mutating func digestMember(_ record: TraceRecord) {
    if let shown = runs.branches, branches.digest.run == shown, record.run != shown,
      trace.members(of: shown).contains(record.run), let run = trace.runs[record.run]
    {
      let first = trace.firstPath(ofMember: record.run)
      branches.digest.apply(part: record.event, run, from: first)
    }
    guard let shown = runs.votes, votes.digest.run == shown, record.run != shown,
      trace.members(of: shown).contains(record.run), let run = trace.runs[record.run]
    else { return }
    votes.digest.apply(part: record.event, run, from: trace.firstPath(ofMember: record.run))
    if case .run = record.event { votes.models = models(ofVotes: shown) }
  }

  /// The names of an ensemble's models by the numbers of the paths that count; empty for one model.
  private func models(ofVotes run: Int) -> [String] {
    trace.members(of: run).map { trace.runs[$0]?.start?.model.title ?? "" }
  }

  /// Makes anew what Branches, Votes and Verify show of their runs.
  mutating func makeDigests() {
    branches.digest =
      runs.branches.flatMap { number in
        trace.runs[number].map { RunDigest(number, $0) }
      } ?? RunDigest()
    if let shown = runs.branches {
      for member in trace.members(of: shown) {
        guard let part = trace.runs[member] else { continue }
        branches.digest.include(part, from: trace.firstPath(ofMember: member))
      }
    }
    votes.digest =
      runs.votes.flatMap { number in
        trace.runs[number].map { RunDigest(number, $0) }
      } ?? RunDigest()
    if let shown = runs.votes {
      for member in trace.members(of: shown) {
        guard let part = trace.runs[member] else { continue }
        votes.digest.include(part, from: trace.firstPath(ofMember: member))
      }
      votes.models = models(ofVotes: shown)
    }
    makeVerified()
    search.isStale = true
  }

  /// A run that begins is shown where its kind belongs, whoever started it.
  private mutating func show(_ run: Int, _ start: RunStart) {
    nextRun = max(nextRun, run &+ 1)
    place(run, of: start.strategy)
  }

  /// Brings what is derived from whole paths up to date, once for a batch of events.
  mutating func refreshDerived() {
    if let comparison = branches.comparison, let run = trace.runs[comparison.run],
      activities[comparison.run] != nil
    {
      branches.comparison?.update(run)
    }
    refreshVotes()
  }
}
