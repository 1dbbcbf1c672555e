import Decoding
import DecodingFixtures
import Foundation
import LearningFixtures
import Reasoning
import Testing

@testable import Measuring
@testable import Playground
@testable import Problems
@testable import Traces

/// One of each effect that the session carries out.
enum EffectKind: CaseIterable {
  case explore, resume, fetch, take, insert, score, stream, stopStream, answerNow, wait, note,
    beside
  case run, cancelRun
  case ask, stopReview
  case lookUp, study, stopStudy, export
  case train, tellTraining, stopTraining, findWeights, keepWeights
  case look, stopLooking
  case load, findModels
  case lesson, open, stopOpening, importSamples, save, keep, list
  case listSessions, stopListing, rename, delete
  case prefer
  case tick

  /// Nil for what the main loop does itself. An effect without a row here does not compile.
  init?(of effect: Effect) {
    switch effect {
    case .decode(.explore): self = .explore
    case .decode(.resume): self = .resume
    case .decode(.fetch): self = .fetch
    case .decode(.take): self = .take
    case .decode(.insert): self = .insert
    case .decode(.score): self = .score
    case .decode(.stream): self = .stream
    case .decode(.stopStream): self = .stopStream
    case .decode(.answerNow): self = .answerNow
    case .decode(.wait): self = .wait
    case .decode(.note): self = .note
    case .decode(.readBeside): self = .beside
    case .run(.start): self = .run
    case .run(.cancel): self = .cancelRun
    case .review(.ask): self = .ask
    case .review(.stop): self = .stopReview
    case .study(.lookUp): self = .lookUp
    case .study(.start): self = .study
    case .study(.stop): self = .stopStudy
    case .study(.export): self = .export
    case .training(.start): self = .train
    case .training(.tell(.end)): self = .stopTraining
    case .training(.tell): self = .tellTraining
    case .training(.find): self = .findWeights
    case .training(.keep): self = .keepWeights
    case .inspection(.read): self = .look
    case .inspection(.stop): self = .stopLooking
    // What is fetched is loaded then, and ends so.
    case .model(.load), .model(.fetch): self = .load
    case .model(.find): self = .findModels
    case .file(.lesson): self = .lesson
    case .file(.open): self = .open
    case .file(.stopOpening): self = .stopOpening
    case .file(.importSamples): self = .importSamples
    case .file(.save): self = .save
    case .file(.keep): self = .keep
    case .file(.listSessions): self = .listSessions
    case .file(.stopListing): self = .stopListing
    case .file(.rename): self = .rename
    case .file(.delete): self = .delete
    case .file(.list): self = .list
    case .config(.keep): self = .prefer
    case .shell(.tick): self = .tick
    case .shell(.loadTheme), .shell(.suspend), .shell(.quit), .shell(.leave): return nil
    }
  }

  /// What takes the model, and so can hang with it.
  static let onTheModel: [EffectKind] = [
    .fetch, .take, .score, .stream, .answerNow, .wait, .beside, .run, .ask, .lookUp, .study, .look,
  ]
}

/// That an effect has ended, and how.
struct EffectEnd: Hashable {
  enum How { case done, failed, cancelled }
  var kind: EffectKind
  var how: How

  init(_ kind: EffectKind, _ how: How) { (self.kind, self.how) = (kind, how) }

  private init<Value>(_ kind: EffectKind, _ ending: Ending<Value>) {
    self.kind = kind
    switch ending {
    case .done: how = .done
    case .failed(let why):
      #expect(!why.isEmpty)
      how = .failed
    case .cancelled: how = .cancelled
    }
  }

  /// Nil for actions that end no effect of the session's.
  init?(_ action: Action) {
    switch action {
    case .key, .mouse, .paste, .resize, .interrupt, .terminate, .command, .trace, .pace: return nil
    case .decode(_, .waitInserted): return nil
    case .decode(_, .explored(let ending)): self.init(.explore, ending)
    case .decode(_, .resumed(let ending)): self.init(.resume, ending)
    case .decode(_, .fetched(_, let ending)): self.init(.fetch, ending)
    case .decode(_, .taken(_, let ending)): self.init(.take, ending)
    case .decode(_, .inserted(let ending)): self.init(.insert, ending)
    case .decode(_, .scored(let ending)): self.init(.score, ending)
    case .decode(_, .streamed(let ending)): self.init(.stream, ending)
    case .decode(_, .streamStopped): self.init(.stopStream, .done)
    case .decode(_, .answered(let ending)): self.init(.answerNow, ending)
    case .decode(_, .waited(let ending)): self.init(.wait, ending)
    case .decode(_, .noted): self.init(.note, .done)
    case .decode(_, .besideRead(_, _, let ending)): self.init(.beside, ending)
    case .run(.ended(_, let ending)): self.init(.run, ending)
    case .run(.stopped): self.init(.cancelRun, .done)
    case .review(.ended(_, _, let ending)): self.init(.ask, ending)
    case .review(.stopped): self.init(.stopReview, .done)
    case .study(.progress), .study(.notice): return nil
    case .study(.kept(_, let ending)): self.init(.lookUp, ending)
    case .study(.ended(_, _, let ending)): self.init(.study, ending)
    case .study(.stopped): self.init(.stopStudy, .done)
    case .study(.exported(let ending)): self.init(.export, ending)
    case .training(.pace): return nil
    case .training(.ended(_, let ending)): self.init(.train, ending)
    case .training(.told(.end)): self.init(.stopTraining, .done)
    case .training(.told): self.init(.tellTraining, .done)
    case .training(.beat): return nil
    case .training(.found(_, let ending)): self.init(.findWeights, ending)
    case .training(.kept(_, let ending)): self.init(.keepWeights, ending)
    case .inspection(.read), .inspection(.heads): return nil
    case .inspection(.ended(_, let ending)): self.init(.look, ending)
    case .inspection(.stopped): self.init(.stopLooking, .done)
    case .model(.loading): return nil
    case .model(.ready): self.init(.load, .done)
    case .model(.failed), .model(.absent): self.init(.load, .failed)
    case .model(.found(let ending)): self.init(.findModels, ending)
    case .model(.cancelled): self.init(.load, .cancelled)
    case .file(.unkept), .file(.goesOn), .file(.opening), .file(.sessionsRead): return nil
    case .file(.lesson(_, let ending)): self.init(.lesson, ending)
    case .file(.opened(_, let ending)): self.init(.open, ending)
    case .file(.openingStopped): self.init(.stopOpening, .done)
    case .file(.imported(_, let ending)): self.init(.importSamples, ending)
    case .file(.saved(_, let ending)): self.init(.save, ending)
    case .file(.kept(let ending)): self.init(.keep, ending)
    case .file(.sessionsListed(let ending)): self.init(.listSessions, ending)
    case .file(.listingStopped): self.init(.stopListing, .done)
    case .file(.renamed(_, let ending)): self.init(.rename, ending)
    case .file(.deleted(_, let ending)): self.init(.delete, ending)
    case .file(.listed(_, let ending)): self.init(.list, ending)
    case .config(.kept(_, _, _, let ending)): self.init(.prefer, ending)
    case .shell(.theme), .shell(.settled): return nil
    case .shell(.ticked): self.init(.tick, .done)
    }
  }
}

/// A session without a reducer: effects go in, what comes of them is collected.
@MainActor
final class EffectBench {
  let temper = Temper()
  let folder: URL
  let session: PlaygroundSession
  private let inbox = ActionInbox()
  private(set) var actions: [Action] = []
  private let finished: RunTrace
  private let exported: StudySnapshot
  /// Where the prompt ends, once something is explored.
  private var prompt = NodeID.root
  private var token: TokenID = 0

  /// The question as the table is given it, and its place.
  private static let asked: [Token] = {
    let vocabulary = Fixtures.model.vocabulary
    return vocabulary.tokenize(prompt: Fixtures.question.text).map { vocabulary.token($0) }
  }()
  private static let place = NodeID.root.appending(contentsOf: asked.map(\.id))

  private static let records = Task { try await Fixtures.records(of: "greedy", number: 7) }
  private static let study = Task { try await ScaleScreenTests.snapshot(.samples, problems: 1) }

  var journal: URL { folder.appending(path: "session.jsonl") }
  private var saved: URL { folder.appending(path: "saved.jsonl") }

  init() async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "effects-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let journal = folder.appending(path: "session.jsonl")
    session = PlaygroundSession(
      PlaygroundSession.Configuration(
        opener: TemperedOpener(temper: temper),
        prompts: PromptLibrary(directory: SamplesFolder.path("Prompts")),
        keep: { try TraceJournal(at: $0 ?? journal) },
        sessions: SessionFolder(folder.appending(path: "sessions")),
        config: folder.appending(path: "user/config"),
        exportFolder: folder.appending(path: "out").path),
      inbox: inbox)
    let records = try await Self.records.value
    let trace = Trace(records)
    finished = try #require(trace.runs[7])
    exported = try await Self.study.value
    try TraceJournal.write([TraceRecord(.header(TraceHeader()))] + records, to: saved)
    try LessonPlayerTests.text.write(
      to: folder.appending(path: "lesson.md"), atomically: true, encoding: .utf8)
    let questions = TwoQuestions.problems.map {
      #"{"question": "\#($0.question)", "answer": "\#($0.answer)"}"#
    }
    try questions.joined(separator: "\n").write(
      to: folder.appending(path: "two.jsonl"), atomically: true, encoding: .utf8)
    makeExportFolder()
  }

  private func makeExportFolder() {
    try? FileManager.default.createDirectory(
      at: folder.appending(path: "out"), withIntermediateDirectories: true)
  }

  /// Loads the model, begins to explore, and takes a token.
  func start(keepingNews: Bool = false) async {
    session.perform(.model(.load(path: "apples")))
    await wait(for: .load)
    session.perform(.decode(.explore(run: 1, Fixtures.question, Fixtures.settings)))
    await wait(for: .explore)
    for case .decode(_, .explored(.done(let node))) in actions { prompt = node }
    session.perform(.decode(.fetch(prompt)))
    await wait(for: .fetch)
    for case .decode(_, .fetched(_, .done(let known))) in actions { token = known.argmax }
    session.perform(.decode(.take(token, after: prompt, nil)))
    await wait(for: .take)
    if !keepingNews { actions = [] }
  }

  func effect(_ kind: EffectKind) -> Effect {
    let plan = StudyPlan(
      kind: .samples, families: ["compare"], count: 1,
      settings: RunSettings(samples: 4, verifier: .likelihood))
    let (question, settings) = (Fixtures.question, Fixtures.settings)
    return switch kind {
    case .explore: .decode(.explore(run: 2, question, settings))
    case .resume: .decode(.resume(run: 7, question, settings, finished, others: []))
    case .fetch: .decode(.fetch(prompt))
    case .take: .decode(.take(token, after: prompt, nil))
    case .insert: .decode(.insert(" 5", after: prompt))
    case .score: .decode(.score(" The answer is 8", after: prompt))
    case .stream: .decode(.stream(from: prompt, .greedy, budget: 50))
    case .stopStream: .decode(.stopStream)
    case .answerNow: .decode(.answerNow(after: prompt, said: []))
    case .wait: .decode(.wait(behind: prompt, depth: 30, said: []))
    case .note: .decode(.note(.undo, prompt))
    case .beside: .decode(.readBeside(path: "apples", Self.asked, Self.place))
    case .run:
      .run(.start(run: 5, strategy: "self-consistency", question, settings, previous: nil))
    case .cancelRun: .run(.cancel(run: 5))
    case .ask: .review(.ask(run: 7, finished, .answerOverTime(path: 0)))
    case .stopReview: .review(.stop)
    case .lookUp: .study(.lookUp(plan))
    case .study: .study(.start(plan, anew: false))
    case .stopStudy: .study(.stop)
    case .export: .study(.export(exported, StudyChart(exported.curves, of: .samples)!))
    case .train: .training(.start(11, training, goesOn: false))
    case .tellTraining: .training(.tell(.pause))
    case .stopTraining: .training(.tell(.end))
    case .findWeights: find(saved.path)
    case .keepWeights: .training(.keep([weights(saved.path)], step: 2))
    case .look:
      .inspection(
        .read(tokens: Self.asked.map(\.id), InspectionQuestion(node: Self.place, ablations: [])))
    case .stopLooking: .inspection(.stop)
    case .load: .model(.load(path: "other"))
    case .findModels: .model(.find)
    case .lesson: .file(.lesson(path: folder.appending(path: "lesson.md").path))
    case .open: .file(.open(path: saved.path))
    case .stopOpening: .file(.stopOpening)
    case .importSamples: .file(.importSamples(path: samples(), firstRun: 21))
    case .save: .file(.save(path: folder.appending(path: "\(UUID().uuidString).jsonl").path))
    case .keep: .file(.keep)
    case .listSessions: .file(.listSessions)
    case .stopListing: .file(.stopListing)
    case .rename: .file(.rename(path: kept(), name: UUID().uuidString))
    case .delete: .file(.delete(path: kept()))
    case .list: .file(.list(folder.path + "/"))
    case .prefer: .config(.keep("samples", "20", isAsked: true))
    case .tick: .shell(.tick(seconds: 0.01, timer: 3))
    }
  }

  /// A file with another program's samples.
  private func samples() -> String {
    let file = folder.appending(path: "samples.jsonl")
    try? Data(#"{"problem": "2 + 2?", "completions": ["4", "It is 5."]}"#.utf8).write(to: file)
    return file.path
  }

  /// A step on two questions, which a table answers.
  private var training: TrainingOrder {
    var settings = RunSettings(samples: 2)
    for (name, value) in ["batch": 2, "evaluate-every": 1000, "votes": 0] {
      settings.extra[name] = .number(Double(value))
    }
    return TrainingOrder(
      recipe: "grpo", source: .file(folder.appending(path: "two.jsonl").path), steps: 1,
      settings: settings)
  }

  private func weights(_ path: String) -> TrainingWeights {
    TrainingWeights(step: 2, path: path, hash: "hash", name: "apples+grpo@2")
  }

  private func find(_ path: String) -> Effect {
    .training(
      .find(
        [weights(path)],
        TrainingErrand(question: Fixtures.question, step: 2, aim: .open(strategy: nil))))
  }

  /// A session that nobody writes.
  private func kept() -> String {
    let url = folder.appending(path: "sessions/\(UUID().uuidString).jsonl")
    try? TraceJournal(at: url).close()
    return url.path
  }

  /// The effect as it goes wrong; nil where nothing can.
  func failing(_ kind: EffectKind) -> Effect? {
    var settings = Fixtures.settings
    settings.prompting = "/nowhere/prompt.txt"
    var question = Fixtures.question
    question.isRaw = false
    let nowhere = "/nowhere/file"
    switch kind {
    case .insert, .stopStream, .note, .cancelRun, .stopReview, .stopStudy, .list, .tick,
      .tellTraining, .stopTraining, .stopOpening, .keep, .listSessions, .stopListing, .stopLooking,
      .findModels:
      return nil
    case .explore: return .decode(.explore(run: 2, question, settings))
    case .resume: return .decode(.resume(run: 7, question, settings, finished, others: []))
    case .findWeights: return find(nowhere)
    case .keepWeights: return .training(.keep([weights(nowhere)], step: 2))
    case .lesson: return .file(.lesson(path: nowhere))
    case .open: return .file(.open(path: nowhere))
    case .importSamples: return .file(.importSamples(path: nowhere, firstRun: 21))
    case .save: return .file(.save(path: nowhere))
    case .rename: return .file(.rename(path: nowhere, name: "other"))
    case .delete: return .file(.delete(path: nowhere))
    case .export:
      try? FileManager.default.removeItem(at: folder.appending(path: "out"))
      return effect(kind)
    case .prefer:
      // A folder in the file's place.
      try? FileManager.default.createDirectory(
        at: folder.appending(path: "user/config"), withIntermediateDirectories: true)
      return effect(kind)
    case .fetch, .take, .score, .stream, .answerNow, .wait, .beside, .run, .ask, .lookUp, .study,
      .train,
      .look, .load:
      temper.mood = .fails
      return effect(kind)
    }
  }

  // MARK: What came

  var ends: [EffectEnd] { actions.compactMap { EffectEnd($0) } }

  /// Everything that was shown.
  var records: [TraceRecord] {
    actions.flatMap { if case .trace(let records) = $0 { records } else { [TraceRecord]() } }
  }

  func takeNews() { actions += inbox.drain() }

  func wait(for kind: EffectKind, count: Int = 1) async {
    while true {
      takeNews()
      if ends.count(where: { $0.kind == kind }) >= count { return }
      if Task.isCancelled {
        Issue.record("\(kind) has not ended within the time limit.")
        return
      }
      try? await Task.sleep(for: .milliseconds(2))
    }
  }

  @discardableResult
  func finish() async -> (any Error)? {
    let failure = await session.finish()
    takeNews()
    // Threads that hang end.
    temper.mood = .answers
    return failure
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }
}
