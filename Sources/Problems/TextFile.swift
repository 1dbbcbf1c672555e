import Foundation

/// What is wrong with a file that a person wrote: a prompt, a lesson, a list of problems.
public enum TextFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no such file (exit status 66).
  case missing(path: String)
  /// There is no template of that name (exit status 66), but there are others.
  case missingPrompt(String, known: [String])
  /// The file is there and cannot be read: a directory, no permission, no UTF-8.
  case unreadable(path: String, reason: String)
  /// A line does not mean what it should (exit status 65). Lines count from 1.
  case malformed(path: String, line: Int, reason: String)

  public var description: String {
    switch self {
    case .missing(let path): "there is no file “\(path)”"
    case .missingPrompt(let name, let known):
      "there is no prompt “\(name)”: name a file, or one of \(known.joined(separator: ", "))"
    case .unreadable(let path, let reason): "“\(path)” cannot be read: \(reason)"
    case .malformed(let path, let line, let reason): "\(path):\(line): \(reason)"
    }
  }
}

/// Reads whole files of UTF-8 text.
public enum TextFile {
  /// The text of a file, line ends as `\n` and without a byte order mark.
  public static func read(_ path: String) throws(TextFileError) -> String {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw .missing(path: path)
    }
    guard !isDirectory.boolValue else { throw .unreadable(path: path, reason: "it is a directory") }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .unreadable(path: path, reason: "no permission")
    }
    guard var text = String(validating: data, as: UTF8.self) else {
      throw .unreadable(path: path, reason: "it is not UTF-8 text")
    }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    return text.replacing("\r\n", with: "\n")
  }

  /// The lines of a text with their numbers from 1; an empty line at the very end is left out.
  public static func lines(of text: String) -> [(number: Int, text: Substring)] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.enumerated().map { ($0.offset + 1, $0.element) }
  }
}

extension String {
  /// The text without white space at its ends.
  public var trimmingWhitespace: String {
    var rest = Substring(self)
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
