import Decoding
import DecodingFixtures
import Reasoning
import Synchronization
import TerminalUI
import Testing

@testable import Measuring
@testable import Playground
@testable import Problems
@testable import Traces

/// States and traces for tests, all made by running the program's own parts on the exact apples
/// table (`TableLanguageModel.apples`).
enum Fixtures {
  /// A new one each time: what was looked up before shows in the costs.
  static var model: TableLanguageModel { .apples }

  /// The apples question as a raw prompt, which needs no template.
  static let question = Question(
    text: "Q: I have 3 apples, my dad has 2 more apples than me. "
      + "How many apples do we have in total?\nA:",
    problem: "apples", gold: "8", kind: .number, isRaw: true)

  /// A session's settings: every node keeps its whole saved distribution.
  static let settings = RunSettings(seed: 1, detail: DistributionSummary.savedDetail)

  static let summary = ModelSummary(
    identity: model.identity, path: "apples", contextLength: model.contextLength,
    parameters: 0, threads: 2, slots: 4, isBundled: true)

  static let view = PlaygroundView(theme: .plain, glyphs: .unicode)

  /// A state before anything has happened.
  static func empty(_ width: Int, _ height: Int) -> PlaygroundState {
    PlaygroundState(
      size: Size(width: width, height: height), question: question, settings: settings)
  }

  /// A state with the apples table loaded.
  static func ready(_ width: Int, _ height: Int) -> PlaygroundState {
    var state = empty(width, height)
    state.model = .ready(summary)
    state.vocabulary = model.vocabulary
    return state
  }

  /// A state that shows a finished run of a strategy on its screen.
  static func finished(
    _ strategy: String, _ width: Int, _ height: Int, settings: RunSettings = settings
  ) async throws -> PlaygroundState {
    var state = ready(width, height)
    state.settings = settings
    let records = try await records(of: strategy, settings: settings)
    _ = Reducer().reduce(&state, .trace(records))
    let screen: ScreenID? =
      switch strategy {
      case CoTDecoding.description.name: .branches
      case SelfConsistency.description.name: .votes
      default: nil
      }
    if let screen { _ = Reducer().reduce(&state, .command(.screen(screen))) }
    return state
  }

  /// The events of a strategy's run on the apples question.
  static func records(
    of strategy: String, settings: RunSettings = settings, number: Int = 1
  ) async throws -> [TraceRecord] {
    let log = RecordLog()
    let decoder = Decoder(model: model, slots: 4)
    try await StrategyRegistry.strategy(named: strategy).run(
      question, settings: settings, decoder: decoder, library: PromptLibrary(directory: ""),
      number: number
    ) { log.append($0) }
    return log.records
  }

  static func draw(_ state: PlaygroundState, view: PlaygroundView = view) -> CellBuffer {
    var buffer = CellBuffer(size: state.size)
    _ = view.draw(state, on: &buffer)
    return buffer
  }
}

/// Records as they come, from whatever thread.
final class RecordLog: Sendable {
  private let kept = Mutex<[TraceRecord]>([])

  var records: [TraceRecord] { kept.withLock { $0 } }

  func append(_ record: TraceRecord) { kept.withLock { $0.append(record) } }
}

/// The playground without a terminal: real reducer, real session, real decoder, with the apples
/// table for a model.
@MainActor
final class Driver {
  var state: PlaygroundState
  /// Every effect that was asked for.
  private(set) var effects: [Effect] = []
  private let reducer = Reducer()
  private let inbox = ActionInbox()
  private let session: PlaygroundSession
  private let bell = Bell()

  init(
    _ width: Int = 80, _ height: Int = 24, model: any LanguageModel = Fixtures.model,
    others: [any LanguageModel] = [], teacher: (any LanguageModel)? = nil, prompts: String = "",
    keep: JournalMaker? = nil, sessions: SessionFolder? = nil, studies: StudyStore? = nil,
    exportFolder: String = "."
  ) {
    state = Fixtures.empty(width, height)
    session = PlaygroundSession(
      PlaygroundSession.Configuration(
        opener: TableOpener(model: model, others: others, teacher: teacher ?? model),
        prompts: PromptLibrary(directory: prompts), keep: keep, sessions: sessions,
        studies: studies,
        exportFolder: exportFolder),
      inbox: inbox)
    inbox.connect(bell)
  }

  /// Loads the model and waits for the first table.
  func start() async {
    perform(.model(.load(path: "apples")))
    await wait { $0.decode.hasCurrentTable }
  }

  func send(_ action: Action) {
    for effect in reducer.reduce(&state, action) { perform(effect) }
  }

  private func perform(_ effect: Effect) {
    effects.append(effect)
    session.perform(effect)
  }

  func press(_ keys: KeyEvent...) { for key in keys { send(.key(key)) } }

  func type(_ text: String) { for character in text { press(KeyEvent(character)) } }

  /// Ends the session.
  ///
  /// - Returns: why its journal is not whole, when it is not.
  @discardableResult
  func finish() async -> (any Error)? { await session.finish() }

  /// Takes news until the state is as wanted.
  func wait(until isReached: (PlaygroundState) -> Bool) async {
    while true {
      for action in inbox.drain() { send(action) }
      if isReached(state) { return }
      if Task.isCancelled {
        Issue.record("What was waited for has not come within the time limit.")
        return
      }
      await bell.rung()
    }
  }

  /// Waits until Decode shows its cursor's own table and has nothing on its way.
  func settle() async {
    await wait {
      let decode = $0.decode
      return decode.hasCurrentTable && decode.arriving == nil && decode.pendingTakes == 0
        && decode.line.tokens.count >= decode.line.cursor && !decode.isStreaming
    }
  }

  func draw() -> CellBuffer { Fixtures.draw(state) }
}

/// Opens one and the same model, whatever the path.
private struct TableOpener: ModelOpening {
  let model: any LanguageModel
  /// The further models of an ensemble.
  let others: [any LanguageModel]
  let teacher: any LanguageModel

  func teacher(named name: String) -> any LanguageModel { teacher }

  func ensemble(of path: String, _ settings: RunSettings) -> [any LanguageModel] { others }

  func open(
    path: String, observer: @escaping OpeningObserver
  ) throws -> (model: any LanguageModel, summary: ModelSummary) {
    var summary = Fixtures.summary
    summary.identity = model.identity
    summary.chatTemplate = model.chatTemplate
    return (model, summary)
  }

  /// Of sizes there are two, the model itself and one that is said to be smaller.
  func studyModels(for kind: StudyKind, beside path: String) throws -> [StudyModel] {
    let own = StudyModel(name: "own", identity: model.identity, parameters: 2000)
    var small = own
    (small.name, small.parameters) = ("small", 500)
    return kind == .size ? [small, own] : [own]
  }

  func open(_ model: StudyModel) throws -> any LanguageModel { Fixtures.model }
}

/// Wakes the one who waits.
private final class Bell: Waker {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func wake() { continuation.yield() }

  func rung() async {
    for await _ in stream { return }
  }
}
