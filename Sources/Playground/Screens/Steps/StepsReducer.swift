import Decoding
import Reasoning
import TerminalUI
import Traces

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
  func stepPaths(of run: Int) -> [Int] {
    trace.runs[run].map { run in run.pathNumbers.filter { run.paths[$0]?.tip != nil } } ?? []
  }

  /// The runs with such paths, in order.
  var stepRuns: [Int] {
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
    return [.shell(.tick(seconds: StepsState.pace, timer: steps.timer))]
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
    if steps.asking != nil { return [.review(.stop)] }
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
    return [.review(.ask(run: number, run, path: steps.path, kind))]
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
