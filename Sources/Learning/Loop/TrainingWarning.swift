import Problems
public import Traces

/// What goes wrong in a training that goes on: nothing is learned, or what was learned is lost.
public enum TrainingWarning: Sendable, Hashable, CustomStringConvertible {
  /// All samples of a problem have had the same reward, of every problem of so many steps.
  case nothingToLearn(steps: Int, reward: Double)
  /// Fewer answers are right than before, by more than chance.
  case accuracyFell(from: Double, to: Double, step: Int, rate: Double)
  /// The model chooses among tokens at random.
  case entropyRose(from: Double, to: Double, step: Int, rate: Double)
  /// What is learned is told worse than before the first step.
  case lossRose(from: Double, to: Double, step: Int, rate: Double)

  /// What tells it from other warnings, whatever the figures.
  public var kind: String {
    switch self {
    case .nothingToLearn: "nothing is learned"
    case .accuracyFell: "accuracy fell"
    case .entropyRose: "entropy rose"
    case .lossRose: "loss rose"
    }
  }

  /// How many steps in a row are waited for before it is said that nothing is learned.
  static let patience = 3

  /// What is to be said after the last step of a training; nil where nothing is.
  public static func of(_ training: TrainingTrace) -> TrainingWarning? {
    guard let start = training.start else { return nil }
    let rate = TrainingSettings(start.used).rate
    return fall(of: training, rate) ?? rise(of: training, rate) ?? standstill(of: training)
  }

  private static func fall(of training: TrainingTrace, _ rate: Double) -> TrainingWarning? {
    let measured = training.evaluations.filter {
      $0.split != .heldout && $0.all.problems > 0
        && $0.prompting == training.evaluations.first?.prompting
    }
    guard let last = measured.last?.all,
      let best = measured.map(\.all).max(by: { $0.share < $1.share }), last.share < best.share
    else { return nil }
    // Two shares of the same problems: further apart than three of their deviations.
    let pooled = (best.share + last.share) / 2
    let deviation = (2 * pooled * (1 - pooled) / Double(last.problems)).squareRoot()
    guard best.share - last.share > 3 * deviation, let step = measured.last?.step else {
      return nil
    }
    return .accuracyFell(from: best.share, to: last.share, step: step, rate: rate)
  }

  private static func rise(of training: TrainingTrace, _ rate: Double) -> TrainingWarning? {
    let steps = training.steps.values.sorted { $0.step < $1.step }
    guard let first = steps.first, let last = steps.last, first.step < last.step else { return nil }
    if let before = first[.entropy], let now = last[.entropy], now > 2 * before, now > before + 1 {
      return .entropyRose(from: before, to: now, step: last.step, rate: rate)
    }
    // The loss of samples is about 0 at every step; that of texts falls.
    guard first[.reward] == nil, let before = first[.loss], let now = last[.loss] else {
      return nil
    }
    return before > 0 && now > 2 * before
      ? .lossRose(from: before, to: now, step: last.step, rate: rate) : nil
  }

  private static func standstill(of training: TrainingTrace) -> TrainingWarning? {
    let steps = training.steps.values.sorted { $0.step > $1.step }
    let dead = steps.prefix { ($0[.deadGroups] ?? 0) >= 1 }
    guard dead.count >= patience, let reward = dead.first?[.reward] else { return nil }
    return .nothingToLearn(steps: dead.count, reward: reward)
  }

  public var description: String {
    switch self {
    case .nothingToLearn(let steps, let reward):
      "Nothing is learned: all samples of a problem had equal rewards for \(steps) steps"
        + (reward == 0 ? ", and none of them any." : ".")
    case .accuracyFell(let before, let now, let step, let rate):
      "Accuracy fell from \(Self.share(before)) to \(Self.share(now)) at step \(step): "
        + Self.cause(rate)
    case .entropyRose(let before, let now, let step, let rate):
      "Entropy rose from \(Self.nats(before)) to \(Self.nats(now)) nats at step \(step): "
        + Self.cause(rate)
    case .lossRose(let before, let now, let step, let rate):
      "The loss rose from \(Self.nats(before)) to \(Self.nats(now)) at step \(step): "
        + Self.cause(rate)
    }
  }

  private static func cause(_ rate: Double) -> String { "the rate (\(rate)) may be too high." }

  private static func share(_ value: Double) -> String {
    let percent = Int((value * 100).rounded())
    return percent >= 100 ? "1" : (percent < 10 ? ".0" : ".") + "\(max(0, percent))"
  }

  private static func nats(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}

extension TrainingEvaluation.Counts {
  fileprivate var share: Double { problems > 0 ? Double(right) / Double(problems) : 0 }
}
