public import Decoding
public import Reasoning
public import TerminalUI
public import Traces

/// Everything that can happen to the playground.
public enum Action: Sendable {
  // From the terminal.
  case key(KeyEvent)
  case mouse(MouseEvent)
  case paste(String)
  case resize(Size)
  case interrupt
  case terminate

  /// A command, from a key, the command line or a lesson.
  case command(Command)

  // From the session's work.
  case trace([TraceRecord])
  case distribution(NodeID, TokenDistribution)
  /// Decode moves to a node that its own work led to.
  case arrived(NodeID)
  case explorationBegan(run: Int, prompt: NodeID)
  case streamEnded(NodeID, String)
  case answeredNow(PathOutcome, NodeID)
  /// The answers before and behind "Wait," are there, or will not come.
  case waited
  /// What was asked about a path is told, or will not be.
  case reviewEnded
  /// A timer of Steps has run out.
  case ticked(Int)
  case study(StudyNews)
  case runEnded(Int)
  /// A saved session was read.
  case opened([TraceRecord], name: String)
  case themeLoaded(String)
  case lessonLoaded(Lesson, name: String)
  /// A model is on its way, or has come further.
  case modelLoading(ModelLoad)
  case modelReady(ModelSummary, any Vocabulary)
  case modelFailed(String, String)
  case pace(Pace)
  case message(Message)
  /// The files whose paths begin with what was typed, folders with a slash behind.
  case files([String], matching: String)
}
