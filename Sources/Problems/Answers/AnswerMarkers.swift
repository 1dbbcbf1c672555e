/// Finds the phrases that announce an answer: "The answer is", "answer:", "####", `\boxed{`.
public struct AnswerMarkers {
  /// What a path that may not announce its answer yet is stopped at. Where other words stand
  /// between, the phrase is found when the path has ended by itself.
  public static let stops = ["answer is", "Answer is", "answer:", "Answer:", "####"]

  let bytes: [UInt8]

  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// The ranges of all announcing phrases within a range, in order, each with the words that
  /// belong to it ("The final answer is"), without what follows.
  public func phrases(in range: Range<Int>) -> [Range<Int>] {
    let range = range.clamped(to: 0..<bytes.count)
    var found: [Range<Int>] = []
    var index = range.lowerBound
    while index < range.upperBound {
      if bytes.startsLowercased("####", at: index, limit: range.upperBound) {
        found.append(index..<(index + 4))
        index += 4
      } else if let end = announcementEnd(at: index, in: range) {
        found.append(start(of: index, in: range)..<end)
        index = end
      } else {
        index += 1
      }
    }
    return found
  }

  /// The content ranges of all `\boxed{…}` with balanced braces, in order of their start.
  func boxes(in range: Range<Int>) -> [Range<Int>] {
    let range = range.clamped(to: 0..<bytes.count)
    let commands: [StaticString] = ["\\boxed{", "\\fbox{"]
    var found: [Range<Int>] = []
    var open: [(start: Int, isBox: Bool)] = []
    var index = range.lowerBound
    while index < range.upperBound {
      if let command = commands.first(where: {
        bytes.startsLowercased($0, at: index, limit: range.upperBound)
      }) {
        index += command.utf8CodeUnitCount
        open.append((index, true))
        continue
      }
      if bytes[index] == ascii("{") { open.append((index + 1, false)) }
      if bytes[index] == ascii("}"), let last = open.popLast(), last.isBox {
        found.append(last.start..<index)
      }
      index += 1
    }
    return found.sorted { $0.lowerBound < $1.lowerBound }
  }

  /// The end of "answer is", "answer:", "answer (…) is", "**Answer**:" starting at an index.
  private func announcementEnd(at index: Int, in range: Range<Int>) -> Int? {
    guard bytes.startsLowercased("answer", at: index, limit: range.upperBound) else { return nil }
    if index > range.lowerBound, bytes[index - 1].isASCIILetter { return nil }
    var end = skip(from: index + 6, in: range)
    if end < range.upperBound, bytes[end] == ascii("("),
      let close = bytes[end..<min(range.upperBound, end + 48)].firstIndex(of: ascii(")"))
    {
      end = skip(from: close + 1, in: range)
    }
    guard end < range.upperBound else { return nil }
    if bytes[end] == ascii(":") || bytes[end] == ascii("=") { return end + 1 }
    guard bytes.startsLowercased("is", at: end, limit: range.upperBound) else { return nil }
    end += 2
    if end < range.upperBound, bytes[end].isASCIILetter { return nil }
    if end < range.upperBound, bytes[end] == ascii(":") { end += 1 }
    return end
  }

  private func skip(from index: Int, in range: Range<Int>) -> Int {
    var index = index
    while index < range.upperBound, bytes[index] == ascii(" ") || bytes[index] == ascii("*") {
      index += 1
    }
    return index
  }

  /// The start of the phrase that "answer" at an index belongs to: with "the", "final" …
  private func start(of index: Int, in range: Range<Int>) -> Int {
    var start = index
    let words: [StaticString] = ["final ", "correct ", "the "]
    for word in words {
      let before = start - word.utf8CodeUnitCount
      guard before >= range.lowerBound, bytes.startsLowercased(word, at: before, limit: start),
        before == range.lowerBound || !bytes[before - 1].isASCIILetter
      else { continue }
      start = before
    }
    return start
  }
}
