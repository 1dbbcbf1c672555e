import Reasoning
import TerminalUI
import Traces

enum TrainCommand: ScreenCommand {
  /// Starts, pauses, or goes on.
  case go
  case oneStep
  /// Goes faster (1) or slower (-1).
  case pace(Int)
  /// Goes to the next (1) or previous (-1) problem that is learned from.
  case group(Int)
  /// Goes to the next question that is asked at every step.
  case probe
  /// Goes to the next (1) or previous (-1) token of the sample.
  case token(Int)
  /// Gives more room to another part.
  case part
  case smooth
  /// Opens the weights and has a strategy answer.
  case branches
  /// Votes with the weights before training, then with those of the step.
  case votes
  /// Keeps the step's weights as a model.
  case keep
  /// Shows the next (1) or previous (-1) training of the session.
  case training(Int)
}

extension TrainScreen {
  static let bindings: [KeyBinding] = [
    KeyBinding([" "], .own(TrainCommand.go), "train; again to pause and go on", hint: "train"),
    KeyBinding(["."], .own(TrainCommand.oneStep), "take one step, then pause", hint: "one step"),
    KeyBinding(["-"], .own(TrainCommand.pace(-1)), "slower", hint: "slower"),
    KeyBinding(["+", "="], .own(TrainCommand.pace(1)), "faster", hint: "faster"),
    KeyBinding(
      ["n"], .openTraining, "choose recipe, reward, problems and steps", hint: "choose"),
    KeyBinding(
      ["w"], .own(TrainCommand.keep), "keep the step's weights as a model with a name of its own",
      hint: "keep"),
    KeyBinding(
      [.enter], .activate, "open the step's weights in Decode, with the question", hint: "open"),
    KeyBinding([.left, "h"], .left, "read an earlier step", hint: "step"),
    KeyBinding([.right, "l"], .right, "read a later step"),
    KeyBinding([.home], .top, "read step 0, before training"),
    KeyBinding([.end, "G"], .bottom, "read the newest step, and follow it"),
    KeyBinding([.up, "k"], .up, "previous sample"),
    KeyBinding([.down, "j"], .down, "next sample"),
    KeyBinding(
      ["}"], .own(TrainCommand.group(1)), "next problem that is learned from", hint: "problem"),
    KeyBinding(["{"], .own(TrainCommand.group(-1)), "previous problem that is learned from"),
    KeyBinding(
      ["f"], .own(TrainCommand.probe), "another question that is asked at every step",
      hint: "question"),
    KeyBinding([";"], .own(TrainCommand.token(1)), "next token, by teacher and student"),
    KeyBinding([","], .own(TrainCommand.token(-1)), "previous token, by teacher and student"),
    KeyBinding(
      ["v"], .own(TrainCommand.votes), "vote on the question before training, then with the step",
      hint: "vote"),
    KeyBinding(["b"], .own(TrainCommand.branches), "its branches with the step's weights"),
    KeyBinding(
      ["z"], .own(TrainCommand.part), "more room for curves, samples, answers", hint: "zoom"),
    KeyBinding(["a"], .own(TrainCommand.smooth), "average the curves over steps, or not"),
    KeyBinding([")"], .own(TrainCommand.training(1)), "next training of the session"),
    KeyBinding(["("], .own(TrainCommand.training(-1)), "previous training of the session"),
    KeyBinding(["r"], .runAnew, "train anew from the first step"),
  ]

  static let legend: [LegendRow] = [
    .selected,
    .right,
    .wrong,
    LegendRow("●", .key, "the step that is read, between the first and the last one"),
    LegendRow("◀ ▶", .dim, "the first and the last step"),
    LegendRow("┆", .dim, "the step that is read"),
    LegendRow("⠒ ⠒", "vote.5", "what the think prompt reaches before training"),
    LegendRow("r", .text, "the reward of a sample"),
    LegendRow("Â", .text, "its advantage: how much better it is than the group's mean"),
    LegendRow("ρ", .text, "how much likelier it is now than when it was sampled"),
    LegendRow("clip", .text, "the share of its tokens whose ratio went too far to count"),
    LegendRow("k3", .text, "an estimate of the divergence from the model at the start"),
    LegendRow("log π/π_ref", .text, "of a pair: how much likelier a token is than at the start"),
    LegendRow("Σ", .text, "the sum of that, or of log p, over a text's tokens"),
    LegendRow("label", .text, "of a judge: whether the step of each token is right"),
    LegendRow("▁▅█", .answerCorrect, "a token that is pushed to be likelier, and how hard"),
    LegendRow("▁▅", .answerWrong, "underlined: one that is pushed to be less likely"),
    LegendRow(
      "dead groups", .text, "problems whose samples are all right or all wrong teach nothing"),
    LegendRow("voting gain", .text, "by how much a vote of samples beats one of them"),
  ]

  func hint(for command: Command, _ session: SessionState) -> String? {
    guard command.own(TrainCommand.self) == .go else { return nil }
    if let activity { return activity.isPaused ? "go on" : "pause" }
    return isEmpty || isOrdered || training.lastStep >= plannedSteps ? nil : "go on"
  }

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    switch command {
    case .activate: !isEmpty
    case .left: step > 0
    case .runAnew: activity == nil && !isEmpty
    default:
      switch command.own(TrainCommand.self) {
      case .go:
        activity.map { !$0.isStopping }
          ?? (isEmpty ? session.readyModel?.trainingObstacle == nil : isOrdered || !isComplete)
      case .oneStep: activity.map { !$0.isStopping } ?? false
      case .pace(let step):
        activity.map { !$0.isStopping && $0.pace(after: step) != $0.pace } ?? false
      case .keep: !isEmpty && weights(session).contains { $0.step > 0 }
      case .group: groups.count > 1
      case .probe: probes.count > 1
      case .token: shownSample?.odds != nil
      case .votes, .part: !isEmpty
      default: true
      }
    }
  }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if command.own(TrainCommand.self) != .go { doSomethingElse() }
    if let own: TrainCommand = command.own() { return perform(own, &session) }
    switch command {
    case .activate: return find(.open(strategy: nil), &session)
    case .runAnew: return start(anew: true, &session)
    case .left: moveCursor(to: step - 1)
    case .right: moveCursor(to: step + 1)
    case .top: moveCursor(to: 0)
    case .bottom: moveCursor(to: .max)
    default: move(command, page: layout(session).sampleRows)
    }
    return []
  }

  private mutating func perform(
    _ command: TrainCommand, _ session: inout SessionState
  ) -> [Effect] {
    switch command {
    case .go: return go(&session)
    case .oneStep: return takeOneStep(&session)
    case .pace(let step): return changePace(step, &session)
    case .branches: return find(.open(strategy: CoTDecoding.description.name), &session)
    case .votes: return find(.vote, &session)
    case .keep: return keep(&session)
    case .group(let step): move(group: step)
    case .probe: move(probe: 1)
    case .token(let step): move(token: step)
    case .part: goToNextPart()
    case .smooth:
      smooth()
      session.tell(isSmooth ? "Curves of single batches are averaged." : "Curves are as they are.")
    case .training(let step): show(trainingAt: step, &session)
    }
    return []
  }

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    let layout = layout(session)
    switch mouse.action {
    case .wheelUp: move(.up, page: layout.sampleRows)
    case .wheelDown: move(.down, page: layout.sampleRows)
    case .press(.left):
      if let step = layout.step(at: mouse.position, of: plannedSteps) {
        moveCursor(to: step)
      } else if let row = samples.item(
        at: mouse.position, in: layout.samples, count: shownGroup?.samples.count ?? 0)
      {
        select(sample: row, page: layout.sampleRows)
      }
    default: break
    }
    return []
  }
}
