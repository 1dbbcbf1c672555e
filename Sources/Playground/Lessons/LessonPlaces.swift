import Reasoning
import Traces

/// Moving the selection as a lesson says.
extension PlaygroundState {
  /// Goes to a place: on the screen on view if it has such a place, else on the first that does.
  mutating func go(to place: LessonCommand.Place) -> [Effect] {
    if place == .start {
      session.screen = DecodeScreen.id
      if session.readyModel != nil { session.lesson?.wait = .table }
    }
    if let effects = askScreen({ $0.go(to: place, &$1) }) { return effects }
    switch place {
    case .answer(let answer):
      for number in session.trace.runs.keys.sorted(by: >) {
        guard let run = session.trace.runs[number] else { continue }
        let path = run.pathNumbers.first { run.paths[$0]?.end?.answer == answer }
        if let path {
          session.open(path: path, of: number)
          return passRequests()
        }
      }
      lessonNote("No path answered \(answer).")
    case .branch(let branch):
      for index in screens.indices {
        if let effects = screens[index].go(to: place, &session) { return effects }
      }
      lessonNote("There is no branch “\(branch)” here.")
    case .start: break
    }
    return []
  }

  /// Compares two branches, side by side.
  mutating func compare(_ left: LessonCommand.Branch, _ right: LessonCommand.Branch) {
    session.screen = BranchesScreen.id
    var branches = self[BranchesScreen.self]
    if let why = branches.compare(left, right, &session) { lessonNote(why) }
    self[BranchesScreen.self] = branches
  }
}
