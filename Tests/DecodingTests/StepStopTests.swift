import Decoding
import DecodingFixtures
import Synchronization
import Testing

/// Paths that end where a step of a solution does.
@Suite struct StepStopTests {
  /// Says a script, token by token.
  private func steps(_ script: [String]) async -> [(text: String, reason: FinishReason)] {
    let pieces = ["Q"] + script + ["<end>"]
    let end = TokenID(script.count + 1)
    let model = TableLanguageModel(name: "script", pieces: pieces, end: end) { prefix in
      [TokenID(prefix.count): 1]
    }
    let decoder = Decoder(model: model, slots: 2)
    var node = decoder.insert([0])
    var steps: [(text: String, reason: FinishReason)] = []
    var stop = StopRule(endTokens: [end], stopSequences: ["!!"])
    stop.endsAtStep = true
    repeat {
      let results = await decoder.decode([
        Continuation(start: node, path: 0, sampler: GreedySampler(), stop: stop, budget: 40)
      ])
      guard let result = results.first, steps.count < 20 else { break }
      node = result.end
      let bytes = result.tokens.flatMap { model.vocabulary.bytes(of: $0) }
      steps.append((String(decoding: bytes, as: UTF8.self), result.reason))
    } while steps.last?.reason == .step
    return steps
  }

  @Test(arguments: [
    ([" So", " 5", ".", " Then", " 8", "."], [" So 5.", " Then 8."]),
    // No space behind the full stop, no end of a sentence.
    (["9", ".", "11", ".", " b"], ["9.11.", " b"]),
    // One token may end a sentence and begin the next line.
    ([" a", ".\n", "b", "."], [" a.\n", "b."]),
    ([" a.", " b.", "\nc."], [" a.", " b.", "\nc."]),
    ([" a", " b"], [" a b"]),
  ])
  func aStepEndsBeforeTheSpaceBehindItsFullStop(script: [String], texts: [String]) async {
    let steps = await steps(script)
    #expect(steps.map(\.text) == texts)
    #expect(steps.dropLast().allSatisfy { $0.reason == .step })
    #expect(steps.last?.reason == .endOfText)
  }

  @Test func otherEndsComeFirst() async {
    let steps = await steps([" a.", " b!", "!", " c."])
    #expect(steps.map(\.text) == [" a.", " b!!"])
    #expect(steps.last?.reason == .stopSequence("!!"))
  }
}
