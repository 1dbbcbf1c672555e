/// One line of editable text.
public struct TextField: Hashable, Sendable {
  /// The text as characters, so that the cursor never stands inside one.
  private var characters: [Character]
  /// How many characters lie before the cursor.
  public private(set) var cursor: Int

  public init(_ text: String = "") {
    characters = Array(text)
    cursor = characters.count
  }

  public var text: String {
    get { String(characters) }
    set {
      characters = Array(newValue)
      cursor = min(cursor, characters.count)
    }
  }

  public var isEmpty: Bool { characters.isEmpty }

  /// Inserts text at the cursor.
  public mutating func insert(_ text: String) {
    characters.insert(contentsOf: text, at: cursor)
    cursor += text.count
  }

  /// Edits by a key as shells do (arrows, Home/End, Ctrl-A/E/U/K/W, Alt-B/F); false for keys that
  /// are not for editing.
  public mutating func handle(_ key: KeyEvent) -> Bool {
    if let character = key.typed {
      insert(String(character))
      return true
    }
    switch (key.key, key.modifiers) {
    case (.left, []), (.character("b"), .control): cursor = max(0, cursor - 1)
    case (.right, []), (.character("f"), .control): cursor = min(characters.count, cursor + 1)
    case (.home, []), (.character("a"), .control): cursor = 0
    case (.end, []), (.character("e"), .control): cursor = characters.count
    case (.left, .control), (.left, .alt), (.character("b"), .alt): cursor = wordStart
    case (.right, .control), (.right, .alt), (.character("f"), .alt): cursor = wordEnd
    case (.backspace, []), (.character("h"), .control): delete(max(0, cursor - 1)..<cursor)
    case (.delete, []), (.character("d"), .control):
      delete(cursor..<min(characters.count, cursor + 1))
    case (.character("u"), .control): delete(0..<cursor)
    case (.character("k"), .control): delete(cursor..<characters.count)
    case (.character("w"), .control), (.backspace, .alt): delete(wordStart..<cursor)
    default: return false
    }
    return true
  }

  /// Draws the text along the first row of `rect`, scrolled so that the cursor shows, and returns
  /// where the cursor is. `placeholder` shows while there is no text.
  public func draw(
    in rect: Rect, style: Style, placeholder: String = "", placeholderStyle: Style? = nil,
    on buffer: inout CellBuffer
  ) -> Point {
    guard !rect.isEmpty else { return rect.origin }
    let line = rect.row(0)
    buffer.put(String(repeating: " ", count: line.width), x: line.x, y: line.y, style: style)
    if characters.isEmpty {
      buffer.put(
        placeholder, x: line.x, y: line.y, style: placeholderStyle ?? style, width: line.width)
      return line.origin
    }
    let before = DisplayWidth.of(String(characters[..<cursor]))
    // The cursor takes a column of its own after the text.
    let scroll = max(0, before - line.width + 1)
    buffer.clipped(to: line) { buffer in
      _ = buffer.put(text, x: line.x - scroll, y: line.y, style: style)
    }
    return Point(x: line.x + before - scroll, y: line.y)
  }

  private var wordStart: Int {
    var index = cursor
    while index > 0, characters[index - 1].isWhitespace { index -= 1 }
    while index > 0, !characters[index - 1].isWhitespace { index -= 1 }
    return index
  }

  private var wordEnd: Int {
    var index = cursor
    while index < characters.count, characters[index].isWhitespace { index += 1 }
    while index < characters.count, !characters[index].isWhitespace { index += 1 }
    return index
  }

  private mutating func delete(_ range: Range<Int>) {
    characters.removeSubrange(range)
    cursor = range.lowerBound
  }
}
