import ArgumentParser
import Engine
import Foundation
import TerminalUI
import Training

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure how fast the engine is here.",
    discussion: """
      One path decodes from an empty context; several start after a shared prompt. The rate is \
      the sum over paths, and the median of several rounds. GB/s counts what decoding reads of weights, \
      keys and values, also as a share of the read bandwidth that is measured here with the same number of \
      threads; a small model that fits in the caches can exceed it. With --repaint the playground itself is \
      measured: the time from a key to the picture that shows it, while paths stream. With --training \
      the model is trained (on arbitrary tokens, and forgotten): tokens a second forward, backward, in the \
      optimizer and in all, and what share of the additions and multiplications that the threads can do at \
      most; as JSON, a line for each.
      """)

  @OptionGroup var model: ModelOptions
  @Option(help: "Tokens of the prompt.") var promptTokens = 512
  @Option(help: "Tokens each path generates.") var generate = 128
  @Option(help: ArgumentHelp("Numbers of paths.", valueName: "1,8,40")) var branches = "1,8,40"
  @Option(help: "Timed rounds of each test.") var rounds = 3
  @Option(
    help: ArgumentHelp(
      "Compares this run with an earlier one, saved with --format json > FILE.", valueName: "file"))
  var compare: String?
  @Flag(help: "Measure the time from a key to its picture instead.") var repaint = false
  @Option(help: "With --repaint: how many keys.") var keys = 200
  @Flag(help: "Measure training instead; with --repaint, keys while the model trains.")
  var training = false
  @Option(help: "With --training: tokens of a batch.") var batch = 4096
  @Option(help: "With --training: tokens of each text of a batch.") var length = 128
  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .json

  func validate() throws {
    guard (1...1_000_000).contains(promptTokens), (1...1_000_000).contains(generate),
      (1...1000).contains(rounds), (1...100_000).contains(keys)
    else {
      throw ValidationError("--prompt-tokens, --generate, --rounds and --keys must be 1 or more.")
    }
    guard (2...1_000_000).contains(length), (length...10_000_000).contains(batch) else {
      throw ValidationError("--length must be 2 or more, and --batch at least as much.")
    }
    guard branchCounts.allSatisfy({ (1...4096).contains($0 ?? 0) }) else {
      throw ValidationError("--branches must be a list of numbers, such as 1,8,40.")
    }
  }

  private var branchCounts: [Int?] {
    branches.split(separator: ",", omittingEmptySubsequences: false).map {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
  }

  func run() throws {
    if repaint { return try measureRepaint() }
    if training {
      return try TrainingBenchmark(tokens: batch, length: length, rounds: rounds)
        .print(model.path(), options: model.engineOptions, format)
    }
    let benchmark = EngineBenchmark(
      promptTokens: promptTokens, generatedTokens: generate,
      branches: branchCounts.compactMap { $0 }, rounds: rounds)
    // A file that cannot be compared with is told before the minutes of measuring.
    let earlier = try compare.map(Self.report)
    let loaded = try ModelLoader.load(path: model.path(), options: model.engineOptions)
    let line = ProgressLine()
    var report = try benchmark.run(loaded) { progress in
      switch progress {
      case .bandwidth: line.show("read bandwidth", done: 0, of: 1)
      case .round(let test, let branches, let done, let total):
        line.show(branches > 1 ? "\(test), \(branches) paths" : test, done: done, of: total)
      case .measured(let measurement):
        line.clear()
        guard isatty(STDERR_FILENO) == 1 else { return }
        let cells = Self.table(compares: false).cells(of: measurement)
        StandardError.write(cells.joined(separator: "  ") + "\n")
      }
    }
    line.clear()
    if let earlier {
      report = report.compared(with: earlier)
      for difference in report.differences(from: earlier) {
        StandardError.tell("not the same: \(difference).")
      }
    }
    switch format {
    case .json: try StandardOutput.writeJSON(report)
    case .text: try StandardOutput.write(Self.text(report))
    }
  }

  /// An earlier run, as `--format json` printed it.
  ///
  /// - Throws: `UserError.missingFile`, `.badData`.
  private static func report(_ path: String) throws -> EngineBenchmark.Report {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UserError.missingFile("There is no file \(path) to compare with.")
    }
    do {
      return try JSONDecoder().decode(EngineBenchmark.Report.self, from: data)
    } catch {
      throw UserError.badData(
        "\(path) is not what 'ponder bench --format json' prints; save that to compare with it.")
    }
  }

  // MARK: The table

  private static func text(_ report: EngineBenchmark.Report) -> String {
    let compares = report.results.contains { $0.earlier != nil }
    let isNoisy = report.results.contains { $0.earlier?.isWithinNoise == true }
    return heading(report) + "\n" + table(compares: compares).text(report.results)
      + (isNoisy ? "≈ the rounds of both runs overlap: the difference may be chance\n" : "")
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

  private static func table(compares: Bool) -> TextTable<EngineBenchmark.Measurement> {
    typealias Column = TextTable<EngineBenchmark.Measurement>.Column
    func rate(_ value: Double) -> String { String(format: value < 1000 ? "%.1f" : "%.0f", value) }
    func number(_ heading: String, _ cell: @escaping (EngineBenchmark.Measurement) -> String?)
      -> Column
    { Column(heading, isNumber: true) { cell($0) ?? "—" } }
    let columns = [
      Column("test") { $0.test }, number("tokens") { "\($0.tokens)" },
      number("paths") { "\($0.branches)" }, number("tokens/s") { rate($0.tokensPerSecond) },
      number("slowest to fastest") { "\(rate($0.slowest)) to \(rate($0.fastest))" },
      number("GB/s") { $0.bytesPerSecond.map { String(format: "%.1f", $0 / 1e9) } },
      number("of bandwidth") { $0.bandwidthShare.map { String(format: "%.0f %%", $0 * 100) } },
    ]
    guard compares else { return TextTable(columns: columns) }
    return TextTable(
      columns: columns + [
        number("earlier") { $0.earlier.map { rate($0.tokensPerSecond) } },
        number("slowest to fastest") {
          $0.earlier.map { "\(rate($0.slowest)) to \(rate($0.fastest))" }
        },
        number("ratio") {
          $0.earlier.map { String(format: "%.2f ", $0.ratio) + ($0.isWithinNoise ? "≈" : " ") }
        },
      ])
  }

  // MARK: Keys

  private struct Repaint: Encodable {
    var test = "repaint"
    var paths, keys: Int
    var medianMilliseconds, p99Milliseconds, worstMilliseconds: Double
  }

  private func measureRepaint() throws {
    let paths = training ? 0 : branchCounts.compactMap { $0 }.max() ?? 40
    let latencies = RepaintBenchmark(
      opener: EngineOpener(options: model.engineOptions, parallel: max(1, paths)),
      path: try model.path(), prompts: try .bundled(),
      theme: try Themes.library().theme(ThemeLibrary.defaultName, depth: .trueColor),
      paths: paths, keys: keys, trains: training
    ).run().sorted()
    func percentile(_ share: Double) -> Double {
      guard !latencies.isEmpty else { return 0 }
      let index = Int((share * Double(latencies.count)).rounded(.up)) - 1
      return latencies[min(latencies.count - 1, max(0, index))] * 1000
    }
    let result = Repaint(
      paths: paths, keys: latencies.count, medianMilliseconds: percentile(0.5),
      p99Milliseconds: percentile(0.99), worstMilliseconds: percentile(1))
    switch format {
    case .json: try StandardOutput.writeJSON(result)
    case .text:
      let work = training ? "in training" : "\(result.paths) paths"
      try StandardOutput.writeLine(
        String(
          format: "key to repaint, \(work): median %.1f ms, p99 %.1f ms, worst %.1f ms",
          result.medianMilliseconds, result.p99Milliseconds,
          result.worstMilliseconds))
    }
  }
}
