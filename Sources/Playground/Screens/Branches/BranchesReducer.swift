import Decoding
import Reasoning
import TerminalUI

extension PlaygroundState {
  /// The run that Branches shows.
  var branchesRun: RunTrace? { runs.branches.flatMap { trace.runs[$0] } }

  mutating func branchesCommand(_ command: Command) -> [Effect] {
    guard branches.comparison == nil else { return comparisonCommand(command) }
    let count = branchesRun?.paths.count ?? 0
    switch command {
    case .up: branches.selected = max(0, branches.selected - 1)
    case .down: branches.selected = max(0, min(count - 1, branches.selected + 1))
    case .top: branches.selected = 0
    case .bottom: branches.selected = max(0, count - 1)
    case .run, .streamOrStop: return growBranches()
    case .openInDecode, .activate, .right, .take:
      return open(path: branches.selected, of: runs.branches)
    case .compare:
      if let marked = branches.marked, marked != branches.selected {
        branches.comparison = Comparison(left: marked, right: branches.selected)
        branches.marked = nil
      } else {
        branches.marked = branches.marked == nil ? branches.selected : nil
      }
    default: break
    }
    return []
  }

  private mutating func growBranches() -> [Effect] {
    if let run = runs.branches, activities[run] != nil { return [.cancel(run: run)] }
    guard let (run, effects) = start("cot-decoding", paths: settings.branches ?? 10) else {
      return []
    }
    runs.branches = run
    branches = BranchesState()
    return effects
  }

  private mutating func comparisonCommand(_ command: Command) -> [Effect] {
    switch command {
    case .back, .dismiss: branches.comparison = nil
    case .up: branches.comparison?.scroll -= 1
    case .down: branches.comparison?.scroll += 1
    default: break
    }
    return []
  }

  /// Shows a path in Decode, at its end.
  mutating func open(path: Int, of run: Int?) -> [Effect] {
    guard let run, let tip = trace.runs[run]?.paths[path]?.tip else { return [] }
    screen = .decode
    decode.promptEnd = trace.runs[run]?.promptEnd ?? decode.promptEnd
    return move(to: tip)
  }

  mutating func branchesMouse(_ mouse: MouseEvent) -> [Effect] {
    switch mouse.action {
    case .wheelUp: return branchesCommand(.up)
    case .wheelDown: return branchesCommand(.down)
    default: return []
    }
  }
}
