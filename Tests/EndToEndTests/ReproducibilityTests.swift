import Foundation
import Reasoning
import Testing

@testable import Traces

/// Same seed, same bytes: what users who compare runs rely on.
@Suite struct ReproducibilityTests {
  static let model = Program.model("q8_0-gqa-tied")

  func trace(_ strategy: String, threads: Int, parallel: Int) throws -> String {
    let result = try Program.run(
      [
        "run", "--model", Self.model, "--strategy", strategy, "--samples", "6", "--branches", "3",
        "--max-tokens", "16", "--seed", "7", "--threads", "\(threads)", "--parallel",
        "\(parallel)", "--format", "jsonl",
      ] + own(strategy))
    #expect(result.status == 0, "\(result.errors)")
    return result.output
  }

  /// What a strategy needs to find something to do with a model of random weights.
  private func own(_ strategy: String) -> [String] {
    switch strategy {
    case "retrieval": ["--question", "abc abc"]
    case "ensemble": ["--prompt", "abc abc", "--with", Program.model("f16-gqa-tied")]
    case "best-of-n", "genrm": ["--prompt", "abc abc", "--rationales", "2"]
    case "mcts": ["--prompt", "abc abc", "--leaves", "3", "--temperature", "1"]
    default: ["--prompt", "abc abc", "--temperature", "1", "--answer-over-time"]
    }
  }

  /// At one width the same bytes at any number of threads; at any width the same folded trace.
  @Test(arguments: StrategyRegistry.names)
  func neitherThreadsNorSlotsChangeATrace(strategy: String) throws {
    func folded(_ text: String) throws -> Trace {
      Trace(try TraceFile.parse(Data(text.utf8), name: strategy).records)
    }
    let one = try trace(strategy, threads: 1, parallel: 5)
    #expect(one == (try trace(strategy, threads: 3, parallel: 5)))
    #expect(one.contains(#""event":"finished""#))
    #expect(one.contains(#""event":"node""#))
    let known = try folded(one)
    for parallel in [1, 12] {
      #expect(try folded(try trace(strategy, threads: 2, parallel: parallel)) == known)
    }
  }

  @Test func anotherSeedGivesAnotherTrace() throws {
    func output(_ seed: String) throws -> String {
      try Program.run([
        "run", "--model", Self.model, "--strategy", "sample", "--prompt", "abc", "--max-tokens",
        "24", "--temperature", "1", "--seed", seed,
      ]).output
    }
    #expect(try output("1") != (try output("2")))
  }
}
