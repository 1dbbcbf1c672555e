extension ScalarScanner {
  /// The end of the word that starts at `start` under GPT-2's pattern (see `PreTokenizer.gpt2`).
  func endOfGPT2Word(from start: Int) -> Int {
    guard let first = scalar(at: start) else { return bytes.endIndex }
    if let end = endOfContraction(from: start) { return end }
    if first.characterClass != .whitespace {
      return endOfRun(of: first.characterClass, from: start)
    }
    if first.value == 0x20, let next = scalar(at: start + 1), next.characterClass != .whitespace {
      return endOfRun(of: next.characterClass, from: start + 1)
    }
    return endOfWhitespace(from: start)
  }

  /// The end of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at `start`, lower case only.
  private func endOfContraction(from start: Int) -> Int? {
    guard bytes[start] == UInt8(ascii: "'"), start + 1 < bytes.endIndex else { return nil }
    switch bytes[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return start + 2 < bytes.endIndex && bytes[start + 2] == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"):
      return start + 2 < bytes.endIndex && bytes[start + 2] == UInt8(ascii: "l") ? start + 3 : nil
    default: return nil
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
}
