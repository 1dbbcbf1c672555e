/// What is wrong with a theme file, where, and what to do about it.
public struct ThemeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file; nil if no file could be found.
  public let file: String?
  /// The line, counted from 1.
  public var line: Int?
  public let problem: String
  public let remedy: String
  /// Whether there is no such file, rather than something wrong inside it.
  public var isMissing = false

  /// `Themes/mine.yaml:7: base0A is 'red': write a colour as six hexadecimal digits`
  public var description: String {
    let place = [file, line.map(String.init)].compactMap { $0 }.joined(separator: ":")
    return (place.isEmpty ? "" : place + ": ") + problem + "; " + remedy
  }
}
