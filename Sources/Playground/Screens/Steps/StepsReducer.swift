import Decoding
import Reasoning
import TerminalUI

/// What keys, commands and the mouse do in Steps.
extension PlaygroundState {
  mutating func stepsCommand(_ command: Command) -> [Effect] {
    switch command {
    case .up: selectStep(steps.position.selected - 1)
    case .down: selectStep(steps.position.selected + 1)
    case .top: selectStep(0)
    case .bottom: selectStep((steps.episode?.steps.count ?? 1) - 1)
    case .pageUp: scrollState(by: max(1, stepsLayout.stack.height - 2))
    case .pageDown: scrollState(by: -max(1, stepsLayout.stack.height - 2))
    case .left: goToPath(-1)
    case .right: goToPath(1)
    case .nextRun(let offset): goToRun(offset)
    case .play, .run, .streamOrStop: return playSteps()
    case .openInDecode, .activate, .take: return openStep()
    case .answerNow: return ask(.answerOverTime)
    case .judgeSteps: return ask(.rewards(Self.stepJudge(settings)))
    default: break
    }
    return []
  }

  var stepsLayout: StepsLayout {
    StepsLayout(
      in: Chrome.rect(of: .steps, self) ?? Chrome.content(self),
      steps: steps.episode?.steps.count ?? 0, isAsked: steps.episode?.curve.isEmpty == false)
  }

  /// The verifier that judges steps: the one that is set, where it does so.
  static func stepJudge(_ settings: RunSettings) -> VerifierName {
    switch settings.verifier {
    case .prmRestated?: .prmRestated
    default: .prm
    }
  }

  // MARK: Moving

  mutating func selectStep(_ index: Int) {
    let count = steps.episode?.steps.count ?? 0
    steps.isPlaying = false
    steps.scrollBack = 0
    steps.position.selected = max(0, min(count - 1, index))
    _ = steps.position.reveal(count: count, height: stepsLayout.visibleSteps)
  }

  private mutating func scrollState(by lines: Int) {
    let stack = StateStack(steps, width: max(1, stepsLayout.stack.width - 2))
    let most = max(0, stack.rows.count - max(0, stepsLayout.stack.height - 1))
    steps.scrollBack = max(0, min(most, steps.scrollBack + lines))
  }

  /// The paths of a run that say something, in order.
  private func stepPaths(of run: Int) -> [Int] {
    trace.runs[run].map { run in run.pathNumbers.filter { run.paths[$0]?.tip != nil } } ?? []
  }

  /// The runs with such paths, in order.
  private var stepRuns: [Int] {
    trace.runs.keys.sorted().filter { !stepPaths(of: $0).isEmpty }
  }

  private mutating func goToPath(_ offset: Int) {
    guard let run = runs.steps else { return }
    let paths = stepPaths(of: run)
    guard let here = paths.firstIndex(of: steps.path), paths.indices.contains(here + offset) else {
      return
    }
    showSteps(path: paths[here + offset], of: run)
  }

  private mutating func goToRun(_ offset: Int) {
    let all = stepRuns
    guard !all.isEmpty else { return }
    let here = runs.steps.flatMap { all.firstIndex(of: $0) }
    let next = here.map { ($0 + offset + all.count) % all.count } ?? all.count - 1
    if let path = stepPaths(of: all[next]).first { showSteps(path: path, of: all[next]) }
  }

  // MARK: Playing

  /// Goes through the steps one after the other, or stops where it is.
  private mutating func playSteps() -> [Effect] {
    guard !steps.isPlaying else {
      steps.isPlaying = false
      return []
    }
    let count = steps.episode?.steps.count ?? 0
    guard count > 0 else { return [] }
    let from = steps.position.selected
    selectStep(from + 1 < count ? from : 0)
    steps.isPlaying = count > 1
    return steps.isPlaying ? tick() : []
  }

  private mutating func tick() -> [Effect] {
    steps.timer += 1
    return [.tick(seconds: StepsState.pace, timer: steps.timer)]
  }

  /// A timer has run out; an older one has nothing to say any more.
  mutating func ticked(_ timer: Int) -> [Effect] {
    guard steps.isPlaying, timer == steps.timer else { return [] }
    let next = steps.position.selected + 1
    guard screen == .steps, next < steps.episode?.steps.count ?? 0 else {
      steps.isPlaying = false
      return []
    }
    selectStep(next)
    steps.isPlaying = true
    return tick()
  }

  // MARK: Decode

  /// Opens the selected state in Decode: the action comes next, and another may be taken.
  private mutating func openStep() -> [Effect] {
    guard let step = steps.selected, let run = runs.steps else { return [] }
    steps.isPlaying = false
    message = Message(
      .notice, "This is state \(step.number); R\(step.number) comes next, or what you choose.")
    return open(step.state, of: run)
  }

  // MARK: Asking

  private mutating func ask(_ kind: PathReview.Kind) -> [Effect] {
    if steps.asking != nil { return [.stopReview] }
    guard let number = runs.steps, let run = trace.runs[number], steps.episode != nil else {
      return []
    }
    guard let model = readyModel else {
      message = Message(.notice, "Asking about a saved trace needs its model. Press m.")
      return []
    }
    guard run.start?.model.hash == model.identity.hash else {
      let name = run.start?.model.title ?? "another model"
      message = Message(.notice, "This path is of \(name); only that model can be asked about it.")
      return []
    }
    guard activities[number] == nil else {
      message = Message(.notice, "The run goes on; it can be asked about when it has ended.")
      return []
    }
    steps.asking = StepsState.Asking(run: number, path: steps.path, kind: kind)
    return [.review(run: number, run, path: steps.path, kind)]
  }

  // MARK: Showing

  /// Shows the path that is selected on another screen in Steps.
  mutating func openSteps() -> [Effect] {
    switch screen {
    case .branches: openSteps(path: branches.selected, of: runs.branches)
    case .votes:
      openSteps(
        path: votes.selectedPath ?? votes.digest.paths(for: selectedAnswer).first,
        of: runs.votes)
    case .verify: openSteps(path: verify.selected?.path, of: runs.verify)
    case .tree: openSteps(at: tree.tree.lines[tree.selected]?.entries.last?.node)
    case .search: openSteps(at: search.selected, in: search.run)
    case .decode:
      // A line of one's own comes before those of runs that happen to begin alike.
      let end = decode.redo.first ?? decode.cursor
      let own = runs.exploration.flatMap { run in
        trace.runs[run]?.paths.values.contains { $0.nodes.contains(end) } == true ? run : nil
      }
      openSteps(at: decode.cursor, in: own, towards: end)
    case .steps, .scale: break
    }
    return []
  }

  /// The answer that is selected in Votes.
  private var selectedAnswer: String? {
    let rows = votes.standings
    return rows.indices.contains(votes.selectedRow) ? rows[votes.selectedRow].answer : nil
  }

  mutating func openSteps(path: Int?, of run: Int?) {
    guard let run, let path, trace.runs[run]?.paths[path]?.tip != nil else {
      message = Message(.notice, "There is no path here yet.")
      return
    }
    screen = .steps
    showSteps(path: path, of: run)
  }

  /// Shows the first path through a node, of a run or of the newest that has one, at the step that
  /// holds the node.
  ///
  /// - Parameter end: where the line on screen ends.
  mutating func openSteps(at node: NodeID?, in wanted: Int? = nil, towards end: NodeID? = nil) {
    guard let node else { return }
    for number in wanted.map({ [$0] }) ?? trace.runs.keys.sorted(by: >) {
      guard let run = trace.runs[number], trace.considers(run), run.nodes[node] != nil else {
        continue
      }
      let through = run.pathNumbers.filter { number in
        guard let nodes = run.paths[number]?.nodes, let first = nodes.first else { return false }
        return nodes.contains(node) || run.nodes[first]?.parent == node
      }
      // Of several the one that goes where the line on screen does.
      let path = through.first { run.paths[$0]?.nodes.contains(end ?? node) == true }
      guard let path = path ?? through.first else { continue }
      screen = .steps
      showSteps(path: path, of: number)
      let place = steps.episode?.nodes.firstIndex(of: node)
      selectStep(
        steps.episode?.steps.firstIndex { step in place.map(step.tokens.contains) ?? false } ?? 0)
      return
    }
    message = Message(.notice, "No path goes through this place yet.")
  }

  /// Shows a path from its first step.
  mutating func showSteps(path: Int, of run: Int) {
    let (asking, timer) = (steps.asking, steps.timer)
    steps = StepsState()
    (steps.asking, steps.timer, steps.path) = (asking, timer, path)
    runs.steps = run
    makeSteps()
  }

  /// What Steps shows when nothing was chosen for it: the newest run with paths.
  mutating func reachSteps() {
    if let run = runs.steps, trace.runs[run]?.paths[steps.path]?.tip != nil { return makeSteps() }
    let shown = [runs.votes, runs.verify, runs.branches, runs.followed, runs.exploration]
    let all = stepRuns
    let run = shown.compactMap { $0 }.first(where: all.contains) ?? all.last
    guard let run, let path = stepPaths(of: run).first else {
      steps = StepsState()
      return
    }
    showSteps(path: path, of: run)
  }

  /// Makes anew what Steps shows of its path. The selected step stays selected.
  mutating func makeSteps() {
    guard let number = runs.steps, let run = trace.runs[number],
      let episode = Episode(ofPath: steps.path, in: run)
    else {
      steps.episode = nil
      return
    }
    steps.episode = episode
    let nodes = episode.nodes.compactMap { id in run.nodes[id].map { (id: id, known: $0) } }
    let texts = TokenText.pieces(nodes.map(\.known.token.bytes))
    steps.pieces = zip(nodes, texts).map { node, text in
      var piece = StepsState.Piece(
        text: text, label: PathText.quoted(node.known.token.bytes),
        probability: node.known.logProbability.map(TokenDistribution.probability(ofLog:)),
        isInjected: episode.injected.contains(node.id))
      if !piece.isInjected, let saved = run.distributions[node.known.parent],
        let rank = saved.summary.tokens.firstIndex(where: { $0 != node.known.token.id }),
        saved.bytes.indices.contains(rank)
      {
        piece.other = PathText.quoted(saved.bytes[rank])
        piece.otherProbability = saved.summary.logProbability(of: saved.summary.tokens[rank])
          .map(TokenDistribution.probability(ofLog:))
      }
      return piece
    }
    steps.notes = episode.notes(in: run, path: steps.path)
    let (all, paths) = (stepRuns, stepPaths(of: number))
    steps.heading = StepsState.Heading(
      strategy: run.start?.strategy ?? "run", run: (all.firstIndex(of: number) ?? 0) + 1,
      runs: all.count, path: (paths.firstIndex(of: steps.path) ?? 0) + 1, paths: paths.count)
    steps.position.selected = max(0, min(episode.steps.count - 1, steps.position.selected))
    _ = steps.position.reveal(count: episode.steps.count, height: stepsLayout.visibleSteps)
  }

  // MARK: News

  /// Brings Steps up to date, once for a batch of events.
  mutating func refreshSteps(after records: [TraceRecord]) {
    guard screen == .steps else { return }
    if steps.episode == nil {
      reachSteps()
    } else if records.contains(where: { $0.run == runs.steps }) {
      makeSteps()
    }
  }

  // MARK: Mouse

  mutating func stepsMouse(_ mouse: MouseEvent) -> [Effect] {
    let layout = stepsLayout
    let isStack = layout.stack.contains(mouse.position)
    switch mouse.action {
    case .wheelUp: return stepsCommand(isStack ? .pageUp : .up)
    case .wheelDown: return stepsCommand(isStack ? .pageDown : .down)
    case .press(.left):
      guard
        let row = layout.table.item(
          at: mouse.position, count: steps.shownSteps, position: steps.position)
      else { return [] }
      // A second click on the same step opens its state.
      if row == steps.position.selected { return stepsCommand(.openInDecode) }
      selectStep(row)
      return []
    default: return []
    }
  }
}
