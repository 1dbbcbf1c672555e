import Decoding
import Engine
import Foundation
import Reasoning
import Synchronization
import Testing

/// What is put into a path changes nothing else: behind it the model expects what it would expect
/// of the same text at once.
@Suite struct InjectionTests {
  @Test(arguments: [0, 1, 7]) func logitsBehindInjectedTextAreThoseOfAFreshPass(budget: Int) throws
  {
    let model = ["--model", Program.model("q8_0-gqa-tied")]
    let result = try Program.run(
      ["run"] + model + [
        "--prompt", "abc abc", "--strategy", "budget-forcing", "--thinking-budget", "\(budget)",
        "--format", "jsonl", "--detail", "5",
      ])
    #expect(result.status == 0, "\(result.errors)")
    let records = try TraceFile.parse(Data(result.output.utf8), name: "run").records
    let run = try #require(Trace(records).runs[1])
    let path = try #require(run.paths[0])
    let end = try #require(path.tip)
    let ids = run.tokens(to: end).map(\.id)
    let fresh = try Program.run(
      ["logits"] + model + ["--all", "--ids", ids.map { "\($0)" }.joined(separator: ",")])
    struct Rows: Decodable { var logits: [[Float]] }
    let rows = try fresh.json(Rows.self).logits
    #expect(rows.count == ids.count)
    // Some of what is compared stands behind the injected text.
    let line = run.line(to: end)
    let place = try #require(line.lastIndex { run.nodes[$0]?.origin == .injected })
    #expect(place < line.count - 1)
    for (index, node) in line.enumerated() {
      guard let known = run.distributions[node]?.summary else { continue }
      for (token, logit) in zip(known.tokens, known.logits) {
        #expect(rows[index][Int(token)] == logit)
      }
    }
    #expect(run.distributions[line[place]] != nil)
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
    #expect(!wait.isEmpty && ids.count > run.tokens(to: end).count)
    for length in run.tokens(to: end).count...ids.count {
      let node = NodeID.root.appending(contentsOf: ids.prefix(length))
      let fresh = try ModelLoader.load(path: path).distribution(after: Array(ids.prefix(length)))
      let known = try await exploration.distribution(after: node)
      #expect(known.logits == fresh.logits)
    }
  }
}
