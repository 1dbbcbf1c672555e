import Engine
public import Foundation

/// A model that is on this machine already.
public struct FoundModel: Hashable, Sendable {
  /// Whose folder it is in.
  public enum Store: String, Hashable, Sendable, CaseIterable {
    case huggingFace = "Hugging Face"
    case ollama = "Ollama"
    case lmStudio = "LM Studio"
    case llamaCpp = "llama.cpp"
  }

  public var store: Store
  /// What `--model` calls it.
  public var reference: ModelReference
  /// The file; of a split model its first part.
  public var path: String
  /// Of all parts together.
  public var bytes: Int
  /// A part that is missing, so that the model cannot be opened.
  public var missingPart: String?

  public var name: String { reference.description }

  /// The part of the name behind the store, as a narrow list shows it.
  public var shortName: String {
    guard let colon = name.firstIndex(of: ":") else { return name }
    return String(name[name.index(after: colon)...])
  }
}

/// Where other programs keep their models, as the environment says. Looking there reads names and
/// sizes, and no model.
public struct LocalStores: Sendable {
  let variables: [String: String]

  /// - Parameter environment: as a process has it; `HOME` among it.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    variables = environment
  }

  /// The value of a variable that is set and not empty; `~` is the user's home.
  func folder(_ variable: String) -> URL? {
    guard let value = variables[variable], !value.isEmpty else { return nil }
    guard value == "~" || value.hasPrefix("~/") else { return URL(fileURLWithPath: value) }
    return home.appending(path: String(value.dropFirst(2)))
  }

  var home: URL {
    if let home = variables["HOME"], !home.isEmpty { return URL(fileURLWithPath: home) }
    return FileManager.default.homeDirectoryForCurrentUser
  }

  /// All models of all stores, in the order of the stores and of their names.
  public func models() -> [FoundModel] {
    huggingFaceCaches().flatMap { $0.models() }.uniqued() + OllamaModels(self).models()
      + LMStudioModels(self).models() + LlamaCppModels(self).models()
  }

  /// The model of a name.
  ///
  /// - Throws: `ReferenceError.notHere`, `.incomplete`.
  public func model(_ reference: ModelReference) throws(ReferenceError) -> FoundModel {
    let candidates: [FoundModel]
    switch reference {
    case .hub(let repository, let selection):
      let all = huggingFaceCaches().flatMap { $0.models(of: repository) }
      candidates = HuggingFaceCache.choose(selection, among: all)
    case .ollama(let name): candidates = OllamaModels(self).models(named: name)
    case .lmStudio(let name): candidates = LMStudioModels(self).models(named: name)
    case .llamaCpp(let name): candidates = LlamaCppModels(self).models(named: name)
    case .package: candidates = []
    }
    guard let model = candidates.first else {
      throw .notHere(reference, known: alternatives(to: reference))
    }
    if let missing = model.missingPart { throw .incomplete(model.name, missing: missing) }
    return model
  }

  /// What is here of the same repository, or in the same store.
  private func alternatives(to reference: ModelReference) -> [String] {
    let found: [FoundModel]
    switch reference {
    case .hub(let repository, _): found = huggingFaceCaches().flatMap { $0.models(of: repository) }
    case .ollama: found = OllamaModels(self).models()
    case .lmStudio: found = LMStudioModels(self).models()
    case .llamaCpp: found = LlamaCppModels(self).models()
    case .package: found = []
    }
    return found.uniqued().prefix(8).map(\.name)
  }
}

extension [FoundModel] {
  /// Each file once.
  func uniqued() -> [FoundModel] {
    var seen = Set<String>()
    return filter { seen.insert($0.path).inserted }
  }
}

/// What the file system tells of files, without opening them.
enum FileFacts {
  /// The size of a file, behind links too; nil where there is none, as behind a link to nothing.
  static func size(_ path: String) -> Int? {
    var facts = stat()
    guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(facts.st_size)
  }

  static func isFolder(_ url: URL) -> Bool {
    var facts = stat()
    return stat(url.path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in a folder, sorted; none where it cannot be read.
  static func names(in folder: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }

  /// The paths of GGUF files that are language models, below a folder and relative to it, sorted.
  /// Parts of a split model but the first are left out.
  ///
  /// - Parameter depth: how many folders lie between at most.
  static func models(below folder: URL, depth: Int) -> [String] {
    var found: [String] = []
    for name in names(in: folder) where !name.hasPrefix(".") {
      let url = folder.appending(path: name)
      if isFolder(url) {
        if depth > 0 { found += models(below: url, depth: depth - 1).map { "\(name)/\($0)" } }
      } else if Quantization.isModelFile(name), !Quantization.isLaterPart(name) {
        found.append(name)
      }
    }
    return found
  }

  /// The size of a model of one or several files and the first part that is missing; nil where the
  /// file itself is not there.
  static func extent(ofModel path: String) -> (bytes: Int, missing: String?)? {
    guard let first = size(path) else { return nil }
    guard let part = GGUFPartName(path: path), part.count > 1 else { return (first, nil) }
    var bytes = first
    for number in 2...part.count {
      let other = part.path(ofPart: number)
      guard let size = size(other) else {
        return (bytes, other.split(separator: "/").last.map(String.init) ?? other)
      }
      bytes += size
    }
    return (bytes, nil)
  }
}
