import Foundation
import Measuring
public import Problems
import Traces

/// A person's pairs as JSON Lines: every line is an object with `prompt`, `chosen` and `rejected`.
///
/// Each of them is text, or a list of messages with `role` and `content` of which the last one is
/// what counts: the question in `prompt`, the assistant's answer in the others. Without a `prompt`
/// the question is the message before the answers. A conversation of several turns is refused:
/// Ponder asks one question.
public struct PreferenceFile: Sendable, Hashable {
  /// One line.
  public struct Row: Sendable, Hashable {
    /// Put to the model like any question.
    public var prompt: String
    public var chosen: String
    public var rejected: String
  }

  /// At least one.
  public let rows: [Row]

  /// - Throws: `TextFileError`, with the line that is malformed.
  public init(path: String) throws(TextFileError) {
    try self.init(TextFile.read(path), path: path)
  }

  /// Reads a text; `path` is for messages.
  init(_ text: String, path: String) throws(TextFileError) {
    var rows: [Row] = []
    for line in TextFile.lines(of: text) where !line.text.allSatisfy(\.isWhitespace) {
      do {
        rows.append(try Self.row(line.text))
      } catch {
        throw .malformed(path: path, line: line.number, reason: error.reason)
      }
    }
    guard !rows.isEmpty else {
      throw .malformed(path: path, line: 1, reason: "the file holds no pair")
    }
    self.rows = rows
  }

  /// Tells these pairs from others.
  var digest: String {
    var digest = TextDigest()
    for row in rows {
      digest.add([row.prompt, row.chosen, row.rejected].joined(separator: "\0").utf8)
      digest.add([0])
    }
    return digest.text
  }

  // MARK: Lines

  private struct LineError: Error { var reason: String }

  /// Messages of a conversation; text is one message of nobody's.
  private struct Message: Equatable {
    var role: String?
    var content: String
  }

  private static func row(_ line: Substring) throws(LineError) -> Row {
    guard
      case .object(let fields)? = try? JSONDecoder().decode(
        JSONValue.self, from: Data(line.utf8))
    else { throw LineError(reason: "this is not a JSON object; every line holds one pair") }
    let (chosenBefore, chosen) = try answer("chosen", fields)
    let (rejectedBefore, rejected) = try answer("rejected", fields)
    guard chosenBefore == rejectedBefore else {
      throw LineError(reason: "“chosen” and “rejected” answer different questions")
    }
    guard chosen != rejected else {
      throw LineError(reason: "“chosen” and “rejected” are the same")
    }
    let asked = fields["prompt"] == nil ? chosenBefore : try messages("prompt", fields)
    guard asked.count <= 1 else {
      throw LineError(
        reason: "the prompt has \(asked.count) messages; only a single question can be put")
    }
    guard let prompt = asked.first else { throw LineError(reason: "“prompt” is missing") }
    guard prompt.role == nil || prompt.role == "user" else {
      throw LineError(reason: "the prompt is not the user's")
    }
    guard !prompt.content.allSatisfy(\.isWhitespace) else {
      throw LineError(reason: "“prompt” is empty")
    }
    return Row(prompt: prompt.content, chosen: chosen, rejected: rejected)
  }

  /// An answer, and the messages before it.
  private static func answer(
    _ name: String, _ fields: [String: JSONValue]
  ) throws(LineError) -> (before: [Message], text: String) {
    let all = try messages(name, fields)
    guard let last = all.last, !last.content.allSatisfy(\.isWhitespace) else {
      throw LineError(reason: "“\(name)” is empty")
    }
    guard last.role == nil || last.role == "assistant" else {
      throw LineError(reason: "the last message of “\(name)” is not the assistant's")
    }
    return (Array(all.dropLast()), last.content)
  }

  private static func messages(
    _ name: String, _ fields: [String: JSONValue]
  ) throws(LineError) -> [Message] {
    let wrong = LineError(reason: "“\(name)” is neither text nor a list of messages")
    switch fields[name] {
    case nil, .null: throw LineError(reason: "“\(name)” is missing")
    case .string(let text): return [Message(content: text)]
    case .array(let list):
      var messages: [Message] = []
      for element in list {
        guard case .object(let message) = element, case .string(let role)? = message["role"],
          case .string(let content)? = message["content"]
        else { throw wrong }
        messages.append(Message(role: role, content: content))
      }
      return messages
    default: throw wrong
    }
  }
}
