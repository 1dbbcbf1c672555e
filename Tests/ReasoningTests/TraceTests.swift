import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@testable import Problems
@testable import Reasoning
@testable import Traces

/// Runs a strategy on the apples table and returns what it leaves.
func records(
  of strategy: any Strategy, settings: RunSettings = RunSettings(), slots: Int = 8,
  previous: RunTrace? = nil
) async -> [TraceRecord] {
  let decoder = Decoder(model: TableLanguageModel.apples, slots: slots)
  let prompt = decoder.model.vocabulary.token(0).text
  let all = Mutex<[TraceRecord]>([TraceRecord(.header(TraceHeader()))])
  await strategy.run(
    Question(text: prompt, gold: "8", kind: .number, isRaw: true), settings: settings,
    decoder: decoder, library: PromptLibrary(directory: ""), previous: previous
  ) { record in all.withLock { $0.append(record) } }
  return all.withLock { $0 }
}

@Suite struct TraceCodingTests {
  @Test func everyKindOfEventSurvivesTheFile() throws {
    let node = NodeID.root.appending(3)
    let events: [TraceEvent] = [
      .header(TraceHeader()),
      .run(
        RunStart(
          strategy: "greedy",
          model: ModelIdentity(
            name: "m", hash: "00", architecture: "llama", fileType: "F16", isa: "generic"),
          seed: .max, question: Question(text: "why?", gold: "8", kind: .number),
          settings: RunSettings(seed: .max, topP: 0.9))),
      .node(
        NodeEvent(
          id: node, parent: .root, path: 2, token: Token(id: 3, bytes: [0xE4, 0xBD]),
          logProbability: -0.25,
          candidates: Candidates(
            summary: DistributionSummary(
              tokens: [3, 4], logits: [1.5, -.infinity], tailCount: 0, tailLogSumExp: [],
              logSumExp: 1.5, entropy: 0), bytes: [[0xE4, 0xBD], Array("x".utf8)]))),
      .node(
        NodeEvent(
          id: node, parent: .root, path: 2, token: Token(id: 3, bytes: []), logProbability: nil,
          why: "not computed")),
      .injected(
        Injection(
          role: .strategy, path: 1, parent: .root, end: node,
          tokens: [Token(id: 3, bytes: Array("Wait,".utf8))])),
      .span(Span(kind: .answer, path: 1, first: node, last: node, value: "8")),
      .score(Score(kind: .delta, path: 1, node: node, value: 0.5, terms: [0.25, 0.75])),
      .visit(Visit(iteration: 1, node: node, visits: 2, q: 0.5, prior: 0.25, u: 0.125)),
      .backup(Backup(iteration: 1, node: node, value: 1, visits: 3, q: 0.75)),
      .pruned(Pruning(node: node, path: 4, why: "beam", kind: .prm, value: 0.1)),
      .pruned(
        Pruning(
          node: node, path: 4, why: "rank 5 of 4", kind: .likelihood, value: -1.5,
          token: Token(id: 3, bytes: [0xE4, 0xBD]), parent: .root)),
      .fork(PathFork(path: 5, from: 4, node: node)),
      .pathFinished(PathEnd(path: 1, end: node, reason: "stop", answer: nil, generated: 7)),
      .tally(Tally(method: .majority, votes: ["8": 2, "5": 1], unparsed: 1, order: ["5", "8"])),
      .edit(Edit(action: .undo, node: node)),
      .finished(
        RunEnd(
          reason: .completed, answer: nil, correct: nil,
          tokens: TokenCounts(prompt: 1, generated: 2, injected: 3, reused: 4))),
    ]
    for (index, event) in events.enumerated() {
      let record = TraceRecord(run: index % 3 + 1, event)
      let line = try TraceCoding.line(record)
      #expect(try TraceCoding.record(fromLine: line) == record)
      #expect(!line.contains(UInt8(ascii: "\n")))
    }
  }

  @Test func theFixedJSONIsAsDocumented() throws {
    func object(_ event: TraceEvent) throws -> [String: Any] {
      let line = try TraceCoding.line(TraceRecord(event))
      return try #require(JSONSerialization.jsonObject(with: line) as? [String: Any])
    }
    let tally = try object(
      .tally(Tally(method: .majority, votes: ["8": 27, "5": 13], unparsed: 0, order: ["5", "8"])))
    #expect(tally["event"] as? String == "tally")
    #expect(tally["votes"] as? [String: Int] == ["8": 27, "5": 13])
    #expect(tally["unparsed"] as? Int == 0)
    let finished = try object(
      .finished(RunEnd(reason: .completed, answer: nil, correct: nil, tokens: TokenCounts())))
    #expect(finished["answer"] is NSNull)
    #expect(finished["correct"] is NSNull)
    #expect(
      finished["tokens"] as? [String: Int]
        == ["prompt": 0, "generated": 0, "injected": 0, "reused": 0])
  }

  @Test func eventsOfLaterVersionsAreKeptAndSkipped() throws {
    let line = Data(#"{"event":"teleported","run":3,"to":[1,2.5,null,"x"],"deep":{"a":true}}"#.utf8)
    let record = try TraceCoding.record(fromLine: line)
    guard case .unknown = record.event else {
      Issue.record("an unknown event was taken for a known one")
      return
    }
    let written = try TraceCoding.line(record)
    #expect(
      try JSONDecoder().decode(JSONValue.self, from: written)
        == JSONDecoder().decode(JSONValue.self, from: line))
    #expect(Trace([record]).runs[3]?.nodes.isEmpty ?? true)
  }
}

@Suite struct TraceFoldTests {
  @Test(arguments: [1, 2, 7, 40])
  func theFoldDoesNotDependOnTheNumberOfSlots(slots: Int) async {
    for strategy: any Strategy in [SelfConsistency(), CoTDecoding(), Sample()] {
      let settings = RunSettings(samples: 20, branches: 5)
      let wide = Trace(await records(of: strategy, settings: settings, slots: 13))
      let narrow = Trace(await records(of: strategy, settings: settings, slots: slots))
      #expect(wide == narrow)
    }
  }

  @Test func aTraceReadBackIsEqual() async throws {
    let written = await records(of: SelfConsistency(), settings: RunSettings(samples: 12))
    let file = try TraceFile.parse(TraceCoding.lines(written), name: "t")
    #expect(Trace(file.records) == Trace(written))
    #expect(file.records == written)
  }

  @Test func textPutInTakesThePathBack() {
    let (a, b, c) = (
      NodeID.root.appending(1), NodeID.root.appending(contentsOf: [1, 2]), 3 as TokenID
    )
    func node(_ id: NodeID, _ parent: NodeID, _ token: TokenID) -> TraceEvent {
      .node(
        NodeEvent(
          id: id, parent: parent, path: 0, token: Token(id: token, bytes: [0x61]),
          logProbability: -1))
    }
    var run = RunTrace()
    run.apply(node(a, .root, 1))
    run.apply(node(b, a, 2))
    run.apply(
      .injected(
        Injection(
          role: .strategy, path: 0, parent: a, end: a.appending(c),
          tokens: [Token(id: c, bytes: [0x62])])))
    #expect(run.paths[0]?.nodes == [a, a.appending(c)])
    #expect(run.nodes[b] != nil, "what was sampled stays in the tree")
    #expect(run.text(ofPath: 0) == "ab")
  }

  @Test func thePartingTokenIsTheFirstDifference() async throws {
    let trace = Trace(await records(of: CoTDecoding(), settings: RunSettings(branches: 5)))
    let run = try #require(trace.runs[1])
    #expect(run.partingIndex(of: 0, and: 1) == 0)
    #expect(run.partingIndex(of: 2, and: 2) == run.paths[2]?.nodes.count)
  }
}
