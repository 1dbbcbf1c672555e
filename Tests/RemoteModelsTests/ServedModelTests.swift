import Decoding
import DecodingFixtures
import Foundation
import Problems
import RemoteModels
import Serving
import Synchronization
import Testing

@testable import Reasoning
@testable import Traces

/// A table that is served, over sockets, is the table: the same tokens, log-probabilities and votes.
@Suite(.serialized) struct ServedModelTests {
  /// Serves a table while a test runs.
  private func serving(
    _ table: TableLanguageModel, slots: Int = 4, _ test: (RemoteAddress) async throws -> Void
  ) async throws {
    let server = APIServer(
      ModelService(table, slots: slots), name: "table", chat: nil, build: "test")
    let listener = try HTTPListener(
      host: "127.0.0.1", port: 0, refusal: APIServer.refusal, handler: { await server.answer($0) })
    let task = Task { try await listener.run() }
    do {
      try await test(RemoteAddress("http://127.0.0.1:\(listener.port)/v1"))
    } catch {
      task.cancel()
      throw error
    }
    task.cancel()
    try await task.value
  }

  /// Does what blocks where it keeps no task from running.
  private func onThread<Result: Sendable>(
    _ work: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { resume in
      Thread.detachNewThread { resume.resume(with: Swift.Result { try work() }) }
    }
  }

  /// - Parameter vocabulary: nil for the server's own, which is asked over the network.
  private func open(
    _ address: RemoteAddress, _ vocabulary: (any Vocabulary)?
  ) async throws -> RemoteModel {
    var options = RemoteOptions()
    options.vocabulary = vocabulary
    // The machine may be busy: nothing is given up only because a thread was slow.
    options.patience.interest = 30
    options.patience.idleInterest = 30
    let given = options
    return try await onThread { try RemoteModel(address, options: given) }
  }

  private func run(
    _ strategy: any Strategy, _ model: any LanguageModel, _ settings: RunSettings
  ) async throws -> RunTrace {
    let decoder = Decoder(model: model, slots: 8)
    let question = Question(
      text: TableLanguageModel.apples.vocabulary.token(0).text, gold: "8", kind: .number,
      isRaw: true)
    let log = Mutex<[TraceRecord]>([])
    await strategy.run(
      question, settings: settings, decoder: decoder, library: PromptLibrary(directory: "")
    ) { record in log.withLock { $0.append(record) } }
    let records = log.withLock { $0 }
    return try #require(Trace(records).runs[1])
  }

  private func equal(_ one: RunTrace, _ other: RunTrace) {
    #expect(one.end?.answer == other.end?.answer)
    #expect(one.paths.keys.sorted() == other.paths.keys.sorted())
    for (number, path) in one.paths {
      #expect(path.nodes == other.paths[number]?.nodes)
      #expect(path.answer == other.paths[number]?.answer)
    }
    for (id, node) in one.nodes {
      guard let a = node.logProbability, let b = other.nodes[id]?.logProbability else { continue }
      #expect(a == b || abs(a - b) < 1e-6)
    }
    #expect(one.tally(.majority)?.votes == other.tally(.majority)?.votes)
  }

  @Test func strategiesOnAServedTableAreThoseOnTheTable() async throws {
    let settings = RunSettings(samples: 12, temperature: 1)
    try await serving(.apples) { address in
      let remote = try await open(address, TableLanguageModel.apples.vocabulary)
      #expect(remote.capabilities.isComplete)
      for strategy in [Greedy(), CoTDecoding(), SelfConsistency()] as [any Strategy] {
        equal(
          try await run(strategy, remote, settings),
          try await run(strategy, TableLanguageModel.apples, settings))
      }
    }
  }

  /// Ids, bytes and ends are told by the server; nothing of the table is known here.
  @Test func theServersOwnVocabularyIsTheTables() async throws {
    let table = TableLanguageModel.apples
    try await serving(table) { address in
      let remote = try await open(address, nil)
      let vocabulary = remote.vocabulary
      #expect(vocabulary.count == table.vocabulary.count)
      #expect(vocabulary.endOfText == table.vocabulary.endOfText)
      for id in 0..<TokenID(vocabulary.count) {
        #expect(vocabulary.bytes(of: id) == table.vocabulary.bytes(of: id))
        #expect(vocabulary.isControl(id) == table.vocabulary.isControl(id))
      }
      let ids = try await onThread { () throws in vocabulary.tokenize(continuing: " 8 10.") }
      #expect(ids == table.vocabulary.tokenize(continuing: " 8 10."))
    }
  }

  /// A trace keeps that a distribution was not told whole, at any detail; one that was is written as ever.
  @Test(arguments: [2, 64])
  func aSavedListSaysThatItIsAPart(detail: Int) throws {
    let vocabulary = TableLanguageModel.apples.vocabulary
    let listed = [1: 0.5, 7: 0.25, 8: 0.125].map {
      (token: TokenID($0.key), logProbability: Foundation.log($0.value))
    }
    let part = TokenDistribution(listed: listed, vocabularySize: vocabulary.count)
    let event = NodeEvent(
      id: NodeID.root.appending(1), parent: .root, path: 0, token: vocabulary.token(1),
      logProbability: part.knownLogProbability(of: 1),
      candidates: Candidates(part, detail: detail, vocabulary: vocabulary))
    let record = TraceRecord(.node(event))
    let line = try TraceCoding.line(record)
    #expect(try TraceCoding.record(fromLine: line) == record)
    #expect(event.candidates?.summary.listedCount == 3)
    #expect(event.candidates?.summary.tailLogSumExp.isEmpty == true)
    let isReadQuickly = line.withUnsafeBytes {
      TraceRecord(nodeIn: $0.assumingMemoryBound(to: UInt8.self)) == record
    }
    #expect(isReadQuickly)
  }

  /// A server that is gone is said so on the path that wanted it, in a sentence.
  @Test func aServerThatIsGoneEndsThePath() async throws {
    let closed = Noted<RemoteModel?>(nil)
    try await serving(.apples) { address in
      var options = RemoteOptions()
      options.vocabulary = TableLanguageModel.apples.vocabulary
      options.patience.wait = { _ in }
      let given = options
      let model = try await onThread { try RemoteModel(address, options: given) }
      closed.withLock { $0 = model }
    }
    let model = try #require(closed.value)
    let decoder = Decoder(model: model, slots: 2)
    let start = decoder.insert([0])
    let results = await decoder.decode([
      Continuation(
        start: start, path: 0, sampler: GreedySampler(), stop: StopRule(endTokens: []), budget: 4)
    ])
    guard case .failed(let why) = results.first?.reason else {
      Issue.record("\(String(describing: results.first?.reason))")
      return
    }
    #expect(why.contains("cannot be reached"))
  }
}
