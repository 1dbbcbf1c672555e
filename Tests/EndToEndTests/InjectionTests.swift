import Decoding
import Engine
import Foundation
import Reasoning
import Synchronization
import Testing

@testable import Problems
@testable import Traces

/// A place in a text is the same however it was come to: by sampling, by putting text in, or by a fork
/// of another path. The model expects there what it would expect of the same text at once.
@Suite struct InjectionTests {
  private let model = ["--model", Program.model("q8_0-gqa-tied")]

  private func run(_ arguments: [String]) throws -> RunTrace {
    let result = try Program.run(
      ["run"] + model + ["--prompt", "abc abc", "--format", "jsonl", "--detail", "5"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    let records = try TraceFile.parse(Data(result.output.utf8), name: "run").records
    return try #require(Trace(records).runs[1])
  }

  /// Compares what is known behind each token of a path with the logits of a pass over the whole text.
  ///
  /// - Returns: how many places were compared.
  private func compare(_ line: [NodeID], of run: RunTrace) throws -> Int {
    let ids = line.compactMap { run.nodes[$0]?.token.id }
    let fresh = try Program.run(
      ["logits"] + model + ["--all", "--ids", ids.map { "\($0)" }.joined(separator: ",")])
    struct Rows: Decodable { var logits: [[Float]] }
    let rows = try fresh.json(Rows.self).logits
    #expect(rows.count == line.count)
    var places = 0
    for (index, node) in line.enumerated() {
      guard let known = run.distributions[node]?.summary else { continue }
      for (token, logit) in zip(known.tokens, known.logits) {
        #expect(rows[index][Int(token)] == logit)
      }
      places += 1
    }
    return places
  }

  @Test(arguments: [0, 1, 7]) func logitsBehindInjectedTextAreThoseOfAFreshPass(budget: Int) throws
  {
    let run = try run(["--strategy", "budget-forcing", "--thinking-budget", "\(budget)"])
    let line = run.line(to: try #require(run.paths[0]?.tip))
    #expect(try compare(line, of: run) > 0)
    // Some of what is compared stands behind the injected text.
    let place = try #require(line.lastIndex { run.nodes[$0]?.origin == .injected })
    #expect(place < line.count - 1)
    #expect(run.distributions[line[place]] != nil)
  }

  @Test func logitsBehindAForkAreThoseOfAFreshPass() throws {
    let run = try run(["--strategy", "beam", "--branches", "4", "--max-tokens", "10"])
    // Paths that part somewhere behind the prompt, and each of them to its end.
    let tips = Set(run.paths.values.compactMap(\.tip))
    #expect(tips.count >= 4)
    #expect((run.end?.tokens.reused ?? 0) > 0)
    for tip in tips {
      let line = run.line(to: tip)
      #expect(try compare(line, of: run) >= line.count - run.line(to: run.promptEnd).count)
    }
  }

  /// "Wait," at the cursor, in the middle of a line whose keys and values are cached: behind it the
  /// model expects, to the bit, what a model that has never seen anything else expects.
  @Test(arguments: ["q8_0-gqa-tied", "f32-gqa-untied"])
  func logitsBehindWaitAtTheCursorAreThoseOfAFreshModel(name: String) async throws {
    let path = Program.model(name)
    let decoder = Decoder(model: try ModelLoader.load(path: path), slots: 2)
    let question = Question(text: "abc abc", isRaw: true)
    let log = Mutex<[TraceRecord]>([])
    let exploration = Exploration(
      Run(
        number: 1, question: question, settings: RunSettings(), decoder: decoder,
        prompt: Prompt(text: question.text)
      ) { record in log.withLock { $0.append(record) } })
    let start = try exploration.begin()
    // The line goes on beyond the cursor, so that what comes next is cached as well.
    _ = try await exploration.goOn(from: start, sampling: .greedy, seed: 1, budget: 9)
    var run = try #require(Trace(log.withLock { $0 }).runs[1])
    let line = try #require(run.paths[0]?.nodes)
    #expect(line.count == 9)
    let said = line.prefix(4).compactMap { run.nodes[$0]?.token }
    let at = Mutex<NodeID?>(nil)
    try await exploration.wait(behind: start, depth: run.line(to: start).count, said: said) {
      node in at.withLock { $0 = node }
    }
    let end = try #require(at.withLock { $0 })
    let result = try #require(
      try await exploration.goOn(from: end, sampling: .greedy, seed: 1, budget: 5))
    run = try #require(Trace(log.withLock { $0 }).runs[1])
    let ids = run.tokens(to: result.end).map(\.id)
    let wait = run.line(to: result.end).filter { run.nodes[$0]?.origin == .injected }
    #expect(!wait.isEmpty)
    #expect(ids.count > run.tokens(to: end).count)
    for length in run.tokens(to: end).count...ids.count {
      let node = NodeID.root.appending(contentsOf: ids.prefix(length))
      let fresh = try ModelLoader.load(path: path).distribution(after: Array(ids.prefix(length)))
      let known = try await exploration.distribution(after: node)
      #expect(known.logits == fresh.logits)
    }
  }
}
