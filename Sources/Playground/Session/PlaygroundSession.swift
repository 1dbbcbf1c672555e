public import Decoding
import Foundation
public import Measuring
import Problems
public import Reasoning
import Synchronization
public import Traces

/// Opens a model: how the playground, which knows no file format, gets one.
public protocol ModelOpening: Sendable {
  /// Is told how many bytes of weights are ready, and of how many; returns whether to go on.
  typealias OpeningObserver = @Sendable (_ bytes: Int, _ totalBytes: Int) -> Bool

  /// - Parameter observer: is told about a load as it goes on.
  /// - Returns: the model with what the screens tell about it.
  /// - Throws: an error whose description says what is wrong and what to do.
  func open(
    path: String, observer: @escaping OpeningObserver
  ) throws -> (model: any LanguageModel, summary: ModelSummary)

  /// Opens the models of an ensemble beside the one at a path: for votes the further ones, for a
  /// mixture all of them.
  ///
  /// - Throws: an error whose description says what is wrong and what to do.
  func ensemble(of path: String, _ settings: RunSettings) throws -> [any LanguageModel]

  /// The models that a kind of study is made with: of sizes the whole family, else the one at a
  /// path.
  ///
  /// - Throws: an error whose description says what is wrong and what to do.
  func studyModels(for kind: StudyKind, beside path: String) throws -> [StudyModel]

  /// Opens one of the models of a study of sizes.
  ///
  /// - Throws: an error whose description says what is wrong and what to do.
  func open(_ model: StudyModel) throws -> any LanguageModel
}

extension ModelOpening {
  public func ensemble(of path: String, _ settings: RunSettings) throws -> [any LanguageModel] {
    []
  }
}

/// Carries out the effects that the reducer asks for, on tasks of its own, and hands back actions.
///
/// The main thread only ever puts effects in and takes actions out; it never waits.
public final class PlaygroundSession: Sendable {
  /// What the session needs to know.
  public struct Configuration: Sendable {
    public var opener: any ModelOpening
    public var prompts: PromptLibrary
    /// Makes the journal that keeps the session, when there is something to keep; nil keeps
    /// nothing.
    public var keep: (@Sendable () throws -> TraceJournal)?
    /// Where studies are kept; nil keeps none.
    public var studies: StudyStore?
    /// Where studies are written to.
    public var exportFolder: String

    public init(
      opener: any ModelOpening, prompts: PromptLibrary,
      keep: (@Sendable () throws -> TraceJournal)?, studies: StudyStore? = nil,
      exportFolder: String = "."
    ) {
      self.opener = opener
      self.prompts = prompts
      self.keep = keep
      self.studies = studies
      self.exportFolder = exportFolder
    }
  }

  /// The journal, once there is one.
  private enum Keeping {
    case notYet
    case journal(TraceJournal)
    /// It could not be made, which has been told.
    case failed
  }

  private struct Kept {
    var journal = Keeping.notYet
    /// How runs began of which nothing has come yet.
    var held: [TraceRecord] = []
  }

  struct Work {
    var decoder: Decoder?
    /// Where its model was opened.
    var path = ""
    /// The further models of the last ensemble, and what they were asked for by.
    var ensemble: (key: String, decoders: [Decoder])?
    var exploration: Exploration?
    /// Strategies under way, by run number.
    var runs: [Int: Task<Void, Never>] = [:]
    var stream: Task<Void, Never>?
    /// The newest fetch; an older one is of no interest any more.
    var fetch: Task<Void, Never>?
    /// What is being asked about a path.
    var review: Task<Void, Never>?
    var study: Task<Void, Never>?
    /// Counts the models asked for: whatever an earlier one still comes to is of no interest.
    var load = 0
  }

  let configuration: Configuration
  let work = Mutex(Work())
  private let keeping = Mutex(Kept())
  private let inbox: ActionInbox

  public init(_ configuration: Configuration, inbox: ActionInbox) {
    self.configuration = configuration
    self.inbox = inbox
  }

  func post(_ action: Action) { inbox.post(action) }

  func post(_ error: any Error) {
    if error is CancellationError { return }
    inbox.post(.message(Message(.error, "\(error)")))
  }

  /// Keeps records and shows them. A run and its prompt alone are nothing to keep: a playground
  /// that is opened and closed leaves no file.
  func record(_ record: TraceRecord) {
    if configuration.keep != nil {
      keeping.withLock { kept in
        kept.held.append(record)
        if !record.isBeginning { keepAll(&kept) }
      }
    }
    inbox.post(record)
  }

  /// The journal with everything so far in it; nil where nothing is kept.
  func journal() -> TraceJournal? {
    keeping.withLock { keepAll(&$0) }
  }

  @discardableResult
  private func keepAll(_ kept: inout Kept) -> TraceJournal? {
    guard let keep = configuration.keep else { return nil }
    if case .notYet = kept.journal {
      do {
        kept.journal = .journal(try keep())
      } catch {
        kept.journal = .failed
        post(error)
      }
    }
    defer { kept.held = [] }
    guard case .journal(let journal) = kept.journal else { return nil }
    journal.append(kept.held)
    return journal
  }

  /// Goes on in the journal of a saved session, whose runs the next ones are numbered after.
  private func goOn(in path: String) throws {
    guard configuration.keep != nil else { return }
    let journal = try TraceJournal(at: URL(fileURLWithPath: path))
    let old = keeping.withLock { kept in
      defer { kept = Kept(journal: .journal(journal)) }
      return kept.journal
    }
    if case .journal(let old) = old { try old.close() }
  }

  /// Carries out one effect. Returns at once.
  public func perform(_ effect: Effect) {
    switch effect {
    case .decode(.explore(let run, let question, let settings)):
      beginExploration(run: run, question, settings)
    case .decode(.fetch(let node)): fetch(node)
    case .decode(.take(let token, let node, let distribution)):
      take(token, after: node, distribution)
    case .decode(.insert(let text, let node)): insert(text, after: node)
    case .decode(.stream(let node, let sampling, let budget)):
      stream(from: node, sampling, budget: budget)
    case .decode(.stopStream): work.withLock { $0.stream }?.cancel()
    case .decode(.answerNow(let node, let said)): answerNow(after: node, said: said)
    case .decode(.wait(let start, let depth, let said)):
      wait(behind: start, depth: depth, said: said)
    case .review(.ask(let run, let trace, let path, let kind)):
      review(run: run, trace, path: path, kind)
    case .review(.stop): work.withLock { $0.review }?.cancel()
    case .shell(.tick(let seconds, let timer)):
      Task {
        try? await Task.sleep(for: .seconds(seconds))
        post(.ticked(timer))
      }
    case .decode(.note(let action, let node)):
      work.withLock { $0.exploration }?.note(action, at: node)
    case .run(.start(let run, let strategy, let question, let settings, let previous)):
      start(run: run, strategy: strategy, question, settings, previous: previous)
    case .run(.cancel(let run)): work.withLock { $0.runs[run] }?.cancel()
    case .model(.load(let path)): loadModel(path)
    case .decode(.resume(let run, let question, let settings, let trace, let others)):
      resumeExploration(run: run, question, settings, trace, others: others)
    case .file(.lesson(let path)):
      read { .lessonLoaded(try Lesson.read(FilePaths.expanded(path)), name: path) }
    case .file(.open(let path)):
      let path = FilePaths.expanded(path)
      read {
        let records = try TraceFile.read(URL(fileURLWithPath: path)).records
        try self.goOn(in: path)
        return .opened(records, name: path)
      }
    case .file(.save(let path)): saveSession(path)
    case .file(.list(let path)): listFiles(path)
    case .study(.lookUp(let plan)): lookUp(plan)
    case .study(.start(let plan, let anew)): start(plan, anew: anew)
    case .study(.stop): work.withLock { $0.study }?.cancel()
    case .study(.export(let snapshot, let chart)): export(snapshot, chart)
    case .shell(.loadTheme), .shell(.suspend), .shell(.quit):
      break  // The shell's own (see `PlaygroundShell`).
    }
  }

  /// Stops everything, and waits until the journal is whole.
  public func finish() async {
    let tasks = work.withLock { work in
      let tasks =
        Array(work.runs.values)
        + [work.stream, work.fetch, work.review, work.study].compactMap { $0 }
      work.runs = [:]
      work.load += 1
      return tasks
    }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    guard case .journal(let journal) = keeping.withLock({ $0.journal }) else { return }
    do {
      try journal.close()
    } catch {
      post(error)
    }
  }

  /// Reads a file off the main thread.
  private func read(_ work: @escaping @Sendable () throws -> Action) {
    Task {
      do {
        post(try work())
      } catch {
        post(error)
      }
    }
  }

  // MARK: Models

  private func loadModel(_ typed: String) {
    let path = FilePaths.expanded(typed)
    let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    let load = work.withLock { work in
      work.load += 1
      return work.load
    }
    let isWanted = { @Sendable [self] in work.withLock { $0.load == load } }
    post(.modelLoading(ModelLoad(name: name)))
    // Opening reads gigabytes: it gets a thread, not a place in Swift's cooperative pool.
    let thread = Thread { [self] in
      do {
        let (model, summary) = try configuration.opener.open(path: path) { bytes, total in
          guard isWanted() else { return false }
          self.post(.modelLoading(ModelLoad(name: name, bytes: bytes, totalBytes: total)))
          return true
        }
        let decoder = Decoder(model: model, slots: summary.slots)
        let isTaken = work.withLock { work in
          guard work.load == load else { return false }
          for task in work.runs.values { task.cancel() }
          work.stream?.cancel()
          work.review?.cancel()
          work.study?.cancel()
          work.exploration = nil
          work.decoder = decoder
          work.path = path
          work.ensemble = nil
          return true
        }
        if isTaken { post(.modelReady(summary, model.vocabulary)) }
      } catch {
        if isWanted() { post(.modelFailed(name, "\(error)")) }
      }
    }
    thread.name = "model loader"
    thread.stackSize = 8 << 20
    thread.start()
  }

  // MARK: Strategies

  private func start(
    run: Int, strategy name: String, _ question: Question, _ settings: RunSettings,
    previous: RunTrace?
  ) {
    guard let decoder = work.withLock({ $0.decoder }) else {
      post(.message(Message(.error, "There is no model to run; press m to choose one.")))
      post(.runEnded(run))
      return
    }
    let strategy: any Strategy
    do {
      strategy = try StrategyRegistry.strategy(named: name)
    } catch {
      post(error)
      post(.runEnded(run))
      return
    }
    let prompts = configuration.prompts
    let task = Task { [self] in
      do {
        let (decoder, peers) = try await models(for: strategy, settings, beside: decoder)
        let end = await strategy.run(
          question, settings: settings, decoder: decoder, library: prompts, number: run,
          previous: previous, peers: peers
        ) { self.record($0) }
        if let message = end.message { post(.message(Message(.error, message))) }
      } catch {
        post(error)
      }
      _ = work.withLock { $0.runs.removeValue(forKey: run) }
      post(.runEnded(run))
    }
    work.withLock { $0.runs[run] = task }
  }
}

extension TraceRecord {
  /// Whether it only says that a run begins, and with which prompt.
  fileprivate var isBeginning: Bool {
    switch event {
    case .run: true
    case .injected(let injection): injection.role == .prompt
    default: false
    }
  }
}
