import Decoding
import DecodingFixtures
import Foundation
import Learning
import LearningFixtures
import Reasoning
import Synchronization
import Training

@testable import Measuring
@testable import Playground

/// How models behave: answer, hang until they are cancelled, or fail.
final class Temper: Sendable {
  enum Mood { case answers, hangs, fails }

  private let kept = Mutex(Mood.answers)

  var mood: Mood {
    get { kept.withLock { $0 } }
    set { kept.withLock { $0 = newValue } }
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String { "The model was told to fail." }
  }

  /// Returns when it answers.
  func obey(while goesOn: () -> Bool = { true }) throws {
    while mood == .hangs, goesOn() { Thread.sleep(forTimeInterval: 0.002) }
    if mood != .answers { throw Failure() }
  }
}

/// The apples table with a temper.
final class TemperedModel: InspectableModel {
  private let inner = TableLanguageModel.apples
  private let temper: Temper

  init(_ temper: Temper) { self.temper = temper }

  var identity: ModelIdentity { inner.identity }
  var vocabulary: any Vocabulary { inner.vocabulary }
  var contextLength: Int { inner.contextLength }

  func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult {
    Thread.sleep(forTimeInterval: 0.001)
    switch temper.mood {
    case .answers: return try inner.forward(request, in: tree)
    // A prompt that is never read to its end.
    case .hangs:
      return ForwardResult(
        distributions: request.nodes.map { _ in nil }, computed: request.nodes.map { _ in 0 })
    case .fails: throw Temper.Failure()
    }
  }

  var layerCount: Int { InventedLayers.layers }

  func inspect(
    _ request: InspectionRequest, in tree: TokenTree, isWanted: () -> Bool
  ) throws -> ModelInspection {
    try temper.obey(while: isWanted)
    let said = try inner.distributions(at: [request.node], in: tree)[0]
    return InventedLayers.inspection(of: said, request, positions: tree.depth(of: request.node))
  }

  func logProbabilities(
    of token: TokenID, withoutHeadsOf layer: Int, _ request: InspectionRequest,
    _ inspection: ModelInspection, in tree: TokenTree, isWanted: () -> Bool
  ) throws -> [Double] {
    try temper.obey(while: isWanted)
    return InventedLayers.withoutHeads(of: layer, inspection.distribution, token)
  }
}

/// Opens `apples` at once, and anything else as the temper has it.
struct TemperedOpener: ModelOpening {
  let temper: Temper

  func open(
    path: String, observer: @escaping OpeningObserver
  ) throws -> (model: any LanguageModel, summary: ModelSummary) {
    if path != "apples" { try temper.obey { observer(1, 2) } }
    return (TemperedModel(temper), Fixtures.summary)
  }

  func studyModels(for kind: StudyKind, beside path: String) throws -> [StudyModel] {
    try temper.obey()
    return [StudyModel(name: "apples", identity: Fixtures.model.identity, parameters: 2000)]
  }

  func trainee(path: String, _ settings: TrainingSettings) throws -> any Trainee {
    try temper.obey()
    return TwoQuestions.trainee()
  }

  func keep(weights path: String, as name: String) throws -> Catalog.ModelEntry {
    Catalog.ModelEntry(name: name, path: "models/\(name).gguf", detail: "a toy")
  }
}
