/// Text that remembers of each character whether it came from outside the template.
///
/// A unit is a Unicode scalar, whose highest bit is set where it is input. Whatever moves
/// characters about therefore keeps their provenance. Positions count scalars, as in Python.
struct Text: Sendable {
  static let inputMark: UInt32 = 1 << 31
  private static let scalarMask: UInt32 = 0x1F_FFFF

  var units: [UInt32]
  /// Whether Python would hold it to be escaped for HTML (`safe`); text added to it is escaped.
  var isMarkup = false

  init(units: [UInt32], isMarkup: Bool = false) {
    self.units = units
    self.isMarkup = isMarkup
  }

  init(units: ArraySlice<UInt32>) { self.units = Array(units) }

  init(_ string: String, isInput: Bool = false) {
    let mark = isInput ? Self.inputMark : 0
    units = string.unicodeScalars.map { $0.value | mark }
  }

  var count: Int { units.count }

  var isEmpty: Bool { units.isEmpty }

  /// The text without its provenance.
  var string: String {
    var scalars = String.UnicodeScalarView()
    for unit in units { scalars.append(Self.scalar(unit)) }
    return String(scalars)
  }

  /// The scalars' numbers without provenance: what equality and order compare.
  var codes: [UInt32] { units.map { $0 & Self.scalarMask } }

  static func code(_ unit: UInt32) -> UInt32 { unit & scalarMask }

  static func scalar(_ unit: UInt32) -> Unicode.Scalar {
    Unicode.Scalar(unit & scalarMask) ?? "\u{FFFD}"
  }

  static func mark(of unit: UInt32) -> UInt32 { unit & inputMark }

  static func + (a: Text, b: Text) -> Text { Text(units: a.units + b.units) }

  static func same(_ a: [UInt32], _ b: [UInt32]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { code($0) == code($1) }
  }

  /// Python's `str.isspace` for one character; also what `\s` matches there.
  static func isSpace(_ unit: UInt32) -> Bool {
    switch code(unit) {
    case 9...13, 28...32, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
      0x3000:
      true
    default: false
    }
  }

  /// Whether a piece of a text begins at a position with these characters.
  func hasUnits(_ wanted: [UInt32], at start: Int) -> Bool {
    guard start >= 0, wanted.count <= units.count - start else { return false }
    return wanted.indices.allSatisfy { Self.code(units[start + $0]) == Self.code(wanted[$0]) }
  }

  /// The first place at or after `start` where the characters stand and end before `end`.
  func firstIndex(of wanted: [UInt32], from start: Int = 0, to end: Int? = nil) -> Int? {
    let last = (end ?? count) - wanted.count
    guard start <= last else { return nil }
    guard let first = wanted.first.map(Self.code) else { return start }
    return (start...last).first { Self.code(units[$0]) == first && hasUnits(wanted, at: $0) }
  }

  /// The last place where the characters stand and end before `end`.
  func lastIndex(of wanted: [UInt32], from start: Int = 0, to end: Int? = nil) -> Int? {
    let last = (end ?? count) - wanted.count
    guard start <= last else { return nil }
    return (start...last).last { hasUnits(wanted, at: $0) }
  }
}

extension Text {
  /// Each character by a mapping that may make several of one; they keep its provenance.
  func mapped(_ transform: (Unicode.Scalar) -> String) -> Text {
    var result: [UInt32] = []
    result.reserveCapacity(units.count)
    for unit in units {
      let mark = Self.mark(of: unit)
      for scalar in transform(Self.scalar(unit)).unicodeScalars {
        result.append(scalar.value | mark)
      }
    }
    return Text(units: result)
  }

  var uppercased: Text { mapped { $0.properties.uppercaseMapping } }

  var lowercased: Text { Text(units: units.indices.flatMap(lowercased(at:))) }

  /// A character in lower case, with the sigma that ends a word as Python writes it.
  private func lowercased(at index: Int) -> [UInt32] {
    let unit = units[index]
    let mark = Self.mark(of: unit)
    if Self.code(unit) < 128 {
      return [(65...90).contains(Self.code(unit)) ? unit + 32 : unit]
    }
    if Self.code(unit) == 0x3A3 { return [(endsWord(at: index) ? 0x3C2 : 0x3C3) | mark] }
    return Self.scalar(unit).properties.lowercaseMapping.unicodeScalars.map { $0.value | mark }
  }

  private func endsWord(at index: Int) -> Bool {
    func cased(_ range: some Sequence<Int>) -> Bool {
      for other in range {
        let properties = Self.scalar(units[other]).properties
        if properties.isCaseIgnorable { continue }
        return properties.isCased
      }
      return false
    }
    return cased((0..<index).reversed()) && !cased((index + 1)..<units.count)
  }

  /// The first character in title case and the others in lower case.
  var capitalized: Text {
    guard let first = units.first else { return self }
    let head = Text(units: [first]).mapped { $0.properties.titlecaseMapping }
    return head + Text(units: units.indices.dropFirst().flatMap(lowercased(at:)))
  }

  /// Python's `str.title`: a word is a run of cased characters.
  var titled: Text {
    var result: [UInt32] = []
    var isInside = false
    for (index, unit) in units.enumerated() {
      let properties = Self.scalar(unit).properties
      if isInside {
        result += lowercased(at: index)
      } else {
        for scalar in properties.titlecaseMapping.unicodeScalars {
          result.append(scalar.value | Self.mark(of: unit))
        }
      }
      isInside = properties.isCased
    }
    return Text(units: result)
  }

  var swapcased: Text {
    var result: [UInt32] = []
    for (index, unit) in units.enumerated() {
      let properties = Self.scalar(unit).properties
      if properties.isUppercase {
        result += lowercased(at: index)
      } else {
        let text = properties.isLowercase ? properties.uppercaseMapping : String(Self.scalar(unit))
        for scalar in text.unicodeScalars { result.append(scalar.value | Self.mark(of: unit)) }
      }
    }
    return Text(units: result)
  }

  /// Without white space, or other characters, at the ends.
  func stripped(_ characters: Text? = nil, left: Bool = true, right: Bool = true) -> Text {
    let set = characters.map { Set($0.codes) }
    func goes(_ unit: UInt32) -> Bool { set?.contains(Self.code(unit)) ?? Self.isSpace(unit) }
    var slice = units[...]
    if left { slice = slice.drop(while: goes) }
    if right { while let last = slice.last, goes(last) { slice.removeLast() } }
    return Text(units: slice)
  }

  /// The pieces between white space.
  func words(limit: Int, fromEnd: Bool) -> [Text] {
    var pieces: [Text] = []
    var rest = units[...]
    if fromEnd {
      while true {
        while let last = rest.last, Self.isSpace(last) { rest.removeLast() }
        guard !rest.isEmpty else { break }
        if pieces.count == limit {
          pieces.append(Text(units: rest))
          break
        }
        let start = rest.lastIndex(where: Self.isSpace).map { $0 + 1 } ?? rest.startIndex
        pieces.append(Text(units: rest[start...]))
        rest = rest[..<start]
      }
      return pieces.reversed()
    }
    while true {
      rest = rest.drop(while: Self.isSpace)
      guard !rest.isEmpty else { break }
      if pieces.count == limit {
        pieces.append(Text(units: rest))
        break
      }
      let word = rest.prefix { !Self.isSpace($0) }
      pieces.append(Text(units: word))
      rest = rest.dropFirst(word.count)
    }
    return pieces
  }

  /// The pieces between the places where a separator stands.
  func split(_ separator: [UInt32], limit: Int, fromEnd: Bool) -> [Text] {
    var pieces: [Text] = []
    if fromEnd {
      var end = count
      while pieces.count != limit, let found = lastIndex(of: separator, to: end) {
        pieces.append(Text(units: units[(found + separator.count)..<end]))
        end = found
      }
      pieces.append(Text(units: units[..<end]))
      return pieces.reversed()
    }
    var start = 0
    while pieces.count != limit, let found = firstIndex(of: separator, from: start) {
      pieces.append(Text(units: units[start..<found]))
      start = found + separator.count
    }
    pieces.append(Text(units: units[start...]))
    return pieces
  }

  /// Python's `str.splitlines`.
  func lines(keepEnds: Bool = false) -> [Text] {
    var lines: [Text] = []
    var start = 0
    var index = 0
    while index < count {
      let code = Self.code(units[index])
      let isBreak =
        (10...13).contains(code) || (28...30).contains(code) || code == 0x85 || code == 0x2028
        || code == 0x2029
      guard isBreak else {
        index += 1
        continue
      }
      var next = index + 1
      if code == 13, next < count, Self.code(units[next]) == 10 { next += 1 }
      lines.append(Text(units: units[start..<(keepEnds ? next : index)]))
      (start, index) = (next, next)
    }
    if start < count { lines.append(Text(units: units[start...])) }
    return lines
  }

  /// With each `old` in place of which stands `new`; at most `limit` of them, all if negative.
  func replacing(_ old: [UInt32], with new: [UInt32], limit: Int) -> Text {
    if old.isEmpty {
      var result: [UInt32] = []
      for (index, unit) in units.enumerated() {
        if limit < 0 || index < limit { result += new }
        result.append(unit)
      }
      if limit < 0 || count < limit { result += new }
      return Text(units: result)
    }
    var result: [UInt32] = []
    var start = 0
    var made = 0
    while made != limit, let found = firstIndex(of: old, from: start) {
      result += units[start..<found]
      result += new
      start = found + old.count
      made += 1
    }
    return Text(units: result + units[start...])
  }

  /// Escaped for HTML, as Python's `markupsafe` does.
  var escaped: Text {
    if isMarkup { return self }
    var text = mapped { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "'": "&#39;"
      case "\"": "&#34;"
      default: String(scalar)
      }
    }
    text.isMarkup = true
    return text
  }
}
