import Foundation
import Learning
import Measuring
import Traces

extension JudgementFigures {
  /// As a table.
  var text: String {
    func share(_ share: Share) -> String {
      String(format: "%.3f %+.3f [%+.3f, %+.3f]", share.value, share.gain, share.low, share.high)
    }
    let table = TextTable<Row>(columns: [
      .init("held-out") { $0.family }, .init("problems", isNumber: true) { "\($0.problems)" },
      .init("one", isNumber: true) { fixed($0.one) },
      .init("majority", isNumber: true) { fixed($0.majority) },
      .init("any", isNumber: true) { fixed($0.any) },
      .init("likeliest", isNumber: true) { share($0.likeliest) },
      .init("best of \(samples)", isNumber: true) { share($0.bestOfN) },
      .init("weighted vote", isNumber: true) { share($0.weightedVote) },
      .init("AUC steps", isNumber: true) { fixed($0.steps.area) },
      .init("AUC solutions", isNumber: true) { fixed($0.solutions.area) },
    ])
    return table.text(rows)
  }
}

extension TrainingLines {
  /// The figures of a judge, by family.
  static func values(_ figures: JudgementFigures) -> [String: JSONValue] {
    var values: [String: JSONValue] = [:]
    for row in figures.rows {
      let key = "heldout/\(row.family)"
      values["\(key)/problems"] = .number(Double(row.problems))
      values["\(key)/accuracy/majority"] = .number(row.majority)
      values["\(key)/pass@1"] = .number(row.one)
      values["\(key)/pass@\(figures.samples)"] = .number(row.any)
      for (name, share) in [
        ("likeliest", row.likeliest), ("best_of_n", row.bestOfN),
        ("weighted_vote", row.weightedVote),
      ] {
        values["\(key)/accuracy/\(name)"] = .number(share.value)
        values["\(key)/gain/\(name)"] = .number(share.gain)
        values["\(key)/gain/\(name)/ci95"] = .array([.number(share.low), .number(share.high)])
      }
      for (name, quality) in [("steps", row.steps), ("solutions", row.solutions)] {
        values["\(key)/auc/\(name)"] = quality.area.map { .number($0) }
        values["\(key)/auc/\(name)/ci95"] = quality.interval.map {
          .array([.number($0.lowerBound), .number($0.upperBound)])
        }
      }
    }
    return values
  }
}
