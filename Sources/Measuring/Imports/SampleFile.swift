import Foundation
import Problems
import Traces

/// A file with samples of somebody else's model.
public struct SampleFile: Sendable, Hashable {
  /// A line that holds no samples.
  public struct BadLine: Sendable, Hashable {
    public var line: Int
    public var reason: String
  }

  /// The file's name.
  public var name: String
  /// In which form most of its lines are.
  public var format: SampleFormat
  public var questions: [ImportedQuestion]
  /// Tells files with other content apart.
  public var digest: String
  /// In the order of the file.
  public var badLines: [BadLine]

  /// How many texts there are.
  public var sampleCount: Int { questions.reduce(0) { $0 + $1.samples.count } }

  /// Reads a file: lines of JSON, or one value of JSON.
  ///
  /// - Parameters:
  ///   - name: what the file is called in messages.
  ///   - joining: whether all lines answer one question, whatever they say.
  ///   - check: is asked between lines, and may throw to end the reading.
  /// - Throws: `SampleFileError` for a text without any samples, and what `check` throws.
  public init(
    _ text: String, name: String, joining: Bool = false, check: () throws -> Void = {}
  ) throws {
    self.name = name
    var questions: [ImportedQuestion] = []
    var badLines: [BadLine] = []
    var content = TextDigest()
    content.add(text.utf8)
    digest = content.text
    var formats: [SampleFormat: Int] = [:]
    var seen: Set<String> = []
    for (line, source) in Self.values(in: text) {
      try check()
      do {
        guard case .object(let object)? = Self.value(source) else {
          throw SampleFormat.LineError("this is not a JSON object")
        }
        guard let format = SampleFormat(of: object) else {
          throw SampleFormat.LineError(
            "no samples are found here: its fields are "
              + (object.keys.sorted().prefix(8).joined(separator: ", ")))
        }
        formats[format, default: 0] += 1
        // lm-eval writes a question once for each of its filters.
        if format == .evaluationHarness, let key = Self.identity(object),
          !seen.insert(key).inserted
        {
          continue
        }
        Self.add(
          try format.question(object, source: source, line: line), to: &questions, joining: joining)
      } catch let error as SampleFormat.LineError {
        badLines.append(BadLine(line: line, reason: error.description))
      }
    }
    guard !questions.isEmpty,
      let format = SampleFormat.allCases.max(by: { formats[$0] ?? 0 < formats[$1] ?? 0 })
    else { throw SampleFileError.noSamples(name: name, first: badLines.first) }
    self.format = format
    (self.questions, self.badLines) = (questions, badLines)
  }

  /// Adds a question, or its samples to the one that they belong to: where a file has each sample on a line
  /// of its own, with the same question or the same name.
  private static func add(
    _ question: ImportedQuestion, to questions: inout [ImportedQuestion], joining: Bool
  ) {
    let same = questions.indices.last { index in
      let known = questions[index]
      if joining { return true }
      guard !known.isChoice, !question.isChoice else { return false }
      if let text = question.text, text == known.text, known.gold == question.gold {
        return index == questions.count - 1
      }
      return false
    }
    guard let same else { return questions.append(question) }
    questions[same].samples += question.samples
    questions[same].gold = questions[same].gold ?? question.gold
    questions[same].text = questions[same].text ?? question.text
  }

  private static func identity(_ object: [String: JSONValue]) -> String? {
    let parts = ["doc_id", "doc_hash", "prompt_hash", "target_hash"].map { object[$0] }
    guard parts[0] != nil, object["filter"] != nil else { return nil }
    return parts.map { $0.map { "\($0)" } ?? "" }.joined(separator: "\n")
  }

  /// The values of a text with the lines on which they begin: of a text that is one value, an array's
  /// elements or the value.
  private static func values(in text: String) -> [(line: Int, source: String)] {
    let lines = TextFile.lines(of: text).filter { !$0.text.allSatisfy(\.isWhitespace) }
    guard let first = lines.first else { return [] }
    let isLines = lines.count > 1 && value(String(first.text)) != nil
    if !isLines, let whole = value(text) {
      guard case .array(let elements) = whole else { return [(first.number, text)] }
      let encoder = JSONEncoder()
      return elements.map { element in
        (
          first.number,
          (try? encoder.encode(element)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        )
      }
    }
    return lines.map { ($0.number, String($0.text)) }
  }

  private static func value(_ text: String) -> JSONValue? {
    try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
  }
}

/// Why a file has nothing to vote on.
public enum SampleFileError: Error, Hashable, CustomStringConvertible {
  /// - Parameter first: what is wrong with its first line; nil for an empty file.
  case noSamples(name: String, first: SampleFile.BadLine?)

  public var description: String {
    switch self {
    case .noSamples(let name, let first):
      guard let first else { return "\(name) is empty." }
      return "\(name) holds no samples; line \(first.line): \(first.reason)"
    }
  }
}
