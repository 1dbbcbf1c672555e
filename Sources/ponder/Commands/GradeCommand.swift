import ArgumentParser
import Foundation
import Problems

/// `ponder grade`: reads the answers of texts and compares them with the right ones. No model.
struct GradeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "grade",
    abstract: "Read the answers of texts, and compare them with the right ones.",
    discussion: """
      Every line of FILE is {"gold": ANSWER, "text": TEXT}. "gold" is a string or a number; "kind" \
      (\(AnswerKind.allCases.map(\.rawValue).joined(separator: ", "))) says what is asked for where the \
      answer does not tell; "id" is repeated in the output; where "correct" is given, the summary \
      says how often it agrees.
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument { case text, jsonl }

  @Argument(help: "The file; - is standard input.") var file: String

  @Option(
    help: """
      text: a summary; jsonl: {"answer": …, "correct": true|false} for every line, null where the \
      text says nothing that can be read.
      """) var format: Format = .text

  func run() throws {
    var (graded, skipped) = ([(line: Int, text: GradedText)](), 0)
    for (number, line) in try TextFile.lines(of: content())
    where !line.allSatisfy(\.isWhitespace) {
      do {
        let text = try GradedText(line: String(line))
        if format == .jsonl { try StandardOutput.writeLine(Self.json(text)) }
        graded.append((number, text))
      } catch let error as GradedText.LineError {
        skipped += 1
        StandardError.tell("\(name):\(number): \(error)")
      }
    }
    if format == .text { try StandardOutput.write(Self.summary(graded, skipped: skipped)) }
    if graded.isEmpty, skipped == 0 { throw UserError.badData("\(name) holds no text to grade.") }
    guard skipped == 0 else { throw ExitCode.badData }
  }

  private var name: String { file == "-" ? "standard input" : file }

  private func content() throws -> String {
    guard file == "-" else { return try TextFile.read(file) }
    let data = try FileHandle.standardInput.readToEnd() ?? Data()
    guard let text = String(validating: data, as: UTF8.self) else {
      throw UserError.badData("standard input is not UTF-8 text.")
    }
    return text.replacing("\r\n", with: "\n")
  }

  /// Written by hand, because a name may be a number of any length.
  private static func json(_ text: GradedText) throws -> String {
    let answer = try text.answer.map { try StandardOutput.json($0) } ?? "null"
    let id = text.id.map { ",\"id\":\($0)" } ?? ""
    return "{\"answer\":\(answer),\"correct\":\(text.isCorrect)\(id)}"
  }

  private static func summary(_ graded: [(line: Int, text: GradedText)], skipped: Int) -> String {
    let right = graded.count { $0.text.isCorrect }
    let unread = graded.count { $0.text.answer == nil }
    var lines = [
      "\(graded.count) \(graded.count == 1 ? "text" : "texts")",
      "  right     \(right)",
      "  wrong     \(graded.count - right - unread)",
      "  unparsed  \(unread)   nothing that can be read as an answer",
    ]
    if skipped > 0 { lines.append("  skipped   \(skipped)   lines that cannot be read") }
    let judged = graded.filter { $0.text.expected != nil }
    if !judged.isEmpty {
      let others = judged.filter { $0.text.expected != $0.text.isCorrect }
      lines.append("“correct” agrees in \(judged.count - others.count) of \(judged.count).")
      lines += others.map { line, text in
        let said = text.answer.map { "says \($0)" } ?? "is unparsed"
        return "  line \(line)\(text.id.map { ", \($0)" } ?? ""): \(said), right is "
          + "\(text.gold.normal ?? text.gold.text); graded \(text.isCorrect ? "right" : "wrong")"
      }
    }
    return lines.map { line in
      // An answer may hold control characters that would disturb the terminal.
      String(
        String.UnicodeScalarView(
          line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }.joined(separator: "\n") + "\n"
  }
}
