import Decoding
import Engine
import Reasoning
import RemoteModels
import Traces
import Training

/// Models that verifiers read with.
enum Judges {
  /// What a model's file says of its judging; nil for one that was not trained for it.
  static func trained(_ lineage: Lineage?) -> (name: VerifierName, numbers: [String: Double])? {
    guard let lineage, let name = lineage.verifier.flatMap({ VerifierName(rawValue: $0) }) else {
      return nil
    }
    return (name, lineage.verifierNumbers)
  }

  /// The file of the judge that settings ask for: the one they name, else for a verifier that cannot
  /// do without one a bundled model that was trained for it.
  ///
  /// - Parameter verifiers: those that will read.
  /// - Returns: nil where the run's own model reads.
  /// - Throws: `UserError.missingFile` for a name that stands for no model; `StrategyError.noJudge`.
  static func path(_ settings: RunSettings, for verifiers: [VerifierName]) throws -> String? {
    if let named = settings.verifierModel { return try BundledModels.path(of: named) }
    guard let needed = verifiers.first(where: \.needsJudge) else { return nil }
    let bundled = (try? BundledModels.all()) ?? []
    let found = NamedModel.all(bundled).first { trained($0.lineage)?.name == needed }
    guard let found else { throw StrategyError.noJudge }
    return found.path
  }

  /// A judge, ready to read.
  ///
  /// - Throws: whatever keeps its file from being opened.
  static func judge(
    path: String, options: EngineOptions, remote: RemoteOpening, slots: Int
  ) throws -> Judge {
    if RemoteAddress.isAddress(path) {
      return Judge(Decoder(model: try remote.open(path), slots: slots), verifier: nil, numbers: [:])
    }
    let file = try GGUFFile(path: path)
    let name = BundledModels.name(of: file, path: path)
    let model = try ModelLoader.load(file, name: name, options: options)
    let trained = trained(Lineage(file.metadata))
    return Judge(
      Decoder(model: model, slots: slots), verifier: trained?.name,
      numbers: trained?.numbers ?? [:])
  }
}
