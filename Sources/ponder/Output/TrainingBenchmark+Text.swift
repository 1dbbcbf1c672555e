import Decoding
import Engine
import Foundation
import Training

extension TrainingBenchmark {
  /// A line of JSON: a measurement, and what it was made with.
  private struct Line: Encodable {
    var part: String
    var tokensPerSecond, slowest, fastest: Double
    var operationsPerSecond, peakShare: Double?
    var model, isa: String
    var threads, batch, length: Int
    /// What training takes of memory, AdamW and this batch included.
    var bytes: Int
  }

  /// Measures the training of a model and writes what came out.
  func print(_ path: String, options: EngineOptions, _ format: OutputFormat) throws {
    let file = try GGUFFile(path: path)
    let configuration = try ModelConfiguration(file, vocabularySize: file.vocabulary().count)
    let set = options.instructionSet ?? InstructionSet.available[0]
    let pass = try TrainingPass(
      configuration, copying: ModelLoader.store(file), name: path, threads: options.threads,
      instructionSet: set)
    let progress = ProgressLine()
    let measurements = try run(pass) { progress.show("training", done: $0, of: $1) }
    progress.clear()
    let model = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    let bytes = TrainingPass.bytes(configuration, rows: tokens)
    switch format {
    case .json:
      for one in measurements {
        try StandardOutput.writeJSON(
          Line(
            part: one.part, tokensPerSecond: one.tokensPerSecond, slowest: one.slowest,
            fastest: one.fastest, operationsPerSecond: one.operationsPerSecond,
            peakShare: one.peakShare, model: model, isa: set.rawValue, threads: options.threads,
            batch: tokens, length: length, bytes: bytes))
      }
    case .text:
      let threads = "\(options.threads) \(options.threads == 1 ? "thread" : "threads")"
      try StandardOutput.write(
        "training \(model), \(threads), \(set.rawValue), "
          + String(
            format: "batches of %d tokens in texts of %d, %.0f MB\n", tokens, length,
            Double(bytes) / 1e6)
          + Self.table.text(measurements))
    }
  }

  private static var table: TextTable<Measurement> {
    typealias Column = TextTable<Measurement>.Column
    func rate(_ value: Double) -> String { String(format: value < 1000 ? "%.1f" : "%.0f", value) }
    func number(_ heading: String, _ cell: @escaping (Measurement) -> String?) -> Column {
      Column(heading, isNumber: true) { cell($0) ?? "—" }
    }
    return TextTable(columns: [
      Column("part") { $0.part }, number("tokens/s") { rate($0.tokensPerSecond) },
      number("slowest to fastest") { "\(rate($0.slowest)) to \(rate($0.fastest))" },
      number("GFLOP/s") { $0.operationsPerSecond.map { String(format: "%.1f", $0 / 1e9) } },
      number("of the peak") { $0.peakShare.map { String(format: "%.0f %%", $0 * 100) } },
    ])
  }
}
