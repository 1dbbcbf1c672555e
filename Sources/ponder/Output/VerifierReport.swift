import Measuring
import Traces

/// The JSON of `eval --metric auc --verifier …`.
struct VerifierReport: Encodable {
  struct Row: Encodable {
    var verifier: String
    var aggregate: String?
    var source, target, family: String
    var auc: Double?
    var ci95: [Double]?
    var positives, negatives: Int
    var coverage: Double
  }

  var model: String
  var metric = "auc"
  var results: [Row]

  init(model: String, rows: [VerifierRow]) {
    self.model = model
    results = rows.map {
      Row(
        verifier: $0.subject.verifier.rawValue, aggregate: $0.subject.aggregate?.rawValue,
        source: $0.subject.source.rawValue, target: $0.subject.target.rawValue,
        family: $0.family, auc: $0.quality.area, ci95: $0.quality.interval?.bounds,
        positives: $0.quality.positives, negatives: $0.quality.negatives, coverage: $0.coverage)
    }
  }

  static func table(_ rows: [VerifierRow]) -> String {
    var lines = [
      "verifier".padded(to: 14) + "judged".padded(to: 19) + "family".padded(to: 14)
        + "auc".padded(to: 7) + "95 % interval".padded(to: 17) + "right".padded(to: 8)
        + "wrong".padded(to: 8) + "decided"
    ]
    for row in rows {
      let subject = row.subject
      let name = subject.verifier.rawValue + (subject.aggregate.map { "-\($0.rawValue)" } ?? "")
      lines.append(
        "\(name) ".padded(to: 14)
          + "\(subject.source.rawValue), \(subject.target.rawValue)s ".padded(to: 19)
          + "\(row.family) ".padded(to: 14) + fixed(row.quality.area).padded(to: 7)
          + fixed(row.quality.interval).padded(to: 17)
          + "\(row.quality.positives) ".padded(to: 8) + "\(row.quality.negatives) ".padded(to: 8)
          + fixed(row.coverage))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
