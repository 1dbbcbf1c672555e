import Measuring
import Problems
import Traces

/// One figure of a training over its steps.
struct TrainingCurve: Sendable, Hashable {
  struct Reading: Sendable, Hashable {
    var step: Int
    var value: Double
    /// The 95 % interval, where the figure is a share of problems.
    var interval: ClosedRange<Double>?
  }

  /// How its figures are written.
  enum Form: Sendable, Hashable { case share, tokens, plain, rate, count }

  var title: String
  var form: Form
  /// In order of the steps.
  var readings: [Reading]
  /// A second figure that the first is compared with.
  var other: [Reading] = []
  var otherTitle: String?
  /// A value to reach, and what has it.
  var goal: (value: Double, title: String)? {
    get { goalValue.map { ($0, goalTitle) } }
    set { (goalValue, goalTitle) = (newValue?.value, newValue?.title ?? "") }
  }
  private var goalValue: Double?
  private var goalTitle = ""

  init(_ title: String, _ form: Form, _ readings: [Reading]) {
    (self.title, self.form, self.readings) = (title, form, readings)
  }

  /// What the figure is at a step: the last that is known by then.
  func reading(at step: Int) -> Reading? { readings.last { $0.step <= step } }

  func otherReading(at step: Int) -> Reading? { other.last { $0.step <= step } }

  /// What the chart goes from and to.
  var range: ClosedRange<Double> {
    if form == .share, title != "voting gain" { return 0...1 }
    let values = (readings + other).map(\.value).filter(\.isFinite)
    guard let low = values.min(), let high = values.max() else { return 0...1 }
    let bottom = form == .plain || form == .share ? min(0, low) : 0
    return bottom...max(high, bottom + (form == .tokens ? 1 : 1e-9))
  }

  /// A value as the chart's title writes it.
  func text(_ value: Double) -> String {
    switch form {
    case .share: Format.probability(value)
    case .tokens: Format.fixed(value, value < 99.95 ? 1 : 0)
    case .plain:
      abs(value) < 0.0005
        ? "0" : abs(value) < 9.995 ? Format.fixed(value, 2) : Format.fixed(value, 1)
    case .rate: Self.scientific(value)
    case .count: Format.count(Int(value.isFinite ? max(-1e15, min(value, 1e15)) : 0))
    }
  }

  /// `1e-4`, `3.2e-5`.
  private static func scientific(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "0" }
    var (digits, power) = (value, 0)
    while digits < 0.9995, power > -300 { (digits, power) = (digits * 10, power - 1) }
    while digits >= 9.995, power < 300 { (digits, power) = (digits / 10, power + 1) }
    return "\(Format.constant((digits * 10).rounded() / 10))e\(power)"
  }
}

extension TrainingCurve {
  /// The curves that a training has figures for, the most telling first.
  ///
  /// - Parameter isSmooth: whether what is told of single batches is averaged over the steps before,
  ///   each counting .6 of the next.
  static func all(of training: TrainingTrace, isSmooth: Bool = false) -> [TrainingCurve] {
    let steps = training.steps.values.sorted { $0.step < $1.step }
    let smooth = { (readings: [Reading]) in isSmooth ? smoothed(readings) : readings }
    func metric(_ title: String, _ metric: TrainingMetric, _ form: Form) -> TrainingCurve {
      TrainingCurve(title, form, smooth(readings(of: metric, steps)))
    }
    var reward = metric("reward", .reward, .plain)
    if isShare(reward) { reward.form = .share }
    let exact = readings(of: .exact, steps)
    let isHidden = zip(readings(of: .reward, steps), exact).contains {
      abs($0.value - $1.value) > 1e-9
    }
    let hidden = TrainingCurve("hidden exact", .share, isHidden ? smooth(exact) : [])
    if isHidden { (reward.other, reward.otherTitle) = (hidden.readings, "exact") }
    let ofRecipe =
      ofJudges(steps)
      + (ofPairs(steps) + ofDistillation(steps)).map { curve in
        var curve = curve
        (curve.readings, curve.other) = (smooth(curve.readings), smooth(curve.other))
        return curve
      }
    let curves =
      evaluated(training) + ofRecipe + [
        reward, hidden, metric("length", .meanLength, .tokens), metric("entropy", .entropy, .plain),
        metric("dead groups", .deadGroups, .share), metric("clipped", .clipped, .share),
        votingGain(training), metric("KL", .divergence, .plain), metric("loss", .loss, .plain),
        metric("gradient", .gradientNorm, .plain), metric("cut off", .cutOff, .share),
        metric("value loss", .valueLoss, .plain), metric("replay loss", .replayLoss, .plain),
        metric("texts", .texts, .count), metric("rate", .learningRate, .rate),
      ]
    return curves.filter { !$0.readings.isEmpty && (!$0.isFlat || always.contains($0.title)) }
  }

  /// Curves that have a place even while they are 0 throughout.
  private static let always: Set<String> = ["reward", "hidden exact", "dead groups"]

  /// Whether all of it is written as 0, as is what a setting turns off.
  private var isFlat: Bool {
    (readings + other).allSatisfy {
      abs($0.value) < (form == .rate ? .leastNonzeroMagnitude : 0.0005)
    }
      && readings.allSatisfy { $0.interval == nil }
  }

  private static func isShare(_ curve: TrainingCurve) -> Bool {
    curve.readings.allSatisfy { (0...1).contains($0.value) }
  }

  private static func readings(of metric: TrainingMetric, _ steps: [TrainingStep]) -> [Reading] {
    steps.compactMap { step in
      step[metric].map { Reading(step: step.step, value: $0) }
    }
  }

  /// What is measured on problems that are not trained on; where there are too few of them, on those
  /// that are, and it says so.
  private static func evaluated(_ training: TrainingTrace) -> [TrainingCurve] {
    let all = training.evaluations.filter { $0.split != .heldout && $0.all.problems > 0 }
    let plain = all.filter { $0.prompting != "think" }
    let suffix = training.isMeasuredOnTraining ? ", trained on" : ""
    func share(_ title: String, _ count: (TrainingEvaluation.Counts) -> Int) -> TrainingCurve {
      TrainingCurve(
        title, .share,
        plain.map { evaluation in
          let counts = evaluation.all
          return Reading(
            step: evaluation.step, value: Double(count(counts)) / Double(counts.problems),
            interval: Statistics.wilsonInterval(
              successes: count(counts), trials: counts.problems))
        })
    }
    var greedy = share("greedy" + suffix, \.right)
    if let think = all.first(where: { $0.prompting == "think" })?.all {
      greedy.goal = (Double(think.right) / Double(think.problems), "think prompt")
    }
    return [greedy, share("reasoned" + suffix, \.reasoned)]
  }

  /// By how much a majority of samples is better than one of them.
  private static func votingGain(_ training: TrainingTrace) -> TrainingCurve {
    TrainingCurve(
      "voting gain", .share,
      training.votes.sorted { $0.step < $1.step }.map {
        Reading(step: $0.step, value: $0.majority.value - $0.one.value)
      })
  }

  /// The exponential mean up to each step, without the pull to zero that it would begin with.
  private static func smoothed(_ readings: [Reading]) -> [Reading] {
    var (sum, weight) = (0.0, 0.0)
    return readings.map { reading in
      (sum, weight) = (sum * 0.6 + reading.value, weight * 0.6 + 1)
      return Reading(step: reading.step, value: sum / weight, interval: reading.interval)
    }
  }
}
