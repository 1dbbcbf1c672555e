import Foundation
import Synchronization
public import Traces

/// Somebody who can be sent the requests of a load.
public protocol LoadTarget: Sendable {
  /// Sends a request and tells of its tokens as they come.
  ///
  /// - Parameters:
  ///   - number: from 0; no two requests of a load have the same prompt.
  ///   - tell: is to be called as soon as something is known.
  /// - Throws: an error whose description says why there is no answer; `CancellationError` when the task
  ///   is cancelled.
  func send(
    _ request: LoadRequest, number: Int, tell: @escaping @Sendable (LoadSign) -> Void
  ) async throws
}

/// What is known of a request under way.
public enum LoadSign: Sendable, Hashable {
  /// One token, or several at once, have come.
  case tokens
  /// How many tokens the prompt and the answer have, as the server counts them.
  case counted(prompt: Int?, output: Int?)
}

/// Puts a load on a target in real time: each request is sent when its time has come, whether or not those
/// before it are answered.
public struct LoadRun: Sendable {
  public let target: any LoadTarget
  /// Which of the load's servings the target is.
  public let serving: Int

  public init(_ target: any LoadTarget, serving: Int = 0) {
    (self.target, self.serving) = (target, serving)
  }

  /// - Parameter tell: is given what becomes known of each request, from any thread.
  /// - Returns: what became of the requests, in their order. When the task is cancelled, those that were
  ///   not over are left out.
  public func run(
    _ requests: [LoadRequest], tell: @escaping @Sendable (LoadedRequest) -> Void = { _ in }
  ) async -> [RequestTimes] {
    let start = ContinuousClock.now
    return await withTaskGroup(of: (Int, RequestTimes?).self) { group in
      for (number, request) in requests.enumerated() {
        group.addTask { (number, await send(request, number, start, tell)) }
      }
      var all: [(Int, RequestTimes)] = []
      for await (number, times) in group {
        if let times { all.append((number, times)) }
      }
      return all.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private func send(
    _ request: LoadRequest, _ number: Int, _ start: ContinuousClock.Instant,
    _ tell: @escaping @Sendable (LoadedRequest) -> Void
  ) async -> RequestTimes? {
    do {
      try await Task.sleep(until: start + .seconds(request.sent), clock: .continuous)
    } catch { return nil }
    let meter = RequestMeter(
      serving: serving, request: number, prompt: request.prompt, start: start, tell: tell)
    do {
      try await target.send(request, number: number) { meter.take($0) }
      try Task.checkCancellation()
      return meter.end(failure: nil)
    } catch {
      if Task.isCancelled || error is CancellationError { return nil }
      return meter.end(failure: "\(error)")
    }
  }
}

/// Takes the times of one request, and tells of them a few at a time.
private final class RequestMeter: Sendable {
  private struct State {
    var times: RequestTimes
    /// How many tokens have been told.
    var told = 0
    var lastTold = ContinuousClock.now
  }

  private let serving: Int
  private let request: Int
  private let start: ContinuousClock.Instant
  private let tell: @Sendable (LoadedRequest) -> Void
  private let state: Mutex<State>

  init(
    serving: Int, request: Int, prompt: Int, start: ContinuousClock.Instant,
    tell: @escaping @Sendable (LoadedRequest) -> Void
  ) {
    (self.serving, self.request, self.start, self.tell) = (serving, request, start, tell)
    let times = RequestTimes(sent: Self.seconds(since: start), prompt: prompt)
    state = Mutex(State(times: times))
    tell(LoadedRequest(serving: serving, request: request, times: times, isOver: false))
  }

  /// In microseconds' precision: more would be digits without meaning in a trace.
  private static func seconds(since start: ContinuousClock.Instant) -> Double {
    ((ContinuousClock.now - start) / .microseconds(1)).rounded() / 1e6
  }

  func take(_ sign: LoadSign) {
    let now = Self.seconds(since: start)
    let news = state.withLock { state -> LoadedRequest? in
      switch sign {
      case .tokens: state.times.tokens.append(now)
      case .counted(let prompt, let output):
        if let prompt { state.times.prompt = prompt }
        if let output { state.times.output = output }
        return nil
      }
      let isDue =
        state.told == 0 || state.times.tokens.count - state.told >= 8
        || ContinuousClock.now - state.lastTold > .milliseconds(100)
      return isDue ? Self.untold(&state, serving, request, isOver: false) : nil
    }
    if let news { tell(news) }
  }

  func end(failure: String?) -> RequestTimes {
    let (news, times) = state.withLock { state -> (LoadedRequest, RequestTimes) in
      let isEmpty = state.times.tokens.isEmpty
      state.times.failure = failure ?? (isEmpty ? "The answer has no tokens." : nil)
      return (Self.untold(&state, serving, request, isOver: true), state.times)
    }
    tell(news)
    return times
  }

  /// What was not told yet.
  private static func untold(
    _ state: inout State, _ serving: Int, _ request: Int, isOver: Bool
  ) -> LoadedRequest {
    var times = state.times
    times.tokens = Array(state.times.tokens.dropFirst(state.told))
    if !isOver { (times.output, times.failure) = (nil, nil) }
    defer { (state.told, state.lastTold) = (state.times.tokens.count, .now) }
    return LoadedRequest(
      serving: serving, request: request, times: times, firstToken: state.told, isOver: isOver)
  }
}
