import Foundation

/// Reads problems from JSON Lines: our own (`ponder problems`) and GSM8K's.
///
/// Every line is an object with `question` and `answer`; `id`, `family`, `level` and `steps` may
/// be given. An answer with a line `#### 18` is GSM8K's form (Cobbe et al. 2021, arXiv
/// 2110.14168): what follows `####` is the gold answer, the lines before it are the steps, and
/// their `<<16-3=13>>` annotations are left out.
public enum ProblemFile {
  /// The problems of a file, in order. A problem without an id is named after the file and its
  /// line, one without a family after the file.
  /// - Throws: `TextFileError`, with the line for a malformed problem.
  public static func read(_ path: String) throws(TextFileError) -> [Problem] {
    let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    return try parse(TextFile.read(path), name: name, path: path)
  }

  /// The problems in a text; `path` is for messages.
  static func parse(_ text: String, name: String, path: String) throws(TextFileError) -> [Problem] {
    var problems: [Problem] = []
    for line in TextFile.lines(of: text) where !line.text.allSatisfy(\.isWhitespace) {
      do {
        problems.append(try problem(String(line.text), file: name, line: line.number))
      } catch {
        throw .malformed(path: path, line: line.number, reason: error.reason)
      }
    }
    guard !problems.isEmpty else {
      throw .malformed(path: path, line: 1, reason: "the file holds no problem")
    }
    return problems
  }

  private struct LineError: Error { var reason: String }

  private static func problem(
    _ json: String, file: String, line: Int
  ) throws(LineError) -> Problem {
    let row: Row
    do {
      row = try JSONDecoder().decode(Row.self, from: Data(json.utf8))
    } catch {
      throw LineError(reason: reason(error))
    }
    let solution = Solution(JSONNumber.text(of: "answer", in: json) ?? row.answer)
    guard !row.question.allSatisfy(\.isWhitespace) else {
      throw LineError(reason: "“question” is empty")
    }
    guard AnswerNormalizer.normalize(solution.answer, kind: .any) != nil else {
      throw LineError(reason: "“answer” is empty")
    }
    let steps = row.steps ?? solution.steps
    return Problem(
      id: row.id ?? "\(file)/\(line)", family: row.family ?? file, level: row.level ?? steps.count,
      question: row.question, answer: solution.answer, steps: steps)
  }

  /// A line of the file. An answer may be text or a number.
  private struct Row: Decodable {
    var id: String?
    var family: String?
    var level: Int?
    var question: String
    var answer: String
    var steps: [String]?

    private enum Key: String, CodingKey { case id, family, level, question, answer, steps }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      id = try values.decodeIfPresent(String.self, forKey: .id)
      family = try values.decodeIfPresent(String.self, forKey: .family)
      level = try values.decodeIfPresent(Int.self, forKey: .level)
      question = try values.decode(String.self, forKey: .question)
      steps = try values.decodeIfPresent([String].self, forKey: .steps)
      if let number = try? values.decode(Decimal.self, forKey: .answer) {
        answer = "\(number)"
      } else {
        answer = try values.decode(String.self, forKey: .answer)
      }
    }
  }

  /// An answer divided at its last `####`, if it has one.
  private struct Solution {
    var answer: String
    var steps: [String] = []

    init(_ text: String) {
      answer = text
      guard let mark = text.ranges(of: "####").last else { return }
      answer = String(text[mark.upperBound...]).trimmingWhitespace
      steps = text[..<mark.lowerBound].split(separator: "\n")
        .map { Self.withoutAnnotations(String($0)).trimmingWhitespace }
        .filter { !$0.isEmpty }
    }

    private static func withoutAnnotations(_ text: String) -> String {
      var rest = text
      while let open = rest.firstRange(of: "<<"),
        let close = rest[open.upperBound...].firstRange(of: ">>")
      { rest.removeSubrange(open.lowerBound..<close.upperBound) }
      return rest
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "“\(key.stringValue)” is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      context.codingPath.first.map { "“\($0.stringValue)” is of the wrong type" }
        ?? "a problem is a JSON object with “question” and “answer”"
    default: "this is not a JSON object; every line holds one problem"
    }
  }
}

extension Problem {
  /// What kind of answer the problem asks for, as its family or its gold answer tells.
  public var answerKind: AnswerKind {
    (try? ProblemLibrary.family(family))?.answerKind ?? AnswerNormalizer.kind(ofGold: answer)
  }

  /// Whether an answer is right: by the family's exact check, else by comparison with the gold.
  public func isCorrect(_ answer: String) -> Bool {
    AnswerGrader.isCorrect(
      answer, gold: self.answer, kind: answerKind, question: question, family: family)
  }
}
