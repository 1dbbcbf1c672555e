import Foundation
import Serving
import Synchronization

@testable import RemoteModels

/// A server that answers by a rule, without a network. It counts what it is asked.
final class ScriptedServer: RemoteTransport {
  /// The body that was asked with, and nil for what is not there.
  typealias Rule = @Sendable (_ call: HTTPCall, _ body: ServerJSON?) throws -> RemoteAnswer?

  private let rule: Rule
  private let asked = Mutex<[(path: String, body: ServerJSON?, headers: HTTPHeaders)]>([])

  init(_ rule: @escaping Rule) { self.rule = rule }

  /// All that was asked at a path.
  func bodies(_ path: String) -> [ServerJSON] {
    asked.withLock { asked in asked.filter { $0.path == path }.compactMap(\.body) }
  }

  var headers: [HTTPHeaders] { asked.withLock { $0.map(\.headers) } }
  var count: Int { asked.withLock(\.count) }

  func send(
    _ call: HTTPCall, to address: RemoteAddress, _ abandonment: Abandonment
  ) throws -> RemoteAnswer {
    let body = call.body.isEmpty ? nil : ServerJSON(call.body)
    asked.withLock { $0.append((call.path, body, call.headers)) }
    return try rule(call, body)
      ?? RemoteAnswer(status: 404, body: Array(#"{"error":{"message":"not here"}}"#.utf8))
  }

  static func answer(_ text: String, status: Int = 200, headers: HTTPHeaders = [:]) -> RemoteAnswer
  {
    RemoteAnswer(status: status, headers: headers, body: Array(text.utf8))
  }

  static func answer(_ json: ServerJSON) -> RemoteAnswer {
    RemoteAnswer(status: 200, body: json.bytes)
  }
}

/// A value that several threads note something in.
final class Noted<Value: Sendable>: Sendable {
  private let noted: Mutex<Value>

  init(_ value: Value) { noted = Mutex(value) }

  var value: Value { noted.withLock { $0 } }

  func withLock<Result: Sendable>(_ change: (inout Value) -> Result) -> Result {
    noted.withLock { change(&$0) }
  }
}

extension Noted where Value == Int {
  /// Counts one more, and tells how many there are.
  @discardableResult
  func count() -> Int {
    withLock {
      $0 += 1
      return $0
    }
  }
}

extension RemoteOptions {
  /// For a scripted server; waiting takes no time.
  init(_ server: ScriptedServer) {
    self.init()
    transport = server
    patience.wait = { _ in }
    // Tests share a busy machine: nothing is given up only because a thread was slow.
    patience.interest = 20
    patience.idleInterest = 20
  }
}

/// A little model: behind any text four tokens and the end, with fixed probabilities that turn with the
/// text's last token.
enum LittleModel {
  static let pieces = ["<|endoftext|>", "a", "b", " c", "d"]

  static func probabilities(after last: Int) -> [Double] {
    let all = [0.05, 0.5, 0.25, 0.15, 0.05]
    // The end always has the same, the others take turns.
    let turned = (1..<5).map { all[1 + ($0 + 7 - last) % 4] }
    return [all[0]] + turned
  }

  /// Behind each letter the next one is likeliest. Tokens by falling probability.
  static func ranked(after last: Int) -> [Int] {
    let all = probabilities(after: last)
    return all.indices.sorted { all[$0] > all[$1] || (all[$0] == all[$1] && $0 < $1) }
  }
}
