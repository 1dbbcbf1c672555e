/// Where numbers stand in a text, so that no line ends inside one.
public enum NumberSpans {
  /// The UTF-8 offsets of the numbers in a text, in order: `12,345`, `1 234.5`, `−3.5%`, `3/4`,
  /// `$5`, `1.5e-7`. A sign, a currency and a per cent sign belong to their number, and so do
  /// spaces between groups of three digits.
  public static func ranges(in text: String) -> [Range<Int>] {
    var reader = Reader(text)
    var ranges: [Range<Int>] = []
    while let range = reader.next() { ranges.append(range) }
    return ranges
  }

  /// Looks through the scalars of a text for numbers.
  private struct Reader {
    private let scalars: [Unicode.Scalar]
    /// The offset of each scalar, and that of the end.
    private var offsets = [0]
    private var index = 0

    init(_ text: String) {
      scalars = Array(text.unicodeScalars)
      offsets.reserveCapacity(scalars.count + 1)
      for scalar in scalars { offsets.append(offsets[offsets.count - 1] + UTF8.width(scalar)) }
    }

    mutating func next() -> Range<Int>? {
      let free = index
      while index < scalars.count, !isDigit(index) { index += 1 }
      guard index < scalars.count else { return nil }
      var start = index
      while start > free, "+-−–±.$€£¥".unicodeScalars.contains(scalars[start - 1]) { start -= 1 }
      takeNumber()
      return offsets[start]..<offsets[index]
    }

    private mutating func takeNumber() {
      var group = takeDigits()
      var isGrouped = true
      while index < scalars.count {
        if isDigit(index + 1), ".,/:'’".unicodeScalars.contains(scalars[index]) {
          index += 1
          group = takeDigits()
          isGrouped = false
        } else if isGrouped, group <= 3, isSpace(index), isGroup(at: index + 1) {
          index += 1
          group = takeDigits()
        } else if let exponent = exponent(at: index) {
          index = exponent
          group = takeDigits()
          isGrouped = false
        } else {
          break
        }
      }
      if index < scalars.count, "%‰°".unicodeScalars.contains(scalars[index]) { index += 1 }
    }

    /// Goes past the digits here and tells how many there were.
    private mutating func takeDigits() -> Int {
      let start = index
      while isDigit(index) { index += 1 }
      return index - start
    }

    /// Where the digits of an exponent begin, such as those of `e-7`.
    private func exponent(at index: Int) -> Int? {
      guard index < scalars.count, "eE".unicodeScalars.contains(scalars[index]) else { return nil }
      if isDigit(index + 1) { return index + 1 }
      guard index + 1 < scalars.count, "+-−".unicodeScalars.contains(scalars[index + 1]),
        isDigit(index + 2)
      else { return nil }
      return index + 2
    }

    /// Whether exactly three digits stand here.
    private func isGroup(at index: Int) -> Bool {
      (index..<index + 3).allSatisfy(isDigit) && !isDigit(index + 3)
    }

    private func isSpace(_ index: Int) -> Bool {
      [" ", "\u{A0}", "\u{2009}", "\u{202F}"].contains(scalars[index])
    }

    private func isDigit(_ index: Int) -> Bool {
      index < scalars.count && scalars[index].properties.generalCategory == .decimalNumber
    }
  }
}
