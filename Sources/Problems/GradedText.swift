import Foundation

/// A text with the right answer, as a line of JSON gives them to be graded:
/// `{"gold": "18", "text": "…", "kind": "number", "id": "a1", "correct": true}`. Only `gold`, a text
/// or a number of any length, and `text` are needed.
public struct GradedText: Sendable {
  /// The line's own name, as JSON: a string with its quotes, or a number.
  public let id: String?
  public let gold: GoldAnswer
  public let text: String
  /// What somebody else says of it.
  public let expected: Bool?

  /// What the text was read to say; nil for nothing.
  public let answer: String?
  public let isCorrect: Bool

  public struct LineError: Error, Hashable, CustomStringConvertible {
    public let description: String
  }

  /// Reads and grades a line.
  public init(line: String) throws(LineError) {
    guard
      let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    else {
      throw LineError(description: "this is not a JSON object; every line holds one text")
    }
    func fail(_ field: String, _ reason: String) -> LineError {
      LineError(description: "“\(field)” \(reason)")
    }
    guard let text = object["text"] else { throw fail("text", "is missing") }
    guard let text = text as? String else { throw fail("text", "is not a string") }
    guard let written = object["gold"] else { throw fail("gold", "is missing") }
    // A string is taken before a number: a number is never one.
    guard let gold = written as? String ?? JSONNumber.text(of: "gold", in: line) else {
      throw fail("gold", "is neither a string nor a number")
    }
    guard !gold.allSatisfy(\.isWhitespace) else { throw fail("gold", "is empty") }
    var kind: AnswerKind?
    if let name = object["kind"], !(name is NSNull) {
      kind = (name as? String).flatMap { AnswerKind(rawValue: $0) }
      guard kind != nil else {
        let known = AnswerKind.allCases.map(\.rawValue).joined(separator: ", ")
        throw fail("kind", "is none of \(known)")
      }
    }
    self.text = text
    self.gold = GoldAnswer(gold, kind: kind)
    expected = object["correct"] as? Bool
    if let name = object["id"] as? String {
      id = (try? JSONEncoder().encode(name)).map { String(decoding: $0, as: UTF8.self) }
    } else {
      id = JSONNumber.text(of: "id", in: line)
    }
    answer = self.gold.answer(in: text)?.value
    isCorrect = self.gold.isMatched(by: answer)
  }
}
