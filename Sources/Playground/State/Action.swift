public import Decoding
public import Reasoning
public import TerminalUI

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

/// What the reducer asks of the world.
public enum Effect: Sendable {
  /// Starts exploring a question in Decode.
  case beginExploration(run: Int, Question, RunSettings)
  /// Takes up a saved exploration where it ended.
  case resumeExploration(run: Int, Question, RunSettings, RunTrace, others: [RunTrace])
  /// Fetches the distribution after a node.
  case fetch(NodeID)
  case take(TokenID, after: NodeID, TokenDistribution?)
  case insert(String, after: NodeID)
  /// Goes on from a node until the text ends.
  case stream(from: NodeID, SamplingSettings, budget: Int)
  case stopStream
  /// Asks for the answer; `said` is what stands between the prompt and the node.
  case answerNow(after: NodeID, said: [UInt8])
  /// Puts "Wait," in where the thinking ends in `said`, which stands behind the prompt's end, and
  /// asks for the answers there; `depth` counts the tokens up to the prompt's end.
  case wait(behind: NodeID, depth: Int, said: [Token])
  /// Asks about a path of a run that is over.
  case review(run: Int, RunTrace, path: Int, PathReview.Kind)
  case stopReview
  /// Sends `ticked` after some seconds.
  case tick(seconds: Double, timer: Int)
  /// Looks for what is kept of a study.
  case lookUpStudy(StudyPlan)
  case startStudy(StudyPlan, anew: Bool)
  case stopStudy
  /// Writes a study and its chart into files.
  case exportStudy(StudySnapshot, StudyChart)
  case note(Edit.Action, NodeID)
  /// Starts a strategy, or takes a stopped one up again.
  case start(run: Int, strategy: String, Question, RunSettings, previous: RunTrace?)
  case cancel(run: Int)
  case loadModel(path: String)
  case loadTheme(String)
  case loadLesson(path: String)
  /// Reads a saved session, to be shown in place of what there is.
  case openSession(path: String)
  /// Copies the session's journal to a new file.
  case saveSession(path: String)
  /// Finds the files whose paths begin with a text, for completion.
  case listFiles(String)
  case suspend
  case bell
  case quit
}
