import Foundation
import Measuring
import Reasoning
import Traces

/// The JSON of `eval`.
struct EvalReport<Row: Encodable>: Encodable {
  var model: String
  /// What was measured, where it is not the accuracy.
  var metric: String?
  /// The model that verifiers read with where it is not the model itself.
  var judge: String?
  var tokenBudget: Int?
  /// Where the curves of over-time are taken.
  var shares: [Double]?
  var results: [Row]
  /// What is decided between candidates, where verifiers are compared.
  var decisions: [DecisionRow]?
}

extension TextTable<BranchSurvey.Row> {
  static var branches: Self {
    TextTable(columns: [
      Column("strategy", 18) { $0.strategy },
      Column("family", 16) { $0.family },
      Column("branches", 16) { $0.kind.rawValue },
      Column("count", 10) { "\($0.branches)" },
      Column("mean Δ", 8) { fixed($0.delta) },
      Column("95 % interval") { fixed($0.interval) },
    ])
  }
}

extension TextTable<AnswerCurves.Row> {
  static var answerCurves: Self {
    let head = [
      Column("strategy", 18) { $0.strategy },
      Column("family", 16) { $0.family },
      Column("paths", 8) { "\($0.paths)" },
    ]
    let curve = AnswerCurves.shares.enumerated().map { index, share in
      Column("\(Int(share * 100)) %", 8) { fixed($0.curve[index]) }
    }
    return TextTable(
      columns: head + curve + [
        Column("rise", 8) { fixed($0.rise) },
        Column("95 % interval", 18) { fixed($0.interval) },
        Column("flat") { fixed($0.flat) },
      ])
  }
}

extension TextTable<VerifierRow> {
  static var verifiers: Self {
    TextTable(columns: [
      Column("verifier", 14) { row in
        row.subject.verifier.rawValue + (row.subject.aggregate.map { "-\($0.rawValue)" } ?? "")
      },
      Column("judged", 19) { "\($0.subject.source.rawValue), \($0.subject.target.rawValue)s" },
      Column("family", 14) { $0.family },
      Column("auc", 7) { fixed($0.quality.area) },
      Column("95 % interval", 17) { fixed($0.quality.interval) },
      Column("right", 8) { "\($0.quality.positives)" },
      Column("wrong", 8) { "\($0.quality.negatives)" },
      Column("decided") { fixed($0.coverage) },
    ])
  }
}

extension TextTable<DecisionRow> {
  static var decisions: Self {
    TextTable(columns: [
      Column("decided by", 22) { row in
        switch row.subject.way {
        case .majority: "majority"
        case .likelihood: "likeliest, Σ log p"
        case .likelihoodByAnswer: "likeliest answer"
        case .oracle: "(any of n)"
        case .bestOf: "best by " + name(row.subject)
        case .weighted: "vote by " + name(row.subject)
        }
      },
      Column("family", 14) { $0.family },
      Column("problems", 10) { "\($0.problems)" },
      Column("right", 7) { fixed($0.accuracy.value) },
      Column("95 % interval", 17) { fixed($0.accuracy.interval) },
      Column("gain", 7) { fixed($0.gain?.value) },
      Column("over the majority") { fixed($0.gain?.interval) },
    ])
  }

  private static func name(_ subject: DecisionRow.Subject) -> String {
    (subject.verifier?.rawValue ?? "") + (subject.aggregate.map { "-\($0.rawValue)" } ?? "")
  }
}

extension TextTable<EvaluationRow> {
  /// The columns of which there is something to say.
  static func accuracy(_ rows: [EvaluationRow], metric: EvalCommand.Metric, budget: Int?) -> Self {
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
          ($0.setTo?.first.map { "\($0.key) \($0.value)" } ?? "—") + ($0.isOverBudget ? " !" : "")
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
    if rows.contains(where: { $0.equalTokenVote != nil }) {
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
      Column("seconds") { String(format: "%.1f", $0.seconds) },
    ]
    return TextTable(columns: columns)
  }

  /// What stands below the table.
  ///
  /// - Parameter maxTokens: how many tokens a path could have at most.
  static func notes(_ rows: [EvaluationRow], maxTokens: Int, budget: Int?) -> String {
    var text = """
      accuracy: the share of all problems, of which those without an answer count as wrong.
      tokens: generated per problem, at most \(maxTokens) on a path; spent: also counts those inserted, or read
      by a verifier, but not the prompt; reused: taken from the cache.

      """
    if rows.contains(where: { $0.majority != nil }) {
      text += """
        majority: the share of all problems that the most frequent answer gets right; a path without an answer
        has no vote. any of n: the share for which any answer is right.

        """
    }
    if rows.contains(where: { $0.equalTokenVote != nil }) {
      text += """
        vote at equal tokens: the majority of as many samples as cost no more than what was spent on the same
        problem, but at least of one; its: the tokens of those samples. The seconds are for both.

        """
    }
    if let budget {
      text += """
        Each strategy has the largest setting that costs at most \(budget) tokens a problem, without the prompt, on
        average over at most \(TokenBudget.trials) of the problems; their answers are not looked at. "!": costs more
        even at its smallest setting.

        """
    }
    return text
  }
}

/// A sum over the problems as it is for one of them.
private func each(_ tokens: Int, _ row: EvaluationRow) -> String {
  String(format: "%.0f", Double(tokens) / Double(max(1, row.total)))
}

private func count(_ value: Int?) -> String { value.map { "\($0)" } ?? "—" }
