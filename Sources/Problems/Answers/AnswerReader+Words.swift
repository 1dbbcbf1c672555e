/// Answers that are words, and the division of text into words and sentences.
extension AnswerReader {
  /// The words of a sentence that answer: what is quoted, else up to four words, else
  /// only the last one; "the letter", "the word" and the like in front are left out.
  func phrase(_ sentence: Range<Int>) -> ExtractedAnswer? {
    if let quoted = quotes(sentence).first { return trimmedText(quoted) }
    var words = spacedWords(sentence)
    if let comma = words.firstIndex(where: { bytes[$0.upperBound - 1] == ascii(",") }) {
      words.removeSubrange((comma + 1)...)
    }
    let fillers: Set<String> = ["the", "a", "an", "letter", "letters", "word", "string", "is"]
    while words.count > 1, fillers.contains(text(words[0]).lowercased()) { words.removeFirst() }
    guard let first = words.first, let last = words.last else { return nil }
    return trimmedText((words.count <= 4 ? first : last).lowerBound..<last.upperBound)
  }

  func loneWord(_ range: Range<Int>) -> ExtractedAnswer? {
    let words = spacedWords(range)
    return words.count == 1 ? trimmedText(words[0]) : nil
  }

  func loneQuoted(_ range: Range<Int>) -> ExtractedAnswer? {
    let quotes = quotes(range)
    return quotes.count == 1 ? trimmedText(quotes[0]) : nil
  }

  /// The contents of "…" and “…” on one line.
  func quotes(_ range: Range<Int>) -> [Range<Int>] {
    let curlyOpen: [UInt8] = [0xE2, 0x80, 0x9C]
    let curlyClose: [UInt8] = [0xE2, 0x80, 0x9D]
    var found: [Range<Int>] = []
    var start: Int?
    var index = range.lowerBound
    while index < range.upperBound {
      let isCurly = index + 3 <= range.upperBound
      if bytes[index] == 0x0A {
        start = nil
      } else if bytes[index] == ascii("\"") {
        if let opened = start, opened < index { found.append(opened..<index) }
        start = start == nil ? index + 1 : nil
      } else if isCurly, bytes[index..<(index + 3)].elementsEqual(curlyOpen) {
        start = index + 3
      } else if isCurly, bytes[index..<(index + 3)].elementsEqual(curlyClose) {
        if let opened = start, opened < index { found.append(opened..<index) }
        start = nil
      }
      index += 1
    }
    return found
  }

  // MARK: Text

  /// From an index to the end of its sentence, leading white space left out. A period ends a
  /// sentence only before white space or at the end.
  func sentence(from start: Int, in range: Range<Int>) -> Range<Int> {
    var start = start
    while start < range.upperBound, bytes[start].isASCIISpace { start += 1 }
    var end = start
    while end < range.upperBound, bytes[end] != 0x0A {
      let isLast = end + 1 == range.upperBound || bytes[end + 1].isASCIISpace
      if isLast, [".", "!", "?", ";"].contains(where: { ascii($0) == bytes[end] }) { break }
      end += 1
    }
    return start..<end
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  func spacedWords(_ range: Range<Int>) -> [Range<Int>] {
    bytes[range].split(whereSeparator: \.isASCIISpace).map { $0.startIndex..<$0.endIndex }
  }

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

  func trimmedText(_ range: Range<Int>) -> ExtractedAnswer? {
    let span = trimmed(range)
    let written = text(span)
    guard let value = AnswerNormalizer.normalize(written, kind: kind) else { return nil }
    return ExtractedAnswer(value: value, text: written, byteRange: span)
  }

  /// The inside of `\text{…}`, `\mathrm{…}` and the like around a whole content.
  func withoutTextCommand(_ range: Range<Int>) -> Range<Int> {
    let content = trimmed(range)
    guard let open = bytes[content].firstIndex(of: ascii("{")),
      content.last.map({ bytes[$0] }) == ascii("}"), bytes[content.lowerBound] == ascii("\\"),
      bytes[(content.lowerBound + 1)..<open].allSatisfy(\.isASCIILetter),
      bytes[(open + 1)..<(content.upperBound - 1)].allSatisfy({ $0 != ascii("{") }),
      !bytes.startsLowercased("\\frac", at: content.lowerBound, limit: content.upperBound),
      !bytes.startsLowercased("\\dfrac", at: content.lowerBound, limit: content.upperBound)
    else { return range }
    return (open + 1)..<(content.upperBound - 1)
  }
}
