import ArgumentParser
import Foundation

@main
struct Ponder: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ponder",
    abstract: "Look inside LLM reasoning: token by token, branch by branch, vote by vote.",
    version: "ponder 0.1.0",
    subcommands: [
      PlayCommand.self, RunCommand.self, EvalCommand.self, ScaleCommand.self, TrainCommand.self,
      ReplayCommand.self, StrategiesCommand.self, RecipesCommand.self, ProblemsCommand.self,
      LabelCommand.self, GradeCommand.self, VoteCommand.self, ScoreCommand.self, ModelsCommand.self,
      ThemesCommand.self,
      ConfigCommand.self,
      InfoCommand.self, LayersCommand.self, PullCommand.self, ServeCommand.self,
      LoadCommand.self,
      TokenizeCommand.self, TemplateCommand.self, BenchCommand.self, LogitsCommand.self,
      CurriculumCommand.self,
      PretrainCommand.self, SampleCommand.self, ManualCommand.self,
    ],
    defaultSubcommand: PlayCommand.self)

  /// Parses the command line and runs what it asks for, on the main thread unless that command
  /// suspends. Every error ends in one line on standard error and its exit status.
  @MainActor static func main() async {
    // A reader that closes the pipe early is an error of `write`, not the end of the process: the
    // terminal and the journal must be put in order first.
    signal(SIGPIPE, SIG_IGN)
    // So is a file that has grown as large as it may.
    signal(SIGXFSZ, SIG_IGN)
    // Whoever started this may have kept these from coming; Ctrl-C must come.
    var interrupts = sigset_t()
    sigemptyset(&interrupts)
    for number in [SIGINT, SIGTERM] { sigaddset(&interrupts, number) }
    pthread_sigmask(SIG_UNBLOCK, &interrupts, nil)
    do {
      let words = CommandWords.joiningValues(Array(CommandLine.arguments.dropFirst()))
      try CommandWords.check(words)
      var command = try parseAsRoot(words)
      if var suspending = command as? any AsyncParsableCommand {
        try await suspending.run()
      } else {
        try command.run()
      }
    } catch { ErrorReport.exit(with: error) }
  }
}
