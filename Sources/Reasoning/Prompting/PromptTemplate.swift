public import Problems

/// The text around a question, as a file that people can edit: see Samples/Prompts/README.md.
///
/// A header of `key: value` lines, a line `---`, and the prompt with `{question}` and, for
/// few-shot prompting, `{exemplars}`, or for retrieval `{passages}`. A file without `---` is all prompt.
public struct PromptTemplate: Hashable, Sendable {
  /// The prompt with its placeholders.
  public let body: String
  /// See `Prompt.stops`; by default a new line that starts the next question.
  public private(set) var stops: [String] = []
  /// Where a continuation ends when the template does not say: where the next question begins.
  static let usualStops = ["\n\nQ:", "\nQ:"]
  private(set) var answerTrigger = " The answer is"
  private(set) var extractionTrigger: String?
  /// Where the examples are: a file, or a directory with a file for each problem family and
  /// `mixed.txt` for the rest, relative to the template's own directory.
  private(set) var exemplarPath: String?
  /// How many examples a prompt has at most.
  private(set) var exemplarLimit = 3

  /// Reads a template; `path` is for messages.
  public static func parse(_ text: String, path: String) throws(TextFileError) -> PromptTemplate {
    let lines = TextFile.lines(of: text)
    let ruler = lines.firstIndex { $0.text == "---" }
    let header = ruler.map { lines[..<$0] } ?? []
    let rest = ruler.map { lines[($0 + 1)...] } ?? lines[...]
    var template = PromptTemplate(body: rest.map(\.text).joined(separator: "\n"))
    for line in header {
      let content = line.text.drop { $0.isWhitespace }
      if content.isEmpty || content.hasPrefix("#") { continue }
      do {
        try template.read(String(content))
      } catch {
        throw .malformed(path: path, line: line.number, reason: error.reason)
      }
    }
    try template.check(path: path, bodyLine: (ruler ?? -1) + 2)
    if template.stops.isEmpty { template.stops = usualStops }
    return template
  }

  private init(body: String) { self.body = body }

  /// What is wrong with one line; the file and the line are added where they are known.
  private struct LineError: Error { var reason: String }

  private mutating func read(_ line: String) throws(LineError) {
    guard let colon = line.firstIndex(of: ":") else {
      throw LineError(reason: "expected “key: value” above the line “---”, found “\(line)”")
    }
    let value = try Self.value(String(line[line.index(after: colon)...]))
    switch line[..<colon] {
    case "stop" where !value.isEmpty: stops.append(value)
    case "answer-trigger": answerTrigger = value
    case "extraction": extractionTrigger = value
    case "exemplars" where !value.isEmpty: exemplarPath = value
    case "exemplar-limit":
      guard let limit = Int(value), limit >= 1 else {
        throw LineError(reason: "exemplar-limit must be a whole number, 1 or more, not “\(value)”")
      }
      exemplarLimit = limit
    case "stop", "exemplars": throw LineError(reason: "“\(line[..<colon])” has no value")
    default:
      throw LineError(
        reason: "unknown key “\(line[..<colon])”; the keys are stop, answer-trigger, extraction, "
          + "exemplars, exemplar-limit")
    }
  }

  /// A value as written, or between double quotes with `\n`, `\t`, `\"` and `\\`.
  private static func value(_ written: String) throws(LineError) -> String {
    let text = written.trimmingWhitespace
    guard text.hasPrefix("\"") else { return text }
    guard text.count >= 2, text.hasSuffix("\"") else {
      throw LineError(reason: "the closing quote is missing in \(text)")
    }
    var value = ""
    var isEscaped = false
    for character in text.dropFirst().dropLast() {
      if isEscaped {
        guard let meant = ["n": "\n", "t": "\t", "\"": "\"", "\\": "\\"][String(character)] else {
          throw LineError(reason: "“\\\(character)” is not an escape; use \\n, \\t, \\\" or \\\\")
        }
        value += meant
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        value.append(character)
      }
    }
    guard !isEscaped else { throw LineError(reason: "the closing quote is missing in \(text)") }
    return value
  }

  private func check(path: String, bodyLine: Int) throws(TextFileError) {
    func fail(_ reason: String) -> TextFileError {
      .malformed(path: path, line: bodyLine, reason: reason)
    }
    guard body.contains("{question}") else {
      throw fail("the prompt has no {question}, so every question would read the same")
    }
    if body.contains("{exemplars}"), exemplarPath == nil {
      throw fail("the prompt has {exemplars}, but no “exemplars: PATH” above the line “---”")
    }
    if body.last?.isWhitespace == true {
      throw fail("the prompt ends in white space, which belongs to the first token of the answer")
    }
  }

  /// What a person would write to a chat model: where the prompt is the question between `Q:` and
  /// `A:`, the question, and on a line of its own what begins the answer; nil for any other form.
  private func message(_ question: String) -> String? {
    guard let form = body.firstRange(of: "Q: {question}\nA:"), form.lowerBound == body.startIndex
    else { return nil }
    let request = String(body[form.upperBound...]).trimmingWhitespace
    guard !request.contains("{question}"), !request.contains("{exemplars}"),
      !request.contains("{passages}")
    else { return nil }
    return request.isEmpty ? question : question + "\n" + request
  }

  /// The prompt for a question. Examples that give the question away are left out, and of the
  /// others the first `exemplarLimit` are used.
  public func render(
    question: String, exemplars: [Exemplar] = [], passages: [RetrievedPassage] = []
  ) -> Prompt {
    var prompt = rendered(question: question, exemplars: exemplars, passages: passages)
    guard !passages.isEmpty, asksForPassages else { return prompt }
    prompt.retrieved = passages
    let others = passages.indices.map { left in
      passages.indices.filter { $0 != left }.map { passages[$0] }
    }
    prompt.ablated = (others + [[]]).map {
      rendered(question: question, exemplars: exemplars, passages: $0)
    }
    return prompt
  }

  /// Whether passages of texts stand in the prompt.
  var asksForPassages: Bool { body.contains("{passages}") }

  private func rendered(
    question: String, exemplars: [Exemplar], passages: [RetrievedPassage]
  ) -> Prompt {
    let safe = exemplars.filter { !$0.leaks(into: question) }
    let used = body.contains("{exemplars}") ? Array(safe.prefix(exemplarLimit)) : []
    let shown = used.map { $0.text + "\n\n" }.joined()
    // One pass, so that a placeholder spelled in the question stays as it is.
    var text = ""
    var rest = Substring(body)
    while let brace = rest.firstIndex(of: "{") {
      text += rest[..<brace]
      rest = rest[brace...]
      if rest.hasPrefix("{question}") {
        text += question
        rest = rest.dropFirst("{question}".count)
      } else if rest.hasPrefix("{exemplars}") {
        text += shown
        rest = rest.dropFirst("{exemplars}".count)
      } else if rest.hasPrefix("{passages}") {
        text += passages.map { $0.passage.text + "\n\n" }.joined()
        rest = rest.dropFirst("{passages}".count)
      } else {
        text.append(rest.removeFirst())
      }
    }
    return Prompt(
      text: text + rest, message: message(question), stops: stops, answerTrigger: answerTrigger,
      extractionTrigger: extractionTrigger, exemplarCount: used.count,
      leakedExemplarCount: exemplars.count - safe.count)
  }
}
