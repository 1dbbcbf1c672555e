import Decoding
import DecodingFixtures
import Foundation
import Testing

@testable import Reasoning
@testable import Traces

@Suite struct BudgetForcingTests {
  private static let pieces = [
    "Q: How many?\nA:", " One.", " Two.", " Three.", " The answer is", " 5", " 8", ".", " Wait,",
    "<end>",
  ]
  private static let question = TokenID(0)
  private static let marker = TokenID(4)
  private static let wait = TokenID(8)
  private static let end = TokenID(9)

  /// Thinks with an even chance of each thought or of ending its thinking, and answers 8 only
  /// once it has waited.
  static func model() -> TableLanguageModel {
    TableLanguageModel(name: "thoughts", pieces: pieces, end: end) { prefix in
      switch prefix.last {
      case marker: return prefix.contains(wait) ? [6: 1] : [5: 1]
      case 5, 6: return [7: 1]
      case 7: return [end: 1]
      default: return [1: 0.25, 2: 0.25, 3: 0.2, marker: 0.25, end: 0.05]
      }
    }
  }

  /// Says three thoughts, then the answer.
  static func script() -> TableLanguageModel {
    TableLanguageModel(name: "script", pieces: pieces, end: end) { prefix in
      switch prefix.last {
      case question, wait: return [1: 0.9, 2: 0.1]
      case 1, 2: return [TokenID((prefix.last ?? 0) + 1): 1]
      case marker: return prefix.contains(wait) ? [6: 1] : [5: 1]
      case 5, 6: return [7: 1]
      case 7: return [end: 1]
      default: return [marker: 0.8, 1: 0.2]
      }
    }
  }

  private func records(
    _ model: @escaping @Sendable () -> TableLanguageModel, budget: Int? = nil, waits: Int,
    temperature: Double = 0, seed: UInt64 = 1
  ) async -> [TraceRecord] {
    await StrategyBench(model: model).run(
      BudgetForcing(),
      RunSettings(
        seed: seed, temperature: temperature, maxTokens: 64, thinkingBudget: budget, waits: waits))
  }

  private func text(_ records: [TraceRecord]) throws -> String {
    try #require(Trace(records).runs[1]).text(ofPath: 0)
  }

  @Test(arguments: [
    (0, " One. Two. Three. The answer is 5.", 0),
    (1, " One. Two. Three. Wait, One. Two. Three. The answer is 8.", 1),
    (2, " One. Two. Three. Wait, One. Two. Three. Wait, One. Two. Three. The answer is 8.", 2),
  ])
  func endsAreTakenBack(waits: Int, expected: String, injected: Int) async throws {
    let records = await records(Self.script, waits: waits)
    #expect(try text(records) == expected)
    let run = try #require(Trace(records).runs[1])
    #expect(run.end?.answer == (waits == 0 ? "5" : "8"))
    // Three thoughts and the announcement each time, then the answer, the full stop and the end.
    #expect(
      run.end?.tokens
        == TokenCounts(
          prompt: 1, generated: 4 * (waits + 1) + 3, injected: injected,
          reused: run.end?.tokens.reused ?? 0))
  }

  @Test(arguments: [
    (0, " The answer is 5."), (1, " One. The answer is 5."),
    (3, " One. Two. Three. The answer is 5."),
    (4, " One. Two. Three. The answer is 5."),
    (5, " One. Two. Three. Wait, One. The answer is 8."),
  ])
  func aUsedUpBudgetAsksForTheAnswer(budget: Int, expected: String) async throws {
    let records = await records(Self.script, budget: budget, waits: 1)
    #expect(try text(records) == expected)
    // What asks is put in unless the model says it by itself.
    let injected = records.compactMap { record -> String? in
      guard case .injected(let injection) = record.event, injection.role == .strategy else {
        return nil
      }
      return String(decoding: injection.bytes, as: UTF8.self)
    }
    #expect(injected.contains(" The answer is") == (budget != 4))
  }

  @Test func whateverIsThoughtTheRulesHold() async throws {
    var natural = 0
    for seed in 1...30 as ClosedRange<UInt64> {
      let free = try text(await records(Self.model, waits: 0, temperature: 1, seed: seed))
      for waits in 0...3 {
        for budget in [0, 1, 2, 5, 9] {
          let records = await records(
            Self.model, budget: budget, waits: waits, temperature: 1, seed: seed)
          let run = try #require(Trace(records).runs[1])
          let text = run.text(ofPath: 0)
          let parts = text.components(separatedBy: " Wait,")
          #expect(parts.count - 1 <= waits)
          // The beginning is that of the run that is left alone.
          let first = parts[0].components(separatedBy: " The answer is")[0]
          #expect(free.hasPrefix(first))
          // Nothing is thought behind an answer.
          if let marker = text.range(of: " The answer is") {
            #expect(!text[marker.upperBound...].contains("Wait"))
            #expect(text.components(separatedBy: " The answer is").count == 2)
          }
          checkCounts(records, budget: budget)
          if run.paths[0]?.spans.contains(where: { $0.kind == .thinking }) == true { natural += 1 }
        }
      }
    }
    #expect(natural > 0)
  }

  /// Counts at the sampler, from the events.
  private func checkCounts(_ records: [TraceRecord], budget: Int) {
    var (chosen, thought, injected) = (0, 0, 0)
    var asks = false
    for record in records {
      switch record.event {
      case .node(let node):
        chosen += 1
        // The answer itself and what follows it are no thinking.
        if [5, 6, 7].contains(node.token.id) { asks = true }
        if !asks { thought += 1 }
      case .injected(let injection) where injection.role == .strategy:
        injected += injection.tokens.count
        asks = injection.tokens.last?.id == Self.marker
      case .finished(let end):
        #expect(end.tokens.generated == chosen)
        #expect(end.tokens.injected == injected)
      default: break
      }
    }
    #expect(thought <= budget)
  }

  /// How often the thinking is cut is what the table says: each token ends the thinking with a
  /// chance of .3, so that a budget of B cuts it with the chance .7^B.
  @Test func cutsAreAsFrequentAsEnumerated() async throws {
    for budget in [1, 3] {
      var cuts = 0
      for seed in 1...300 as ClosedRange<UInt64> {
        let records = await records(
          Self.model, budget: budget, waits: 0, temperature: 1, seed: seed)
        let isCut = records.contains { record in
          if case .injected(let injection) = record.event {
            injection.role == .strategy
          } else {
            false
          }
        }
        if isCut { cuts += 1 }
      }
      let exact = pow(0.7, Double(budget))
      #expect(abs(Double(cuts) / 300 - exact) < 4 * (exact * (1 - exact) / 300).squareRoot())
    }
  }

  /// Behind "Wait," the thinking goes on, even where the likeliest is to end at once.
  @Test func noThinkingEndsRightBehindWait() async throws {
    let model: @Sendable () -> TableLanguageModel = {
      TableLanguageModel(
        name: "tags", pieces: ["Q\n", "<think>", "</think>", " So.", " 8", " Wait,", "<end>"],
        end: 6
      ) { prefix in
        switch prefix.last {
        case 0: [1: 0.9, 4: 0.1]
        case 2: [4: 1]
        case 4: [6: 1]
        default: [2: 0.9, 3: 0.1]
        }
      }
    }
    let run = try await StrategyBench(model: model).trace(
      BudgetForcing(), RunSettings(thinkingBudget: 64, waits: 2))
    #expect(run.text(ofPath: 0) == "<think> Wait, So. Wait, So.</think> 8")
    #expect(run.end?.answer == "8")
    let cut = try await StrategyBench(model: model).trace(
      BudgetForcing(), RunSettings(thinkingBudget: 0, waits: 2))
    #expect(cut.text(ofPath: 0) == "<think></think> 8")
    #expect(cut.end?.answer == "8")
    // Looking whether the tags are used costs the prompt once, not twice.
    #expect(cut.end?.tokens.prompt == 1)
  }

  @Test func anAnswerWithoutThinkingStands() async throws {
    let model: @Sendable () -> TableLanguageModel = {
      TableLanguageModel(name: "short", pieces: ["Q\n", " 8", ".", " Wait,", "<end>"], end: 4) {
        $0.count == 1 ? [1: 1] : $0.count == 2 ? [2: 1] : [4: 1]
      }
    }
    let run = try await StrategyBench(model: model).trace(BudgetForcing(), RunSettings(waits: 3))
    #expect(run.text(ofPath: 0) == " 8.")
    #expect(run.end?.answer == "8")
    #expect(run.end?.tokens.injected == 0)
  }
}
