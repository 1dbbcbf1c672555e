import Decoding
import Engine
import Foundation
import Learning
import Measuring
import ModelStores
import Playground
import Reasoning
import RemoteModels
import Synchronization
import Traces
import Training

/// Opens GGUF files for the playground and tells how the engine is doing.
final class EngineOpener: ModelOpening {
  private struct State {
    var model: TransformerModel?
    var shown: Pace?
    /// The models of studies, by what they were asked for: telling them apart reads their files.
    var studies: [String: StudyModels] = [:]
  }

  private let options: EngineOptions
  private let remote: RemoteOpening
  private let parallel: Int
  private let state = Mutex(State())

  init(options: EngineOptions, remote: RemoteOpening = RemoteOpening(), parallel: Int) {
    self.options = options
    self.remote = remote
    self.parallel = parallel
  }

  func open(
    path: String, observer: @escaping OpeningObserver
  ) throws -> (model: any LanguageModel, summary: ModelSummary) {
    if RemoteAddress.isAddress(path) {
      let model = try remote.open(path)
      state.withLock { $0.model = nil }
      return (model, model.summary(slots: parallel))
    }
    let path = try Self.file(of: path)
    let file = try GGUFFile(path: path)
    let name = ModelLoader.name(ofFile: path, type: file.fileType)
    let model = try ModelLoader.load(file, name: name, options: options) {
      observer($0.bytes, $0.totalBytes)
    }
    state.withLock { $0.model = model }
    let bundled = (try? BundledModels.all()) ?? []
    let summary = ModelSummary(
      identity: model.identity, path: path, contextLength: model.contextLength,
      parameters: file.parameterCount, threads: options.threads, slots: parallel,
      isBundled: bundled.contains { $0.path == path }, member: FamilyMember(file, path: path),
      chatTemplate: model.chatTemplate,
      trainingObstacle: TransformerTrainee.obstacle(to: file, model.configuration))
    return (model, summary)
  }

  /// The file of a name in another program's store; a path is its own.
  private static func file(of path: String) throws -> String {
    guard let reference = try ModelReference(path),
      !FileManager.default.fileExists(atPath: path)
    else { return path }
    do {
      return try BundledModels.path(of: reference)
    } catch let error where reference.canBePulled && !ModelFetch.isOffline {
      guard case .notHere = error as? ReferenceError else { throw error }
      throw AbsentModel("\(reference) is not on this machine.")
    }
  }

  func otherModels(isWanted: () -> Bool) -> [Catalog.ModelEntry] {
    StoreModel.all(isWanted: isWanted).map {
      Catalog.ModelEntry(name: $0.found.name, path: $0.found.path, detail: $0.explanation)
    }
  }

  func fetch(
    _ name: String, observer: @escaping @Sendable (_ bytes: Int, _ totalBytes: Int) -> Void
  ) async throws -> String {
    guard let reference = try ModelReference(name) else { return name }
    var progress = PullObserver()
    progress.progress = { observer($0.bytes, $0.totalBytes ?? 0) }
    return try await ModelPull(ownFolder: NamedModel.folder).run(reference, observer: progress)
  }

  func ensemble(of path: String, _ settings: RunSettings) throws -> [any LanguageModel] {
    var paths = try BundledModels.companions(of: path, named: settings.with)
    // What another decoder uses cannot be mixed, so the model itself is opened once more.
    if settings.combine == .mixture { paths.insert(path, at: 0) }
    return try paths.map { try remote.model(at: $0, options) }
  }

  func judge(_ settings: RunSettings, for verifiers: [VerifierName]) throws -> Judge? {
    try Judges.path(settings, for: verifiers).map {
      try Judges.judge(path: $0, options: options, remote: remote, slots: parallel)
    }
  }

  func studyModels(for kind: StudyKind, beside path: String) throws -> [StudyModel] {
    let key = kind == .size ? "" : path
    if let known = state.withLock({ $0.studies[key] }) { return known.all.map(\.model) }
    let models =
      try kind == .size
      ? StudyModels.bundledFamily(options) : StudyModels.one(path, options, remote)
    state.withLock { $0.studies[key] = models }
    return models.all.map(\.model)
  }

  func open(_ model: StudyModel) throws -> any LanguageModel {
    guard let models = state.withLock({ $0.studies[""] }) else { throw StudyError.noModel }
    return try models.open(model)
  }

  func trainee(path: String, _ settings: TrainingSettings) throws -> any Trainee {
    let file = try GGUFFile(path: path)
    return try TraineeOpening.trainee(
      file, name: BundledModels.name(of: file, path: path), settings, options: options)
  }

  func teacher(named name: String) throws -> any LanguageModel {
    try TraineeOpening.teacher(named: name, options: options)
  }

  func keep(weights path: String, as name: String) throws -> Catalog.ModelEntry {
    let model = try NamedModel.keep(path, as: name)
    return Catalog.ModelEntry(
      name: model.name, path: model.path, detail: model.explanationWithFile,
      verifier: Judges.trained(model.lineage)?.name)
  }

  /// What memory is used, when that has changed since the last call.
  func pace() -> Pace? {
    state.withLock { state in
      guard let use = state.model?.memoryUse else { return nil }
      var pace = state.shown ?? Pace()
      pace.cachedTokens = use.cachedTokens
      pace.cacheCapacity = use.cacheCapacity
      pace.memoryBytes = use.weightBytes + use.cacheBytes
      guard pace != state.shown else { return nil }
      state.shown = pace
      return pace
    }
  }
}
