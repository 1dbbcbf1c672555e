public import Foundation
public import Measuring
public import Reasoning
public import Traces

/// Carries out the effects that the reducer asks for, each by the worker of its owner, and hands
/// back actions: for every effect exactly one that ends it.
///
/// The main thread only ever puts effects in and takes actions out; it never waits.
public final class PlaygroundSession: Sendable {
  /// What the session needs to know.
  public struct Configuration: Sendable {
    public var opener: any ModelOpening
    public var prompts: PromptLibrary
    /// Makes the journal that keeps the session, when there is something to keep; nil keeps
    /// nothing.
    public var keep: JournalMaker?
    /// Where sessions are kept; nil where there is no such place.
    public var sessions: SessionFolder?
    /// Where studies are kept; nil keeps none.
    public var studies: StudyStore?
    /// Where the weights and checkpoints of trainings are kept; nil keeps them only as long as the
    /// program runs.
    public var trainings: URL?
    /// The file in which choices are kept for the next start; nil keeps none.
    public var config: URL?
    /// Where studies are written to.
    var exportFolder: String

    public init(
      opener: any ModelOpening, prompts: PromptLibrary,
      keep: JournalMaker?, sessions: SessionFolder? = nil, studies: StudyStore? = nil,
      trainings: URL? = nil, config: URL? = nil, exportFolder: String = "."
    ) {
      self.opener = opener
      self.prompts = prompts
      self.keep = keep
      self.sessions = sessions
      self.studies = studies
      self.trainings = trainings
      self.config = config
      self.exportFolder = exportFolder
    }
  }

  private let recorder: Recorder
  private let decode: DecodeWorker
  private let run: RunWorker
  private let review: ReviewWorker
  private let study: StudyWorker
  private let training: TrainingWorker
  private let inspection: InspectionWorker
  private let model: ModelWorker
  private let file: FileWorker
  private let config: ConfigWorker
  private let timer: TimerWorker

  private var workers: [any Worker] {
    [model, decode, run, review, study, training, inspection, file, config, timer]
  }

  public init(_ configuration: Configuration, inbox: ActionInbox) {
    let bench = Workbench(configuration, inbox: inbox)
    recorder = bench.recorder
    decode = DecodeWorker(bench)
    run = RunWorker(bench)
    review = ReviewWorker(bench)
    study = StudyWorker(bench)
    training = TrainingWorker(bench)
    inspection = InspectionWorker(bench)
    model = ModelWorker(bench, users: [decode, run, review, study, inspection])
    file = FileWorker(bench, writers: [decode, run, review, training])
    config = ConfigWorker(bench)
    timer = TimerWorker(bench)
  }

  /// Carries out one effect. Returns at once.
  func perform(_ effect: Effect) {
    switch effect {
    case .decode(let effect): decode.perform(effect)
    case .run(let effect): run.perform(effect)
    case .review(let effect): review.perform(effect)
    case .study(let effect): study.perform(effect)
    case .training(let effect): training.perform(effect)
    case .inspection(let effect): inspection.perform(effect)
    case .model(let effect): model.perform(effect)
    case .file(let effect): file.perform(effect)
    case .config(let effect): config.perform(effect)
    case .shell(let effect): timer.perform(effect)
    }
  }

  /// Stops everything and waits until all of it has ended and is on the disk. The session can be
  /// gone on with.
  ///
  /// - Returns: what could not be written.
  func settle() async -> Unkept? {
    for worker in workers { worker.stop() }
    for worker in workers { await worker.allEnded() }
    return recorder.settle()
  }

  /// Stops everything, waits until all of it has ended, and closes the journal, in which
  /// everything that was shown is then.
  ///
  /// - Returns: why the journal is not whole, when it is not.
  @discardableResult
  public func finish() async -> (any Error)? {
    for worker in workers { worker.close() }
    for worker in workers { await worker.allEnded() }
    return recorder.close()
  }
}
