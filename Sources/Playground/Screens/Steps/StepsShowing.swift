import Decoding
import Reasoning
import TerminalUI
import Traces

/// Which path Steps shows, and what is made of it when it is chosen or when news come.
extension PlaygroundState {
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
    // A path of an ensemble is its model's own.
    let origin = run.flatMap { run in path.map { trace.origin(ofPath: $0, in: run) } }
    guard let origin, trace.runs[origin.run]?.paths[origin.path]?.tip != nil else {
      message = Message(.notice, "There is no path here yet.")
      return
    }
    screen = .steps
    showSteps(path: origin.path, of: origin.run)
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
}
