import Synchronization
public import Traces

/// Puts one load on several servings, one after another, and tells what happens as events.
public struct LoadTest: Sendable {
  /// Who serves.
  public enum Source: Sendable {
    /// Requests are sent in real time. Prompts are prepared for each plan.
    case target(@Sendable (LoadPlan) async throws -> any LoadTarget)
    /// Their times are computed.
    case simulation(ServiceTimes)
  }

  public struct Part: Sendable {
    public var serving: LoadServing
    public var source: Source

    public init(_ serving: LoadServing, _ source: Source) {
      (self.serving, self.source) = (serving, source)
    }
  }

  /// How far it is.
  public struct Progress: Sendable, Hashable {
    /// Requests that are over, of all that will be sent in real time.
    public var done = 0
    public var total: Int
  }

  public var plan: LoadPlan
  public var parts: [Part]
  /// Further rates at which the share of requests that meet the service levels is found.
  public var rates: [Double]

  /// Simulations cost nothing: at each rate they have so many requests at least.
  private static let simulatedRequests = 400

  public init(_ plan: LoadPlan, _ parts: [Part], rates: [Double] = []) {
    (self.plan, self.parts, self.rates) = (plan, parts, rates.sorted())
  }

  /// - Parameters:
  ///   - tell: is given each event, the first and the last of the load included, from any thread.
  ///   - advance: is told how far it is whenever a request is over.
  /// - Returns: what became of the requests at the plan's rate, by part. When the task is cancelled, what
  ///   is there is kept.
  /// - Throws: what keeps requests from being sent at all; the load has ended as failed then.
  @discardableResult
  public func run(
    tell: @escaping @Sendable (LoadEvent) -> Void,
    advance: @escaping @Sendable (Progress) -> Void = { _ in }
  ) async throws -> [[RequestTimes]] {
    let others = plan.pattern == .all ? [] : rates.filter { $0 != plan.rate }
    tell(
      .started(
        LoadStart(
          plan: plan, servings: parts.map(\.serving),
          rates: rates.isEmpty || plan.pattern == .all ? [] : (others + [plan.rate]).sorted())))
    let real = parts.count {
      if case .target = $0.source { true } else { false }
    }
    let counter = RequestCounter(
      Progress(total: real * plan.requests * (1 + others.count)), advance)
    var all: [[RequestTimes]] = []
    do {
      for (index, part) in parts.enumerated() where !Task.isCancelled {
        all.append(
          try await run(part, plan, serving: index, counter) { tell(.request($0)) })
        if Task.isCancelled { break }
        point(index, plan, all[index], tell)
      }
      for (number, rate) in others.enumerated() {
        var other = plan.at(rate: rate)
        // Arrivals of their own, so that no rate has all the luck.
        other.seed &+= UInt64(number + 1)
        for (index, part) in parts.enumerated() where !Task.isCancelled {
          if case .simulation = part.source {
            other.requests = max(plan.requests, Self.simulatedRequests)
          } else {
            other.requests = plan.requests
          }
          let told = try await run(part, other, serving: index, counter) { _ in }
          if !Task.isCancelled { point(index, other, told, tell) }
        }
      }
    } catch {
      guard Task.isCancelled else {
        tell(.ended(LoadEnd(.failed, message: "\(error)")))
        throw error
      }
    }
    tell(.ended(LoadEnd(Task.isCancelled ? .stopped : .completed)))
    return all
  }

  private func run(
    _ part: Part, _ plan: LoadPlan, serving: Int, _ counter: RequestCounter,
    _ tell: @escaping @Sendable (LoadedRequest) -> Void
  ) async throws -> [RequestTimes] {
    switch part.source {
    case .target(let prepare):
      return await LoadRun(try await prepare(plan), serving: serving).run(plan.coming) {
        tell($0)
        if $0.isOver { counter.add() }
      }
    case .simulation(let times):
      let told = ServingSimulation(times, part.serving.layout).run(plan.coming)
      for (number, times) in told.enumerated() {
        tell(LoadedRequest(serving: serving, request: number, times: times.inMicroseconds))
      }
      return told
    }
  }

  private func point(
    _ serving: Int, _ plan: LoadPlan, _ told: [RequestTimes],
    _ tell: @Sendable (LoadEvent) -> Void
  ) {
    guard !plan.levels.isEmpty, plan.pattern != .all else { return }
    tell(
      .point(
        LoadPoint(
          serving: serving, rate: plan.rate, requests: told.count,
          met: told.count { plan.levels.areMet(by: $0) })))
  }
}

/// Counts requests that are over.
private final class RequestCounter: Sendable {
  private let progress: Mutex<LoadTest.Progress>
  private let advance: @Sendable (LoadTest.Progress) -> Void

  init(_ progress: LoadTest.Progress, _ advance: @escaping @Sendable (LoadTest.Progress) -> Void) {
    self.progress = Mutex(progress)
    self.advance = advance
  }

  func add() {
    advance(
      progress.withLock {
        $0.done += 1
        return $0
      })
  }
}

extension RequestTimes {
  /// With times in microseconds' precision: more would be digits without meaning in a trace.
  var inMicroseconds: RequestTimes {
    func short(_ time: Double) -> Double { (time * 1e6).rounded() / 1e6 }
    var times = self
    times.sent = short(sent)
    times.prefillStart = prefillStart.map(short)
    times.prefillEnd = prefillEnd.map(short)
    times.transferEnd = transferEnd.map(short)
    times.tokens = tokens.map(short)
    return times
  }
}
