import Foundation
import Testing

/// What the techniques leave behind for scripts: marks in the events, and the reports of `eval`.
@Suite struct TechniqueTests {
  private static let model = ["--model", Program.model("q8_0-gqa-tied")]
  private static let other = Program.model("f16-gqa-tied")

  private func lines(_ arguments: [String]) throws -> [[String: Any]] {
    let result = try Program.run(["run", "--format", "jsonl"] + Self.model + arguments)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors == "")
    return try result.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test func anEnsembleHasTwoModelsHashes() throws {
    let events = try lines([
      "--strategy", "ensemble", "--with", Self.other, "--prompt", "abc", "--max-tokens", "6",
    ])
    let runs = events.filter { $0["event"] as? String == "run" }
    let hashes = runs.dropFirst().compactMap { ($0["model"] as? [String: Any])?["hash"] as? String }
    #expect(runs.count == 3)
    #expect(Set(hashes).count == 2)
    #expect(events.last?["event"] as? String == "finished")
    #expect(events.last?["run"] == nil)
    let tally = events.last { $0["event"] as? String == "tally" && $0["run"] == nil }
    #expect(tally?["method"] as? String == "majority")
    let nodes = events.count { $0["event"] as? String == "node" }
    #expect((events.last?["tokens"] as? [String: Int])?["generated"] == nodes)
  }

  @Test func aMixtureIsOneModelOfTwo() throws {
    let events = try lines([
      "--strategy", "ensemble", "--combine", "mixture", "--with", Self.other, "--prompt", "abc",
      "--max-tokens", "6",
    ])
    let runs = events.filter { $0["event"] as? String == "run" }
    let hash = try #require((runs.first?["model"] as? [String: Any])?["hash"] as? String)
    #expect(runs.count == 1)
    #expect(hash.split(separator: "+").count == 2)
  }

  @Test func modelsThatCannotVoteAreRefusedInOneLine() throws {
    let run = ["run", "--strategy", "ensemble", "--prompt", "abc"] + Self.model
    try Program.expectFailure(
      run + ["--with", Program.model("q8_0-gqa-tied")], status: 1, saying: "same weights")
    try Program.expectFailure(run + ["--with", "no-such"], status: 66, saying: "no-such")
    try Program.expectFailure(
      run + ["--combine", "mixture", "--with", "0.2m"], status: 64,
      saying: "vocabularies")
  }

  @Test func aVoteThatIsDecidedSaysSo() throws {
    let events = try lines([
      "--strategy", "self-consistency", "--prompt", "abc", "--samples", "9", "--max-tokens", "4",
      "--temperature", "0", "--early-stop", "decided",
    ])
    let tallies = events.filter {
      $0["event"] as? String == "tally" && $0["method"] as? String == "majority"
    }
    // All say the same, if they say anything: five of nine decide.
    let answered = tallies.last.flatMap { $0["votes"] as? [String: Any] }?.isEmpty == false
    #expect(tallies.count == (answered ? 5 : 9))
    let stopped = tallies.last?["stopped"] as? [String: Any]
    #expect((stopped != nil) == answered)
    #expect(stopped?["after"] as? Int == (answered ? 5 : nil))
  }

  @Test func answersOverTimeAreMeasured() throws {
    let result = try Program.run(
      ["eval"] + Self.model + [
        "--metric", "over-time", "--strategy", "greedy", "--prompting", "plain", "--family",
        "decimals", "--count", "2", "--max-tokens", "12", "--format", "json",
      ])
    #expect(result.status == 0, "\(result.errors)")
    struct Report: Decodable {
      struct Row: Decodable {
        var strategy, family: String
        var paths: Int
        var curve: [Double]
        var rise: Double
        var ci95: [Double]
        var flat: Double
      }
      var metric: String
      var shares: [Double]
      var results: [Row]
    }
    let report = try result.json(Report.self)
    #expect(report.metric == "over-time")
    #expect(report.shares == [0, 0.25, 0.5, 0.75, 1])
    for row in report.results {
      #expect(row.curve.count == 5)
      #expect(row.curve.allSatisfy { (0...1).contains($0) })
      #expect(row.paths > 0)
      #expect(row.ci95.count == 2)
      #expect((0...1).contains(row.flat))
    }
  }

  @Test func aStrategyIsHeldAgainstAVoteAtEqualTokens() throws {
    let eval =
      ["eval"] + Self.model + [
        "--strategy", "self-correct", "--prompting", "plain", "--family", "decimals", "--count",
        "2", "--max-tokens", "8", "--equal-tokens",
      ]
    struct Report: Decodable {
      struct Row: Decodable {
        var spentTokens, equalTokenVoteTokens, rightToWrong, wrongToRight: Int
        var equalTokenVote: Double
        var equalTokenVoteCi95: [Double]
      }
      var results: [Row]
    }
    let result = try Program.run(eval + ["--format", "json"])
    #expect(result.status == 0, "\(result.errors)")
    let report = try result.json(Report.self)
    #expect(report.results.count == 2)
    for row in report.results {
      #expect((0...1).contains(row.equalTokenVote))
      #expect(row.equalTokenVoteCi95.count == 2)
      // Looking again takes at least what the first look took.
      #expect(row.equalTokenVoteTokens > 0)
      #expect(row.equalTokenVoteTokens <= row.spentTokens)
    }
    let table = try Program.run(eval)
    #expect(table.output.contains("vote at equal tokens"))
    try Program.expectFailure(eval + ["--metric", "auc"], status: 64, saying: "--equal-tokens")
  }

  @Test func retrievedPassagesAreCitedByTheirBytes() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = "One is odd.\n\nTwo is even.\n"
    try Data(text.utf8).write(to: folder.appending(path: "facts.txt"))
    let events = try lines([
      "--strategy", "retrieval", "--question", "Is two odd?", "--corpus", folder.path,
      "--passages", "1", "--max-tokens", "6",
    ])
    let found = try #require(events.first { $0["event"] as? String == "retrieved" })
    let (start, end) = (try #require(found["start"] as? Int), try #require(found["end"] as? Int))
    #expect(found["source"] as? String == "facts.txt")
    #expect(found["first"] is String)
    let cited = String(decoding: Array(text.utf8)[start..<end], as: UTF8.self)
    #expect(["One is odd.", "Two is even."].contains(cited))
    try Program.expectFailure(
      ["run"] + Self.model + [
        "--strategy", "retrieval", "--question", "x", "--corpus", "/no/such",
      ], status: 66, saying: "/no/such")
  }
}
