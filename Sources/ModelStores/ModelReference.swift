/// A model named by where it is kept, as `--model` and `ponder pull` take it.
public enum ModelReference: Hashable, Sendable, CustomStringConvertible {
  /// `hf:user/repo`, `hf:user/repo:Q4_K_M` or `hf:user/repo/path/file.gguf`.
  case hub(HubRepository, HubSelection)
  /// `ollama:name[:tag]`, as `ollama list` has it.
  case ollama(String)
  /// `lmstudio:publisher/repository/file`.
  case lmStudio(String)
  /// `llama.cpp:file`, in the folder that llama.cpp once downloaded to.
  case llamaCpp(String)
  /// `pypi:package`: a GGUF file inside a Python package.
  case package(String)

  /// - Returns: nil when the text does not begin as such a name does.
  /// - Throws: `ReferenceError` when it does and goes on wrongly.
  public init?(_ text: String) throws(ReferenceError) {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    let rest = String(text[text.index(after: colon)...])
    switch text[..<colon] {
    case "hf":
      let (repository, selection) = try Self.hub(rest)
      self = .hub(repository, selection)
    case "ollama": self = .ollama(try Self.filled(rest, text))
    case "lmstudio": self = .lmStudio(try Self.filled(rest, text))
    case "llama.cpp": self = .llamaCpp(try Self.filled(rest, text))
    case "pypi":
      let allowed = rest.utf8.allSatisfy { byte in
        Self.isAlphanumeric(byte) || "-._".utf8.contains(byte)
      }
      guard allowed, rest.utf8.first.map(Self.isAlphanumeric) == true else {
        throw .malformed(text, form: "pypi:PACKAGE")
      }
      self = .package(rest)
    default: return nil
    }
  }

  public var description: String {
    switch self {
    case .hub(let repository, .standard): "hf:\(repository)"
    case .hub(let repository, .quantization(let name)): "hf:\(repository):\(name)"
    case .hub(let repository, .file(let path)): "hf:\(repository)/\(path)"
    case .ollama(let name): "ollama:\(name)"
    case .lmStudio(let name): "lmstudio:\(name)"
    case .llamaCpp(let name): "llama.cpp:\(name)"
    case .package(let name): "pypi:\(name)"
    }
  }

  /// Whether `ponder pull` can fetch it.
  public var canBePulled: Bool {
    switch self {
    case .hub, .package: true
    case .ollama, .lmStudio, .llamaCpp: false
    }
  }

  private static let hubForm =
    "hf:USER/REPOSITORY, hf:USER/REPOSITORY:QUANTIZATION or "
    + "hf:USER/REPOSITORY/FILE.gguf"

  private static func hub(
    _ text: String
  ) throws(ReferenceError) -> (HubRepository, HubSelection) {
    let malformed = ReferenceError.malformed("hf:" + text, form: hubForm)
    if let colon = text.firstIndex(of: ":") {
      let name = String(text[text.index(after: colon)...])
      let allowed = name.utf8.allSatisfy { isAlphanumeric($0) || "-._".utf8.contains($0) }
      guard let repository = HubRepository(String(text[..<colon])), !name.isEmpty, allowed else {
        throw malformed
      }
      return (repository, .quantization(name))
    }
    let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, let repository = HubRepository("\(parts[0])/\(parts[1])") else {
      throw malformed
    }
    guard parts.count == 3 else { return (repository, .standard) }
    let path = String(parts[2])
    guard HubRepository.isSafe(path: path), path.lowercased().hasSuffix(".gguf") else {
      throw malformed
    }
    return (repository, .file(path))
  }

  private static func filled(_ rest: String, _ text: String) throws(ReferenceError) -> String {
    guard !rest.isEmpty, !rest.utf8.contains(0) else {
      throw .malformed(text, form: "\(text)NAME")
    }
    return rest
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: false
    }
  }
}

/// Which file of a repository is meant.
public enum HubSelection: Hashable, Sendable {
  /// The usual one; see `HubFiles.choose`.
  case standard
  /// Such as `Q4_K_M`, in any case.
  case quantization(String)
  /// A path within the repository.
  case file(String)
}

/// A repository's name on a hub, such as `HuggingFaceTB/SmolLM2-135M-Instruct-GGUF`.
public struct HubRepository: Hashable, Sendable, CustomStringConvertible {
  public let owner: String
  public let name: String

  /// - Returns: nil for anything that is no `owner/name`: such a text becomes part of addresses and
  ///   of paths.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts.allSatisfy(Self.isName) else { return nil }
    (owner, name) = (parts[0], parts[1])
  }

  public var description: String { "\(owner)/\(name)" }

  /// What its folder is called in a cache.
  var folderName: String { "models--\(owner)--\(name)" }

  /// - Parameter folderName: such as `models--owner--name`; nil for any other.
  init?(folderName: String) {
    let prefix = "models--"
    guard folderName.hasPrefix(prefix) else { return nil }
    let rest = folderName.dropFirst(prefix.count)
    guard let gap = rest.firstRange(of: "--") else { return nil }
    self.init("\(rest[..<gap.lowerBound])/\(rest[gap.upperBound...])")
  }

  private static func isName(_ part: String) -> Bool {
    guard (1...96).contains(part.utf8.count), part != ".", part != ".." else { return false }
    guard !part.contains("..") else { return false }
    return part.utf8.allSatisfy { ModelReference.isAlphanumeric($0) || "-._".utf8.contains($0) }
  }

  /// Whether a path stays below the folder that it is joined to.
  public static func isSafe(path: String) -> Bool {
    guard !path.isEmpty, path.utf8.count <= 1024, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
    else { return false }
    return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
      !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\\")
    }
  }

  /// Whether a text is the digest of a commit, as a hub pins one.
  static func isCommit(_ text: String) -> Bool { isHexadecimal(text, count: 40) }

  static func isHexadecimal(_ text: String, count: Int) -> Bool {
    text.utf8.count == count
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
      }
  }
}

/// Why a text names no model.
public enum ReferenceError: Error, Equatable, CustomStringConvertible {
  case malformed(String, form: String)
  /// Nothing of that name is on this machine.
  case notHere(ModelReference, known: [String])
  /// A part of a model that was found is missing.
  case incomplete(String, missing: String)

  public var description: String {
    switch self {
    case .malformed(let text, let form): return "\(text) names no model; write \(form)."
    case .notHere(let reference, let known):
      let found = known.isEmpty ? "" : " Here are: \(known.joined(separator: ", "))."
      return reference.canBePulled
        ? "\(reference) is not on this machine; 'ponder pull \(reference)' fetches it.\(found)"
        : "\(reference) is not on this machine.\(found)"
    case .incomplete(let name, let missing):
      return "\(name) is not complete: \(missing) is missing; fetch it again."
    }
  }
}
