public import Decoding
public import Learning
public import Measuring
public import Reasoning
public import Traces
public import Training

/// Opens a model: how the playground, which knows no file format, gets one.
public protocol ModelOpening: Sendable {
  /// Is told how many bytes of weights are ready, and of how many; returns whether to go on.
  typealias OpeningObserver = @Sendable (_ bytes: Int, _ totalBytes: Int) -> Bool

  /// - Parameter observer: hears how far a load is.
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

  /// Opens the model that verifiers read with, as settings ask for it.
  ///
  /// - Parameter verifiers: those that will read.
  /// - Returns: nil where the run's own model reads.
  /// - Throws: an error whose description says what is wrong and what to do.
  func judge(_ settings: RunSettings, for verifiers: [VerifierName]) throws -> Judge?

  /// The models that a kind of study is made with: of sizes the whole family, else the one at a
  /// path.
  ///
  /// - Throws: an error whose description says what is wrong and what to do.
  func studyModels(for kind: StudyKind, beside path: String) throws -> [StudyModel]

  /// Opens one of the models of a study of sizes.
  ///
  /// - Throws: an error whose description says what is wrong and what to do.
  func open(_ model: StudyModel) throws -> any LanguageModel

  /// A copy of the model at a path that can be trained with some settings.
  ///
  /// - Throws: an error whose description says why it cannot be.
  func trainee(path: String, _ settings: TrainingSettings) throws -> any Trainee

  /// A model that another one learns from.
  ///
  /// - Parameter name: a file, or a name as lists of models have it.
  /// - Throws: an error whose description says what is wrong and what to do.
  func teacher(named name: String) throws -> any LanguageModel

  /// Copies the weights of a step among the user's models, at once or not at all. Another model of
  /// that name stays: the copy has a number behind its name then.
  ///
  /// - Returns: the model as lists name it.
  /// - Throws: an error whose description says what is wrong and what to do.
  func keep(weights path: String, as name: String) throws -> Catalog.ModelEntry

  /// The models that other programs keep on this machine. Looking for them may take seconds.
  ///
  /// - Parameter isWanted: is asked now and then whether to go on.
  func otherModels(isWanted: () -> Bool) -> [Catalog.ModelEntry]

  /// Fetches a model over the network that `open` has found to be an `AbsentModel`.
  ///
  /// - Parameter observer: hears how many bytes have come.
  /// - Returns: the path of its file.
  /// - Throws: an error whose description says what is wrong and what to do; `CancellationError`.
  func fetch(
    _ name: String, observer: @escaping @Sendable (_ bytes: Int, _ totalBytes: Int) -> Void
  ) async throws -> String
}

/// A model that is not on this machine and can be fetched; `open` throws it.
public struct AbsentModel: Error, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}

extension ModelOpening {
  public func ensemble(of path: String, _ settings: RunSettings) throws -> [any LanguageModel] {
    []
  }

  /// There is no other model; `implicit` cannot do without one.
  public func judge(_ settings: RunSettings, for verifiers: [VerifierName]) throws -> Judge? {
    if settings.verifierModel != nil || verifiers.contains(where: \.needsJudge) {
      throw StrategyError.noJudge
    }
    return nil
  }

  /// The one model at a path; there are no sizes beside it.
  public func studyModels(for kind: StudyKind, beside path: String) throws -> [StudyModel] {
    let summary = try open(path: path) { _, _ in true }.summary
    return [
      StudyModel(
        name: summary.identity.name, identity: summary.identity, parameters: summary.parameters)
    ]
  }

  public func open(_ model: StudyModel) throws -> any LanguageModel { throw StudyError.noModel }

  public func trainee(path: String, _ settings: TrainingSettings) throws -> any Trainee {
    throw CannotTrain()
  }

  public func teacher(named name: String) throws -> any LanguageModel {
    try open(path: name) { _, _ in true }.model
  }

  public func keep(weights path: String, as name: String) throws -> Catalog.ModelEntry {
    throw CannotKeep()
  }

  public func otherModels(isWanted: () -> Bool) -> [Catalog.ModelEntry] { [] }

  /// There is nowhere to fetch from: the file of that name is all there may be.
  public func fetch(
    _ name: String, observer: @escaping @Sendable (_ bytes: Int, _ totalBytes: Int) -> Void
  ) async throws -> String { name }
}

/// There is no place for models here.
private struct CannotKeep: Error, CustomStringConvertible {
  var description: String { "Models cannot be kept here." }
}

/// Nobody here can train the model.
private struct CannotTrain: Error, CustomStringConvertible {
  var description: String { "This model cannot be trained here." }
}

/// What is typed for a model that a server runs.
enum ModelAddress {
  /// Whether a text is meant as an address, not as a name or a file.
  static func isOne(_ text: String) -> Bool {
    let text = text.lowercased()
    return text.hasPrefix("http://") || text.hasPrefix("https://")
  }
}
