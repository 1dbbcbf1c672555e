public import Problems
public import Traces

/// A lesson: text in steps, each with commands that the playground carries out.
///
/// The file format is documented in Samples/Lessons/README.md.
public struct Lesson: Hashable, Sendable {
  public var title: String
  /// One line for lists.
  public var summary: String?
  /// The problem or question that the lesson opens with.
  public var opening: Opening?
  /// Which model the lesson was written for ("bundled"); a hint, shown and not enforced.
  public var model: String?
  /// The paragraphs before the first step.
  public var introduction: [String]
  public var steps: [Step]

  public enum Opening: Hashable, Sendable {
    case problem(id: String)
    case question(String)
  }

  /// One step: what is said, what is done, and what is said about the outcome.
  public struct Step: Hashable, Sendable {
    public var title: String
    /// The paragraphs before the commands.
    public var before: [String]
    public var commands: [LessonCommand]
    /// The paragraphs after them, to be shown once the commands have been carried out.
    public var after: [String]
    /// The line of the step's title in the file, from 1.
    public var line: Int
  }

  /// Reads a lesson file.
  public static func read(
    _ path: String, settings: SettingTable = .standard
  ) throws(TextFileError) -> Lesson {
    try parse(TextFile.read(path), path: path, settings: settings)
  }

  /// Reads a lesson; `path` is for messages.
  public static func parse(
    _ text: String, path: String, settings: SettingTable = .standard
  ) throws(TextFileError) -> Lesson {
    var parser = LessonParser(path: path, settings: settings)
    for line in TextFile.lines(of: text) { try parser.read(String(line.text), line.number) }
    return try parser.finish()
  }
}

/// Reads a lesson line by line.
private struct LessonParser {
  let path: String
  let settings: SettingTable
  var place = Place.beforeHeader
  var header: [String: String] = [:]
  var introduction: [String] = []
  var steps: [Lesson.Step] = []
  /// The lines of the paragraph being read.
  var paragraph: [String] = []
  var hasCommands = false
  var lastLine = 0

  enum Place: Equatable {
    case beforeHeader, header, text
    case commands(openedAt: Int)
  }

  private static let keys = ["title", "summary", "problem", "question", "model"]

  private func error(_ line: Int, _ reason: String) -> TextFileError {
    .malformed(path: path, line: max(1, line), reason: reason)
  }

  mutating func read(_ line: String, _ number: Int) throws(TextFileError) {
    lastLine = number
    switch place {
    case .beforeHeader:
      guard line == "---" else {
        throw error(number, "a lesson starts with a line “---” and its title")
      }
      place = .header
    case .header: if line == "---" { place = .text } else { try readHeader(line, number) }
    case .text: try readText(line, number)
    case .commands: try readCommand(line, number)
    }
  }

  mutating func finish() throws(TextFileError) -> Lesson {
    switch place {
    case .beforeHeader, .header:
      throw error(lastLine, "the line “---” that ends the header is missing")
    case .commands(let opened): throw error(opened, "the block of commands is not closed by ```")
    case .text: endParagraph()
    }
    guard let title = header["title"] else { throw error(1, "the header has no title") }
    guard !steps.isEmpty else {
      throw error(lastLine, "the lesson has no step; a step starts with “## Title”")
    }
    for step in steps where step.before.isEmpty && step.after.isEmpty {
      throw error(step.line, "the step has no text")
    }
    guard header["problem"] == nil || header["question"] == nil else {
      throw error(1, "the header has both a problem and a question")
    }
    return Lesson(
      title: title, summary: header["summary"],
      opening: header["problem"].map { .problem(id: $0) }
        ?? header["question"].map { .question($0) },
      model: header["model"], introduction: introduction, steps: steps)
  }

  private mutating func readHeader(_ line: String, _ number: Int) throws(TextFileError) {
    if line.trimmingWhitespace.isEmpty { return }
    guard let colon = line.firstIndex(of: ":") else {
      throw error(number, "expected “key: value”, found “\(line)”")
    }
    let key = String(line[..<colon]).trimmingWhitespace
    let value = String(line[line.index(after: colon)...]).trimmingWhitespace
    guard Self.keys.contains(key) else {
      throw error(number, "unknown key “\(key)”; the keys are \(Self.keys.joined(separator: ", "))")
    }
    guard !value.isEmpty else { throw error(number, "“\(key)” has no value") }
    guard header.updateValue(value, forKey: key) == nil else {
      throw error(number, "“\(key)” is given twice")
    }
  }

  private mutating func readText(_ line: String, _ number: Int) throws(TextFileError) {
    if line.hasPrefix("## ") || line == "##" {
      endParagraph()
      let title = String(line.dropFirst(2)).trimmingWhitespace
      guard !title.isEmpty else { throw error(number, "the step has no title") }
      steps.append(Lesson.Step(title: title, before: [], commands: [], after: [], line: number))
      hasCommands = false
    } else if line.hasPrefix("#") {
      throw error(number, "the only headings are those of steps, written “## Title”")
    } else if line.hasPrefix("```") {
      endParagraph()
      try openCommands(line, number)
    } else if line.allSatisfy(\.isWhitespace) {
      endParagraph()
    } else {
      if line.hasPrefix("- ") { endParagraph() }
      paragraph.append(line.trimmingWhitespace)
    }
  }

  private mutating func openCommands(_ line: String, _ number: Int) throws(TextFileError) {
    guard line.dropFirst(3) == "ponder" else {
      throw error(number, "a block of commands starts with ```ponder, not “\(line)”")
    }
    guard !steps.isEmpty else { throw error(number, "commands belong inside a step") }
    guard !hasCommands else { throw error(number, "a step can have one block; add another step") }
    hasCommands = true
    place = .commands(openedAt: number)
  }

  private mutating func readCommand(_ line: String, _ number: Int) throws(TextFileError) {
    let text = line.trimmingWhitespace
    if text == "```" {
      place = .text
    } else if !text.isEmpty, !text.hasPrefix("#") {
      do {
        steps[steps.count - 1].commands.append(try LessonCommand(parsing: text, settings: settings))
      } catch { throw self.error(number, error.reason) }
    }
  }

  private mutating func endParagraph() {
    guard !paragraph.isEmpty else { return }
    let text = paragraph.joined(separator: " ")
    paragraph = []
    if steps.isEmpty {
      introduction.append(text)
    } else if hasCommands {
      steps[steps.count - 1].after.append(text)
    } else {
      steps[steps.count - 1].before.append(text)
    }
  }
}
