import Foundation
import Reasoning
import Testing

@testable import Traces

/// The names and the JSON of the commands, which scripts rely on.
@Suite struct ContractTests {
  private func object(_ text: some StringProtocol) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  static let commands = [
    "play", "run", "eval", "problems", "strategies", "models", "themes", "info", "tokenize",
    "template", "logits", "replay", "grade", "train", "recipes", "pull",
  ]

  @Test(arguments: commands) func help(_ command: String) throws {
    let result = try Program.run([command, "--help"])
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(result.output.contains("USAGE: ponder \(command)"))
    #expect(try Program.run(["--help"]).output.contains("  \(command) "))
    try Program.expectFailure([command, "--no-such"], status: 64, saying: "ponder help")
  }

  @Test func evaluation() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let arguments = [
      "eval", "--model", Program.model("q8_0-gqa-tied"), "--strategy", "greedy,self-consistency",
      "--prompting", "plain", "--max-tokens", "3", "--samples", "2",
    ]
    func rows(_ more: String...) throws -> [[String: Any]] {
      let result = try Program.run(arguments + ["--format", "json"] + more)
      #expect(result.status == 0, "\(result.errors)")
      let report = try object(result.output)
      #expect(report["model"] as? String == "q8_0-gqa-tied")
      return try #require(report["results"] as? [[String: Any]])
    }
    let measured = try rows("--family", "decimals", "--count", "2")
    #expect(
      measured.map { "\($0["strategy"] ?? "") \($0["family"] ?? "")" } == [
        "greedy decimals", "greedy all", "self-consistency decimals", "self-consistency all",
      ])
    for row in measured {
      #expect(row["correct"] is Int)
      #expect(row["total"] as? Int == 2)
      #expect(row["seconds"] is Double)
      #expect((0...1).contains(try #require(row["accuracy"] as? Double)))
      let interval = try #require(row["ci95"] as? [Double])
      #expect(interval.count == 2)
      #expect(interval[0] <= interval[1])
      #expect(row["generated_tokens"] is Int)
    }
    // GSM8K's own form.
    let file = folder.appending(path: "gsm8k.jsonl")
    let line = #"{"question": "What is 1 + 1?", "answer": "1 + 1 = <<1+1=2>>2\n#### 2"}"#
    try Data("\(line)\n\(line)\n\(line)\n".utf8).write(to: file)
    #expect(try rows("--problems", file.path).allSatisfy { $0["total"] as? Int == 3 })
    let table = try Program.run(arguments + ["--family", "decimals", "--count", "1"])
    #expect(table.status == 0)
    #expect(table.output.contains("self-consistency"))
    for (more, fragment) in [
      ([], "--family"), (["--family", "pears"], "compare"),
      (["--family", "coin", "--count", "0"], "--count"),
      (["--family", "coin", "--problems", "x"], "--problems"),
      (["--family", "coin", "--split", "x"], "--split"),
    ] { try Program.expectFailure(arguments + more, status: 64, saying: fragment) }
  }

  @Test func verification() throws {
    let arguments = [
      "eval", "--model", Program.model("q8_0-gqa-tied"), "--family", "decimals", "--count", "2",
      "--samples", "2", "--max-tokens", "3", "--rationales", "1", "--prompting", "plain",
    ]
    let judged = try Program.run(
      arguments + ["--metric", "auc", "--verifier", "prm,genrm", "--format", "json"])
    #expect(judged.status == 0, "\(judged.errors)")
    let report = try object(judged.output)
    #expect(report["metric"] as? String == "auc")
    #expect(report["model"] is String)
    let rows = try #require(report["results"] as? [[String: Any]])
    #expect(Set(rows.compactMap { $0["verifier"] as? String }) == ["prm", "genrm"])
    #expect(Set(rows.compactMap { $0["family"] as? String }) == ["decimals", "all"])
    #expect(Set(rows.compactMap { $0["target"] as? String }) == ["solution", "step"])
    for row in rows {
      #expect(row["positives"] is Int)
      #expect(row["negatives"] is Int)
      #expect(row["coverage"] is Double)
      guard row["source"] as? String == "corrupted", row["target"] as? String == "solution" else {
        continue
      }
      // The words that ask for a rationale do not fit into this model's 128 tokens.
      let isJudged = row["verifier"] as? String == "prm"
      #expect(row["coverage"] as? Double == (isJudged ? 1 : 0))
      #expect((row["auc"] as? Double).map((0...1).contains) == (isJudged ? true : nil))
      #expect((row["ci95"] as? [Double])?.count == (isJudged ? 2 : nil))
      #expect(row["positives"] as? Int == (isJudged ? 2 : 0))
    }
    let ranked = try Program.run(
      arguments + ["--strategy", "best-of-n", "--verifier", "prm,orm", "--format", "json"])
    let results = try #require(try object(ranked.output)["results"] as? [[String: Any]])
    #expect(results.compactMap { $0["verifier"] as? String } == ["prm", "prm", "orm", "orm"])
    for row in results {
      for key in ["majority", "oracle", "gain"] {
        #expect(row[key] is Double)
        #expect((row["\(key)_ci95"] as? [Double])?.count == 2)
      }
    }
    try Program.expectFailure(arguments + ["--verifier", "x"], status: 64, saying: "--verifier")
    try Program.expectFailure(
      [
        "run", "--model", Program.model("q8_0-gqa-tied"), "--problem", "apples", "--verifier",
        "all",
      ],
      status: 64, saying: "one --verifier")
  }

  @Test func problems() throws {
    let list = try Program.run(["problems", "--family", "list"])
    let families = list.output.split(separator: "\n").compactMap {
      $0.split(separator: "\t").first.map(String.init)
    }
    #expect(list.status == 0)
    #expect(families.count >= 8)
    #expect(families.contains("compare"))
    for family in families {
      let result = try Program.run(["problems", "--family", family, "--count", "3", "--seed", "91"])
      #expect(result.status == 0)
      #expect(result.errors == "")
      let problems = try result.output.split(separator: "\n").map { try object($0) }
      #expect(problems.count == 3)
      for (index, problem) in problems.enumerated() {
        #expect(problem["id"] as? String == "\(family)/91/\(index)")
        #expect(problem["family"] as? String == family)
        #expect(problem["level"] is Int)
        #expect(problem["answer"] is String)
        #expect(problem["steps"] is [String])
      }
      // An id makes the problem by itself, whatever else is made.
      let id = "\(family)/91/2"
      let run = try Program.run([
        "run", "--model", Program.model("q8_0-gqa-tied"), "--problem", id, "--max-tokens", "1",
        "--format", "jsonl",
      ])
      // The tiny model's context is too short for some of them.
      guard run.status == 0 else {
        #expect(run.status == 65 && run.errors.contains("context"), "\(run.errors)")
        continue
      }
      let question =
        try run.output.split(separator: "\n").lazy.map { try self.object($0) }
        .first { $0["event"] as? String == "run" }?["question"] as? [String: Any]
      #expect(question?["text"] as? String == problems[2]["question"] as? String)
    }
    for (arguments, fragment) in [
      (["--family", "pears"], "compare"), ([], "--family"),
      (["--family", "coin", "--count", "-1"], "--count"),
      (["--family", "coin", "--level", "99"], "level"),
      (["--family", "coin", "--split", "x"], "heldout"),
    ] { try Program.expectFailure(["problems"] + arguments, status: 64, saying: fragment) }
  }

  /// Another value than the default for each setting, as it is typed.
  private func value(_ setting: Setting) -> String {
    switch setting {
    case .prompting: "plain"
    case .template: "none"
    case .thinking: "on"
    case .temperature, .exploration: "1.5"
    case .topP, .minP: "0.5"
    case .aggregate: "prod"
    case .weighting: "delta"
    case .verifier: "orm"
    case .vote: "weighted"
    case .earlyStop: "likely"
    case .corpus: Program.fixtures.path
    case .with, .verifierModel: "0.2m"
    case .combine: "votes"
    case .date: "2024-02-29"
    default: "3"
    }
  }

  /// Each setting that a strategy can heed is an option of that name, and is kept in the trace.
  @Test(arguments: SettingTable.standard)
  func everySettingIsAnOption(setting: Setting) throws {
    let isFlag = setting == .answerOverTime
    let result = try Program.run(
      [
        "run", "--model", Program.model("q8_0-gqa-tied"), "--strategy", "greedy", "--prompt", "abc",
        "--format", "jsonl", "--\(setting.name)",
      ] + (isFlag ? [] : [value(setting)]) + (setting == .maxTokens ? [] : ["--max-tokens", "2"]))
    #expect(result.status == 0, "\(result.errors)")
    let line = try #require(result.output.split(separator: "\n").first { $0.contains(#""run""#) })
    let run = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    let settings = try #require(run["settings"] as? [String: Any])
    let kept = settings[setting.name.replacingOccurrences(of: "-", with: "_")]
    let wanted = value(setting)
    switch kept {
    case let text as String: #expect(text == wanted)
    case let number as NSNumber:
      #expect(isFlag ? number.boolValue : number.doubleValue == Double(wanted))
    default: Issue.record("\(setting.name) is not in \(settings)")
    }
  }

  @Test func strategies() throws {
    let names = [
      "greedy", "sample", "cot", "few-shot-cot", "cot-decoding", "self-consistency", "best-of-n",
      "beam", "step-beam", "dvts", "lookahead", "mcts", "budget-forcing", "genrm", "self-correct",
      "analogical", "step-back", "retrieval", "ensemble",
    ]
    let text = try Program.run(["strategies"])
    #expect(text.status == 0)
    #expect(text.errors == "")
    for name in names { #expect(text.output.contains("\(name)\n")) }
    let rows = try #require(
      try JSONSerialization.jsonObject(
        with: Data(try Program.run(["strategies", "--format", "json"]).output.utf8))
        as? [[String: Any]])
    #expect(Set(names).isSubset(of: rows.compactMap { $0["name"] as? String }))
  }

  /// `strategies NAME` prints the strategy's page as it stands in the folder of samples.
  @Test func guidePages() throws {
    let folder = Program.fixtures.deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Samples/Guide")
    for name in ["greedy", "mcts"] {
      let result = try Program.run(["strategies", name])
      #expect(result.status == 0)
      #expect(result.errors == "")
      let page = try String(contentsOf: folder.appending(path: "\(name).md"), encoding: .utf8)
      #expect(result.output == page)
    }
    try Program.expectFailure(
      ["strategies", "no-such"], status: 64,
      saying: "There is no strategy \"no-such\"; choose one of")
    try Program.expectFailure(
      ["strategies", "mcts", "--format", "json"], status: 64, saying: "page is text")

    let home = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: home) }
    let environment = ["PONDER_HOME": home.path]
    try Program.expectFailure(
      ["strategies", "mcts"], status: 66, saying: "Samples/Guide", environment: environment)
    try FileManager.default.createDirectory(
      at: home.appending(path: "Samples/Guide"), withIntermediateDirectories: true)
    try Program.expectFailure(
      ["strategies", "mcts"], status: 66, saying: "mcts.md", environment: environment)
  }
}
