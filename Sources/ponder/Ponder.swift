import ArgumentParser

@main
struct Ponder: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ponder", abstract: "Look inside LLM reasoning.",
    subcommands: [ProblemsCommand.self, CurriculumCommand.self])
}
