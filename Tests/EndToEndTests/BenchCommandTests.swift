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
    #expect(first.status == 0 && first.errors == "", "\(first.errors)")
    let before = try first.json(Report.self)
    #expect(before.threads == 1 && before.kv == "f32" && before.weightBytes > 0)
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
    #expect(text.status == 0 && text.output.contains("ratio"))
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
}
