import ArgumentParser
import Foundation
import Measuring
import Problems
import Traces

/// `ponder vote`: has samples of another program vote. No model.
struct VoteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vote",
    abstract: "Read another program's samples, and have their answers vote.",
    discussion: """
      Every line of FILE is a question with its samples: of search-and-learn, of lm-evaluation-harness \
      (--log_samples), answers of OpenAI's API (chat or completions, with their log-probabilities if they \
      have some), OpenR's record.jsonl, or {"problem": …, "answer": …, "completions": […]}. Which it is, is \
      found from the fields. Answers are read as 'ponder grade' reads them.

      Answers vote by majority; where every sample of a question has a score, weighted by it (of step \
      scores, the last); where every sample has its log-probability, weighted by p, and by p per token. “Any” \
      says how often at least one sample is right. Where samples stand on lines of their own, those with \
      the same question are taken together.
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument { case text, jsonl }

  @Argument(help: "The file; - is standard input.") var file: String

  @Flag(help: "All lines answer one question, whatever they say.") var together = false

  @Flag(help: "Also print how the votes of each question stand.") var each = false

  @Option(help: "text: how often each way of voting is right; jsonl: a line for each question.")
  var format: Format = .text

  func run() throws {
    let samples = try SampleFile(content(), name: name, joining: together)
    let report = ImportReport(samples)
    for bad in samples.badLines { StandardError.tell("\(name):\(bad.line): \(bad.reason)") }
    switch format {
    case .text: try StandardOutput.write(VoteText(samples, report).text(each: each))
    case .jsonl:
      for question in report.questions { try StandardOutput.writeLine(Self.json(question)) }
    }
    guard samples.badLines.isEmpty else { throw ExitCode.badData }
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

  private static func json(_ question: ImportReport.Question) throws -> String {
    struct Row: Encodable {
      struct Vote: Encodable {
        var answer: String?
        var weight: Double
      }
      var line: Int
      var id: String?
      var gold: String?
      var answers: [String?]
      var correct: [Bool]?
      var votes: [String: [Vote]]
      var winners: [String: String]
    }
    let imported = question.question
    var votes: [String: [Row.Vote]] = [:]
    var winners: [String: String] = [:]
    for tally in question.tallies {
      let name = tally.method.rawValue
      votes[name] = tally.order.map { Row.Vote(answer: $0, weight: tally.votes[$0] ?? 0) }
      winners[name] = tally.winner
    }
    return try StandardOutput.json(
      Row(
        line: imported.line, id: imported.name, gold: imported.goldAnswer?.text,
        answers: question.answers,
        correct: imported.gold == nil
          ? nil : question.answers.map { imported.isCorrect($0) == true }, votes: votes,
        winners: winners))
  }
}

extension SampleFileError: ExitingError {
  var exitCode: ExitCode { .badData }
}
