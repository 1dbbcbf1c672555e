import Foundation
import Measuring

/// The JSON of `eval --metric delta`.
struct SurveyReport: StrategyReport {
  struct Row: Encodable, Sendable {
    var strategy, family, branches: String
    var count: Int
    var delta: Double?
    var ci95: [Double]?

    private enum CodingKeys: String, CodingKey {
      case strategy, family, count, delta, ci95
      case branches = "class"
    }
  }

  var model: String
  var metric = "delta"
  var results: [Row] = []

  init(model: String) { self.model = model }

  mutating func add(_ rows: [BranchSurvey.Row], strategy: String) {
    results += rows.map {
      Row(
        strategy: strategy, family: $0.family, branches: $0.kind.name, count: $0.branches,
        delta: $0.delta, ci95: $0.interval.map { [$0.lowerBound, $0.upperBound] })
    }
  }

  var table: String {
    let lines = results.map { row in
      let interval = row.ci95.map { String(format: "[%.3f, %.3f]", $0[0], $0[1]) } ?? "—"
      return row.strategy.padded(to: 18) + row.family.padded(to: 16) + row.branches.padded(to: 16)
        + "\(row.count)".padded(to: 10)
        + (row.delta.map { String(format: "%.3f", $0) } ?? "—").padded(to: 8) + interval
    }
    let head =
      "strategy".padded(to: 18) + "family".padded(to: 16) + "branches".padded(to: 16)
      + "count".padded(to: 10) + "mean Δ".padded(to: 8) + "95 % interval"
    return ([head] + lines).joined(separator: "\n") + "\n"
  }
}
