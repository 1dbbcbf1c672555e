/// Divides a template into tokens, with the white space control that Hugging Face sets:
/// `trim_blocks` and `lstrip_blocks` on, `keep_trailing_newline` off.
struct Lexer {
  private let source: [Unicode.Scalar]
  private var index = 0
  private var position = JinjaPosition(line: 1, column: 1)
  private var lexemes: [Lexeme] = []
  /// Whether what comes next begins a line.
  private var startsLine = true

  static func lexemes(of program: String) throws(JinjaError) -> [Lexeme] {
    var lexer = Lexer(program)
    try lexer.run()
    return lexer.lexemes
  }

  private init(_ program: String) {
    var scalars: [Unicode.Scalar] = []
    var previous: Unicode.Scalar = "\0"
    for scalar in program.unicodeScalars {
      if scalar == "\r" {
        scalars.append("\n")
      } else if scalar != "\n" || previous != "\r" {
        scalars.append(scalar)
      }
      previous = scalar
    }
    if scalars.last == "\n" { scalars.removeLast() }
    source = scalars
  }

  // MARK: Moving

  private func has(_ text: String, at place: Int) -> Bool {
    var place = place
    for scalar in text.unicodeScalars {
      guard place < source.count, source[place] == scalar else { return false }
      place += 1
    }
    return true
  }

  private func has(_ text: String) -> Bool { has(text, at: index) }

  private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
    index + distance < source.count ? source[index + distance] : nil
  }

  private mutating func advance(to end: Int) {
    while index < end {
      if source[index] == "\n" {
        position.line += 1
        position.column = 1
      } else {
        position.column += 1
      }
      index += 1
    }
  }

  private mutating func advance(by count: Int) { advance(to: min(index + count, source.count)) }

  private mutating func skipSpace() {
    var end = index
    while end < source.count, Self.isSpace(source[end]) { end += 1 }
    advance(to: end)
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { Text.isSpace(scalar.value) }

  private func fail(_ reason: String, at place: JinjaPosition? = nil) -> JinjaError {
    JinjaError(kind: .syntax, position: place ?? position, reason: reason)
  }

  private mutating func add(_ kind: Lexeme.Kind, at place: JinjaPosition) {
    lexemes.append(Lexeme(kind: kind, position: place))
  }

  // MARK: Text and tags

  private mutating func run() throws(JinjaError) {
    while index < source.count {
      let tag = firstTag(from: index)
      addData(upTo: tag ?? source.count, isTag: tag != nil)
      guard tag != nil else { break }
      if has("{#") {
        try skipComment()
      } else if has("{%") {
        if let afterRaw = rawStart() {
          try readRaw(from: afterRaw)
        } else {
          try readTag(.tagStart, end: "%}", .tagEnd)
        }
      } else {
        try readTag(.outputStart, end: "}}", .outputEnd)
      }
    }
    add(.end, at: position)
  }

  private func firstTag(from start: Int) -> Int? {
    var place = start
    while place + 1 < source.count {
      if source[place] == "{", ["{", "%", "#"].contains(source[place + 1]) { return place }
      place += 1
    }
    return nil
  }

  /// Adds the text in front of a tag, as far as the tag leaves any.
  private mutating func addData(upTo end: Int, isTag: Bool) {
    let place = position
    let text = source[index..<end]
    var kept = text
    if isTag {
      let sign = end + 2 < source.count ? source[end + 2] : " "
      let isOutput = has("{{", at: end)
      kept = stripped(text, sign: sign, isOutput: isOutput)
    }
    advance(to: end)
    if !kept.isEmpty { add(.data(Self.string(kept)), at: place) }
  }

  private func stripped(
    _ text: ArraySlice<Unicode.Scalar>, sign: Unicode.Scalar, isOutput: Bool
  ) -> ArraySlice<Unicode.Scalar> {
    var kept = text
    if sign == "-" {
      while let last = kept.last, Self.isSpace(last) { kept.removeLast() }
    } else if sign != "+", !isOutput {
      let line = text.lastIndex(of: "\n").map { $0 + 1 } ?? text.startIndex
      if line > text.startIndex || startsLine, text[line...].allSatisfy(Self.isSpace) {
        kept = text[..<line]
      }
    }
    return kept
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// Skips what the end of a tag takes away.
  private mutating func endTag(_ end: String) {
    let isStripped = has("-")
    if isStripped || has("+") { advance(by: 1) }
    advance(by: 2)
    if isStripped {
      skipSpace()
    } else if end != "}}", !(index >= 3 && source[index - 3] == "+"), has("\n") {
      advance(by: 1)
    }
    startsLine = index > 0 && source[index - 1] == "\n"
  }

  private func endsTag(_ end: String) -> Bool {
    has(end) || has("-" + end) || (end != "}}" && has("+" + end))
  }

  private mutating func skipComment() throws(JinjaError) {
    let start = position
    advance(by: 2)
    while index < source.count {
      if endsTag("#}") { return endTag("#}") }
      advance(by: 1)
    }
    throw fail("the comment that begins here has no “#}”", at: start)
  }

  /// Where the text of a raw block begins, if one stands here.
  private func rawStart() -> Int? {
    var place = index + 2
    if place < source.count, source[place] == "-" || source[place] == "+" { place += 1 }
    while place < source.count, Self.isSpace(source[place]) { place += 1 }
    guard has("raw", at: place) else { return nil }
    place += 3
    while place < source.count, Self.isSpace(source[place]) { place += 1 }
    if has("-%}", at: place) {
      place += 3
      while place < source.count, Self.isSpace(source[place]) { place += 1 }
      return place
    }
    return has("%}", at: place) ? place + 2 : nil
  }

  private mutating func readRaw(from start: Int) throws(JinjaError) {
    let opening = position
    advance(to: start)
    startsLine = index > 0 && source[index - 1] == "\n"
    var end = start
    while end < source.count {
      if has("{%", at: end) {
        var place = end + 2
        let sign = place < source.count ? source[place] : " "
        if sign == "-" || sign == "+" { place += 1 }
        while place < source.count, Self.isSpace(source[place]) { place += 1 }
        if has("endraw", at: place) {
          place += 6
          while place < source.count, Self.isSpace(source[place]) { place += 1 }
          if has("%}", at: place) || has("-%}", at: place) || has("+%}", at: place) {
            let kept = stripped(source[start..<end], sign: sign, isOutput: false)
            if !kept.isEmpty { add(.data(Self.string(kept)), at: position) }
            advance(to: place)
            return endTag("%}")
          }
        }
      }
      end += 1
    }
    throw fail("the raw block that begins here has no “{% endraw %}”", at: opening)
  }

  // MARK: Inside a tag

  private mutating func readTag(
    _ start: Lexeme.Kind, end: String, _ ending: Lexeme.Kind
  ) throws(JinjaError) {
    let opening = position
    add(start, at: position)
    advance(by: 2)
    if has("-") || has("+") { advance(by: 1) }
    var brackets: [Unicode.Scalar] = []
    while true {
      skipSpace()
      guard index < source.count else {
        throw fail("the tag that begins here has no “\(end)”", at: opening)
      }
      if brackets.isEmpty, endsTag(end) {
        add(ending, at: position)
        return endTag(end)
      }
      try readLexeme(&brackets)
    }
  }

  private static let signs = [
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}",
    ">", "<", "=", ".", ":", "|", ",", ";",
  ]

  private mutating func readLexeme(_ brackets: inout [Unicode.Scalar]) throws(JinjaError) {
    guard let scalar = peek() else { return }
    let place = position
    if ("0"..."9").contains(scalar) { return try readNumber() }
    if scalar == "_" || scalar.properties.isXIDStart {
      var end = index
      while end < source.count, source[end] == "_" || source[end].properties.isXIDContinue {
        end += 1
      }
      add(.name(Self.string(source[index..<end])), at: place)
      return advance(to: end)
    }
    if scalar == "'" || scalar == "\"" { return try readString(scalar) }
    guard let sign = Self.signs.first(where: { has($0) }) else {
      throw fail("“\(scalar)” means nothing here")
    }
    switch scalar {
    case "(": brackets.append(")")
    case "[": brackets.append("]")
    case "{": brackets.append("}")
    case ")", "]", "}":
      guard let expected = brackets.popLast() else { throw fail("nothing opens this “\(scalar)”") }
      guard expected == scalar else { throw fail("expected “\(expected)”, found “\(scalar)”") }
    default: break
    }
    add(.sign(sign), at: place)
    advance(by: sign.unicodeScalars.count)
  }

  private mutating func readNumber() throws(JinjaError) {
    let place = position
    var end = index
    func isDigit(_ place: Int) -> Bool {
      place < source.count && ("0"..."9").contains(source[place])
    }
    func digits(_ from: Int) -> Int {
      var end = from
      while isDigit(end) || (end < source.count && source[end] == "_" && isDigit(end + 1)) {
        end += 1
      }
      return end
    }
    // A number behind a dot is an index: `a.1.2`.
    let isIndex = index > 0 && source[index - 1] == "."
    for (letters, radix) in [("bB", 2), ("oO", 8), ("xX", 16)] where source[index] == "0" {
      guard let next = peek(1), letters.unicodeScalars.contains(next) else { continue }
      end = index + 2
      while end < source.count, source[end] == "_" || source[end].properties.isASCIIHexDigit {
        end += 1
      }
      let text = Self.string(source[(index + 2)..<end]).filter { $0 != "_" }
      guard let value = Int(text, radix: radix) else { throw fail("not a number that can be read") }
      add(.integer(value), at: place)
      return advance(to: end)
    }
    end = digits(index)
    var isFloat = false
    if !isIndex {
      if end < source.count, source[end] == ".", isDigit(end + 1) {
        end = digits(end + 1)
        isFloat = true
      }
      if end < source.count, source[end] == "e" || source[end] == "E" {
        var exponent = end + 1
        if exponent < source.count, source[exponent] == "+" || source[exponent] == "-" {
          exponent += 1
        }
        if isDigit(exponent) {
          end = digits(exponent)
          isFloat = true
        }
      }
    }
    let text = Self.string(source[index..<end]).filter { $0 != "_" }
    if isFloat {
      add(.float(Double(text) ?? .infinity), at: place)
    } else {
      guard let value = Int(text) else { throw fail("the number \(text) is too large") }
      guard value == 0 || source[index] != "0" else {
        throw fail("a number must not begin with 0")
      }
      add(.integer(value), at: place)
    }
    advance(to: end)
  }

  private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
    "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}",
    "f": "\u{C}", "v": "\u{B}",
  ]

  private mutating func readString(_ quote: Unicode.Scalar) throws(JinjaError) {
    let opening = position
    var text = String.UnicodeScalarView()
    advance(by: 1)
    while let scalar = peek() {
      advance(by: 1)
      if scalar == quote { return add(.string(String(text)), at: opening) }
      guard scalar == "\\" else {
        text.append(scalar)
        continue
      }
      guard let escaped = peek() else { break }
      let place = position
      advance(by: 1)
      switch escaped {
      case "\n": break
      case "x": text.append(try readCode(2, at: place))
      case "u": text.append(try readCode(4, at: place))
      case "U": text.append(try readCode(8, at: place))
      case "0"..."7":
        var value = escaped.value - 48
        for _ in 0..<2 {
          guard let next = peek(), ("0"..."7").contains(next) else { break }
          value = value * 8 + next.value - 48
          advance(by: 1)
        }
        text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
      case "N": throw fail("names of characters (\\N) are not supported", at: place)
      default:
        if let meant = Self.escapes[escaped] {
          text.append(meant)
        } else {
          text.append("\\")
          text.append(escaped)
        }
      }
    }
    throw fail("the string that begins here has no closing \(quote)", at: opening)
  }

  private mutating func readCode(
    _ length: Int, at place: JinjaPosition
  ) throws(JinjaError) -> Unicode.Scalar {
    let digits = source[index..<min(index + length, source.count)]
    guard digits.count == length, let value = UInt32(Self.string(digits), radix: 16),
      let scalar = Unicode.Scalar(value)
    else { throw fail("the escape names no character", at: place) }
    advance(by: length)
    return scalar
  }
}
