import Foundation

extension GGUFPart {
  /// Where the file belongs; nil for a whole model.
  ///
  /// - Throws: `GGUFError.wrongType`, `.missingKey`, `.valueOutOfRange`.
  var place: GGUFPlace? {
    get throws(GGUFError) {
      guard let count = try metadata.integer("split.count"), count > 1 else { return nil }
      let number = try metadata.require("split.no", "an integer") { $0.integer }
      guard (0..<count).contains(number) else {
        throw .valueOutOfRange(key: "split.no", value: "\(number)", allowed: "0 to \(count - 1)")
      }
      return GGUFPlace(number: number, count: count)
    }
  }

  /// All parts of the model that a file holds or is a part of, in their order.
  static func all(ofModelAt path: String) throws(GGUFError) -> [GGUFPart] {
    let opened = try GGUFPart(path: path)
    guard let place = try opened.place else { return [opened] }
    guard let name = GGUFPartName(path: path), name.number == place.number + 1,
      name.count == place.count
    else { throw .misnamedPart(path: path, place) }
    var parts: [GGUFPart] = []
    for number in 0..<place.count {
      if number == place.number {
        parts.append(opened)
      } else {
        let place = GGUFPlace(number: number, count: place.count)
        parts.append(try sibling(at: name.path(ofPart: number + 1), place))
      }
    }
    for part in parts { try check(part, against: parts[0]) }
    let found = parts.reduce(0) { $0 + $1.tensors.count }
    let expected = try parts[0].metadata.integer("split.tensors.count") ?? found
    guard found == expected else {
      throw .partsDisagree(
        path: path, reason: "its parts hold \(found) tensors instead of \(expected)")
    }
    return parts
  }

  /// - Throws: `GGUFError.partsDisagree` when a part is of another model than the first.
  private static func check(_ part: GGUFPart, against first: GGUFPart) throws(GGUFError) {
    // Parts need not say more than where they belong; what they do say must be the same.
    for key in ["split.tensors.count", "general.architecture", "general.name"] {
      if let own = part.metadata[key], let other = first.metadata[key], own != other {
        throw .partsDisagree(
          path: part.path, reason: "its '\(key)' differs from that of \(first.path)")
      }
    }
  }

  private static func sibling(
    at path: String, _ expected: GGUFPlace
  ) throws(GGUFError) -> GGUFPart {
    let part: GGUFPart
    do {
      part = try GGUFPart(path: path)
    } catch {
      guard case .notFound = error else { throw error }
      throw .missingPart(path: path, expected)
    }
    guard let place = try part.place else {
      throw .partsDisagree(path: path, reason: "it is a whole model, not a part of one")
    }
    guard place == expected else {
      throw .partsDisagree(
        path: path, reason: "it claims to be part \(place.number + 1) of \(place.count)")
    }
    return part
  }
}

/// A file name such as `qwen2.5-7b-q4_k_m-00002-of-00003.gguf`.
public struct GGUFPartName: Hashable, Sendable {
  /// The path before the number.
  let stem: String
  /// From 1.
  public let number: Int
  public let count: Int

  private static let ending = ".gguf"

  /// Nil when the name is no part's.
  public init?(path: String) {
    guard path.hasSuffix(Self.ending) else { return nil }
    let fields = path.dropLast(Self.ending.count)
      .split(separator: "-", omittingEmptySubsequences: false)
    guard fields.count >= 4, fields[fields.count - 2] == "of",
      let number = Self.number(fields[fields.count - 3]),
      let count = Self.number(fields[fields.count - 1]), (1...count).contains(number)
    else { return nil }
    self.number = number
    self.count = count
    stem = fields.dropLast(3).joined(separator: "-")
  }

  /// - Parameter number: from 1.
  public func path(ofPart number: Int) -> String {
    "\(stem)-\(Self.text(number))-of-\(Self.text(count))\(Self.ending)"
  }

  /// What a model is called after its file: the file's name without its ending and, of a part,
  /// without its number.
  public static func modelName(ofFile path: String) -> String {
    if let part = GGUFPartName(path: path) {
      return URL(fileURLWithPath: part.stem).lastPathComponent
    }
    return URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
  }

  private static func number(_ text: Substring) -> Int? {
    guard text.count == 5, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(text), number > 0
    else { return nil }
    return number
  }

  private static func text(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }
}
