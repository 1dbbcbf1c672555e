import Engine
import Foundation

/// The table of `bench`.
struct BenchTable {
  let text: String

  init(_ report: EngineBenchmark.Report) {
    let compares = report.results.contains { $0.earlier != nil }
    var rows = [
      ["test", "tokens", "paths", "tokens/s", "slowest to fastest", "GB/s", "of bandwidth"]
        + (compares ? ["earlier", "slowest to fastest", "ratio"] : [])
    ]
    rows += report.results.map { Self.row($0, compares: compares) }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = [Self.heading(report)]
    for row in rows {
      let cells = zip(row, widths).enumerated().map { column, cell in
        cell.0.padded(to: cell.1, left: column > 0)
      }
      lines.append(cells.joined(separator: "  "))
    }
    if report.results.contains(where: { $0.earlier?.isWithinNoise == true }) {
      lines.append("≈ the rounds of both runs overlap: the difference may be chance")
    }
    text = lines.joined(separator: "\n") + "\n"
  }

  private static func heading(_ report: EngineBenchmark.Report) -> String {
    var parts = ["\(report.threads) \(report.threads == 1 ? "thread" : "threads")", report.isa]
    if let model = report.model { parts.insert("\(model) \(report.fileType ?? "")", at: 0) }
    if let kv = report.kv { parts.append("kv \(kv)") }
    if let bytes = report.weightBytes {
      parts.append(String(format: "weights %.1f MB", Double(bytes) / 1e6))
    }
    if let bandwidth = report.readBandwidth {
      parts.append(String(format: "read bandwidth %.1f GB/s", bandwidth / 1e9))
    }
    return parts.joined(separator: ", ")
  }

  /// The cells of a measurement.
  static func row(
    _ measurement: EngineBenchmark.Measurement, compares: Bool = false
  ) -> [String] {
    func spread(_ slowest: Double, _ fastest: Double) -> String {
      "\(rate(slowest)) to \(rate(fastest))"
    }
    var row = [
      measurement.test, "\(measurement.tokens)", "\(measurement.branches)",
      rate(measurement.tokensPerSecond), spread(measurement.slowest, measurement.fastest),
      measurement.bytesPerSecond.map { String(format: "%.1f", $0 / 1e9) } ?? "—",
      measurement.bandwidthShare.map { String(format: "%.0f %%", $0 * 100) } ?? "—",
    ]
    guard compares else { return row }
    guard let earlier = measurement.earlier else { return row + ["—", "—", "—"] }
    row += [
      rate(earlier.tokensPerSecond), spread(earlier.slowest, earlier.fastest),
      String(format: "%.2f ", earlier.ratio) + (earlier.isWithinNoise ? "≈" : " "),
    ]
    return row
  }

  private static func rate(_ value: Double) -> String {
    String(format: value < 1000 ? "%.1f" : "%.0f", value)
  }
}
