import Foundation

/// The models in Samples/Models.
enum BundledModels {
  /// All of them, in the order of their names.
  static func all() throws -> [URL] {
    let folder = try Resources.folder("Samples/Models")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    return files.filter { $0.pathExtension == "gguf" }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
  }

  /// The model that is used unless another is asked for: the one whose file name stands in the
  /// folder's `default.txt`, else the first.
  ///
  /// - Throws: `UserError.missingFile` if there is none.
  static func standard() throws -> URL {
    let models = try all()
    let folder = try Resources.folder("Samples/Models")
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
}
