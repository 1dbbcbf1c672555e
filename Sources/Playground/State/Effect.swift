public import Decoding
public import Measuring
public import Problems
public import Reasoning
public import Traces

/// What the reducer asks of the world, by who carries it out.
public enum Effect: Sendable {
  case decode(DecodeEffect)
  case run(RunEffect)
  case review(ReviewEffect)
  case study(StudyEffect)
  case training(TrainingEffect)
  case inspection(InspectionEffect)
  case model(ModelEffect)
  case file(FileEffect)
  case config(ConfigEffect)
  case shell(ShellEffect)
}

/// Work on the exploration that Decode shows.
public enum DecodeEffect: Sendable {
  /// Starts exploring a question.
  case explore(run: Int, Question, RunSettings)
  /// Takes up a saved exploration where it ended.
  case resume(run: Int, Question, RunSettings, RunTrace, others: [RunTrace])
  /// Fetches the distribution after a node.
  case fetch(NodeID)
  case take(TokenID, after: NodeID, TokenDistribution?)
  case insert(String, after: NodeID)
  /// Puts in a text that somebody else has written, with what the model finds of its tokens.
  case score(String, after: NodeID)
  /// Goes on from a node until the text ends.
  case stream(from: NodeID, SamplingSettings, budget: Int)
  /// Stops what is sampled or asked.
  case stopStream
  /// Asks for the answer; `said` is the text between the prompt and the node.
  case answerNow(after: NodeID, said: [UInt8])
  /// Inserts "Wait," where the thinking in `said` ends, and asks for the answers there. `said`
  /// follows the end of the prompt; `depth` counts the tokens up to that end.
  case wait(behind: NodeID, depth: Int, said: [Token])
  case note(Edit.Action, NodeID)
  /// Reads the distribution of another model, the one at a path, behind tokens; the node is theirs.
  case readBeside(path: String, [Token], NodeID)
}

/// Strategies.
public enum RunEffect: Sendable {
  /// Starts a strategy, or resumes a stopped one.
  case start(run: Int, strategy: String, Question, RunSettings, previous: RunTrace?)
  case cancel(run: Int)
}

/// Questions to the model about a run that has ended.
public enum ReviewEffect: Sendable {
  case ask(run: Int, RunTrace, RunReview.Question)
  case stop
}

/// Studies of accuracy against compute.
public enum StudyEffect: Sendable {
  /// Looks for what is kept of a study.
  case lookUp(StudyPlan)
  case start(StudyPlan, anew: Bool)
  case stop
  /// Writes a study and its chart into files.
  case export(StudySnapshot, StudyChart)
}

/// What a training under way can be told.
public enum TrainingWord: Sendable, Hashable {
  /// To wait after the step under way.
  case pause
  case goOn
  /// To take one step and wait behind it.
  case step
  /// To take so many seconds a step at least.
  case pace(Double)
  /// To end after the step under way; what is there is kept.
  case end
  /// To end at once; the step under way is given up.
  case stop
}

/// Trainings. One is under way at a time.
public enum TrainingEffect: Sendable {
  /// Trains a copy of the model at hand, as this training of the trace.
  ///
  /// - Parameter goesOn: whether it goes on where it was left, instead of beginning anew.
  case start(Int, TrainingOrder, goesOn: Bool)
  /// Tells the training under way something.
  case tell(TrainingWord)
  /// Looks which of some weights, the best first, are still where they were written.
  case find([TrainingWeights], TrainingErrand)
  /// Keeps the first of some weights that are still there as a model of the user's; `step` is whose
  /// are wanted.
  case keep([TrainingWeights], step: Int)
}

/// Looks into the layers of the model at hand.
public enum InspectionEffect: Sendable {
  /// Reads the layers behind some tokens, then what each head does there.
  case read(tokens: [TokenID], InspectionQuestion)
  case stop
}

public enum ModelEffect: Sendable {
  case load(path: String)
  /// Fetches a model over the network, and loads it then.
  case fetch(name: String)
  /// Looks for the models of other programs on this machine.
  case find
}

/// Reading and writing files.
public enum FileEffect: Sendable {
  case lesson(path: String)
  /// Reads a saved session, which then replaces the current one.
  case open(path: String)
  case stopOpening
  /// Reads another program's samples and adds them to the session, as runs from a number on.
  case importSamples(path: String, firstRun: Int)
  /// Copies the session's journal to a new file.
  case save(path: String)
  /// Tries once more to write what is not on the disk.
  case keep
  /// Reads what is in the saved sessions.
  case listSessions
  case stopListing
  /// Gives a saved session another name.
  case rename(path: String, name: String)
  case delete(path: String)
  /// Finds the files whose paths begin with a text, for completion.
  case list(String)
}

/// What is kept in the config file for the next start.
public enum ConfigEffect: Sendable {
  /// Gives a name a value; nil takes it out. `isAsked` where the user asked for just that.
  case keep(String, String?, isAsked: Bool)
}

/// What the main loop does itself.
public enum ShellEffect: Sendable {
  case loadTheme(String)
  /// Sends `ticked` after some seconds.
  case tick(seconds: Double, timer: Int)
  case suspend
  /// Sees to it that everything is on the disk, to quit then.
  case quit
  /// Ends the loop at once.
  case leave
}
