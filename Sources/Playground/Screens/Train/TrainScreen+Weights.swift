import Decoding
import Problems
import Reasoning
import Traces

/// What the weights of a step are wanted for.
public struct TrainingErrand: Sendable, Hashable {
  enum Aim: Sendable, Hashable {
    /// A strategy that is to answer the question; nil shows it in Decode.
    case open(strategy: String?)
    /// Votes before training and after the step.
    case vote
  }

  var question: Question
  /// The step whose weights are wanted.
  var step: Int
  var aim: Aim
}

extension TrainScreen {
  /// Weights to open, the best first: those of the step, or of the last ones before it that were
  /// written. Those of step 0 are the model that training began with.
  func weights(_ session: SessionState) -> [TrainingWeights] {
    training.weights.filter { $0.key <= step && $0.key > 0 }.sorted { $0.key > $1.key }.map(\.value)
      + (beginning(session).map { [$0] } ?? [])
  }

  /// The model that training began with, where it is known.
  private func beginning(_ session: SessionState) -> TrainingWeights? {
    guard let start = training.start, let path = session.path(of: start.model) else { return nil }
    return TrainingWeights(step: 0, path: path, hash: start.model.hash, name: start.model.name)
  }

  /// Looks for the weights of the step.
  func find(_ aim: TrainingErrand.Aim, _ session: inout SessionState) -> [Effect] {
    guard !isEmpty else {
      session.tell("Nothing is trained yet; Space starts it.")
      return []
    }
    let weights = weights(session)
    guard !weights.isEmpty else {
      session.tell("No weights of step \(step) were kept.")
      return []
    }
    let errand = TrainingErrand(question: shownProbe ?? session.question, step: step, aim: aim)
    return [.training(.find(weights, errand))]
  }

  /// Opens weights that were found.
  mutating func open(
    _ weights: TrainingWeights, _ errand: TrainingErrand, _ session: inout SessionState
  ) {
    let missing =
      weights.step == errand.step
      ? nil : "Step \(errand.step) is not kept: this is \(Self.name(ofStep: weights.step))."
    switch errand.aim {
    case .open(let strategy):
      session.ask(
        .ask(errand.question, path: weights.path, strategy: strategy, prompting: prompting))
      if let missing { session.tell(missing, .warning) }
    case .vote:
      let strategy = SelfConsistency.description.name
      guard weights.step > 0, let base = beginning(session), let prompting else {
        session.ask(
          .ask(errand.question, path: weights.path, strategy: strategy, prompting: prompting))
        if let missing { session.tell(missing, .warning) }
        return
      }
      votePair = VotePair(errand.question, base, weights, prompting: prompting)
      session.ask(
        .ask(errand.question, path: base.path, strategy: strategy, prompting: prompting))
      session.tell(
        "\(base.name) votes first, then \(weights.name)." + (missing.map { " \($0)" } ?? ""),
        missing == nil ? .notice : .warning)
    }
  }

  private static func name(ofStep step: Int) -> String {
    step == 0 ? "the model before training" : "step \(step)"
  }

  /// How questions are put in the training; `plain` where nothing else was asked for.
  private var prompting: String? {
    training.start.map { $0.used.prompting ?? Prompting.plain.description }
  }

  // MARK: Votes before and after

  /// A run has ended: when it was the vote before training, that after the step follows.
  mutating func voted(_ run: Int, _ session: inout SessionState) {
    guard let pair = votePair, pair.run == run else { return }
    guard session.trace.runs[run]?.end?.reason == .completed, !pair.isSecond else {
      votePair = nil
      return
    }
    votePair?.goOn()
    session.ask(
      .ask(
        pair.question, path: pair.after.path, strategy: SelfConsistency.description.name,
        prompting: pair.prompting))
  }

  // MARK: Keeping

  /// Keeps the step's weights as a model of the user's.
  func keep(_ session: inout SessionState) -> [Effect] {
    guard !isEmpty else {
      session.tell("Nothing is trained yet; Space starts it.")
      return []
    }
    let kept = weights(session).filter { $0.step > 0 }
    guard !kept.isEmpty else {
      session.tell(
        step == 0
          ? "Step 0 is the model before training; → goes to a later step."
          : "No weights of step \(step) were kept.")
      return []
    }
    return [.training(.keep(kept, step: step))]
  }

  /// Tells how the model is called that a step's weights have become, and lists it.
  func tell(of kept: KeptModel, wanted step: Int, _ session: inout SessionState) {
    if !session.catalog.models.contains(where: { $0.path == kept.entry.path }) {
      session.catalog.models.append(kept.entry)
    }
    let missing =
      kept.step == step ? "" : " Step \(step) is not kept: this is step \(kept.step)."
    session.tell(
      "Kept as the model \(kept.entry.name): m lists it, and --model takes it.\(missing)",
      missing.isEmpty ? .notice : .warning)
  }
}

/// The weights of a step that are a model of the user's now.
struct KeptModel: Sendable, Hashable {
  var step: Int
  var entry: Catalog.ModelEntry
}

/// Votes on a question with the model before training and with the weights of a step, one after the
/// other and with the same prompt.
struct VotePair: Sendable, Hashable {
  let question: Question
  let before: TrainingWeights
  let after: TrainingWeights
  let prompting: String
  /// Whether the first vote is over.
  private(set) var isSecond = false
  /// The vote under way; nil before it has begun.
  private(set) var run: Int?
  /// Whether something else was asked since.
  private(set) var isOff = false

  init(
    _ question: Question, _ before: TrainingWeights, _ after: TrainingWeights, prompting: String
  ) {
    (self.question, self.before, self.after) = (question, before, after)
    self.prompting = prompting
  }

  mutating func goOn() { (isSecond, run) = (true, nil) }

  /// Takes note of the run that the vote is.
  mutating func take(_ record: TraceRecord) {
    guard run == nil, case .run(let start) = record.event,
      start.strategy == SelfConsistency.description.name, start.question == question,
      start.model.hash == (isSecond ? after : before).hash
    else { return }
    run = record.run
  }

  /// Whether another question or another model has come between.
  mutating func check(_ reason: ResetReason, _ session: SessionState) {
    let known = [before.hash, after.hash]
    let isOther = session.readyModel.map { !known.contains($0.identity.hash) } ?? false
    isOff = session.question != question || reason == .model && isOther
  }
}

extension Trace {
  /// The training that has written weights: the model that it began with, and the step.
  func step(ofWeights hash: String) -> (parent: ModelIdentity, step: Int)? {
    for (_, training) in trainings.sorted(by: { $0.key > $1.key }) {
      if let start = training.start,
        let weights = training.weights.values.first(where: { $0.hash == hash })
      {
        return (start.model, weights.step)
      }
    }
    return nil
  }
}
