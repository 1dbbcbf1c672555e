import Reasoning
import TerminalUI
import Traces

/// Everything that can happen to the playground.
enum Action: Sendable {
  // From the terminal.
  case key(KeyEvent)
  case mouse(MouseEvent)
  case paste(String)
  case resize(Size)
  case interrupt
  case terminate

  /// A command, from a key, the command line or a lesson.
  case command(Command)

  // From the session: what comes of effects.
  case trace([TraceRecord])
  /// With the run of the exploration that was worked on; nil where there was none.
  case decode(run: Int?, DecodeNews)
  case run(RunNews)
  case review(ReviewNews)
  case study(StudyNews)
  case training(TrainingNews)
  case inspection(InspectionNews)
  case model(ModelNews)
  case file(FileNews)
  case config(ConfigNews)
  case shell(ShellNews)
  case pace(Pace)
}
