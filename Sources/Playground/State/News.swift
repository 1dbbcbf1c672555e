import Decoding
import Measuring
import Reasoning
import Traces

// What comes of effects, by their owner. Each effect ends in exactly one of the actions under
// "Endings", however it ends; what is under "On the way" may come before.

/// What comes of Decode's effects.
enum DecodeNews: Sendable {
  // On the way.
  /// "Wait," is in the text, up to a node; the answers are still being asked for.
  case waitInserted(NodeID)

  // Endings.
  /// With the prompt's last node.
  case explored(Ending<NodeID>)
  case resumed(Ending<Void>)
  case fetched(NodeID, Ending<TokenDistribution>)
  /// With the node of the token.
  case taken(NodeID, Ending<Void>)
  /// With the text's last node.
  case inserted(Ending<NodeID>)
  case scored(Ending<NodeID>)
  case streamed(Ending<FinishReason>)
  /// The stream, if there is one, will end.
  case streamStopped
  /// With the answer's last node.
  case answered(Ending<(outcome: PathOutcome, end: NodeID)>)
  case waited(Ending<Void>)
  case noted
  case besideRead(path: String, NodeID, Ending<TokenDistribution>)
}

/// What comes of the effects on strategies.
enum RunNews: Sendable {
  case ended(run: Int, Ending<Void>)
  /// The run, if it is under way, will end.
  case stopped(run: Int)
}

/// What comes of questions about a run.
enum ReviewNews: Sendable {
  case ended(run: Int, RunReview.Question, Ending<Void>)
  /// What is being asked, if anything is, will end.
  case stopped
}

/// What comes of the effects on studies.
enum StudyNews: Sendable {
  // On the way.
  case progress(StudySnapshot, StudyActivity)
  /// Something went wrong that does not keep the study from going on.
  case notice(String)

  // Endings.
  /// What is kept of the study that a plan stands for; nil where nothing is.
  case kept(StudyPlan, Ending<StudySnapshot?>)
  /// With what is known then; nil when the study could not begin.
  case ended(StudyPlan, StudySnapshot?, Ending<Void>)
  /// The study, if one is under way, will end.
  case stopped
  /// With the names of the files.
  case exported(Ending<[String]>)
}

/// What comes of the effects on trainings. Their events come as those of runs do.
enum TrainingNews: Sendable {
  // On the way.
  /// How long a step takes, in seconds.
  case pace(Int, secondsEach: Double)
  /// What it does just now.
  case beat(Int, TrainingBeat)

  // Endings.
  case ended(Int, Ending<TrainingEnd.Reason>)
  /// The training, if one is under way, has heard it.
  case told(TrainingWord)
  case found(TrainingErrand, Ending<TrainingWeights>)
  /// With the step whose weights were wanted.
  case kept(step: Int, Ending<KeptModel>)
}

/// What comes of looking into the model.
enum InspectionNews: Sendable {
  // On the way.
  case read(InspectionQuestion, LayerReading)
  /// The log probability of the chosen token without each head of a layer.
  case heads(InspectionQuestion, layer: Int, [Double])

  // Endings.
  case ended(InspectionQuestion, Ending<Void>)
  /// What is being read, if anything is, will end.
  case stopped
}

/// What comes of the effects on models.
enum ModelNews: Sendable {
  // On the way.
  /// A model is on its way, or has come further.
  case loading(ModelLoad)

  // Endings.
  case ready(ModelSummary, any Vocabulary)
  case failed(name: String, why: String)
  /// It is not on this machine and can be fetched; `asked` is what was asked for.
  case absent(asked: String, why: String)
  /// Another was asked for before this one was there.
  case cancelled(name: String)
  case found(Ending<[Catalog.ModelEntry]>)
}

/// What comes of reading and writing files, each with its path as it was typed.
enum FileNews: Sendable {
  // Of no effect.
  /// What cannot be kept at present, and why; nil when all of it is on the disk again.
  case unkept(Unkept?)
  /// From now on the session is kept in this file.
  case goesOn(String)

  // On the way.
  case opening(FileProgress)
  case sessionsRead(SessionList)

  // Endings.
  case lesson(String, Ending<Lesson>)
  case opened(String, Ending<OpenedSession>)
  /// What is being opened, if anything is, will end.
  case openingStopped
  case imported(String, Ending<ImportedSamples>)
  /// When it is done, the file is on the disk, and the session goes on in it if that is said.
  case saved(String, Ending<Bool>)
  case kept(Ending<Void>)
  case sessionsListed(Ending<Void>)
  case listingStopped
  case renamed(String, Ending<Void>)
  case deleted(String, Ending<Void>)
  /// The files whose paths begin with what was typed, folders with a slash behind.
  case listed(String, Ending<[String]>)
}

/// The saved sessions as far as they are known.
struct SessionList: Sendable, Equatable {
  var sessions: [SessionEntry]
  /// The path of the one that is open here.
  var own: String?

  init(_ sessions: [SessionEntry], own: String? = nil) {
    self.sessions = sessions
    self.own = own
  }
}

/// Another program's samples that are in the session now.
struct ImportedSamples: Sendable, Hashable {
  /// The most runs that one file makes.
  static let most = 100
  /// The most tokens of all of them: what a session can be read again with at once.
  static let mostTokens = 400_000

  /// The first of its runs, and how many there are.
  var firstRun: Int
  var runs: Int
  /// How many questions the file has, and how many samples.
  var questions: Int
  var samples: Int
  /// In which form they are.
  var format: String
  /// How many lines cannot be read, and the first of them.
  var badLines: Int
  var firstBadLine: Int?

  /// What was read, and what was left out.
  var description: String {
    var text = "\(format): \(samples) samples of \(questions) "
    text += questions == 1 ? "question." : "questions."
    if runs < questions { text += " The first \(runs) are here; ponder vote counts them all." }
    if let firstBadLine {
      text += " \(badLines) bad \(badLines == 1 ? "line" : "lines"), the first is \(firstBadLine)."
    }
    return text
  }
}

/// How far the reading of a file is.
struct FileProgress: Sendable, Hashable {
  /// As it was typed.
  var path: String
  var bytes: Int
  /// 0 where that is not known.
  var totalBytes: Int

  var progress: Progress {
    Progress(
      "opening \(CommandCompletion.fileName(path))", bytes, of: totalBytes > 0 ? totalBytes : nil,
      .bytes)
  }
}

/// What comes of keeping something for the next start, with the name and the value.
enum ConfigNews: Sendable {
  /// With the path of the file.
  case kept(String, String?, isAsked: Bool, Ending<String>)
}

/// What comes of the main loop's own effects. Suspending and leaving end in the loop itself.
enum ShellNews: Sendable {
  /// Nothing runs any more, and what is not on the disk cannot be written at present.
  case settled(Unkept?)
  case theme(String, Ending<Void>)
  case ticked(Int)
}
