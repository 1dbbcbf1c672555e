import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing
import Traces

@testable import Serving

/// Loads that are put on servers of this process, and what is told of them.
@Suite struct LoadTestTests {
  /// Runs a server of the table for as long as some work takes.
  private func serving<Result>(
    _ answer: (@Sendable (HTTPRequest) async -> HTTPResponse)? = nil,
    _ work: (ServerAddress) async throws -> Result
  ) async throws -> Result {
    let server = APIServer(
      ModelService(APIServerTests.table(), slots: 4), name: "table", chat: nil, build: "test")
    let listener = try HTTPListener(
      host: "127.0.0.1", port: 0, refusal: APIServer.refusal,
      handler: answer ?? { await server.answer($0) })
    let task = Task { try await listener.run() }
    defer { task.cancel() }
    return try await work(ServerAddress(host: "127.0.0.1", port: listener.port))
  }

  private static let plan = LoadPlan(
    pattern: .all, requests: 5, promptTokens: 6, outputTokens: 4,
    levels: ServiceLevels(timeToFirst: 1e6, timePerToken: 1e6))

  private static func part(_ server: ServerAddress) -> LoadTest.Part {
    LoadTest.Part(
      LoadServing(name: "\(server)", basis: .measured, layout: .colocated(1)),
      .target { try await HTTPLoadTarget(server, plan: $0, salt: 1) })
  }

  /// What a load tells, and what it comes to.
  private func run(
    _ plan: LoadPlan, _ parts: [LoadTest.Part], rates: [Double] = []
  ) async throws -> (events: [LoadEvent], told: [[RequestTimes]], progress: [LoadTest.Progress]) {
    let events = Mutex<[LoadEvent]>([])
    let progress = Mutex<[LoadTest.Progress]>([])
    let told = try await LoadTest(plan, parts, rates: rates).run { event in
      events.withLock { $0.append(event) }
    } advance: { step in
      progress.withLock { $0.append(step) }
    }
    return (events.withLock { $0 }, told, progress.withLock { $0 })
  }

  private static func trace(_ events: some Sequence<LoadEvent>) -> LoadTrace {
    var trace = LoadTrace()
    for event in events { trace.apply(event) }
    return trace
  }

  // MARK: Measuring

  /// Prompts and answers have as many tokens as was asked for, and nothing fails.
  @Test func aServerGivesAllTokens() async throws {
    try await serving { server in
      let (events, told, progress) = try await run(Self.plan, [Self.part(server)])
      #expect(told.map(\.count) == [5])
      for times in told.joined() {
        #expect(times.failure == nil)
        #expect(times.prompt == 6)
        #expect(times.outputTokens == 4)
        #expect(times.tokens == times.tokens.sorted())
        #expect((times.tokens.first ?? -1) >= times.sent)
      }
      let trace = Self.trace(events)
      #expect(trace.requests(of: 0).map(\.times) == told[0])
      #expect(trace.over == 5)
      #expect(trace.end == LoadEnd(.completed))
      #expect(progress.map(\.done).max() == 5)
      #expect(progress.allSatisfy { $0.total == 5 })
    }
  }

  /// Further rates are points and no requests.
  @Test func furtherRatesArePoints() async throws {
    try await serving { server in
      var plan = Self.plan
      (plan.pattern, plan.rate) = (.even, 1000)
      let (events, _, _) = try await run(plan, [Self.part(server)], rates: [2000, 500])
      let trace = Self.trace(events)
      #expect(trace.points(of: 0).map(\.rate) == [500, 1000, 2000])
      #expect(trace.points(of: 0).map(\.met) == [5, 5, 5])
      #expect(trace.requests(of: 0).compactMap(\.times.failure) == [])
      #expect(trace.requests(of: 0).count == 5)
    }
  }

  /// What a server refuses is a failure of each request with the server's own words.
  @Test func refusalsAreToldAsTheServerWordsThem() async throws {
    let answer: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      guard request.path == "/v1/completions" else { return HTTPResponse(.notFound) }
      return APIError(.unavailable, "far too busy").response
    }
    try await serving(answer) { server in
      let (_, told, _) = try await run(Self.plan, [Self.part(server)])
      #expect(told[0].count == 5)
      for times in told[0] { #expect(times.failure?.contains("503: far too busy") == true) }
      let report = LoadReport(told[0], levels: Self.plan.levels)
      #expect(report.failed == 5)
      #expect(report.attainment == 0)
    }
  }

  /// Events as other servers write them: carriage returns, comments, texts without ids, several tokens at
  /// once, the usage at the end.
  @Test func otherServersAreUnderstood() async throws {
    let answer: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      guard request.path == "/v1/completions" else { return HTTPResponse(.notFound) }
      let text = """
        : ping\r\n\r\nevent: message\r\ndata: {"choices":[{"text":""}]}\r\n\r\n\
        data:{"choices":[{"text":"one two"}]}\r\n\r\ndata: {"choices":\ndata: [{"text":" three"}]}\n\n\
        data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7}}\r\n\r\n\
        data: [DONE]\r\n\r\n
        """
      return HTTPResponse(.ok, body: .whole(Array(text.utf8)))
    }
    try await serving(answer) { server in
      let (_, told, _) = try await run(Self.plan, [Self.part(server)])
      for times in told[0] {
        #expect(times.failure == nil)
        #expect(times.tokens.count == 2)
        #expect(times.outputTokens == 7)
        #expect(times.prompt == 9)
      }
    }
  }

  /// A server that gives up in the middle has not answered.
  @Test func anErrorInTheMiddleIsAFailure() async throws {
    let answer: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      guard request.path == "/v1/completions" else { return HTTPResponse(.notFound) }
      let text = """
        data: {"choices":[{"text":"one"}]}

        data: {"error":{"message":"out of memory"}}


        """
      return HTTPResponse(.ok, body: .whole(Array(text.utf8)))
    }
    try await serving(answer) { server in
      let (_, told, _) = try await run(Self.plan, [Self.part(server)])
      for times in told[0] { #expect(times.failure?.contains("out of memory") == true) }
    }
  }

  /// Whoever stops a load keeps what is over, and the trace says so.
  @Test func aStoppedLoadKeepsWhatIsOver() async throws {
    try await serving { server in
      var plan = Self.plan
      // The last ones would come in a thousand years.
      (plan.pattern, plan.rate) = (.even, 1e-10)
      plan.requests = 2
      let target = try await HTTPLoadTarget(server, plan: plan, salt: 1)
      let requests = [
        LoadRequest(sent: 0, prompt: 6, output: 4), LoadRequest(sent: 1e10, prompt: 6, output: 4),
      ]
      let (signs, sign) = AsyncStream.makeStream(of: LoadedRequest.self)
      let task = Task { await LoadRun(target).run(requests) { sign.yield($0) } }
      for await request in signs where request.isOver { break }
      task.cancel()
      let told = await task.value
      #expect(told.count == 1)
      #expect(told.first?.outputTokens == 4)
    }
  }

  @Test func aModelOfThisProcessIsATargetToo() async throws {
    let service = ModelService(APIServerTests.table(), slots: 2)
    let part = LoadTest.Part(
      LoadServing(name: "table", basis: .measured, layout: .colocated(1)),
      .target { ModelLoadTarget(service, plan: $0) })
    let (_, told, _) = try await run(Self.plan, [part])
    for times in told[0] {
      #expect(times.failure == nil)
      #expect(times.tokens.count == 4)
    }
  }

  @Test func calibrationGivesTimesThatASimulationCanUse() async throws {
    let times = try await ServiceCalibration.times(
      of: APIServerTests.table(), bandwidth: 1e9, latency: 0)
    #expect(times.pass > 0)
    #expect(times.promptToken > 0)
    #expect(times.decodedToken >= 0)
    #expect(times.pass.isFinite)
    #expect(times.promptToken.isFinite)
  }

  /// Goodput is never above throughput, whatever is expected, also where something is measured.
  @Test(arguments: [0, 0.001, 1e6]) func goodputIsNeverAboveThroughput(level: Double) async throws {
    try await serving { server in
      let (_, told, _) = try await run(Self.plan, [Self.part(server)])
      let report = LoadReport(told[0], levels: ServiceLevels(timeToFirst: level))
      #expect(try #require(report.goodput) <= report.throughput)
    }
  }

  // MARK: Events

  /// However a stream is cut, its events are the same.
  @Test func eventsDoNotDependOnHowTheStreamIsCut() throws {
    let text = "data: a\r\n\r\n: no\ndata: b\ndata:c\n\ndata\rdata: d\r\rdata: e"
    let bytes = Array(text.utf8)
    for size in 1...bytes.count {
      var events = ServerSentEvents()
      var read: [String] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        read += try events.append(Array(bytes[start..<min(bytes.count, start + size)])).map {
          String(decoding: $0, as: UTF8.self)
        }
      }
      #expect(read == ["a", "b\nc", "d"])
    }
  }

  /// Folding a load does not depend on the order in which its events come, nor on their coming twice.
  @Test(arguments: 0..<20) func foldingDoesNotDependOnTheOrder(seed: UInt64) throws {
    var random = LoadRandom(seed: seed)
    let times = ServiceTimes(pass: 0.002, promptToken: 0.0001, decodedToken: 0.0004)
    let plan = LoadPlan(rate: 30, requests: 12, promptTokens: 40, outputTokens: 9)
    let told = ServingSimulation(times, .disaggregated(prefill: 1, decode: 1)).run(plan.coming)
    var events: [LoadEvent] = []
    for (number, whole) in told.enumerated() {
      let cut = Int(random.uniform() * 10)
      var first = whole
      first.tokens = Array(whole.tokens.prefix(cut))
      first.transferEnd = nil
      var rest = whole
      rest.tokens = Array(whole.tokens.dropFirst(cut))
      events.append(
        .request(LoadedRequest(serving: 0, request: number, times: first, isOver: false)))
      events.append(
        .request(LoadedRequest(serving: 0, request: number, times: rest, firstToken: cut)))
    }
    let expected = Self.trace(events)
    var shuffled = events + events
    for index in shuffled.indices.dropFirst() {
      shuffled.swapAt(index, Int(random.uniform() * Double(index + 1)))
    }
    #expect(Self.trace(shuffled) == expected)
    #expect(expected.requests(of: 0).map(\.times) == told)
  }

  /// What is written is what is read.
  @Test func eventsReadBackAsTheyWere() async throws {
    let times = ServiceTimes(pass: 0.002, promptToken: 0.0001, decodedToken: 0.0004)
    var plan = LoadPlan(
      rate: 30, requests: 6, promptTokens: 40, outputTokens: 5,
      levels: ServiceLevels(timeToFirst: 0.1, timePerToken: 0.01))
    plan.long = LoadPlan.LongPrompts(every: 3, tokens: 400)
    let parts = [ServingLayout.colocated(2), .disaggregated(prefill: 1, decode: 1)].map {
      LoadTest.Part(LoadServing(name: "gpu", basis: .simulated, layout: $0), .simulation(times))
    }
    let (events, _, progress) = try await run(plan, parts, rates: [10, 20])
    #expect(progress.isEmpty)
    let records = events.map { TraceRecord(run: 7, .load($0)) }
    let lines = try TraceCoding.lines(records).split(separator: UInt8(ascii: "\n"))
    #expect(try lines.map { try TraceCoding.record(fromLine: Data($0)) } == records)
    let trace = Trace(records)
    #expect(trace.runs.isEmpty)
    #expect(trace.latestRun == 7)
    let load = try #require(trace.loads[7])
    #expect(load.start?.rates == [10, 20, 30])
    #expect(load.requests(of: 1).map(\.times.prompt) == [40, 40, 400, 40, 40, 400])
    #expect(load.points(of: 1).map(\.rate) == [10, 20, 30])
    #expect(load.end == LoadEnd(.completed))
  }

  /// A file may hold any number: nothing that cannot be reckoned with comes through.
  @Test func timesThatCannotBeAreLeftOut() throws {
    let line = #"""
      {"event":"load_request","serving":0,"request":0,"sent":"NaN","prompt":3,"tokens":[1,"Infinity",-5,2]}
      """#
    let record = try TraceCoding.record(fromLine: Data(line.utf8))
    let times = try #require(Trace([record]).loads[1]?.requests(of: 0).first?.times)
    #expect(times.sent == 0)
    #expect(times.tokens == [1, 2])
  }

  // MARK: Figures of servers and of files

  @Test func countersAreAddedUpOverLabels() {
    let before = ServerMetrics(
      """
      # HELP a_total What it is.
      # TYPE a_total counter
      a_total{model="x y}",kind="1"} 3
      a_total{kind="2"} 4 1700000000
      # TYPE level gauge
      level 9
      # TYPE wait histogram
      wait_bucket{le="1"} 5
      wait_sum 2.5
      wait_count 5
      nonsense
      """)
    #expect(before.counters == ["a_total": 7, "wait_sum": 2.5, "wait_count": 5])
    let after = ServerMetrics("# TYPE a_total counter\na_total 9\n")
    #expect(after.since(before).map(\.name) == ["a_total"])
    #expect(after.since(before).map(\.value) == [2])
  }

  /// A server's own figures tell of what a load has done.
  @Test func aServersOwnFiguresGrow() async throws {
    try await serving { server in
      let before = try #require(try await HTTPLoadTarget.metrics(of: server))
      _ = try await run(Self.plan, [Self.part(server)])
      let after = try #require(try await HTTPLoadTarget.metrics(of: server))
      let grown = Dictionary(uniqueKeysWithValues: after.since(before).map { ($0.name, $0.value) })
      #expect(grown["ponder:requests_total"] == 5)
      #expect(grown["ponder:tokens_predicted_total"] == 20)
    }
  }

  @Test(arguments: [
    (#"{"name": "a", "source": "b", "prompt_token": 1, "decoded_token": 1}"#, "pass"),
    (#"{"name": "a", "pass": 1, "prompt_token": 1, "decoded_token": 1}"#, "source"),
  ]) func filesOfTimesSayWhatTheyLack(text: String, field: String) {
    #expect(throws: ServiceTimesError.missing(field)) { try ServiceTimesFile(Data(text.utf8)) }
  }

  @Test(arguments: ["pass", "prompt_token", "latency"]) func timesBelowZeroAreRefused(
    field: String
  ) {
    var fields: [String: Any] = [
      "name": "a", "source": "b", "pass": 1, "prompt_token": 1, "decoded_token": 1, "latency": 0,
    ]
    fields[field] = -1
    let data = (try? JSONSerialization.data(withJSONObject: fields)) ?? Data()
    #expect(throws: ServiceTimesError.outOfRange(field)) { try ServiceTimesFile(data) }
  }

  /// The bundled examples can be read, and say where their figures come from.
  @Test func bundledTimesSayWhereTheyComeFrom() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Samples/Serving")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "json" }
    #expect(!files.isEmpty)
    for file in files { #expect(try ServiceTimesFile(contentsOf: file).source.count > 40) }
  }
}
