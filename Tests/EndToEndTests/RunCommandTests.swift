import Foundation
import Testing

@testable import Traces

/// `run` and what other programs rely on: its JSON Lines, its exit status, its manners in a pipe.
@Suite struct RunCommandTests {
  private static let model = ["--model", Program.model("q8_0-gqa-tied")]

  private func lines(_ arguments: [String]) throws -> [[String: Any]] {
    let result = try Program.run(["run", "--format", "jsonl"] + Self.model + arguments)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors == "")
    return try result.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test(arguments: [
    "greedy", "sample", "cot", "few-shot-cot", "cot-decoding", "self-consistency", "beam",
    "step-beam", "dvts", "lookahead", "mcts", "budget-forcing", "genrm", "self-correct",
    "analogical", "step-back", "retrieval",
  ])
  func events(_ strategy: String) throws {
    let events = try lines([
      "--strategy", strategy, "--question", "1?", "--prompting", "plain", "--samples", "3",
      "--branches", "3", "--max-tokens", "6",
    ])
    #expect(events.first?["event"] as? String == "header")
    #expect(events.dropFirst().first?["event"] as? String == "run")
    let kinds = events.compactMap { $0["event"] as? String }
    #expect(kinds.count == events.count)
    #expect(kinds.count { $0 == "finished" } == 1)
    #expect(kinds.last == "finished")
    let end = try #require(events.last)
    #expect(end["reason"] as? String == "completed")
    // Nobody said what the right answer is.
    #expect(end["correct"] is NSNull)
    #expect(end.keys.contains("answer"))
    let tokens = try #require(end["tokens"] as? [String: Int])
    #expect(Set(tokens.keys) == ["prompt", "generated", "injected", "reused"])
    #expect(tokens["generated"] == kinds.count { $0 == "node" })
    for tally in events where tally["event"] as? String == "tally" {
      #expect(tally["votes"] is [String: Double])
      #expect(tally["unparsed"] is Int)
      #expect(tally["method"] is String)
    }
  }

  /// A raw prompt has no answer to look for; a problem has one, right or wrong.
  @Test func answers() throws {
    let raw = try #require(try lines(["--prompt", "abc", "--max-tokens", "4"]).last)
    #expect(raw["answer"] is NSNull)
    #expect(raw["correct"] is NSNull)
    #expect((raw["tokens"] as? [String: Int])?["prompt"] == 3)
    let asked = try lines(["--problem", "apples", "--max-tokens", "4"])
    #expect(asked.last?["correct"] is Bool)
  }

  @Test func traceIsTheOutput() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let trace = folder.appending(path: "new folder/trace.jsonl").path
    let arguments = Self.model + ["--prompt", "abc", "--max-tokens", "6", "--trace", trace]
    let run = try Program.run(["run", "--format", "jsonl"] + arguments)
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(try String(contentsOfFile: trace, encoding: .utf8) == run.output)
    #expect(try Program.run(["replay", trace, "--format", "jsonl"]).output == run.output)
    let text = try Program.run(["run"] + arguments).output
    #expect(try Program.run(["replay", trace]).output.hasSuffix(text))
  }

  @Test func refusals() throws {
    for (arguments, fragment) in [
      ([], "--problem"), (["--prompt", ""], "--prompt"),
      (["--problem", "apples", "--prompt", "x"], "--prompt"), (["--problem", "pears"], "pears"),
      (["--problem", "compare/1/x"], "compare/1/x"), (["--problem", "pears/1/1"], "compare"),
      (["--strategy", "luck", "--prompt", "x"], "self-consistency"),
      (["--prompt", "x", "--max-tokens", "0"], "--max-tokens"),
      (["--prompt", "x", "--temperature", "-1"], "--temperature"),
      (["--prompt", "x", "--top-p", "nan"], "--top-p"),
      (["--prompt", "x", "--leaves", "0"], "--leaves"),
      (["--prompt", "x", "--lookahead", "-1"], "--lookahead"),
      (["--prompt", "x", "--exploration", "-1"], "--exploration"),
      (["--prompt", "x", "--seed", "-1"], "--seed"), (["--prompt", "x", "--format", "xml"], "xml"),
    ] {
      try Program.expectFailure(["run"] + Self.model + arguments, status: 64, saying: fragment)
    }
    try Program.expectFailure(
      ["run", "--prompting", "/no/such.txt", "--question", "x"] + Self.model, status: 66,
      saying: "/no/such.txt")
    try Program.expectFailure(
      ["run", "--prompt", String(repeating: "x", count: 200)] + Self.model, status: 65,
      saying: "200")
    try Program.expectFailure(
      ["run", "--prompt", "x", "--trace", "/proc/no/trace.jsonl"] + Self.model, status: 1,
      saying: "/proc/no/trace.jsonl")
  }

  /// The text does not depend on which path ends first: paths stand in the order of their numbers.
  @Test func pathsStandInOrder() throws {
    func text(parallel: Int) throws -> Substring {
      let result = try Program.run([
        "run", "--model", "0.2m", "--problem", "apples", "--strategy", "self-consistency",
        "--samples", "24", "--max-tokens", "40", "--parallel", "\(parallel)",
      ])
      #expect(result.status == 0, "\(result.errors)")
      // What was taken from the cache depends on it.
      return result.output.prefix(upTo: try #require(result.output.range(of: "tokens:")).lowerBound)
    }
    let wide = try text(parallel: 24)
    #expect(wide == (try text(parallel: 1)))
    let numbers = wide.matches(of: #/(?m)^ *(\d+)  \S/#).compactMap { Int($0.1) }
    #expect(numbers == Array(1...24))
    // What the share is of.
    #expect(wide.contains(#/majority of \d+ answers:/#))
  }

  /// Where a verifier ranks them, the first stands first.
  @Test func rankedPathsStandByRank() throws {
    let result = try Program.run([
      "run", "--model", "0.2m", "--problem", "apples", "--strategy", "best-of-n", "--verifier",
      "likelihood", "--samples", "12", "--max-tokens", "40",
    ])
    #expect(result.status == 0, "\(result.errors)")
    let scores = result.output.matches(of: #/likelihood (-?\d+\.\d+)/#).compactMap { Double($0.1) }
    #expect(scores.count == 12)
    #expect(scores == scores.sorted(by: >))
    #expect(scores.first != scores.last)
  }

  /// A prompt that spells the token with which texts begin is not given a second one.
  @Test func aPromptMayBringItsOwnBeginning() throws {
    func tokens(_ prompt: String) throws -> (ids: [Int], errors: String) {
      let result = try Program.run([
        "run", "--model", "0.2m", "--format", "jsonl", "--max-tokens", "1", "--prompt", prompt,
      ])
      let events = try result.output.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      let prompt = events.first { $0["event"] as? String == "injected" }
      return (prompt?["tokens"] as? [Int] ?? [], result.errors)
    }
    let plain = try tokens("Q: hi")
    let spelled = try tokens("<|endoftext|>Q: hi")
    #expect(plain.ids.count > 1)
    #expect(spelled.ids == plain.ids)
    #expect(plain.errors == "")
    #expect(spelled.errors.contains("<|endoftext|>"))
    // A second one that is asked for is there.
    let twice = try tokens("<|endoftext|><|endoftext|>Q: hi")
    #expect(twice.ids.count == plain.ids.count + 1)
  }

  // MARK: Pipes and signals

  /// A run that takes long, with its output in a file.
  private func start(in folder: URL, through pipe: String = "") throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments =
      [
        "-c", "{ \"$@\" 2>errors; echo $? >status; } \(pipe) >output", "sh", Program.url.path,
        "run", "--format", "jsonl", "--strategy", "self-consistency", "--samples", "50000",
        "--max-tokens", "30", "--prompt", "abc",
      ] + Self.model
    process.currentDirectoryURL = folder
    try process.run()
    return process
  }

  private func text(_ name: String, in folder: URL) -> String {
    (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
  }

  @Test func closedPipe() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = try start(in: folder, through: "| head -n 1")
    process.waitUntilExit()
    #expect(text("status", in: folder) == "0\n")
    #expect(text("errors", in: folder) == "")
    #expect(text("output", in: folder).hasPrefix(#"{"event":"header""#))
  }

  /// Every command that takes long prints what it has, and says by its status that it was stopped.
  @Test(arguments: [SIGINT, SIGTERM], ["eval", "scale"])
  func interruptedMeasuring(signal: Int32, command: String) throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = Program.url
    process.arguments =
      (command == "eval"
        // An hour's work: it must not be over before a busy machine sends the signal.
        ? ["eval", "--strategy", "self-consistency", "--samples", "4000"]
        : ["scale", "--study", "samples", "--samples", "40"])
      + [
        "--model", "0.2m", "--family", "coin", "--count", "4000", "--max-tokens", "30",
        "--prompting", "plain",
      ]
    process.environment = ProcessInfo.processInfo.environment
      .merging(["XDG_STATE_HOME": folder.path]) { _, new in new }
    let output = folder.appending(path: "output")
    try Data().write(to: output)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = FileHandle.nullDevice
    try process.run()
    // A command that is ready for the signal has a handler of its own.
    let file = "/proc/\(process.processIdentifier)/status"
    func isReady() -> Bool {
      let state = String(
        decoding: (try? FileHandle(forReadingAtPath: file)?.readToEnd()) ?? Data(), as: UTF8.self)
      let line = state.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
      let mask = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
      return mask >> UInt64(signal - 1) & 1 == 1
    }
    let deadline = Date(timeIntervalSinceNow: 120)
    // The thread is kept: a task that sleeps would wait behind all other tests, which this command slows.
    while !isReady(), process.isRunning, Date() < deadline { usleep(20_000) }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 128 + signal)
    #expect(text("output", in: folder).contains("accuracy"))
  }

  @Test(arguments: [SIGINT, SIGTERM]) func interrupted(_ signal: Int32) throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = Program.url
    process.arguments =
      [
        "run", "--format", "jsonl", "--strategy", "self-consistency", "--samples", "50000",
        "--max-tokens", "30", "--prompt", "abc", "--trace", folder.appending(path: "trace").path,
      ] + Self.model
    let output = folder.appending(path: "output")
    try Data().write(to: output)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = FileHandle.nullDevice
    try process.run()
    let deadline = Date(timeIntervalSinceNow: 120)
    while !text("output", in: folder).contains("path_finished"), Date() < deadline {
      usleep(20_000)
    }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 128 + signal)
    let end = try #require(text("output", in: folder).split(separator: "\n").last)
    #expect(end.contains(#""event":"finished""#))
    #expect(end.contains(#""reason":"cancelled""#))
    // The file says nothing twice; folded, the two are the same.
    let traces = try ["trace", "output"].map {
      Trace(try TraceFile.read(folder.appending(path: $0)).records)
    }
    #expect(traces[0] == traces[1])
  }
}
