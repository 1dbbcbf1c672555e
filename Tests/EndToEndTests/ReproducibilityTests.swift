import Foundation
import Reasoning
import Testing

/// Same seed, same bytes: what users who compare runs rely on.
@Suite struct ReproducibilityTests {
  static let model = Program.model("q8_0-gqa-tied")

  func trace(_ strategy: String, threads: Int, parallel: Int) throws -> String {
    let result = try Program.run([
      "run", "--model", Self.model, "--strategy", strategy, "--prompt", "abc abc", "--samples",
      "12", "--branches", "6", "--max-tokens", "24", "--temperature", "1", "--seed", "7",
      "--threads", "\(threads)", "--parallel", "\(parallel)", "--format", "jsonl",
    ])
    #expect(result.status == 0, "\(result.errors)")
    return result.output
  }

  @Test(arguments: ["greedy", "sample", "cot-decoding", "self-consistency"])
  func threadsDoNotChangeAByte(strategy: String) throws {
    let one = try trace(strategy, threads: 1, parallel: 5)
    #expect(one == (try trace(strategy, threads: 2, parallel: 5)))
    #expect(one == (try trace(strategy, threads: 3, parallel: 5)))
    #expect(one.contains(#""event":"finished""#))
  }

  @Test(arguments: ["sample", "cot-decoding", "self-consistency"])
  func slotsDoNotChangeTheFoldedTrace(strategy: String) throws {
    func folded(_ text: String) throws -> Trace {
      Trace(try TraceFile.parse(Data(text.utf8), name: strategy).records)
    }
    let narrow = try folded(try trace(strategy, threads: 2, parallel: 1))
    for parallel in [3, 12, 40] {
      #expect(try folded(try trace(strategy, threads: 2, parallel: parallel)) == narrow)
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
