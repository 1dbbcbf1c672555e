import Measuring
import Problems
import Traces

/// The votes of another program's samples as text.
struct VoteText {
  private let file: SampleFile
  private let report: ImportReport

  init(_ file: SampleFile, _ report: ImportReport) {
    (self.file, self.report) = (file, report)
  }

  /// - Parameter each: whether every question is listed; a single one always is.
  func text(each: Bool) -> String {
    var text = heading
    if each || report.questions.count == 1 {
      for question in report.questions { text += "\n" + votes(question) }
    }
    let accuracies = report.accuracies
    if accuracies.isEmpty { return text + "\nNo right answer is told, so nothing is graded.\n" }
    let table = TextTable<ImportReport.Accuracy>(columns: [
      .init("") { Self.name($0.rule) },
      .init("right", isNumber: true) { fixed($0.estimate.value) },
      .init("95 %") { fixed($0.estimate.interval) },
      .init("questions", isNumber: true) { "\($0.questions)" },
    ])
    return text + "\n" + table.text(accuracies)
  }

  private var heading: String {
    let questions = file.questions.count
    var text = "\(file.format.title): \(questions) \(questions == 1 ? "question" : "questions"), "
    text += "\(file.sampleCount) \(file.sampleCount == 1 ? "sample" : "samples")"
    if report.unparsed > 0 { text += ", \(report.unparsed) without an answer that can be read" }
    if !file.badLines.isEmpty {
      text += ", \(file.badLines.count) bad \(file.badLines.count == 1 ? "line" : "lines")"
    }
    return text + "\n"
  }

  private func votes(_ question: ImportReport.Question) -> String {
    let imported = question.question
    let name = imported.name ?? imported.text ?? "line \(imported.line)"
    var text = "\(Self.oneLine(name))"
    if let gold = imported.goldAnswer?.text { text += "   right is \(Self.oneLine(gold))" }
    text += "\n"
    for tally in question.tallies {
      let whole = tally.order.reduce(0) { $0 + (tally.votes[$1] ?? 0) }
      let ranked = tally.order.enumerated().sorted { a, b in
        let (p, q) = (tally.votes[a.element] ?? 0, tally.votes[b.element] ?? 0)
        return p > q || (p == q && a.offset < b.offset)
      }
      let shown = ranked.prefix(6).map { _, answer in
        let weight = tally.votes[answer] ?? 0
        let figure =
          tally.method == .majority ? "\(Int(weight))" : fixed(whole > 0 ? weight / whole : nil)
        let mark = imported.isCorrect(answer).map { $0 ? " ✓" : "" } ?? ""
        return "\(Self.oneLine(answer)) \(figure)\(mark)"
      }
      let more = ranked.count > 6 ? ", \(ranked.count - 6) more" : ""
      text += "  \(Self.name(.vote(tally.method)).padded(to: 24))\(shown.joined(separator: ", "))"
      text += more + "\n"
    }
    return text
  }

  private static func name(_ rule: ImportReport.Rule) -> String {
    switch rule {
    case .single: "a sample, on average"
    case .vote(.majority): "majority"
    case .vote(.likelihood): "weighted by p"
    case .vote(.normalizedLikelihood): "by p per token"
    case .vote(.verifier): "weighted by scores"
    case .vote(.delta): "weighted by Δ"
    case .any: "any sample is right"
    }
  }

  /// A file may hold control characters that would disturb the terminal.
  private static func oneLine(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? " " : Character(scalar)
    }
    let words = String(scalars).split(separator: " ").joined(separator: " ")
    return words.count > 72 ? words.prefix(71) + "…" : words
  }
}
