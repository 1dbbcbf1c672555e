import Engine
import EngineFixtures
import Foundation
import Testing

@testable import ponder

/// The words of the command line: names that do not exist, values that begin with a dash, settings
/// that do not fit each other.
@Suite struct CommandWordTests {
  private static let model = ["--model", Program.model("q8_0-gqa-tied")]

  @Test func version() throws {
    for arguments in [["--version"], ["run", "--version"]] {
      let result = try Program.run(arguments)
      #expect(result.status == 0)
      #expect(result.errors == "")
      #expect(result.output.wholeMatch(of: #/ponder \d+\.\d+\.\d+\n/#) != nil)
    }
  }

  /// Whatever is named, the nearest name there is is offered.
  @Test(arguments: [
    ("rnu --prompt x", 64, "did you mean run?"), ("help evla", 64, "did you mean eval?"),
    ("help nope", 64, "“nope”"), ("help run nope", 64, "nope"), ("nope", 64, "“nope”"),
    ("run --strategy gredy", 64, "did you mean greedy?"),
    ("play --strategy self_consistancy", 64, "did you mean self-consistency?"),
    ("strategies mtcs", 64, "did you mean mcts?"),
    ("eval --family compre", 64, "did you mean compare?"),
    ("run --problem compre/1/1", 64, "did you mean compare?"),
    ("run --problem aples", 64, "did you mean apples?"),
    ("run --problem template/totl/3,dad,2,more,apples", 64, "did you mean total?"),
    ("run --prompt x --sampels 3", 64, "--samples"),
    ("info --model thnk", 66, "did you mean think?"),
    ("themes ponder-drak", 66, "did you mean ponder-dark?"),
  ])
  func aNameThatDoesNotExist(line: String, status: Int32, saying: String) throws {
    try Program.expectFailure(
      line.split(separator: " ").map(String.init), status: status, saying: saying)
  }

  @Test(arguments: [
    ("help", 0), ("help run", 0), ("help help", 0), ("--help", 0), ("run --help", 0),
  ])
  func helpOnWhatExists(line: String, status: Int32) throws {
    let result = try Program.run(line.split(separator: " ").map(String.init))
    #expect(result.status == status)
    #expect(result.output.contains("USAGE"))
  }

  @Test func valuesMayBeginWithADash() throws {
    typealias Words = CommandWords
    #expect(Words.joiningValues(["run", "--samples", "-3"]) == ["run", "--samples=-3"])
    #expect(Words.joiningValues(["--top-p", "-.5", "x"]) == ["--top-p=-.5", "x"])
    #expect(
      Words.joiningValues(["--question", "-2 + 5 = ?"]) == ["--question=-2 + 5 = ?"])
    for words in [
      ["run", "--all", "--samples", "3"], ["-h"], ["tokenize", "-3"], ["tokenize", "--", "-3"],
      ["--samples=2", "-3"], ["run", "--prompt", "--", "-3"], [],
    ] { #expect(Words.joiningValues(words) == words) }
    try Program.expectFailure(
      ["run", "--prompt", "x", "--samples", "-3"] + Self.model, status: 64,
      saying: "samples must be a whole number from 1 to 1000000, not “-3”")
    let asked = try Program.run(
      ["run", "--question", "-2 + 5 = ?", "--max-tokens", "1"] + Self.model)
    #expect(asked.status == 0, "\(asked.errors)")
    #expect(asked.output.contains("-2 + 5 = ?"))
  }

  /// Nothing is rounded or left out in silence.
  @Test(arguments: [
    ("run --prompt x --strategy step-beam --samples 7 --branches 4", "4 or 8"),
    ("run --prompt x --strategy dvts --samples 3", "--samples"),
    ("run --prompt x --strategy lookahead --branches 3", "15 or 18"),
    ("play --strategy step-beam --samples 7", "--branches"),
    ("run --prompt x --strategy cot-decoding --aggregate prod", "sum, max"),
    ("run --prompt x --strategy mcts --aggregate sum", "min, last, prod, mean"),
    ("run --prompt x --detail -1", "--detail"),
    ("eval --family coin --strategy beam --branches 3 --token-budget 50", "--branches"),
    ("eval --family coin --strategy self-consistency --samples 3 --token-budget 50", "--samples"),
    ("scale --family coin --study thinking --waits 3", "--waits"),
    ("scale --family coin --study strategies --aggregate min", "sum, max"),
  ])
  func settingsThatDoNotFitAreRefused(line: String, saying: String) throws {
    try Program.expectFailure(
      line.split(separator: " ").map(String.init) + Self.model, status: 64, saying: saying)
  }

  @Test(arguments: [
    "--strategy step-beam --samples 6 --branches 3", "--strategy mcts --samples 3 --branches 2",
    "--strategy cot-decoding --branches 3 --aggregate max", "--strategy greedy --samples 7",
  ])
  func settingsThatFitAreHeeded(line: String) throws {
    let result = try Program.run(
      ["run", "--prompt", "abc", "--max-tokens", "3"] + line.split(separator: " ").map(String.init)
        + Self.model)
    #expect(result.status == 0, "\(result.errors)")
  }

  /// A metric that finds nothing to follow says so instead of printing an empty table.
  @Test func aMetricWithoutAnythingToFollowIsRefused() throws {
    try Program.expectFailure(
      [
        "eval", "--model", "0.2m", "--family", "compare", "--count", "2", "--metric", "over-time",
        "--strategy", "greedy",
      ], status: 64, saying: "--prompting think")
  }

  // MARK: info

  @Test func infoOfAFileIsForPeopleAndOfAnOptionForScripts() throws {
    let path = Program.model("f32-mha-tied")
    let text = try Program.run(["info", path])
    #expect(text.status == 0)
    #expect(text.output.contains("architecture     llama\n"))
    #expect(text.output.contains(path))
    let json = try Program.run(["info", "--model", path]).output
    #expect(json.hasPrefix("{"))
    #expect(try Program.run(["info", path, "--format", "json"]).output == json)
    #expect(
      try Program.run(["info", "--model", path, "--format", "text"]).output == text.output)
    #expect(try Program.run(["info", "think"]).output.contains("</think>"))
    try Program.expectFailure(["info", path, "--model", path], status: 64, saying: "once")
    try Program.expectFailure(["info", "/no/such.gguf"], status: 66, saying: "/no/such.gguf")
  }

  /// Opening a FIFO would wait for somebody to write to it.
  @Test func aFIFOIsNoModel() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "fifo.gguf").path
    try #require(mkfifo(path, 0o600) == 0)
    for arguments in [["info", path], ["run", "--prompt", "x", "--model", path]] {
      try Program.expectFailure(arguments, status: 66, saying: "not a regular file")
    }
  }
}
