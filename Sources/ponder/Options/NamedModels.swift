import Engine
import Foundation
import Traces
import Training

/// A model that is found by its name and is no member of the bundled family: one that was trained,
/// or any other file.
struct NamedModel {
  /// Of a trained model such as `2m+grpo@8`; the file's name for any other, and where two were
  /// trained alike.
  private(set) var name: String
  let path: String
  let parameters: Int
  let fileType: String
  let lineage: Lineage?

  /// What a list says of it.
  var explanation: String {
    lineage.map(\.explanation) ?? "\(parameters) parameters, \(fileType)"
  }

  /// The same with the name of the file, by which it is found too, where that is another.
  var explanationWithFile: String {
    explanation + (lineage != nil && file != name ? ", file \(file)" : "")
  }

  private var file: String { GGUFPartName.modelName(ofFile: path) }

  /// What a list adds to that: the name of the file, by which it is found too, where that is another,
  /// and how it was trained.
  var details: [String]? {
    guard let lineage else { return nil }
    let all = (file == name ? [] : ["file \(file)"]) + lineage.details
    return all.isEmpty ? nil : all
  }

  /// The user's own folder: `$XDG_DATA_HOME/ponder/models`, by default in `~/.local/share`.
  static var folder: URL { UserFolder.data().appending(path: "ponder/models") }

  /// The files in that folder.
  static func files() -> [URL] { (try? BundledModels.files(in: folder)) ?? [] }

  /// The models of files; those that cannot be read are left out.
  static func all(_ files: [URL]) -> [NamedModel] {
    var models = files.compactMap { url in
      (try? GGUFFile(path: url.path)).map { NamedModel($0, path: url.path) }
    }
    let count = Dictionary(grouping: models, by: \.name).mapValues(\.count)
    for index in models.indices where count[models[index].name] ?? 0 > 1 {
      models[index].name = GGUFPartName.modelName(ofFile: models[index].path)
    }
    return models
  }

  init(_ file: GGUFFile, path: String) {
    let lineage = Lineage(file.metadata)
    // What a file says of itself must not disturb the terminal.
    let told = lineage?.name.unicodeScalars.filter { $0.properties.generalCategory != .control }
    name = told.map { String($0) } ?? GGUFPartName.modelName(ofFile: path)
    self.path = path
    self.lineage = lineage
    (parameters, fileType) = (file.parameterCount, file.fileType)
  }

  /// Copies a model into the folder, at once or not at all. A file of that name stays: where it is
  /// another model, the copy has a number behind its name.
  ///
  /// - Throws: `UserError`.
  static func keep(_ path: String, as name: String) throws -> NamedModel {
    let files = FileManager.default
    let safe = String(name.map { $0 == "/" ? "-" : $0 })
    let copy = folder.appending(path: ".\(UUID().uuidString).gguf")
    do {
      try files.createDirectory(at: folder, withIntermediateDirectories: true)
      try files.copyItem(atPath: path, toPath: copy.path)
      defer { try? files.removeItem(at: copy) }
      var number = 0
      while true {
        number += 1
        let url = folder.appending(path: number == 1 ? "\(safe).gguf" : "\(safe)-\(number).gguf")
        // A link is made only where there is no file yet.
        if link(copy.path, url.path) != 0 {
          guard errno == EEXIST else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
          guard files.contentsEqual(atPath: path, andPath: url.path) else { continue }
        }
        let known = all((try? BundledModels.files(in: folder)) ?? []).first { $0.path == url.path }
        return try known ?? NamedModel(GGUFFile(path: url.path), path: url.path)
      }
    } catch {
      throw UserError.failed(
        "\(name) cannot be kept in \(folder.path): \(WholeFile.reason(error))")
    }
  }

  /// The model that a name stands for: by what it is called in lists, else by its file's name.
  static func named(_ name: String, among models: [NamedModel]) -> NamedModel? {
    models.first { $0.name == name }
      ?? models.first { GGUFPartName.modelName(ofFile: $0.path) == name }
  }
}

extension Lineage {
  /// Such as `grpo, 8 steps from 2m`, or `distill, 8 steps from 0.4m, taught by 2m`.
  var explanation: String {
    let judges = Judges.trained(self).map { "; judges by \($0.name.rawValue)" } ?? ""
    let taught = teacher.map { ", taught by \($0)" } ?? ""
    return "\(recipe), \(steps) \(steps == 1 ? "step" : "steps") from \(parent)\(taught)\(judges)"
  }

  /// How it was trained, as far as the file tells, safe to be shown.
  var details: [String] {
    let told: [String?] = [
      problems.map { "on \($0)" }, reward.map { "reward \($0)" }, rate.map { "rate \($0)" },
      seed.map { "seed \($0)" },
    ]
    return told.compactMap { text in
      text.map { String($0.unicodeScalars.filter { $0.properties.generalCategory != .control }) }
    }
  }
}
