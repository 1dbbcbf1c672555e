import Reasoning

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
    digestVerified(record)
    noteSearched(record)
  }

  /// Makes anew what Branches, Votes and Verify show of their runs.
  mutating func makeDigests() {
    branches.digest =
      runs.branches.flatMap { number in
        trace.runs[number].map { RunDigest(number, $0) }
      } ?? RunDigest()
    votes.digest =
      runs.votes.flatMap { number in
        trace.runs[number].map { RunDigest(number, $0) }
      } ?? RunDigest()
    makeVerified()
    search.isStale = true
  }

  /// A run that begins is shown where its kind belongs, whoever started it.
  private mutating func show(_ run: Int, _ start: RunStart) {
    nextRun = max(nextRun, run + 1)
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
