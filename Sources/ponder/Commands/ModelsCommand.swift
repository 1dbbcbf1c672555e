import ArgumentParser
import Decoding
import Engine
import Foundation
import ModelStores
import Playground
import Training

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the bundled models, those that were trained, and those of other programs.",
    discussion: """
      The family comes first: a line for each size, with its checkpoints (the model after so \
      many training tokens) below it. Then come trained models: those of 'ponder train', in \
      $XDG_DATA_HOME/ponder/models (by default ~/.local/share/ponder/models), each with what it \
      was trained from, and at last what the caches of Hugging Face, Ollama, LM Studio and \
      llama.cpp hold, each with whether it runs here. Use the names with --model.
      """)

  @Argument(
    help: ArgumentHelp(
      "Lists these: GGUF files wherever they are, or models by name.", valueName: "file|name"))
  var files: [String] = []

  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .text

  private struct Model: Encodable {
    var name: String
    var path: String
    var architecture: String
    var parameters: Int
    var fileType: String
    var bytes: Int
    var isDefault: Bool
    // Of members of the family alone; the table is made from the member itself.
    var member: FamilyMember?
    var shortName: String?
    var size: String?
    var stage: String?
    var tokensSeen: Int?
    // Of trained models alone.
    var trained: NamedModel?
    var parent, parentHash, recipe: String?
    var steps: Int?
    /// How it judges; nil for one that was not trained to.
    var verifier: String?
    var seed: UInt64?
    var rate: Double?
    var problems, reward: String?
    /// What it was on the way, by training tokens.
    var checkpoints: [Model]?
    // Of models in other programs' stores alone.
    var store: String?
    var runs: Bool?
    /// Why it does not run.
    var obstacle: String?
    var explanation: String?

    enum CodingKeys: String, CodingKey {
      case name, path, architecture, parameters, fileType, bytes
      case isDefault = "default"
      case shortName, size, stage, tokensSeen, parent, parentHash, recipe, steps, seed, rate
      case problems, reward, verifier, checkpoints, store, runs, obstacle
    }
  }

  func run() throws {
    let models = try files.isEmpty ? list() + Self.found() : given()
    switch format {
    case .json: try StandardOutput.writeJSON(models)
    case .text: for line in Self.lines(models) { try StandardOutput.writeLine(line) }
    }
  }

  private static func lines(_ models: [Model]) -> [String] {
    func width(_ models: [Model]) -> Int {
      models.map { ($0.shortName ?? $0.name).count }.max() ?? 0
    }
    // The names of repositories are long.
    let (own, others) = (
      width(models.filter { $0.store == nil }), width(models.filter { $0.store != nil })
    )
    return models.flatMap { model in
      let width = model.store == nil ? own : others
      var columns = [
        model.isDefault ? "*" : " ", (model.shortName ?? model.name).padded(to: width),
        Format.bytes(model.bytes).padded(to: 9, left: true),
        "\(model.parameters) parameters".padded(to: 22, left: true), model.fileType.padded(to: 4),
      ]
      if let member = model.member {
        columns += [
          "\(member.tokens) tokens".padded(to: 11, left: true), member.stage.explanation,
        ]
      } else if let trained = model.trained {
        columns.append(trained.explanation)
      } else if let explanation = model.explanation {
        columns.append(explanation)
      }
      var line = columns.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      if let trained = model.trained, let more = trained.details {
        return [line] + more.folded(indent: width + 5)
      }
      return [line] + (model.checkpoints ?? []).compactMap(\.shortName).folded(indent: 7)
    }
  }

  /// The files that were named.
  private func given() throws -> [Model] {
    try files.map { given in
      let path = try BundledModels.path(of: given)
      let file = try GGUFFile(path: path)
      return try Self.model(path, file, NamedModel(file, path: path))
    }
  }

  /// - Parameter own: what it is called, where it is no member of the family.
  private static func model(
    _ path: String, _ file: GGUFFile, _ own: NamedModel? = nil, isDefault: Bool = false
  ) throws -> Model {
    var model = Model(
      name: GGUFPartName.modelName(ofFile: path), path: path,
      architecture: try file.metadata.text("general.architecture") ?? "unknown",
      parameters: file.parameterCount, fileType: file.fileType, bytes: file.size,
      isDefault: isDefault)
    if let own, let lineage = own.lineage {
      model.trained = own
      model.shortName = own.name
      (model.parent, model.parentHash) = (lineage.parent, lineage.parentHash)
      (model.recipe, model.steps) = (lineage.recipe, lineage.steps)
      model.verifier = lineage.verifier
      (model.seed, model.rate) = (lineage.seed, lineage.rate)
      (model.problems, model.reward) = (lineage.problems, lineage.reward)
    }
    return model
  }

  /// What other programs have.
  private static func found() -> [Model] {
    StoreModel.all().map { model in
      var row = Model(
        name: model.found.name, path: model.found.path, architecture: model.facts.architecture,
        parameters: model.facts.parameters, fileType: model.facts.fileType,
        bytes: model.found.bytes, isDefault: false)
      row.store = model.found.store.rawValue
      row.runs = model.facts.obstacle == nil
      row.obstacle = model.facts.obstacle
      row.explanation =
        model.facts.obstacle.map { "does not run: \($0)" } ?? model.found.store.rawValue
      return row
    }
  }

  private func list() throws -> [Model] {
    let files = try BundledModels.all()
    let standard = files.isEmpty ? nil : try BundledModels.standard()
    let others = BundledModels.others()
    func own(_ url: URL) -> NamedModel? { others.first { $0.path == url.path } }
    var members: [FamilyMember] = []
    var models: [String: Model] = [:]
    for url in files {
      let file = try GGUFFile(path: url.path)
      if let member = FamilyMember(file, path: url.path) { members.append(member) }
      models[url.path] = try Self.model(url.path, file, own(url), isDefault: url == standard)
    }
    // What the user keeps there and cannot be read is no model.
    let kept = NamedModel.files().compactMap { url in
      (try? GGUFFile(path: url.path)).flatMap { try? Self.model(url.path, $0, own(url)) }
    }
    let family = ModelFamily(members, standard: standard?.path)
    func model(_ member: FamilyMember) -> Model? {
      guard var model = models[member.path] else { return nil }
      model.member = member
      model.shortName = family.name(of: member)
      model.size = member.size
      model.stage = member.stage.rawValue
      model.tokensSeen = member.tokensSeen
      return model
    }
    let finals = family.members.filter(family.isFinal).compactMap { member in
      var final = model(member)
      let before = family.checkpoints(of: member.size, member.stage).dropLast()
      if !before.isEmpty { final?.checkpoints = before.compactMap(model) }
      return final
    }
    let listed = Set(family.members.map(\.path))
    return finals + files.filter { !listed.contains($0.path) }.compactMap { models[$0.path] }
      + kept
  }
}
