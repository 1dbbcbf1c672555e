import Decoding
import Foundation
import Learning
import Problems
import Traces

/// A training as text for people: a line for each step.
struct TrainingText {
  private typealias Column = TextTable<TrainingRow>.Column

  private var rows = TrainingRows()
  private var table = TextTable<TrainingRow>(columns: [])
  private let tellsEnd: Bool

  /// - Parameter tellsEnd: whether it is told that a training was stopped or has failed.
  init(tellsEnd: Bool = true) { self.tellsEnd = tellsEnd }

  /// The text that an event adds.
  ///
  /// - Parameter seconds: how long the step took, of a step.
  mutating func text(for event: TrainingEvent, seconds: Double? = nil) -> String {
    let lines = rows.take(event, seconds: seconds).map(text).joined()
    switch event {
    case .started(let start):
      table = Self.table(start)
      return lines + Self.title(start) + table.heading
    case .ended(let end): return lines + (tellsEnd ? Self.conclusion(end) : "")
    case .evaluation(let evaluation) where evaluation.split == .heldout:
      return lines + Self.heldout(evaluation)
    default: return lines
    }
  }

  private func text(of row: TrainingRow) -> String {
    var text = row.metrics == nil && row.evaluation == nil ? "" : table.line(of: row)
    if row.step == 0, row.evaluation?.split == .train {
      text += "      accuracy, reasoned and samples are of problems that it trains on\n"
    }
    if let think = row.think {
      text +=
        "      with the think prompt \(fixed(think.all.accuracy)), reasoned "
        + "\(fixed(think.all.reasoning)): what there is to reach\n"
    }
    if let votes = row.votes {
      text +=
        "      \(votes.samples) samples each of \(votes.problems) problems right: one "
        + "\(fixed(votes.one.value)), most \(fixed(votes.majority.value)), any "
        + "\(fixed(votes.any.value))\n"
    }
    return text
  }

  private static func title(_ start: TrainingStart) -> String {
    let from = start.resumedAt > 0 ? ", taken up after step \(start.resumedAt)" : ""
    let text =
      "\(start.recipe): \(start.model.name) on \(start.problems), "
      + "\(start.steps) \(start.steps == 1 ? "step" : "steps"), seed \(start.seed)\(from)"
    return text.wrapped().map { $0 + "\n" }.joined()
  }

  private static func conclusion(_ end: TrainingEnd) -> String {
    switch end.reason {
    case .completed: ""
    case .stopped: "stopped after step \(end.step)\n"
    case .failed: "failed after step \(end.step): \(end.message ?? "no reason is known")\n"
    }
  }

  private static func heldout(_ evaluation: TrainingEvaluation) -> String {
    let all = evaluation.all
    let what =
      (evaluation.step == 0 ? "before" : "after step \(evaluation.step)")
      + (evaluation.prompting == "plain" ? "" : ", \(evaluation.prompting)")
    let families = evaluation.families.sorted { $0.key < $1.key }.map {
      "\($0) \(fixed($1.accuracy))"
    }
    return "held-out, \(what): \(fixed(all.accuracy)) \(fixed(all.interval)) of "
      + "\(all.problems) problems, reasoned \(fixed(all.reasoning))\n"
      + families.folded(indent: 2).map { $0 + "\n" }.joined()
  }

  /// The columns that a training fills.
  private static func table(_ start: TrainingStart) -> TextTable<TrainingRow> {
    let settings = TrainingSettings(start.used)
    let samples = RecipeRegistry.description(of: start.recipe)?.samples ?? false
    func column(
      _ heading: String, _ width: Int, _ metric: TrainingMetric, digits: Int = 3
    ) -> Column {
      Column(heading, width, isNumber: true) { number($0[metric], digits: digits) }
    }
    var columns = [
      Column("step", 6, isNumber: true) { "\($0.step)" },
      Column("accuracy", 10, isNumber: true) {
        $0.evaluation.map { fixed($0.all.accuracy) } ?? ""
      },
      Column(intervalHeading, 16) { $0.evaluation.map { fixed($0.all.interval) } ?? "" },
      Column("reasoned", 10, isNumber: true) {
        $0.evaluation.map { fixed($0.all.reasoning) } ?? ""
      },
    ]
    if samples {
      columns.append(column("reward", 8, .reward))
      if settings.reward != .exact { columns.append(column("exact", 7, .exact)) }
      columns += [
        column("length", 8, .meanLength, digits: 1), column("entropy", 9, .entropy),
        column("dead", 7, .deadGroups, digits: 2),
      ]
      if settings.beta > 0 { columns.append(column("kl", 7, .divergence)) }
      if settings.updates > 1 { columns.append(column("clipped", 9, .clipped)) }
    } else {
      columns += [column("loss", 9, .loss), column("grad norm", 11, .gradientNorm)]
    }
    columns.append(
      Column("s", 6, isNumber: true) { $0.seconds.map { String(format: "%.1f", $0) } ?? "" })
    // What does not fit a terminal of the usual width is left to --format jsonl.
    for heading in [intervalHeading, "clipped", "length"]
    where columns.reduce(0, { $0 + ($1.width ?? 0) }) > width + 2 {
      columns.removeAll { $0.heading == heading }
    }
    return TextTable(columns: columns)
  }

  private static let intervalHeading = "95 % interval"
  /// The columns of a terminal of the usual width.
  private static let width = 80

  private static func number(_ value: Double?, digits: Int) -> String {
    value.map { String(format: "%.\(abs($0) >= 100 ? 0 : digits)f", $0) } ?? ""
  }
}
