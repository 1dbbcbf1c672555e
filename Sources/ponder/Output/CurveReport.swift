import Foundation
import Measuring

/// The JSON of `eval --metric over-time`.
struct CurveReport: StrategyReport {
  struct Row: Encodable, Sendable {
    var strategy, family: String
    var paths: Int
    var curve: [Double]
    var rise: Double
    var ci95: [Double]
    var flat: Double
  }

  var model: String
  var metric = "over-time"
  var shares = AnswerCurves.shares
  var results: [Row] = []

  init(model: String) { self.model = model }

  mutating func add(_ rows: [AnswerCurves.Row], strategy: String) {
    results += rows.map {
      Row(
        strategy: strategy, family: $0.family, paths: $0.paths, curve: $0.curve, rise: $0.rise,
        ci95: $0.interval.bounds, flat: $0.flat)
    }
  }

  var table: String {
    let heads = shares.map { "\(Int($0 * 100)) %".padded(to: 8) }.joined()
    let lines = results.map { row in
      row.strategy.padded(to: 18) + row.family.padded(to: 16) + "\(row.paths)".padded(to: 8)
        + row.curve.map { String(format: "%.3f", $0).padded(to: 8) }.joined()
        + String(format: "%.3f", row.rise).padded(to: 8)
        + String(format: "[%.3f, %.3f]", row.ci95[0], row.ci95[1]).padded(to: 18)
        + String(format: "%.3f", row.flat)
    }
    let head =
      "strategy".padded(to: 18) + "family".padded(to: 16) + "paths".padded(to: 8) + heads
      + "rise".padded(to: 8) + "95 % interval".padded(to: 18) + "flat"
    return ([head] + lines).joined(separator: "\n") + "\n"
  }
}
