/// One character of a byte string.
struct ScannedScalar {
  /// The scalar's value, which may be a surrogate's; U+FFFD for a byte that is not part of
  /// well-formed UTF-8.
  var value: UInt32
  /// How many bytes it takes; 1 for a malformed byte.
  var length: Int
  var characterClass: CharacterClass

  /// Whether it is a carriage return or a line feed.
  var isLineBreak: Bool { value == 0x0A || value == 0x0D }
  var isASCIILetter: Bool { (0x41...0x5A).contains(value) || (0x61...0x7A).contains(value) }
}

/// Reads Unicode scalars out of bytes that need not be well-formed UTF-8.
struct ScalarScanner {
  let bytes: ArraySlice<UInt8>

  /// The character at an index of `bytes`, or nil at the end.
  func scalar(at index: Int) -> ScannedScalar? {
    guard index < bytes.endIndex else { return nil }
    let lead = bytes[index]
    if lead < 0x80 {
      return ScannedScalar(
        value: UInt32(lead), length: 1, characterClass: CharacterClass(of: Unicode.Scalar(lead)))
    }
    guard let (value, length) = multibyte(lead, at: index) else {
      return ScannedScalar(value: 0xFFFD, length: 1, characterClass: .symbol)
    }
    return ScannedScalar(
      value: value, length: length,
      characterClass: Unicode.Scalar(value).map { CharacterClass(of: $0) } ?? .other)
  }

  /// Decodes a sequence of two to four bytes, rejecting overlong forms and values beyond
  /// U+10FFFF.
  private func multibyte(_ lead: UInt8, at index: Int) -> (value: UInt32, length: Int)? {
    let length: Int
    let smallest: UInt32
    switch lead {
    case 0xC2...0xDF: (length, smallest) = (2, 0x80)
    case 0xE0...0xEF: (length, smallest) = (3, 0x800)
    case 0xF0...0xF4: (length, smallest) = (4, 0x1_0000)
    default: return nil
    }
    guard index + length <= bytes.endIndex else { return nil }
    var value = UInt32(lead) & (0x7F >> UInt32(length))
    for offset in 1..<length {
      let unit = bytes[index + offset]
      guard unit & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(unit & 0x3F)
    }
    return value >= smallest && value <= 0x10_FFFF ? (value, length) : nil
  }

  /// The end of the run that starts at `index` of characters for which `isMember` is true.
  func endOfRun(
    from index: Int, atMost limit: Int = .max, where isMember: (ScannedScalar) -> Bool
  ) -> Int {
    var (end, count) = (index, 0)
    while count < limit, let next = scalar(at: end), isMember(next) {
      end += next.length
      count += 1
    }
    return end
  }

  /// The end of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at `start`.
  func endOfContraction(from start: Int, ignoringCase: Bool) -> Int? {
    guard start + 1 < bytes.endIndex, bytes[start] == UInt8(ascii: "'") else { return nil }
    func letter(_ index: Int) -> Character {
      guard index < bytes.endIndex else { return " " }
      let isUpper = (0x41...0x5A).contains(bytes[index])
      return Character(Unicode.Scalar(ignoringCase && isUpper ? bytes[index] + 32 : bytes[index]))
    }
    return switch (letter(start + 1), letter(start + 2)) {
    case ("s", _), ("t", _), ("m", _), ("d", _): start + 2
    case ("r", "e"), ("v", "e"), ("l", "l"): start + 3
    default: nil
    }
  }

  /// `\s+(?!\S)|\s+`: a run of white space gives its last character to the word that follows,
  /// unless that is all there is.
  func endOfWhitespace(from start: Int) -> Int {
    var (end, last) = (start, start)
    while let next = scalar(at: end), next.characterClass == .whitespace {
      last = end
      end += next.length
    }
    return end == bytes.endIndex || last == start ? end : last
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`: the same, but a run with line breaks in it ends behind the last.
  func endOfWhitespaceOrLines(from start: Int) -> Int {
    var end = start
    var endOfLines: Int?
    while let next = scalar(at: end), next.characterClass == .whitespace {
      end += next.length
      if next.isLineBreak { endOfLines = end }
    }
    return endOfLines ?? endOfWhitespace(from: start)
  }
}
