import Problems
import Traces

/// What is wrong with a command of a lesson, in words.
struct LessonCommandError: Error, Hashable { var reason: String }

extension LessonCommand {
  /// Reads one line of a `ponder` block.
  init(parsing line: String, settings: SettingTable = .standard) throws(LessonCommandError) {
    let line = line.trimmingWhitespace
    let space = line.firstIndex(of: " ") ?? line.endIndex
    let argument = String(line[space...]).trimmingWhitespace
    switch line[..<space] {
    case "problem": self = .problem(id: try Self.word(argument, "the id of a problem"))
    case "question": self = .question(try Self.text(argument, "a question"))
    case "strategy": self = .strategy(name: try Self.strategy(argument))
    case "set": self = try Self.setting(argument, settings)
    case "run": self = try Self.alone(.run, argument)
    case "screen": self = .screen(try Self.word(argument, "the name of a screen"))
    case "goto": self = .goTo(try Self.place(argument))
    case "step": self = .step(count: try Self.count(argument.isEmpty ? "1" : argument, 1...1000))
    case "take": self = .take(token: try Self.quoted(argument))
    case "insert": self = .insert(text: try Self.quoted(argument))
    case "answer-now": self = try Self.alone(.answerNow, argument)
    case "compare": self = try Self.comparison(argument)
    case "guess": self = try Self.guess(argument)
    case "expect": self = try Self.expectation(argument)
    case let word:
      throw LessonCommandError(
        reason: "“\(word)” is not a command; known: problem, question, strategy, set, run, "
          + "screen, goto, step, take, insert, answer-now, compare, guess, expect")
    }
  }

  private static func alone(
    _ command: LessonCommand, _ argument: String
  ) throws(LessonCommandError) -> LessonCommand {
    guard argument.isEmpty else {
      throw LessonCommandError(reason: "“\(command)” takes no argument; leave out “\(argument)”")
    }
    return command
  }

  private static func text(_ text: String, _ what: String) throws(LessonCommandError) -> String {
    guard !text.isEmpty else { throw LessonCommandError(reason: "\(what) is missing") }
    return text
  }

  private static func word(_ text: String, _ what: String) throws(LessonCommandError) -> String {
    guard !text.isEmpty, !text.contains(where: \.isWhitespace) else {
      throw LessonCommandError(reason: "expected \(what), found “\(text)”")
    }
    return text
  }

  private static func count(
    _ text: String, _ range: ClosedRange<Int>
  ) throws(LessonCommandError) -> Int {
    guard let count = Int(text), range.contains(count) else {
      throw LessonCommandError(
        reason: "expected a number from \(range.lowerBound) to \(range.upperBound), found “\(text)”"
      )
    }
    return count
  }

  private static func quoted(_ text: String) throws(LessonCommandError) -> String {
    guard text.count > 2, text.hasPrefix("\""), text.hasSuffix("\"") else {
      throw LessonCommandError(
        reason: "expected a text in double quotes, which keep its spaces; found “\(text)”")
    }
    return String(text.dropFirst().dropLast())
  }

  private static func strategy(_ argument: String) throws(LessonCommandError) -> String {
    guard StrategyRegistry.names.contains(argument) else {
      throw LessonCommandError(reason: "\(StrategyError.unknown(argument))")
    }
    return argument
  }

  private static func setting(
    _ argument: String, _ table: SettingTable
  ) throws(LessonCommandError) -> LessonCommand {
    let words = argument.split(separator: " ", maxSplits: 1)
    guard words.count == 2, let setting = table[String(words[0])] else {
      let names = table.map(\.name).joined(separator: ", ")
      throw LessonCommandError(reason: "expected “set NAME VALUE” with one of \(names)")
    }
    let value = String(words[1]).trimmingWhitespace
    var settings = RunSettings()
    do {
      try setting.set(value, in: &settings)
    } catch {
      throw LessonCommandError(reason: error.description)
    }
    return .set(setting, value: value)
  }

  private static func place(_ argument: String) throws(LessonCommandError) -> Place {
    if argument == "start" { return .start }
    let words = argument.split(separator: " ", maxSplits: 1)
    if words.count == 2, words[0] == "answer" { return .answer(String(words[1])) }
    if words.count == 2, words[0] == "branch", let branch = Branch(words[1]) {
      return .branch(branch)
    }
    throw LessonCommandError(
      reason: "expected “goto start”, “goto answer VALUE” or “goto branch NUMBER|best”")
  }

  private static func comparison(_ argument: String) throws(LessonCommandError) -> LessonCommand {
    let branches = argument.split(separator: " ").map { Branch($0) }
    guard branches.count == 2, let left = branches[0], let right = branches[1], left != right else {
      throw LessonCommandError(
        reason: "expected two different branches, each a number from 1 or “best”")
    }
    return .compare(left, right)
  }

  private static func guess(_ argument: String) throws(LessonCommandError) -> LessonCommand {
    let words = argument.split(separator: " ")
    guard words.first == "next", words.count <= 2 else {
      throw LessonCommandError(reason: "expected “guess next” and a number of choices")
    }
    return .guessNext(choices: try count(words.count == 2 ? String(words[1]) : "4", 2...9))
  }

  private static func expectation(_ argument: String) throws(LessonCommandError) -> LessonCommand {
    guard let colon = argument.firstIndex(of: ":") else {
      throw LessonCommandError(
        reason: "expected “expect CONDITION: TEXT”; TEXT is shown if the condition does not hold")
    }
    let condition = String(argument[..<colon]).trimmingWhitespace
    let otherwise = try text(
      String(argument[argument.index(after: colon)...]).trimmingWhitespace,
      "the text for a condition that does not hold")
    let words = condition.split(separator: " ", maxSplits: 1)
    switch (words.first, words.count) {
    case ("correct", 1): return .expect(.correct, otherwise: otherwise)
    case ("wrong", 1): return .expect(.wrong, otherwise: otherwise)
    case ("answer", 2): return .expect(.answer(String(words[1])), otherwise: otherwise)
    default:
      throw LessonCommandError(
        reason: "“\(condition)” is not a condition; use correct, wrong or answer VALUE")
    }
  }
}
