import Decoding
import Engine
import Foundation
import Measuring
import RemoteModels

/// The models that studies are made with.
struct StudyModels: Sendable {
  /// Each with its file, the first the one at hand.
  private(set) var all: [(model: StudyModel, path: String)] = []
  /// What their files say of how conversations are written.
  private(set) var chatTemplates: [String?] = []
  private let options: EngineOptions
  private var remote = RemoteOpening()

  /// The model of a file, or of a server.
  ///
  /// - Throws: whatever keeps the file from being read, or the server from being asked.
  static func one(
    _ path: String, _ options: EngineOptions, _ remote: RemoteOpening
  ) throws -> StudyModels {
    if RemoteAddress.isAddress(path) {
      let model = try remote.open(path)
      var models = StudyModels(options: options)
      models.remote = remote
      let study = StudyModel(
        name: model.identity.name, identity: model.identity,
        parameters: model.capabilities.parameters ?? 0)
      models.all = [(study, path)]
      return models
    }
    let family = (try? BundledModels.family()) ?? ModelFamily()
    let member = family.members.first { $0.path == path }
    var models = StudyModels(options: options)
    try models.add(path, name: member.map(family.name), tokensSeen: member?.tokensSeen)
    return models
  }

  /// The base models of the bundled family, by size and then by training.
  ///
  /// - Throws: `UserError.missingFile` where there are none.
  static func bundledFamily(_ options: EngineOptions) throws -> StudyModels {
    let family = try BundledModels.family()
    var models = StudyModels(options: options)
    for member in family.members where member.stage == .base {
      try models.add(
        member.path, name: family.name(of: member), tokensSeen: member.tokensSeen,
        isFinal: family.isFinal(member))
    }
    guard !models.all.isEmpty else {
      throw UserError.missingFile("The bundled models were not found; --study size needs them.")
    }
    return models
  }

  private init(options: EngineOptions) { self.options = options }

  private mutating func add(
    _ path: String, name: String?, tokensSeen: Int?, isFinal: Bool = true
  ) throws {
    let file = try GGUFFile(path: path)
    let own = ModelLoader.name(ofFile: path, type: file.fileType)
    let isa = options.instructionSet ?? InstructionSet.available.first
    let identity = ModelIdentity(
      name: own, hash: file.identity(),
      architecture: try file.metadata.text("general.architecture") ?? "",
      fileType: file.fileType, isa: isa?.rawValue ?? "")
    let model = StudyModel(
      name: name ?? own, identity: identity, parameters: file.parameterCount,
      kvFormat: options.kvFormat.rawValue, tokensSeen: tokensSeen, isFinal: isFinal)
    all.append((model, path))
    chatTemplates.append(file.chatTemplate)
  }

  /// Opens one of the models.
  ///
  /// - Throws: whatever keeps it from being opened.
  func open(_ model: StudyModel) throws -> any LanguageModel {
    guard let path = all.first(where: { $0.model == model })?.path else {
      throw UserError.missingFile("There is no model “\(model.name)”.")
    }
    return try remote.model(at: path, options)
  }
}
