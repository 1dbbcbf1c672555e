import Foundation
import Testing

/// `bench --compare`: two runs side by side, as text and as JSON.
@Suite struct BenchCommandTests {
  private struct Report: Decodable {
    struct Result: Decodable {
      struct Earlier: Decodable {
        var tokensPerSecond: Double
        var ratio: Double
        var withinNoise: Bool
      }
      var test: String
      var branches: Int
      var tokensPerSecond: Double
      var bytesPerSecond: Double?
      var bandwidthShare: Double?
      var earlier: Earlier?
    }
    var threads: Int
    var results: [Result]
    var readBandwidth: Double
    var weightBytes: Int
    var kv: String
  }

  private let bench = [
    "bench", "--model", Program.model("q8_0-gqa-tied"), "--prompt-tokens", "24", "--generate", "4",
    "--branches", "1,2", "--rounds", "2", "--threads", "1", "--kv", "f32",
  ]

  @Test func comparing() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try Program.run(bench)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors == "")
    let before = try first.json(Report.self)
    #expect(before.threads == 1)
    #expect(before.kv == "f32")
    #expect(before.weightBytes > 0)
    #expect(before.readBandwidth > 1e8)
    #expect(before.results.map { $0.bytesPerSecond != nil } == [false, true, true])
    #expect(before.results.allSatisfy { $0.earlier == nil })
    let file = folder.appending(path: "before.json")
    try Data(first.output.utf8).write(to: file)
    let now = try Program.run(bench + ["--compare", file.path]).json(Report.self)
    for (one, other) in zip(now.results, before.results) {
      let earlier = try #require(one.earlier)
      #expect(earlier.tokensPerSecond == other.tokensPerSecond)
      #expect(abs(earlier.ratio - one.tokensPerSecond / other.tokensPerSecond) < 1e-9)
    }
    let text = try Program.run(
      Array(bench.dropLast(2)) + ["--compare", file.path, "--format", "text"])
    #expect(text.status == 0)
    #expect(text.output.contains("ratio"))
    #expect(text.output.split(separator: "\n").count >= 5)
    // What else differs is said, so that nobody takes it for the program's doing.
    #expect(text.errors.contains("kv f32, now f16"))
  }

  @Test func filesThatCannotBeComparedWith() throws {
    try Program.expectFailure(
      bench + ["--compare", "/no/such.json"], status: 66, saying: "no file /no/such.json")
    try Program.expectFailure(
      bench + ["--compare", Program.model("q8_0-gqa-tied")], status: 65, saying: "--format json")
  }

  private struct TrainingPart: Decodable {
    var part: String
    var tokensPerSecond: Double
    var peakShare: Double?
    var threads: Int
    var batch: Int
    var bytes: Int
  }

  @Test("bench --training measures each part, as JSON Lines and as a table")
  func training() throws {
    let bench = [
      "bench", "--training", "--model", "0.2m", "--threads", "1", "--rounds", "1", "--batch", "64",
      "--length", "16",
    ]
    let result = try Program.run(bench)
    #expect(result.status == 0, "\(result.errors)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let parts = try result.output.split(separator: "\n").map {
      try decoder.decode(TrainingPart.self, from: Data($0.utf8))
    }
    #expect(parts.map(\.part) == ["forward", "backward", "optimizer", "training"])
    #expect(parts.allSatisfy { $0.tokensPerSecond > 0 && $0.threads == 1 && $0.batch == 64 })
    #expect(parts.map { $0.peakShare != nil } == [true, true, false, true])
    // Five numbers for each of 172 352 weights, and the rows.
    #expect(parts.allSatisfy { $0.bytes > 5 * 172_352 * 4 })
    let text = try Program.run(bench + ["--format", "text"])
    #expect(text.status == 0)
    #expect(text.output.contains("of the peak"))
    #expect(text.output.split(separator: "\n").count == 6)
  }

  @Test("a quantised model is refused for training")
  func trainingQuantised() throws {
    try Program.expectFailure(
      ["bench", "--training", "--model", Program.model("q8_0-gqa-tied")], status: 65,
      saying: "its weights are quantised (Q8_0)")
  }

  /// `make bench` with programs in llama.cpp's place that print what it would.
  @Test func theTableBesideLlamaCpp() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    func tool(_ name: String, _ script: String) throws {
      let path = folder.appending(path: name).path
      try "#!/bin/sh\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    // Slow in prefill, fast in decoding.
    try tool(
      "llama-bench",
      """
      echo '[ { "build_commit": "abc1234",'
      echo '"n_prompt": 24,'; echo '"n_gen": 0,'; echo '"avg_ts": 0.500000,' ; echo '}, {'
      echo '"n_prompt": 0,'; echo '"n_gen": 4,'; echo '"avg_ts": 9000000000.000000,'; echo '} ]'
      """)
    try tool(
      "llama-batched-bench",
      """
      case "$*" in *-no-kvu*) best=7 ;; *) best=5 ;; esac
      for paths in 8 40; do
        echo '{"pl": '$paths', "speed_pp": 1.0, "speed_tg": '$best$paths'.5, "t": 1}'
      done
      """)
    let out = folder.appending(path: "BENCHMARKS.md").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      Program.fixtures.deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".ci/bench").path, Program.url.path,
      "odd=\(Program.model("q8_0-gqa-tied"))",
    ]
    process.environment = ProcessInfo.processInfo.environment.merging([
      "LLAMA_CPP_BIN": folder.path, "BENCH_ROUNDS": "1", "BENCH_THREADS": "1",
      "BENCH_PROMPT": "24", "BENCH_GENERATE": "4", "BENCH_OUT": out,
      "BENCH_RESULTS": folder.appending(path: "bench.tsv").path,
    ]) { $1 }
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let table = try String(contentsOfFile: out, encoding: .utf8)
    func row(_ test: String) throws -> [String] {
      let line = try #require(
        table.split(separator: "\n").first { $0.contains("| \(test) |") }.map { String($0) })
      return line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let prefill = try row("prefill")
    #expect(prefill[0] == "odd")
    #expect(prefill[3] == "0.5")
    #expect(prefill[5] == "1.5")
    #expect(!prefill[4].contains("✗"))
    // Bad ratios are shown and marked; of the two kinds of cache the better counts.
    #expect(try row("1 path")[4] == "0.00 ✗")
    #expect(try row("40 paths")[3] == "740")
    #expect(table.contains("| odd | Q8_0 |"))
    #expect(table.contains("abc1234"))
  }
}
