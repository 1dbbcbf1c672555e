import Decoding
import TerminalUI

/// A path's text as the screens write it: on one line or in full, with the answer in brackets.
enum PathText {
  /// Bytes as text on one line: `⏎` for a line feed, U+FFFD for what is no text.
  static func oneLine(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for scalar in String(decoding: Array(bytes), as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\r": break
      case "\n": text.unicodeScalars.append("⏎")
      case "\t": text.unicodeScalars.append(" ")
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// A token in quotes, so that its spaces show; an end token, which has no bytes, by its sign.
  static func quoted(_ bytes: some Collection<UInt8>) -> String {
    bytes.isEmpty ? "∅" : TokenText.quoted(Array(bytes))
  }

  /// The end of a text that does not fit.
  static func tail(_ text: String, columns: Int) -> String {
    guard DisplayWidth.of(text) > columns else { return text }
    guard columns > 1 else { return columns == 1 ? "…" : "" }
    var width = 0
    var kept: [String] = []
    for cluster in Array(DisplayClusters(text)).reversed() {
      width += cluster.width
      if width > columns - 1 { break }
      kept.append(cluster.text)
    }
    return "…" + kept.reversed().joined()
  }

  /// The beginning of a text that does not fit.
  static func head(_ text: String, columns: Int) -> String {
    guard DisplayWidth.of(text) > columns else { return text }
    guard columns > 1 else { return columns == 1 ? "…" : "" }
    var width = 0
    var kept = ""
    for cluster in DisplayClusters(text) {
      width += cluster.width
      if width > columns - 1 { break }
      kept += cluster.text
    }
    return kept + "…"
  }

  /// A text that does not fit without its middle.
  static func middle(_ text: String, columns: Int) -> String {
    guard DisplayWidth.of(text) > columns else { return text }
    let end = columns < 24 ? 0 : columns / 3
    guard end > 0 else { return head(text, columns: columns) }
    return head(text, columns: columns - end) + tail(text, columns: end + 1).dropFirst()
  }

  struct Styles {
    var text: Style
    /// The token that a branch starts with.
    var first: Style
    var answer: Style
    var bracket: Style
    var dim: Style

    init(theme: Theme, base: Style) {
      text = base
      first = theme.style(.tokenChosen, over: base)
      answer = base.overlaid(by: theme[.answerSpan])
      bracket = theme.style(.dim, over: base)
      dim = bracket
    }
  }

  /// A path on one line of `columns`: while it grows its newest tokens, then its beginning and
  /// its answer.
  static func line(_ path: PathDigest, columns: Int, styles: Styles) -> StyledText {
    var text = plainLine(path, columns: columns, styles: styles)
    // The first token stands out where the line starts with it.
    guard let first = path.first.map({ oneLine($0.bytes.drop { $0 == 0x20 }) }), !first.isEmpty,
      let run = text.runs.first, run.text.hasPrefix(first)
    else { return text }
    text.runs[0].text.removeFirst(first.count)
    text.runs.insert(.init(first, style: styles.first), at: 0)
    return text
  }

  private static func plainLine(_ path: PathDigest, columns: Int, styles: Styles) -> StyledText {
    guard columns > 0 else { return StyledText() }
    // A column takes four bytes at most, so no more than these can show.
    let reach = columns * 4 + 4
    if path.isGrowing {
      let text = tail(
        oneLine(aligned(path.bytes[start(path)...].suffix(reach))), columns: columns - 1)
      return StyledText([.init(text, style: styles.text), .init("▌", style: styles.dim)])
    }
    guard let range = path.answerBytes else {
      return StyledText(
        head(oneLine(path.bytes[start(path)...].prefix(reach)), columns: columns),
        style: styles.text)
    }
    let parts = answerParts(path, range)
    let after = oneLine(path.bytes[range.upperBound...].prefix(reach))
    let answerWidth = DisplayWidth.of(parts.answer) + 2
    let from = start(path)
    let before =
      from < range.lowerBound ? oneLine(path.bytes[from..<range.lowerBound]) + parts.space : ""
    let beforeWidth = DisplayWidth.of(before)
    var text = StyledText()
    if beforeWidth + answerWidth + min(2, DisplayWidth.of(after)) <= columns {
      text.append(before, style: styles.text)
    } else {
      // What leads to the answer gets up to 16 columns, the beginning of the path the rest.
      let lead = min(16, max(0, (columns - answerWidth) / 2))
      let front = max(0, columns - answerWidth - lead - 1)
      text.append(head(before, columns: front), style: styles.text)
      let rest = tail(before, columns: lead)
      text.append(front > 0 ? fromWord(rest) : rest, style: styles.text)
    }
    text.append("[", style: styles.bracket)
    text.append(parts.answer, style: styles.answer)
    text.append("]", style: styles.bracket)
    guard DisplayWidth.of(text.text) <= columns else {
      return StyledText(head(parts.answer, columns: columns), style: styles.answer)
    }
    let left = columns - DisplayWidth.of(text.text)
    if left > 0 { text.append(head(after, columns: left), style: styles.dim) }
    return text
  }

  /// The end of a text, from its first whole word on, after as many spaces as it lacks.
  private static func fromWord(_ tail: String) -> String {
    guard tail.hasPrefix("…") else { return tail }
    var words = tail.dropFirst()
    if let space = words.firstIndex(of: " "), words.index(after: space) < words.endIndex {
      words = words[space...]
    }
    return String(words)
  }

  /// A path in full, line feeds kept, each token tagged with its index.
  ///
  /// - Parameter style: how a token looks that is not part of the answer.
  static func whole(_ path: PathDigest, styles: Styles, style: (Int) -> Style) -> StyledText {
    var text = StyledText()
    var carried: [UInt8] = []
    for index in path.ends.indices {
      carried += path.bytes(ofToken: index)
      let isAnswer = path.answerTokens?.contains(index) ?? false
      // A character that is spread over tokens is drawn with the last of them.
      if !isAnswer, index + 1 < path.ends.count, isTorn(carried) { continue }
      var piece = String(decoding: carried, as: UTF8.self)
      carried = []
      if text.runs.isEmpty { piece = String(piece.drop { $0 == " " }) }
      if isAnswer, index == path.answerTokens?.lowerBound {
        let space = piece.prefix { $0 == " " || $0 == "\n" }
        text.append(String(space), style: styles.text, tag: index)
        text.append("[", style: styles.bracket)
        piece.removeFirst(space.count)
      }
      text.append(piece, style: isAnswer ? styles.answer : style(index), tag: index)
      if isAnswer, index == path.answerTokens?.upperBound {
        text.append("]", style: styles.bracket)
      }
    }
    if path.isGrowing { text.append("▌", style: styles.dim) }
    return text
  }

  /// Where a path's text starts once the space after the prompt is left out.
  private static func start(_ path: PathDigest) -> Int {
    path.bytes.firstIndex { $0 != 0x20 } ?? path.bytes.endIndex
  }

  /// The answer without the space before it, which stays outside the brackets.
  private static func answerParts(
    _ path: PathDigest, _ range: Range<Int>
  ) -> (space: String, answer: String) {
    let bytes = path.bytes[range]
    let space = bytes.prefix { $0 == 0x20 || $0 == 0x0A }
    return (oneLine(space), oneLine(bytes.dropFirst(space.count)))
  }

  /// Bytes from the first that starts a character.
  private static func aligned(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    bytes.drop { $0 & 0xC0 == 0x80 }
  }

  /// Whether bytes end within a UTF-8 sequence.
  private static func isTorn(_ bytes: [UInt8]) -> Bool {
    guard let start = bytes.lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return false }
    let length =
      switch bytes[start] {
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 1
      }
    return bytes.count - start < length
  }
}
