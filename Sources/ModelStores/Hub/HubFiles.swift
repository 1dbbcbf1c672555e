import Engine

/// A file as a hub lists it.
public struct HubFile: Hashable, Sendable {
  /// Within the repository.
  public var path: String
  public var size: Int
  /// What the content is called in a cache: its SHA-256, or git's own digest of a small file.
  var digest: String
  /// In hexadecimal; nil for a small file that is kept in git itself.
  public var sha256: String?
}

/// The models among the files of a repository.
struct HubFiles {
  /// Each model's files in the order of its parts, by the path of the first.
  let models: [[HubFile]]
  /// All paths, for messages.
  let paths: [String]

  /// The quantisations that are taken when nobody asks for one, the best first; else the first model
  /// is. llama.cpp chooses so, too: both then find each other's files.
  static let usual = ["Q4_K_M", "Q8_0"]

  init(_ files: [HubFile]) {
    paths = files.map(\.path)
    let byPath = Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    models = files.compactMap { file in
      guard Quantization.isModelFile(file.path), !Quantization.isLaterPart(file.path) else {
        return nil
      }
      guard let part = GGUFPartName(path: file.path) else { return [file] }
      return (1...part.count).compactMap { byPath[part.path(ofPart: $0)] }
    }
  }

  /// The files of the model that is meant.
  ///
  /// - Parameter name: of the repository, for messages.
  /// - Throws: `DownloadError.noModel`, `.noSuchFile`; a part that is missing counts as such.
  func choose(_ selection: HubSelection, in name: String) throws(DownloadError) -> [HubFile] {
    guard !models.isEmpty else { throw .noModel(in: name, found: paths) }
    let found: [HubFile]?
    switch selection {
    case .file(let path):
      found = models.first { $0.contains { $0.path == path } }
      guard found != nil else {
        throw .noSuchFile(path, in: name, there: models.compactMap { $0.first?.path })
      }
    case .quantization(let asked):
      found = model(asked)
      guard found != nil else {
        throw .noSuchFile(
          asked, in: name,
          there: models.compactMap {
            $0.first.map { Quantization.name(ofFile: $0.path) ?? $0.path }
          }
        )
      }
    case .standard:
      found = Self.usual.lazy.compactMap { self.model($0) }.first ?? models.first
    }
    guard let found, let first = found.first else { throw .noModel(in: name, found: paths) }
    if let part = GGUFPartName(path: first.path), found.count < part.count {
      let present = Set(found.map(\.path))
      let missing = (1...part.count).map { part.path(ofPart: $0) }.first { !present.contains($0) }
      throw .noSuchFile(missing ?? first.path, in: name, there: found.map(\.path))
    }
    return found
  }

  private func model(_ quantization: String) -> [HubFile]? {
    func name(_ model: [HubFile]) -> String? {
      model.first.flatMap { Quantization.name(ofFile: $0.path) }
    }
    return models.first { name($0) == quantization.uppercased() }
      ?? models.first { Quantization.matches(quantization, name($0)) }
  }
}
