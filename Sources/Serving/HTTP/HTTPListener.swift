import FlyingSocks
import Foundation
import Synchronization

/// How much a listener takes upon itself.
public struct ListenerLimits: Sendable, Hashable {
  public var parser = HTTPParser.Limits()
  /// Connections at once. Where there are more, the one that has been idle longest goes.
  public var connections = 256
  /// Seconds within which a request that has begun must be whole.
  public var requestSeconds = 30.0
  /// Seconds that a connection may wait for its next request.
  public var idleSeconds = 60.0
  /// Seconds within which a client must take a piece of what it is sent.
  public var writeSeconds = 30.0

  public init() {}
}

/// Accepts connections, reads requests from them, and sends what a handler answers.
///
/// It stands on FlyingSocks' asynchronous sockets and not on FlyingFox's server: that one holds a
/// header line of any length in memory, and does not tell a handler that its client has left. Here a
/// request's task is cancelled as soon as its client closes the connection, and whoever sends what is no
/// HTTP is told so and hung up on.
public actor HTTPListener {
  public typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

  private let limits: ListenerLimits
  private let handler: Handler
  private let refusal: @Sendable (HTTPFault) -> HTTPResponse
  private let pool: any AsyncSocketPool = SocketPool.make(maxEvents: 64)
  private let socket: Socket
  /// The port that is listened on.
  public nonisolated let port: UInt16

  private struct Open {
    var task: Task<Void, Never>
    /// When it began to wait for a request; nil while it is answered.
    var idleSince: ContinuousClock.Instant?
  }

  private var open: [Int: Open] = [:]
  private var accepted = 0

  /// Binds an address; connections wait until `run` is called.
  ///
  /// - Parameters:
  ///   - host: an address of this machine, such as `127.0.0.1`, `::1` or `0.0.0.0`, or `localhost`.
  ///   - port: 0 takes any that is free.
  ///   - refusal: what is answered to what is no request.
  ///   - handler: answers a request. Its task is cancelled when the client leaves.
  /// - Throws: `ListenerError`.
  public init(
    host: String, port: UInt16, limits: ListenerLimits = ListenerLimits(),
    refusal: @escaping @Sendable (HTTPFault) -> HTTPResponse,
    handler: @escaping Handler
  ) throws(ListenerError) {
    self.limits = limits
    self.handler = handler
    self.refusal = refusal
    do {
      (socket, self.port) = try Self.listen(host: host, port: port)
    } catch let error as ListenerError {
      throw error
    } catch {
      throw .cannotListen(host: host, port: port, why: Self.words(error))
    }
  }

  private static func listen(host: String, port: UInt16) throws -> (Socket, UInt16) {
    func bound(_ address: some SocketAddress) throws -> (Socket, UInt16) {
      let socket = try Socket(domain: Int32(type(of: address).family))
      do {
        try socket.setValue(true, for: .localAddressReuse)
        try socket.bind(to: address)
        try socket.listen()
        switch try socket.sockname() {
        case .ip4(_, let port), .ip6(_, let port): return (socket, port)
        case .unix: return (socket, port)
        }
      } catch {
        try? socket.close()
        throw error
      }
    }
    let host = host == "localhost" ? "127.0.0.1" : host
    if let address = try? sockaddr_in.inet(ip4: host, port: port) { return try bound(address) }
    if let address = try? sockaddr_in6.inet6(ip6: host, port: port) { return try bound(address) }
    throw ListenerError.noAddress(host)
  }

  private static func words(_ error: any Error) -> String {
    guard case SocketError.failed(_, let code, _) = error else { return "\(error)" }
    return String(cString: strerror(code))
  }

  /// Accepts connections until the task is cancelled; all of them are closed then.
  ///
  /// - Throws: `ListenerError` when sockets cannot be waited for.
  public func run() async throws {
    do {
      try await pool.prepare()
      let listening = try AsyncSocket(socket: socket, pool: pool)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { [pool] in try await pool.run() }
        group.addTask { try await self.accept(listening) }
        defer { group.cancelAll() }
        try await group.next()
      }
    } catch {
      end()
      // A pool that is stopped says so in ways of its own.
      if Task.isCancelled || error is CancellationError { return }
      throw ListenerError.cannotListen(host: "", port: port, why: Self.words(error))
    }
    end()
  }

  private func end() {
    for connection in open.values { connection.task.cancel() }
    try? socket.close()
  }

  private func accept(_ listening: AsyncSocket) async throws {
    while true {
      try Task.checkCancellation()
      do {
        serve(try await listening.accept())
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        // The client has left already, or there are no file descriptors any more: others may be
        // given back soon.
        makeRoom()
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  private func serve(_ socket: AsyncSocket) {
    accepted += 1
    let number = accepted
    let isFull = open.count >= limits.connections && !makeRoom()
    let connection = HTTPConnection(
      socket: socket, limits: limits, refusal: refusal, handler: handler)
    let task = Task {
      if isFull {
        await connection.refuse(
          HTTPFault(status: .unavailable, description: "There are too many connections."))
      } else {
        await connection.run { isIdle in await self.mark(number, isIdle: isIdle) }
      }
      self.close(number, socket)
    }
    open[number] = Open(task: task, idleSince: .now)
  }

  private func close(_ number: Int, _ socket: AsyncSocket) {
    open[number] = nil
    try? socket.close()
  }

  private func mark(_ number: Int, isIdle: Bool) {
    open[number]?.idleSince = isIdle ? .now : nil
  }

  /// Hangs up on the connection that has been idle longest.
  ///
  /// - Returns: whether there is one.
  @discardableResult
  private func makeRoom() -> Bool {
    let idle = open.compactMap { number, connection in
      connection.idleSince.map { (number, since: $0) }
    }
    guard let oldest = idle.min(by: { ($0.since, $0.0) < ($1.since, $1.0) }) else { return false }
    open[oldest.0]?.task.cancel()
    open[oldest.0]?.idleSince = nil
    return true
  }
}

/// Why nobody can be served.
public enum ListenerError: Error, Equatable, CustomStringConvertible {
  case noAddress(String)
  case cannotListen(host: String, port: UInt16, why: String)

  public var description: String {
    switch self {
    case .noAddress(let host):
      "\(host) is no address of this machine: give one such as 127.0.0.1, ::1 or 0.0.0.0."
    case .cannotListen(let host, let port, let why):
      "Port \(port)\(host.isEmpty ? "" : " of \(host)") cannot be listened on: \(why)."
    }
  }
}
