import ArgumentParser
import Foundation

@main
struct Ponder: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ponder",
    abstract: "Look inside LLM reasoning: token by token, branch by branch, vote by vote.",
    subcommands: [
      PlayCommand.self, RunCommand.self, EvalCommand.self, ScaleCommand.self,
      ReplayCommand.self, StrategiesCommand.self, ProblemsCommand.self, GradeCommand.self,
      ModelsCommand.self, ThemesCommand.self, InfoCommand.self, TokenizeCommand.self,
      BenchCommand.self, LogitsCommand.self, CurriculumCommand.self,
    ],
    defaultSubcommand: PlayCommand.self)

  /// Parses the command line and runs what it asks for, on the main thread unless that command
  /// suspends. Every error ends in one line on standard error and its exit status.
  @MainActor static func main() async {
    // A reader that closes the pipe early is an error of `write`, not the end of the process: the
    // terminal and the journal must be put in order first.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot()
      if var suspending = command as? any AsyncParsableCommand {
        try await suspending.run()
      } else {
        try command.run()
      }
    } catch { ErrorReport.exit(with: error) }
  }
}
