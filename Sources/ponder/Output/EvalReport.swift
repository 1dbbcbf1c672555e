import Foundation
import Measuring
import Reasoning
import Traces

/// The JSON of `eval`.
struct EvalReport: Encodable {
  struct Row: Encodable {
    var strategy, family: String
    var correct, total: Int
    var accuracy: Double
    var ci95: [Double]
    var majorityClass: Double
    var auc: Double?
    var generatedTokens: Int
    /// Those and what was put in, for a verifier to read too; and those that were not computed again.
    var spentTokens, reusedTokens: Int
    var seconds: Double
    /// The rest is of strategies that sample and vote or rank.
    var verifier: String?
    var majority: Double?
    var majorityCi95: [Double]?
    var oracle: Double?
    var oracleCi95: [Double]?
    var gain: Double?
    var gainCi95: [Double]?
    /// The rest is of strategies that look at their answer again.
    var wrongToRight: Int?
    var rightToWrong: Int?
    /// The rest is of a plain vote on as many tokens.
    var equalTokenVote: Double?
    var equalTokenVoteCi95: [Double]?
    var equalTokenVoteTokens: Int?
    /// What a strategy was set to, to keep to the budget, such as `{"samples": 12}`.
    var setTo: [String: Int]?
  }

  var model: String
  var tokenBudget: Int?
  var results: [Row]

  init(model: String, rows: [EvaluationRow], metric: EvalCommand.Metric, budget: Int? = nil) {
    self.model = model
    tokenBudget = budget
    results = rows.map {
      Row(
        strategy: $0.strategy, family: $0.family, correct: $0.correct, total: $0.total,
        accuracy: $0.accuracy, ci95: [$0.interval.lowerBound, $0.interval.upperBound],
        majorityClass: $0.majorityClass,
        auc: metric == .auc ? $0.areaUnderCurve : nil, generatedTokens: $0.generatedTokens,
        spentTokens: $0.tokens.spent, reusedTokens: $0.tokens.reused,
        seconds: $0.seconds, verifier: $0.verifier,
        majority: $0.majority?.value, majorityCi95: $0.majority?.interval.bounds,
        oracle: $0.oracle?.value, oracleCi95: $0.oracle?.interval.bounds,
        gain: $0.gain?.value, gainCi95: $0.gain?.interval.bounds,
        wrongToRight: $0.revisions?.wrongToRight, rightToWrong: $0.revisions?.rightToWrong,
        equalTokenVote: $0.equalTokenVote?.value,
        equalTokenVoteCi95: $0.equalTokenVote?.interval.bounds,
        equalTokenVoteTokens: $0.equalTokenVoteTokens,
        setTo: $0.setTo.map { [$0.name: $0.value] })
    }
  }
}

/// The table of `eval`.
struct EvalTable {
  /// A heading, how wide the column is, and what stands in it.
  private struct Column {
    var heading: String
    var width: Int
    var cell: (EvaluationRow) -> String

    init(_ heading: String, _ width: Int, _ cell: @escaping (EvaluationRow) -> String) {
      (self.heading, self.width, self.cell) = (heading, width, cell)
    }
  }

  let text: String

  private static func note(_ budget: Int) -> String {
    """
    Each strategy is set to the most that costs at most \(budget) tokens a problem beside the prompt, on
    the mean of at most \(TokenBudget.trials) of the problems, whose answers are not looked at; "!" costs more
    even at its least.

    """
  }

  /// - Parameter maxTokens: how many tokens a path could have at most.
  init(_ rows: [EvaluationRow], metric: EvalCommand.Metric, maxTokens: Int, budget: Int? = nil) {
    var columns = [
      Column("strategy", 22) { $0.strategy + ($0.verifier.map { "/\($0)" } ?? "") },
      Column("family", 14) { $0.family },
      Column("correct", 11) { "\($0.correct)/\($0.total)" },
      Column("accuracy", 10) { fixed($0.accuracy) },
      Column("95 % interval", 17) { fixed($0.interval) },
    ]
    if budget != nil {
      columns.append(
        Column("set to", 14) {
          ($0.setTo.map { "\($0.name) \($0.value)" } ?? "—") + ($0.isOverBudget ? " !" : "")
        })
    }
    // Those that take no vote have nothing to compare with.
    if rows.contains(where: { $0.majority != nil }) {
      columns += [
        Column("majority", 10) { fixed($0.majority?.value) },
        Column("any of n", 10) { fixed($0.oracle?.value) },
      ]
    }
    if rows.contains(where: { $0.revisions != nil }) {
      columns += [
        Column("mended", 8) { count($0.revisions?.wrongToRight) },
        Column("spoiled", 9) { count($0.revisions?.rightToWrong) },
      ]
    }
    let compares = rows.contains { $0.equalTokenVote != nil }
    if compares {
      columns += [
        Column("vote at equal tokens", 22) {
          "\(fixed($0.equalTokenVote?.value)) \(fixed($0.equalTokenVote?.interval))"
        },
        Column("its", 6) { row in row.equalTokenVoteTokens.map { each($0, row) } ?? "—" },
      ]
    }
    columns += [
      metric == .auc
        ? Column("auc of Δ", 10) { fixed($0.areaUnderCurve) }
        : Column("guess", 10) { fixed($0.majorityClass) },
      Column("tokens", 9) { each($0.tokens.generated, $0) },
      Column("spent", 9) { each($0.tokens.spent, $0) },
      Column("reused", 9) { each($0.tokens.reused, $0) },
      Column("seconds", 0) { String(format: "%.1f", $0.seconds) },
    ]
    let lines =
      [columns.map { $0.heading.padded(to: $0.width) }.joined()]
      + rows.map { row in
        // A name that is too long for its column is still set off from the next one.
        columns.map { column in
          let cell = column.cell(row)
          return column.width == 0 ? cell : "\(cell) ".padded(to: column.width)
        }.joined()
      }
    text =
      lines.joined(separator: "\n") + """

        tokens: generated for a problem, at most \(maxTokens) on a path; spent: with what was put in or read
        by a verifier, the prompt apart; reused: taken from the cache.

        """ + (compares ? Self.voteNote : "") + (budget.map(Self.note) ?? "")
  }
}

extension EvalTable {
  private static let voteNote = """
    vote at equal tokens: a majority of the samples that together take no more than what was spent on the
    same problem, of one at least; its: the tokens that these took. The seconds are of both.

    """
}

/// A sum over the problems as it is for one of them.
private func each(_ tokens: Int, _ row: EvaluationRow) -> String {
  String(format: "%.0f", Double(tokens) / Double(max(1, row.total)))
}

extension EvaluationRow {
  /// What the strategy was set to, to keep to a budget.
  fileprivate var setTo: (name: String, value: Int)? {
    knob.flatMap { knob in knobValue.map { (knob.setting.name, $0) } }
  }
}

private func count(_ value: Int?) -> String { value.map { "\($0)" } ?? "—" }
