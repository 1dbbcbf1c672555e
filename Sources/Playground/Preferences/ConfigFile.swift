/// A file of lines `name = value`. Comments begin with `#`; they, blank lines and the order stay as
/// they are when a value is changed.
public struct ConfigFile: Sendable, Hashable {
  public struct Entry: Sendable, Hashable {
    /// From 1.
    public var line: Int
    public var name: String
    public var value: String
  }

  private var lines: [String]

  public init(_ text: String = "") {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasSuffix("\r") ? String(line.dropLast()) : String(line)
    }
    // The file ends with a line break.
    if lines.last?.isEmpty == true { lines.removeLast() }
  }

  /// The file as it is written.
  public var text: String { lines.map { $0 + "\n" }.joined() }

  public var entries: [Entry] {
    lines.enumerated().compactMap { index, line in
      Self.parts(line).map { Entry(line: index + 1, name: $0.name, value: $0.value) }
    }
  }

  /// The lines that are neither empty nor comments nor `name = value`, from 1.
  public var unreadable: [Int] {
    lines.indices.filter { index in
      let text = lines[index].drop(while: \.isWhitespace)
      return !text.isEmpty && !text.hasPrefix("#") && Self.parts(lines[index]) == nil
    }.map { $0 + 1 }
  }

  /// The value of a name: that of the last line that gives it one.
  public subscript(name: String) -> String? { entries.last { $0.name == name }?.value }

  /// Gives a name a value where it has one already, else at the end; nil takes its lines out.
  public mutating func set(_ name: String, to value: String?) {
    let places = lines.indices.filter { Self.parts(lines[$0])?.name == name }
    guard let value else {
      for place in places.reversed() { lines.remove(at: place) }
      return
    }
    guard let last = places.last else {
      lines.append("\(name) = \(value)")
      return
    }
    let comment = Self.parts(lines[last])?.comment ?? ""
    lines[last] = "\(name) = \(value)" + (comment.isEmpty ? "" : "  \(comment)")
  }

  /// What stands at either side of the `=`, and the comment behind the value. A `#` is a comment
  /// behind a blank and behind some value: it can be a value itself.
  private static func parts(_ line: String) -> (name: String, value: String, comment: String)? {
    guard let equals = line.firstIndex(of: "=") else { return nil }
    let name = trimmed(line[..<equals])
    guard !name.isEmpty, !name.hasPrefix("#"), !name.contains(where: \.isWhitespace) else {
      return nil
    }
    let rest = line[line.index(after: equals)...].drop(while: \.isWhitespace)
    var end = rest.endIndex
    var before: Character?
    for index in rest.indices {
      if rest[index] == "#", index > rest.startIndex, before?.isWhitespace == true {
        end = index
        break
      }
      before = rest[index]
    }
    let value = trimmed(rest[..<end])
    return value.isEmpty ? nil : (name, value, trimmed(rest[end...]))
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
