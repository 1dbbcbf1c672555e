import Decoding
import Foundation
import Reasoning
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
}
