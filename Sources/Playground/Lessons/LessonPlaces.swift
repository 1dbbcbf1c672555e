import Decoding
import Reasoning
import TerminalUI
import Traces

/// Moving the selection as a lesson says.
extension PlaygroundState {
  mutating func go(to place: LessonCommand.Place) -> [Effect] {
    switch place {
    case .start:
      screen = .decode
      if readyModel != nil { lesson?.wait = .table }
      return decode.cursor == decode.promptEnd ? reachCursor() : move(to: decode.promptEnd)
    case .answer(let answer): return go(toAnswer: answer)
    case .branch(let branch):
      guard let row = row(of: branch) else {
        lessonNote("There is no branch “\(branch)” here.")
        return []
      }
      branches.comparison = nil
      selectBranch(row)
      return []
    }
  }

  private mutating func go(toAnswer answer: String) -> [Effect] {
    switch screen {
    case .votes:
      if votes.standings.contains(where: { $0.answer == answer }) {
        votes.level = .answers
        votes.comparison = nil
        votes.chosen = .answer(answer)
        return []
      }
    case .branches:
      let row = branches.numbers.firstIndex { branches.digest.paths[$0]?.answer == answer }
      if let row {
        branches.comparison = nil
        selectBranch(row)
        return []
      }
    case .verify:
      if let row = verify.ranked.firstIndex(where: { $0.answer == answer }) {
        verify.focus = .candidates
        verify.position.selected = row
        return []
      }
    case .decode, .tree, .search, .steps, .scale:
      for number in trace.runs.keys.sorted(by: >) {
        guard let run = trace.runs[number] else { continue }
        let path = run.pathNumbers.first { run.paths[$0]?.end?.answer == answer }
        if let path { return open(path: path, of: number) }
      }
    }
    lessonNote("Nothing here has the answer \(answer).")
    return []
  }

  mutating func compare(_ left: LessonCommand.Branch, _ right: LessonCommand.Branch) {
    screen = .branches
    guard let run = runs.branches, let trace = trace.runs[run], let a = row(of: left),
      let b = row(of: right)
    else { return lessonNote("There are no two such branches to compare.") }
    guard a != b else { return lessonNote("Both are the same branch here.") }
    branches.comparison = Comparison(run: run, left: a, right: b, trace)
  }

  /// The path number of a branch: rows count from 1, the greedy one; the best one is the surest
  /// of those with the answer that wins.
  private func row(of branch: LessonCommand.Branch) -> Int? {
    switch branch {
    case .row(let row):
      return branches.digest.paths[row - 1] == nil ? nil : row - 1
    case .best:
      let paths = branches.digest.paths(for: branches.winner)
      guard branches.winner != nil else { return nil }
      return paths.max {
        branches.digest.paths[$0]?.delta ?? -1 < branches.digest.paths[$1]?.delta ?? -1
      }
    }
  }
}
