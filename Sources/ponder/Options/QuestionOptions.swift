import ArgumentParser
import Problems
import Traces

/// What is asked.
struct QuestionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A library problem (see 'ponder problems').", valueName: "id"))
  var problem: String?

  @Option(help: ArgumentHelp("A question of your own.", valueName: "text"))
  var question: String?

  @Option(help: ArgumentHelp("A text that is sent to the model unchanged.", valueName: "text"))
  var prompt: String?

  func validate() throws {
    guard [problem, question, prompt].count(where: { $0 != nil }) <= 1 else {
      throw ValidationError("Give one of --problem, --question and --prompt.")
    }
    for (name, text) in [("--question", question), ("--prompt", prompt)] where text?.isEmpty == true
    { throw ValidationError("\(name) is empty.") }
  }

  /// What is asked; nil when nothing was given.
  ///
  /// - Throws: `ProblemError` for a problem that does not exist.
  func resolve() throws -> Question? {
    if let problem { return Question(try ProblemLibrary.problem(id: problem)) }
    if let question { return Question(text: question) }
    if let prompt { return Question(text: prompt, isRaw: true) }
    return nil
  }
}
