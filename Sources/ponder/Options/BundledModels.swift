import Decoding
import Engine
import Foundation
import ModelStores
import Problems
import Training

/// The models in Samples/Models: the files of the folder, then those of its folder `checkpoints`.
enum BundledModels {
  /// All of them, in the order of their names.
  static func all() throws -> [URL] {
    let folder = try folder()
    // Checkpoints need not be there.
    return try files(in: folder) + ((try? files(in: folder.appending(path: "checkpoints"))) ?? [])
  }

  private static func folder() throws -> URL { try Resources.folder("Samples/Models") }

  /// The GGUF files of a folder, in the order of their names.
  static func files(in folder: URL) throws -> [URL] {
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    // A split model is opened by any of its parts, and listed once.
    return files.filter {
      $0.pathExtension == "gguf" && (GGUFPartName(path: $0.path)?.number ?? 1) == 1
    }.sorted { $0.lastPathComponent < $1.lastPathComponent }
  }

  /// The model that is used unless another is asked for: the one whose file name stands in the
  /// folder's `default.txt`, else the first.
  ///
  /// - Throws: `UserError.missingFile` if there is none.
  static func standard() throws -> URL {
    let folder = try folder()
    let models = try files(in: folder)
    if let named = try? String(contentsOf: folder.appending(path: "default.txt"), encoding: .utf8) {
      let name = named.trimmingCharacters(in: .whitespacesAndNewlines)
      if let model = models.first(where: { $0.lastPathComponent == name }) { return model }
    }
    guard let first = models.first else {
      throw UserError.missingFile(
        "There is no model in \(folder.path); name a GGUF file with --model.")
    }
    return first
  }

  /// The family among them; files that cannot be read are no members.
  static func family() throws -> ModelFamily {
    let members = try all().compactMap { url in
      (try? GGUFFile(path: url.path)).flatMap { FamilyMember($0, path: url.path) }
    }
    return ModelFamily(members, standard: try? standard().path)
  }

  /// The file that is meant by what was given to `--model`: a path, the name of a bundled model or
  /// of one in the user's own folder, or a name in another program's store such as `hf:user/repo`.
  ///
  /// - Throws: `UserError.missingFile`, which lists the names, for what is none of these;
  ///   `ReferenceError` for what is in no store.
  static func path(of model: String) throws -> String {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: model, isDirectory: &isFolder)
    if exists && !isFolder.boolValue { return model }
    if let reference = try ModelReference(model) { return try path(of: reference) }
    if model.contains("/") || model.hasSuffix(".gguf") { return model }
    let family = (try? family()) ?? ModelFamily()
    if let member = family.member(named: model) { return member.path }
    let others = others()
    if let other = NamedModel.named(model, among: others) { return other.path }
    let names = family.names.map(\.name) + others.map(\.name)
    // Without the folder, a bundled model's name is no help: that is what is wrong then.
    let missing: String
    do {
      _ = try folder()
      missing = ""
    } catch { missing = " \(error)" }
    throw UserError.missingFile(
      "There is neither a file nor a model “\(model)”\(suggestion(model, names)) "
        + "Models: \(names.isEmpty ? "none" : names.joined(separator: ", ")).\(missing)")
  }

  /// The file of a model that is in a store already.
  ///
  /// - Throws: `ReferenceError`.
  static func path(of reference: ModelReference) throws -> String {
    if let path = ModelPull(ownFolder: NamedModel.folder).kept(reference) { return path }
    return try LocalStores().model(reference).path
  }

  /// The models beside the family: other files of the folder, and those in the user's own.
  static func others() -> [NamedModel] {
    let members = Set(((try? family()) ?? ModelFamily()).members.map(\.path))
    let bundled = ((try? all()) ?? []).filter { !members.contains($0.path) }
    return NamedModel.all(bundled + NamedModel.files())
  }

  /// What a model is called as a parent: the short name of a member of the family, what a trained one
  /// is called, else the file's name.
  static func name(of file: GGUFFile, path: String) -> String {
    let place = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let family = (try? family()) ?? ModelFamily()
    let member = family.members.first {
      URL(fileURLWithPath: $0.path).resolvingSymlinksInPath() == place
    }
    if let member { return family.name(of: member) }
    let model = NamedModel(file, path: path)
    return model.lineage == nil ? ModelLoader.name(ofFile: path, type: file.fileType) : model.name
  }

  private static func suggestion(_ model: String, _ names: [String]) -> String {
    Suggestion.nearest(to: model, among: names).map { "; did you mean \($0)?" } ?? "."
  }

  /// The further models of an ensemble: those that are named, with commas between, or the two
  /// largest others of the family, each of another size.
  ///
  /// - Throws: `UserError.missingFile` for a name that stands for no model.
  static func companions(of path: String, named names: String?) throws -> [String] {
    if let names { return try names.listed.map(self.path(of:)) }
    let family = try family()
    let own = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    guard
      let member = family.members.first(where: {
        URL(fileURLWithPath: $0.path).resolvingSymlinksInPath() == own
      })
    else { return [] }
    let others = family.members.filter {
      $0.size != member.size && $0.stage != .think && family.isFinal($0)
    }
    return others.sorted { $0.parameters > $1.parameters }.prefix(2).map(\.path)
  }
}

extension FamilyMember {
  /// What the metadata of a file of the bundled family tell; nil for any other file.
  init?(_ file: GGUFFile, path: String) {
    func text(_ key: String) -> String? {
      (try? file.metadata.text(key)).flatMap { $0.isEmpty ? nil : $0 }
    }
    // What was trained from a member says the same of itself, and is none.
    if Lineage(file.metadata) != nil { return nil }
    // This key is the recipe's own (Samples/Models/pretrain), the others are GGUF's.
    guard let tokens = try? file.metadata.integer("ponder.tokens_seen"),
      let size = text("general.size_label"), let stage = text("general.finetune")
    else { return nil }
    self.init(
      size: size, parameters: file.parameterCount, stage: Stage(rawValue: stage),
      tokensSeen: tokens, fileType: file.fileType, bytes: file.size, path: path)
  }
}
