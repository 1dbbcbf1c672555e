import Decoding
import Reasoning
import TerminalUI

extension PlaygroundState {
  /// The run that Votes shows.
  var votesRun: RunTrace? { runs.votes.flatMap { trace.runs[$0] } }

  mutating func votesCommand(_ command: Command) -> [Effect] {
    switch command {
    case .up: votes.selected = max(0, votes.selected - 1)
    case .down: votes.selected += 1
    case .run, .streamOrStop: return runVote()
    case .cycleWeighting:
      let all: [Tally.Method] = [.majority, .delta, .likelihood, .normalizedLikelihood]
      let next = ((all.firstIndex(of: votes.weighting) ?? -1) + 1) % all.count
      votes.weighting = all[next]
    default: break
    }
    return []
  }

  private mutating func runVote() -> [Effect] {
    if let run = runs.votes, activities[run] != nil { return [.cancel(run: run)] }
    guard let (run, effects) = start("self-consistency", paths: settings.samples ?? 40) else {
      return []
    }
    runs.votes = run
    votes = VotesState()
    return effects
  }

  mutating func votesMouse(_ mouse: MouseEvent) -> [Effect] {
    switch mouse.action {
    case .wheelUp: return votesCommand(.up)
    case .wheelDown: return votesCommand(.down)
    default: return []
    }
  }
}
