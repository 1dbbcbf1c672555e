/// Answers that are words, and the division of text into words and sentences.
extension AnswerReader {
  func loneWord(_ range: Range<Int>) -> Reading? {
    var words = bytes[range].split(maxSplits: 2, whereSeparator: \.isASCIISpace)
    words.removeAll(where: \.isEmpty)
    guard words.count == 1, let word = words.first else { return nil }
    return trimmedText(word.startIndex..<word.endIndex)
  }

  func loneQuoted(_ range: Range<Int>) -> Reading? {
    let quotes = Self.quotes(in: bytes, range)
    return quotes.count == 1 ? trimmedText(quotes[0]) : nil
  }

  /// The contents of "…" and “…” on one line.
  static func quotes(in bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    let curlyOpen: [UInt8] = [0xE2, 0x80, 0x9C]
    let curlyClose: [UInt8] = [0xE2, 0x80, 0x9D]
    var found: [Range<Int>] = []
    var start: Int?
    var index = range.lowerBound
    while index < range.upperBound {
      if bytes[index] == 0x0A {
        start = nil
      } else if bytes[index] == ascii("\"") {
        if let opened = start, opened < index { found.append(opened..<index) }
        start = start == nil ? index + 1 : nil
      } else if bytes.starts(curlyOpen, at: index, limit: range.upperBound) {
        start = index + 3
      } else if bytes.starts(curlyClose, at: index, limit: range.upperBound) {
        if let opened = start, opened < index { found.append(opened..<index) }
        start = nil
      }
      index += 1
    }
    return found
  }

  // MARK: Text

  /// From an index to the end of its sentence, white space and the beginning of a formula left
  /// out in front. A period ends a sentence only before white space or at the end, and not behind
  /// an abbreviation.
  func sentence(from start: Int, in range: Range<Int>) -> (range: Range<Int>, isMath: Bool) {
    var start = start
    var isMath = false
    let formula: [StaticString] = ["\\[", "\\(", "$$"]
    while start < range.upperBound {
      if bytes[start].isASCIISpace || bytes[start] == ascii("*") {
        start += 1
      } else if formula.contains(where: {
        bytes.startsLowercased($0, at: start, limit: range.upperBound)
      }) {
        start += 2
        isMath = true
      } else {
        break
      }
    }
    // On a line of its own "- 5" is an item of a list.
    if start > 0, bytes[start - 1] == 0x0A,
      bytes.startsLowercased("- ", at: start, limit: range.upperBound)
    {
      start += 2
    }
    var end = start
    while end < range.upperBound, bytes[end] != 0x0A {
      let isLast =
        end + 1 == range.upperBound || bytes[end + 1].isASCIISpace
        || bytes[end + 1] == ascii("*") || bytes[end + 1] == ascii("\"")
      if isLast, [".", "?", ";"].contains(where: { ascii($0) == bytes[end] }),
        !isAbbreviation(start..<end), !isOptionLabel(end, from: start, in: range),
        !isBetweenNumbers(end, in: range)
      {
        break
      }
      if isLast, bytes[end] == ascii("!"), !isMath { break }
      if bytes.starts([0xE3, 0x80, 0x82], at: end, limit: range.upperBound) { break }
      if bytes[end] == ascii("<"), bytes.startsLowercased("</", at: end, limit: range.upperBound) {
        break
      }
      end += 1
    }
    return (start..<end, isMath)
  }

  /// Whether a semicolon separates two numbers.
  private func isBetweenNumbers(_ index: Int, in range: Range<Int>) -> Bool {
    guard bytes[index] == ascii(";"), index > range.lowerBound, bytes[index - 1].isASCIIDigit else {
      return false
    }
    var next = index + 1
    while next < range.upperBound, bytes[next] == ascii(" ") { next += 1 }
    return next < range.upperBound && bytes[next].isASCIIDigit
  }

  /// Whether a period stands between an option's letter and a number: "C. 12".
  private func isOptionLabel(_ period: Int, from start: Int, in range: Range<Int>) -> Bool {
    period == start + 1 && bytes[start].isASCIILetter && bytes[start] < 0x60
      && period + 2 < range.upperBound && bytes[period + 1] == ascii(" ")
      && bytes[period + 2].isASCIIDigit
  }

  private func isAbbreviation(_ range: Range<Int>) -> Bool {
    var start = range.upperBound
    while start > range.lowerBound, bytes[start - 1].isASCIILetter || bytes[start - 1] == ascii(".")
    {
      start -= 1
      if range.upperBound - start > 8 { return false }
    }
    let word = text(start..<range.upperBound).lowercased()
    return ["approx", "rs", "no", "st", "mr", "mrs", "dr", "vs", "i.e", "e.g", "ca", "a", "p"]
      .contains(word) && !(word == "no" || word == "a" || word == "p")
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  func asciiWords(_ range: Range<Int>) -> [Range<Int>] {
    bytes[range].split { !$0.isASCIILetter }.map { $0.startIndex..<$0.endIndex }
  }

  /// The range without white space, quotes, brackets and punctuation around its content.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end {
      if bytes[start].isASCIISpace {
        start += 1
      } else if let mark = Self.leading.first(where: { bytes[start..<end].starts(with: $0) }) {
        start += mark.count
      } else {
        break
      }
    }
    while end > start {
      if bytes[end - 1].isASCIISpace {
        end -= 1
      } else if bytes[end - 1] == ascii(")"), bytes[start..<end].contains(ascii("(")) {
        break
      } else if let mark = Self.trailing.first(
        where: { bytes[start..<end].suffix($0.count).elementsEqual($0) })
      {
        end -= mark.count
      } else {
        break
      }
    }
    return start..<end
  }

  private static let leading = AnswerNormalizer.leadingTrim.map { Array(String($0).utf8) }
  private static let trailing = AnswerNormalizer.trailingTrim.map { Array(String($0).utf8) }

  func trimmedText(_ range: Range<Int>) -> Reading? {
    let span = trimmed(range)
    guard !span.isEmpty else { return nil }
    return Reading(value: .text(text(span)), range: span)
  }
}
