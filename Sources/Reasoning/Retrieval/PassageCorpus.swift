import Foundation
import Problems

/// A piece of a text that can be retrieved: what stands between blank lines.
public struct Passage: Sendable, Hashable {
  /// The file's name, relative to the corpus.
  public var source: String
  /// Where it stands, in bytes of the file.
  public var bytes: Range<Int>
  public var text: String
}

/// Texts in which passages are looked up: a text file, or a folder of them.
struct PassageCorpus: Sendable, Hashable {
  public var passages: [Passage]

  /// Endings of files that are read in a folder.
  static let endings = ["txt", "md"]

  /// Reads a file, or the text files of a folder in the order of their names.
  ///
  /// - Throws: `TextFileError` for a path where there is nothing to read.
  public static func read(_ path: String) throws(TextFileError) -> PassageCorpus {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw .missing(path: path)
    }
    guard isDirectory.boolValue else {
      return PassageCorpus(
        passages: try passages(ofFile: path, source: URL(fileURLWithPath: path).lastPathComponent))
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let texts = names.filter { endings.contains(URL(fileURLWithPath: $0).pathExtension) }.sorted()
    guard !texts.isEmpty else {
      throw .unreadable(path: path, reason: "the folder has no .txt or .md files")
    }
    var all: [Passage] = []
    for name in texts { all += try passages(ofFile: "\(path)/\(name)", source: name) }
    return PassageCorpus(passages: all)
  }

  private static func passages(
    ofFile path: String, source: String
  ) throws(TextFileError) -> [Passage] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .unreadable(path: path, reason: "no permission")
    }
    return try passages(of: Array(data), source: source, path: path)
  }

  /// The blocks of a text, with their places in its bytes. A line that begins with "# " is a
  /// comment or a heading, and no passage's.
  static func passages(
    of bytes: [UInt8], source: String, path: String
  ) throws(TextFileError) -> [Passage] {
    var passages: [Passage] = []
    var block: Range<Int>?
    func close() throws(TextFileError) {
      guard let found = block else { return }
      block = nil
      guard let text = String(validating: bytes[found], as: UTF8.self) else {
        throw .unreadable(path: path, reason: "it is not UTF-8 text")
      }
      passages.append(Passage(source: source, bytes: found, text: text))
    }
    var start = 0
    while start < bytes.count {
      let newline = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      var end = newline
      // The white space at a line's end, the \r of another system too, is no part of the text.
      while end > start, SolutionStep.isWhiteSpace(bytes[end - 1]) { end -= 1 }
      if end == start || bytes[start..<end].starts(with: "# ".utf8) {
        try close()
      } else {
        block = (block?.lowerBound ?? start)..<end
      }
      start = newline + 1
    }
    try close()
    return passages
  }
}
