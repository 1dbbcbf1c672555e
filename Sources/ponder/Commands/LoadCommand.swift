public import ArgumentParser
import Decoding
import Engine
import Foundation
import Playground
import Serving
import Synchronization
public import Traces

/// `ponder load`: how a server stands a load.
struct LoadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Measure how servers stand a load, or simulate it.",
    discussion: """
      Sends requests to servers of OpenAI's protocol (/v1/completions: Ponder's, llama.cpp's, vLLM's) \
      and measures the time to first token (TTFT), the time per output token (TPOT), the latency \
      between tokens (ITL), and how many requests meet what is expected of them. Several servers get \
      the same load one after another, so that a colocated one can be compared with a router in front \
      of prefill and decode servers. With --simulate nothing is sent: the same scheduling is computed \
      from service times that are measured here, or that a file gives. Every figure says whether it is \
      measured or simulated.

      Try: ponder serve &
           ponder load http://localhost:8080 --rate 5 --slo-ttft 200 --slo-tpot 50
           ponder load --simulate --sweep 1,2,4,8,16 --slo-ttft 200 --slo-tpot 50
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument { case text, json, jsonl }

  @Argument(
    help: ArgumentHelp("Servers, such as http://localhost:8080.", valueName: "url"))
  var servers: [String] = []

  @Option(help: "Requests a second in the mean.") var rate = 2.0
  @Option(help: "How many requests.") var requests = 50

  @Option(
    help: ArgumentHelp(
      "How arrivals are spread: poisson (independently), burst (gamma gaps of shape 1/4), even, or all "
        + "(at once).", valueName: LoadPlan.Pattern.allCases.map(\.rawValue).joined(separator: "|"))
  )
  var arrivals: LoadPlan.Pattern = .poisson

  @Option(help: "Tokens of a prompt.") var promptTokens = 64
  @Option(help: "Tokens of an answer.") var outputTokens = 32

  @Option(help: ArgumentHelp("Every n-th prompt is long; 0 for none.", valueName: "n"))
  var longEvery = 0

  @Option(help: "Tokens of a long prompt.") var longPromptTokens = 1024

  @Option(help: "How many tokens at their beginning all prompts have in common.")
  var sharedTokens = 0

  @Option(help: ArgumentHelp("The longest time to first token that is good.", valueName: "ms"))
  var sloTtft: Double?

  @Option(help: ArgumentHelp("The longest time per output token that is good.", valueName: "ms"))
  var sloTpot: Double?

  @Option(help: ArgumentHelp("The longest whole answer that is good.", valueName: "ms"))
  var sloE2e: Double?

  @Option(help: "When requests come; the same seed, the same times.") var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "Finds the share of good requests at these rates too; with service levels.",
      valueName: "r,r,…"))
  var sweep: String?

  @Flag(help: "Compute what would happen, for machines that compute both and for machines apart.")
  var simulate = false

  @Option(
    help: ArgumentHelp(
      "Service times for --simulate, such as Samples/Serving/a100-opt-13b.json (default: those of "
        + "--model, measured here).", valueName: "file"))
  var times: String?

  @Option(help: "Machines that compute prompts, with --simulate.") var prefill = 1
  @Option(help: "Machines that compute answers, with --simulate.") var decode = 1

  @Option(
    help: ArgumentHelp(
      "Between simulated machines, where no file says it; cannot be measured on one.",
      valueName: "Gbit/s"))
  var bandwidth = 10.0

  @Option(
    help: ArgumentHelp(
      "The environment variable with the key that servers want.", valueName: "variable"))
  var keyVariable: String?

  @Option(help: "\(Format.names)") var format: Format = .text

  @Option(
    help: ArgumentHelp(
      "Keeps what happens, for 'ponder play --replay' and the screen Load.", valueName: "file.jsonl"
    ))
  var output: String?

  @OptionGroup var model: ModelOptions

  func validate() throws {
    guard simulate == servers.isEmpty else {
      throw ValidationError(
        simulate
          ? "--simulate sends nothing: leave the servers out."
          : "Give the address of a server, or --simulate.")
    }
    if times != nil, !simulate { throw ValidationError("--times is for --simulate.") }
    for (name, value, range) in [
      ("rate", rate, 0.001...1e6), ("bandwidth", bandwidth, 1e-6...1e6),
      ("slo-ttft", sloTtft ?? 1, 0...1e9), ("slo-tpot", sloTpot ?? 1, 0...1e9),
      ("slo-e2e", sloE2e ?? 1, 0...1e9),
    ] where !range.contains(value) {
      throw ValidationError("--\(name) is out of range.")
    }
    for (name, value, range) in [
      ("requests", requests, 1...100_000), ("prompt-tokens", promptTokens, 1...1_000_000),
      ("output-tokens", outputTokens, 1...1_000_000), ("long-every", longEvery, 0...100_000),
      ("long-prompt-tokens", longPromptTokens, 1...1_000_000),
      ("shared-tokens", sharedTokens, 0...1_000_000), ("prefill", prefill, 1...1000),
      ("decode", decode, 1...1000),
    ] where !range.contains(value) {
      throw ValidationError(
        "--\(name) must be from \(range.lowerBound) to \(range.upperBound).")
    }
    guard sweep == nil || !levels.isEmpty else {
      throw ValidationError("--sweep needs --slo-ttft, --slo-tpot or --slo-e2e.")
    }
    guard sweep == nil || arrivals != .all else {
      throw ValidationError("--sweep needs arrivals that have a rate.")
    }
    _ = try rates()
    _ = try addresses()
  }

  func run() async throws {
    let key = try key()
    let named = try await simulate ? serviceTimes() : nil
    let parts =
      if let named { simulated(named.name, named.times) } else { try await measured(key) }
    let trace = try self.output.map { try TraceRecording(path: $0) }
    let test = LoadTest(plan, parts, rates: try rates())
    let output = LoadOutput(prints: format == .jsonl, trace: trace)
    let before = await metrics(key)
    let (_, signal) = try await cancellingOnSignal {
      let work = Task {
        _ = try await test.run {
          output.receive($0)
        } advance: {
          output.show($0)
        }
      }
      output.onFailure { work.cancel() }
      try await withTaskCancellationHandler {
        try await work.value
      } onCancel: {
        work.cancel()
      }
    }
    let load = try output.finish()
    let after = await metrics(key)
    let figures = LoadFigures(
      load,
      metrics: zip(before, after).map { pair in pair.0.flatMap { old in pair.1?.since(old) } },
      times: named?.times)
    switch format {
    case .text: try StandardOutput.write(figures.text)
    case .json: try StandardOutput.writeJSON(figures.json)
    case .jsonl: break
    }
    if signal != nil { StandardError.tell("stopped; the figures are of what was over.") }
    if let signal { throw ExitCode.interrupted(by: signal) }
    if figures.allFailed { throw ExitCode.failure }
  }

  // MARK: What is asked

  private var levels: ServiceLevels {
    ServiceLevels(
      timeToFirst: sloTtft.map { $0 / 1000 }, timePerToken: sloTpot.map { $0 / 1000 },
      endToEnd: sloE2e.map { $0 / 1000 })
  }

  private var plan: LoadPlan {
    LoadPlan(
      pattern: arrivals, rate: rate, requests: requests, promptTokens: promptTokens,
      outputTokens: outputTokens,
      long: longEvery > 0 ? .init(every: longEvery, tokens: longPromptTokens) : nil,
      sharedTokens: sharedTokens, levels: levels, seed: seed)
  }

  private func rates() throws -> [Double] {
    try (sweep?.listed ?? []).map { text in
      guard let rate = Double(text), (0.001...1e6).contains(rate) else {
        throw ValidationError("--sweep wants rates, such as 1,2,4.")
      }
      return rate
    }
  }

  private func addresses() throws -> [ServerAddress] {
    try servers.map { text in
      guard var server = ServerAddress(text) else {
        throw ValidationError("“\(text)” is no address such as http://localhost:8080.")
      }
      if server.base.hasSuffix("/v1") { server.base.removeLast(3) }
      return server
    }
  }

  private func key() throws -> String? {
    guard let keyVariable else { return nil }
    guard let key = ProcessInfo.processInfo.environment[keyVariable], !key.isEmpty else {
      throw UserError.usage("There is no environment variable \(keyVariable).")
    }
    return key
  }

  // MARK: Who serves

  private func measured(_ key: String?) async throws -> [LoadTest.Part] {
    var parts: [LoadTest.Part] = []
    for server in try addresses() {
      let layout = try await HTTPLoadTarget.layout(of: server, key: key)
      parts.append(
        LoadTest.Part(
          LoadServing(name: "\(server)", basis: .measured, layout: layout),
          .target { try await HTTPLoadTarget(server, key: key, plan: $0) }))
    }
    return parts
  }

  private func metrics(_ key: String?) async -> [ServerMetrics?] {
    var all: [ServerMetrics?] = []
    for server in (try? addresses()) ?? [] {
      all.append(try? await HTTPLoadTarget.metrics(of: server, key: key))
    }
    return all
  }

  private func simulated(_ name: String, _ times: ServiceTimes) -> [LoadTest.Part] {
    [.colocated(prefill + decode), .disaggregated(prefill: prefill, decode: decode)].map {
      LoadTest.Part(LoadServing(name: name, basis: .simulated, layout: $0), .simulation(times))
    }
  }

  private func serviceTimes() async throws -> (name: String, times: ServiceTimes) {
    if let times {
      let file = try ServiceTimesFile(contentsOf: URL(fileURLWithPath: times))
      StandardError.tell("\(file.name): \(file.source)")
      return (file.name, file.times)
    }
    let loaded = try ModelLoader.load(path: try model.path(), options: model.engineOptions)
    let name = loaded.identity.name
    StandardError.tell("measuring how long \(name) takes here")
    let measured = try await ServiceCalibration.times(
      of: loaded, bandwidth: bandwidth * 1e9 / 8, latency: 0.0001)
    StandardError.tell(
      "a pass \(Playground.Format.milliseconds(measured.pass)), a token of a prompt "
        + "\(Playground.Format.milliseconds(measured.promptToken)), a text in decoding "
        + "\(Playground.Format.milliseconds(measured.decodedToken)); \(Int(measured.bytesPerToken)) bytes of "
        + "keys and values a token at \(bandwidth) Gbit/s (assumed)")
    return (name, measured)
  }
}

extension LoadPlan.Pattern: ExpressibleByArgument {}

/// Where the events of a load go: into its figures, into a trace file, and as lines to standard output.
private final class LoadOutput: Sendable {
  private struct State {
    var load = LoadTrace()
    var failure: (any Error)?
    /// What is done at once when lines cannot be written, as when nobody reads them any more.
    var stop: (@Sendable () -> Void)?
  }

  private let prints: Bool
  private let trace: TraceRecording?
  private let line = ProgressLine()
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(prints: Bool, trace: TraceRecording?) { (self.prints, self.trace) = (prints, trace) }

  func receive(_ event: LoadEvent) {
    let record = TraceRecord(.load(event))
    trace?.append(record)
    let stop = state.withLock { state -> (@Sendable () -> Void)? in
      state.load.apply(event)
      guard prints, state.failure == nil else { return nil }
      do {
        let text = String(decoding: try TraceCoding.line(record), as: UTF8.self)
        try StandardOutput.writeLine(text)
        return nil
      } catch {
        state.failure = error
        return state.stop
      }
    }
    stop?()
  }

  func show(_ progress: LoadTest.Progress) {
    let pace = Double(progress.done) / ((ContinuousClock.now - start) / .seconds(1))
    line.show(
      String(format: "requests, %.1f a second", pace), done: progress.done, of: progress.total)
  }

  func onFailure(_ stop: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      state.stop = stop
      return state.failure != nil
    }
    if isLate { stop() }
  }

  /// - Returns: what is known of the load.
  /// - Throws: why lines or the trace could not be written.
  func finish() throws -> LoadTrace {
    line.clear()
    try trace?.close()
    let (load, failure) = state.withLock { ($0.load, $0.failure) }
    if let failure { throw failure }
    return load
  }
}
