import Decoding
import Reasoning
import TerminalUI
import Traces

extension PlaygroundState {
  /// The run that Branches shows.
  var branchesRun: RunTrace? { runs.branches.flatMap { trace.runs[$0] } }

  // MARK: Commands

  mutating func branchesCommand(_ command: Command) -> [Effect] {
    if branches.comparison != nil {
      return comparisonCommand(command, \PlaygroundState.branches.comparison)
    }
    switch command {
    case .up: selectBranch(branches.position.selected - 1)
    case .down: selectBranch(branches.position.selected + 1)
    case .top: selectBranch(0)
    case .bottom: selectBranch(branches.rowCount - 1)
    case .pageUp: branches.textScroll = max(0, branches.textScroll - 3)
    case .pageDown: branches.textScroll += 3
    case .run, .streamOrStop: return growBranches()
    case .openInDecode, .activate, .right, .take:
      return openOwn(path: branches.selected, of: runs.branches)
    case .compare: compareBranches()
    case .back: branches.marked = nil
    default: break
    }
    return []
  }

  mutating func selectBranch(_ row: Int) {
    branches.position.selected = max(0, min(branches.rowCount - 1, row))
    branches.textScroll = 0
    _ = branches.position.reveal(
      count: branches.rowCount, height: branchesLayout.visibleRows)
  }

  private mutating func growBranches() -> [Effect] {
    if let run = runs.branches, activities[run] != nil {
      activities[run]?.isCancelling = true
      return [.run(.cancel(run: run))]
    }
    let count = settings.branches ?? CoTDecoding.defaultBranches
    guard let (run, effects) = start(CoTDecoding.description.name, paths: count) else {
      return []
    }
    runs.branches = run
    branches = BranchesState()
    return effects
  }

  private mutating func compareBranches() {
    guard let run = runs.branches, let trace = branchesRun,
      trace.paths[branches.selected] != nil
    else { return }
    guard let marked = branches.marked else {
      branches.marked = branches.selected
      message = Message(.notice, "Marked; press v on another branch to compare the two.")
      return
    }
    branches.marked = nil
    guard marked != branches.selected else { return }
    branches.comparison = Comparison(
      run: run, left: marked, right: branches.selected, trace)
  }

  /// Shows a path in Decode: where its answer comes next, so that the table shows what the answer
  /// was chosen from; a path without an answer at its end.
  mutating func open(path number: Int, of run: Int?) -> [Effect] {
    guard let run, let trace = trace.runs[run], let path = trace.paths[number], let tip = path.tip
    else { return [] }
    guard path.answer != nil, let range = path.answerSpan.flatMap(path.range(of:)) else {
      return open(tip, of: run)
    }
    let node = range.lowerBound == 0 ? trace.promptEnd : path.nodes[range.lowerBound - 1]
    message = Message(.notice, "The answer comes next; G goes to the path's end.")
    return open(node, of: run)
  }

  /// Shows a node of a run in Decode.
  mutating func open(_ node: NodeID, of run: Int) -> [Effect] {
    screen = .decode
    decode.promptEnd = trace.runs[run]?.promptEnd ?? decode.promptEnd
    return move(to: node)
  }

  // MARK: Mouse

  var branchesLayout: BranchesLayout {
    BranchesLayout(
      in: Chrome.rect(of: .branches, self) ?? Chrome.content(self), branches: branches.rowCount,
      answers: branches.answerCount)
  }

  mutating func branchesMouse(_ mouse: MouseEvent) -> [Effect] {
    if branches.comparison != nil {
      return comparisonMouse(mouse, \PlaygroundState.branches.comparison)
    }
    let layout = branchesLayout
    let isText = layout.detail.contains(mouse.position)
    switch mouse.action {
    case .wheelUp: return branchesCommand(isText ? .pageUp : .up)
    case .wheelDown: return branchesCommand(isText ? .pageDown : .down)
    case .press(.left):
      guard
        let row = layout.rows.item(
          at: mouse.position, count: branches.rowCount, position: branches.position)
      else { return [] }
      // A second click on the same branch opens it.
      if row == branches.position.selected { return branchesCommand(.openInDecode) }
      selectBranch(row)
      return []
    default: return []
    }
  }
}

extension Rect {
  /// The item under a point when a list with one line of headings is drawn here.
  func item(at point: Point, count: Int, position: ListPosition) -> Int? {
    let visible = position.visible(count: count, height: height - 1)
    let row = point.y - y - 1
    guard contains(point), row >= 0, row < visible.count else { return nil }
    return visible.lowerBound + row
  }
}
