import Decoding
import TerminalUI
import Traces

/// The text of a line as Decode lays it out, each token tagged with its index.
struct DecodeText {
  /// The cursor. The block would turn into a sign of a bar where only ASCII can be shown.
  static func cursorGlyph(_ glyphs: Glyphs) -> String { glyphs == .ascii ? "|" : "▌" }
  static let forkGlyph = "◆"

  let wrapped: WrappedText
  /// The line on which the cursor is.
  let cursorLine: Int

  /// - Parameter style: how a token looks, by its index.
  init(
    _ line: DecodeLine, width: Int, cursorStyle: Style, glyphs: Glyphs = .unicode,
    style: (Int) -> Style
  ) {
    let cursorGlyph = Self.cursorGlyph(glyphs)
    var text = StyledText()
    var cursorOffset = 0
    for index in line.tokens.indices {
      if index == line.cursor {
        cursorOffset = text.text.utf8.count
        text.append(cursorGlyph, style: cursorStyle)
      }
      let token = line.tokens[index]
      let style = style(index)
      text.append(Self.shown(token), style: style, tag: index)
      if token.isFork { text.append(Self.forkGlyph, style: cursorStyle, tag: index) }
    }
    if line.cursor >= line.tokens.count {
      cursorOffset = text.text.utf8.count
      text.append(cursorGlyph, style: cursorStyle)
    }
    wrapped = WrappedText(text, width: width)
    cursorLine = wrapped.position(ofOffset: cursorOffset).y
  }

  /// A token's text with its line feeds made visible, except in the prompt, where nothing was
  /// chosen.
  private static func shown(_ token: LineToken) -> String {
    guard token.origin != .prompt, token.text.contains("\n") else { return token.text }
    return token.text.split(separator: "\n", omittingEmptySubsequences: false)
      .joined(separator: "↵\n")
  }

  /// The first line that shows in `height` rows, when the text is scrolled back by some lines.
  func firstLine(height: Int, scrollBack: Int) -> Int {
    let last = max(0, wrapped.lines.count - height)
    return min(last, max(0, follow(height) - scrollBack))
  }

  /// The first line when the text is not scrolled: as much as possible of what leads to the
  /// cursor, and below it up to a third of the rows of what lies ahead.
  private func follow(_ height: Int) -> Int {
    let ahead = min(wrapped.lines.count - 1 - cursorLine, height / 3)
    return max(0, cursorLine + ahead - height + 1)
  }

  /// How far the text can be scrolled back, and forth as a negative number.
  func scrollRange(height: Int) -> ClosedRange<Int> {
    let first = follow(height)
    return (first - max(first, wrapped.lines.count - height))...first
  }
}

extension PlaygroundState {
  /// The line's layout without its looks, for finding what lies at a place.
  func plainDecodeText(width: Int) -> DecodeText {
    DecodeText(decode.line, width: width, cursorStyle: .plain) { _ in .plain }
  }
}
