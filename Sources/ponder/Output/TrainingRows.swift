import Learning
import Measuring
import Problems
import Traces

/// What is told of one step of a training.
struct TrainingRow {
  var step: Int
  /// What the step itself tells; nil in a row of measurements alone, as before the first step.
  var metrics: [String: Double]?
  /// How long the step took.
  var seconds: Double?
  /// How the weights after it answer problems: such that they are not trained on, unless its split is
  /// `train`.
  var evaluation: TrainingEvaluation?
  /// The same with the think prompt: what there is to reach.
  var think: TrainingEvaluation?
  var votes: TrainingVotes?

  subscript(metric: TrainingMetric) -> Double? { metrics?[metric.rawValue] }
}

/// Puts the events of a training together to rows.
struct TrainingRows {
  private var pending: TrainingRow?
  private var steps = 0
  private var evaluatesEvery = 1

  init() {}

  /// Takes an event.
  ///
  /// - Parameter seconds: how long the step took, of a step.
  /// - Returns: the rows that are complete now, a step's as soon as nothing more comes of it.
  mutating func take(_ event: TrainingEvent, seconds: Double? = nil) -> [TrainingRow] {
    switch event {
    case .started(let start):
      steps = start.steps
      evaluatesEvery = max(1, TrainingSettings(start.used).evaluateEvery)
      return flush()
    case .step(let step):
      let before = flush()
      pending = TrainingRow(step: step.step, metrics: step.metrics, seconds: seconds)
      let isMeasured = step.step % evaluatesEvery == 0 || step.step >= steps
      return isMeasured ? before : before + flush()
    case .evaluation(let evaluation) where evaluation.split != .heldout:
      return change(evaluation.step) {
        if evaluation.prompting == TrainingRow.thinkPrompting {
          $0.think = evaluation
        } else {
          $0.evaluation = evaluation
        }
      }
    // Votes, which are taken at the start and at the end, come last.
    case .votes(let votes): return change(votes.step) { $0.votes = votes } + flush()
    case .weights(let file): return file.step < steps ? flush() : []
    case .ended: return flush()
    case .samples, .probe, .evaluation: return []
    }
  }

  private mutating func change(
    _ step: Int, _ change: (inout TrainingRow) -> Void
  ) -> [TrainingRow] {
    let before = pending?.step == step ? [] : flush()
    var row = pending ?? TrainingRow(step: step)
    change(&row)
    pending = row
    return before
  }

  private mutating func flush() -> [TrainingRow] {
    defer { pending = nil }
    return pending.map { [$0] } ?? []
  }
}

extension TrainingRow {
  static let thinkPrompting = "think"
}

extension TrainingEvaluation.Counts {
  var accuracy: Double? { problems > 0 ? Double(right) / Double(problems) : nil }
  var reasoning: Double? { problems > 0 ? Double(reasoned) / Double(problems) : nil }
  var interval: ClosedRange<Double> {
    Statistics.wilsonInterval(successes: right, trials: problems)
  }
}

// MARK: JSON

/// A training as JSON Lines, a line for each step, by the names that TRL logs.
enum TrainingLines {
  /// The line of a row, `step` first.
  static func line(of row: TrainingRow) throws -> String {
    var values = row.metrics.map { $0.mapValues { number($0) } } ?? [:]
    values["step_time"] = row.seconds.map { number($0) }
    // What is trained on is not what evaluating is about, and has another name.
    let measured = row.evaluation?.split == .train ? "train" : "eval"
    if let evaluation = row.evaluation { add(evaluation, as: measured, to: &values) }
    if let think = row.think { add(think, as: "\(measured)/think", to: &values) }
    if let votes = row.votes {
      values["\(measured)/votes/samples"] = number(Double(votes.samples))
      values["\(measured)/votes/problems"] = number(Double(votes.problems))
      values["\(measured)/votes/distinct"] = number(votes.distinct)
      for (name, share) in [
        ("pass@1", votes.one), ("maj@\(votes.samples)", votes.majority),
        ("pass@\(votes.samples)", votes.any),
      ] {
        values["\(measured)/\(name)"] = number(share.value)
        values["\(measured)/\(name)/ci95"] = .array([number(share.low), number(share.high)])
      }
    }
    return try line(["step": .number(Double(row.step))], values)
  }

  /// Measurements by what their keys begin with.
  static func values(
    _ evaluations: KeyValuePairs<String, TrainingEvaluation>
  ) -> [String: JSONValue] {
    var values: [String: JSONValue] = [:]
    for (name, evaluation) in evaluations { add(evaluation, as: name, to: &values) }
    return values
  }

  /// A line that begins with certain keys.
  static func line(
    _ first: KeyValuePairs<String, JSONValue>, _ values: [String: JSONValue]
  ) throws -> String {
    let parts = try first.map { "\(try StandardOutput.json($0)):\(try StandardOutput.json($1))" }
    let rest = try StandardOutput.json(values).dropFirst().dropLast()
    return "{" + (parts + (rest.isEmpty ? [] : [String(rest)])).joined(separator: ",") + "}"
  }

  private static func add(
    _ evaluation: TrainingEvaluation, as name: String, to values: inout [String: JSONValue]
  ) {
    let all = evaluation.all
    values["\(name)/accuracy"] = number(all.accuracy)
    values["\(name)/accuracy/ci95"] = .array([
      number(all.interval.lowerBound), number(all.interval.upperBound),
    ])
    values["\(name)/reasoned"] = number(all.reasoning)
    values["\(name)/problems"] = number(Double(all.problems))
    values["\(name)/mean_length"] = number(evaluation.meanLength)
    for (family, counts) in evaluation.families {
      values["\(name)/\(family)"] = number(counts.accuracy)
    }
  }

  /// JSON has no word for what is not a number.
  private static func number(_ value: Double?) -> JSONValue {
    value.map { $0.isFinite ? .number($0) : .null } ?? .null
  }
}
