/// Reads the answer of one kind out of one text.
struct AnswerReader {
  let bytes: [UInt8]
  let kind: AnswerKind

  func answer(in range: Range<Int>) -> ExtractedAnswer? {
    let markers = AnswerMarkers(bytes: bytes)
    for box in markers.boxes(in: range).reversed() {
      if let answer = boxed(box) { return answer }
    }
    for phrase in markers.phrases(in: range).reversed() {
      let sentence = sentence(from: phrase.upperBound, in: range)
      if let answer = announced(sentence) { return answer }
    }
    return unannounced(range)
  }

  // MARK: The three places an answer can stand

  private func boxed(_ box: Range<Int>) -> ExtractedAnswer? {
    let content = withoutTextCommand(box)
    switch kind {
    case .number: return equationResult(content)
    case .option: return optionLetter(content)
    case .yesNo: return yesNoWords(content).first
    case .word: return trimmedText(content)
    case .expression: return expressions(content).first
    case .any:
      let isNumber =
        AnswerNormalizer.loneNumber(in: bytes, range: content) != nil
        || bytes[content].contains(ascii("="))
      return (isNumber ? equationResult(content) : nil) ?? trimmedText(content)
    }
  }

  private func announced(_ sentence: Range<Int>) -> ExtractedAnswer? {
    switch kind {
    case .number: return equationResult(sentence)
    case .option: return optionLetter(sentence)
    case .yesNo: return yesNoWords(sentence).first
    case .word: return phrase(sentence)
    case .expression: return expressions(sentence).first
    case .any:
      return parenthesisedLetter(sentence, anchored: true) ?? leadingYesNo(sentence)
        ?? equationResult(sentence) ?? phrase(sentence)
    }
  }

  private func unannounced(_ range: Range<Int>) -> ExtractedAnswer? {
    switch kind {
    case .number: return lastNumber(range)
    case .option: return optionLetter(range)
    case .yesNo: return yesNoVerdict(range)
    case .word: return loneQuoted(range) ?? loneWord(range)
    case .expression: return expressions(range).last
    case .any:
      return leadingYesNo(range) ?? lastNumber(range) ?? loneQuoted(range) ?? loneWord(range)
    }
  }

  // MARK: Numbers

  private func answer(_ number: ScannedNumber) -> ExtractedAnswer {
    ExtractedAnswer(
      value: number.value.description, text: text(number.range), byteRange: number.range)
  }

  private func lastNumber(_ range: Range<Int>) -> ExtractedAnswer? {
    NumberScanner(bytes: bytes).numbers(in: range).last.map(answer)
  }

  /// The number after the last equals sign, or the first number if there is none:
  /// "8 apples", "x = 8", "3 + 5 = 8".
  private func equationResult(_ range: Range<Int>) -> ExtractedAnswer? {
    let numbers = NumberScanner(bytes: bytes).numbers(in: range)
    if let equals = bytes[range].lastIndex(of: ascii("=")),
      let result = numbers.first(where: { $0.range.lowerBound > equals })
    {
      return answer(result)
    }
    return numbers.first.map(answer)
  }

  /// The expressions that have an operation, or if none has, the numbers: "2 * 3 + 7 = 13"
  /// answers with what stands before the equals sign.
  private func expressions(_ range: Range<Int>) -> [ExtractedAnswer] {
    let all = ExpressionParser.expressions(in: bytes, range: range)
    let operations = all.filter { !$0.expression.isNumber }
    return (operations.isEmpty ? all : operations).map { found in
      ExtractedAnswer(
        value: found.expression.normalized.text, text: text(found.range), byteRange: found.range)
    }
  }

  // MARK: Option letters

  /// "(B)" anywhere, else "B", "B." or "B)" at the start, else the last capital standing alone.
  private func optionLetter(_ range: Range<Int>) -> ExtractedAnswer? {
    if let letter = parenthesisedLetter(range, anchored: false) { return letter }
    let content = trimmed(range)
    if let first = content.first, isLoneLetter(first, in: range) {
      let after = first + 1
      let closes = after == range.upperBound || !bytes[after].isASCIISpace
      let isCapital = bytes[first] < 0x60
      if closes || isCapital || content.count == 1 { return option(at: first) }
    }
    // "A" and "I" alone in a sentence are words.
    let capital = range.last { index in
      bytes[index] < 0x60 && isLoneLetter(index, in: range)
        && bytes[index] != ascii("A") && bytes[index] != ascii("I")
    }
    return capital.map(option(at:))
  }

  private func parenthesisedLetter(_ range: Range<Int>, anchored: Bool) -> ExtractedAnswer? {
    let isOption = { (open: Int) in
      open + 2 < range.upperBound && bytes[open] == ascii("(") && bytes[open + 1].isASCIILetter
        && bytes[open + 2] == ascii(")")
    }
    if anchored {
      let start = range.first { !bytes[$0].isASCIISpace && bytes[$0] != ascii("*") }
      return start.flatMap { isOption($0) ? option(at: $0 + 1) : nil }
    }
    return range.last(where: isOption).map { option(at: $0 + 1) }
  }

  private func isLoneLetter(_ index: Int, in range: Range<Int>) -> Bool {
    func isWordByte(_ index: Int) -> Bool {
      guard range.contains(index) else { return false }
      let byte = bytes[index]
      return byte.isASCIILetter || byte.isASCIIDigit || byte >= 0x80 || byte == ascii("'")
        || byte == ascii("_")
    }
    return range.contains(index) && bytes[index].isASCIILetter && !isWordByte(index - 1)
      && !isWordByte(index + 1)
  }

  private func option(at index: Int) -> ExtractedAnswer {
    let letter = text(index..<(index + 1))
    return ExtractedAnswer(value: letter.uppercased(), text: letter, byteRange: index..<(index + 1))
  }

  // MARK: Yes and no

  /// All words that mean yes or no, in order; "not correct" means no.
  private func yesNoWords(_ range: Range<Int>) -> [ExtractedAnswer] {
    let words = asciiWords(range)
    return words.indices.compactMap { index in
      guard let word = YesNo(word: text(words[index])) else { return nil }
      let isNegated =
        index > 0 && text(words[index - 1]).lowercased() == "not"
        && bytes[words[index - 1].upperBound..<words[index].lowerBound].elementsEqual([ascii(" ")])
      let span = isNegated ? words[index - 1].lowerBound..<words[index].upperBound : words[index]
      return ExtractedAnswer(
        value: (isNegated ? word.negated : word).rawValue, text: text(span), byteRange: span)
    }
  }

  /// The last sentence that is nothing but a yes or no, else the first word of the text, else the
  /// last plain yes or no in it.
  private func yesNoVerdict(_ range: Range<Int>) -> ExtractedAnswer? {
    let all = yesNoWords(range)
    let alone = all.last { answer in
      let before = bytes[range.lowerBound..<answer.byteRange.lowerBound].last { $0 != 0x20 }
      let after = bytes[answer.byteRange.upperBound..<range.upperBound].first { $0 != 0x20 }
      return before.map(isSentenceEnd) ?? true && after.map(isSentenceEnd) ?? true
    }
    if let alone { return alone }
    if let first = all.first, first.byteRange.lowerBound == trimmed(range).lowerBound {
      return first
    }
    return all.last { ["yes", "no", "true", "false"].contains($0.text.lowercased()) }
  }

  /// A plain "Yes" or "No" at the start, closed by punctuation.
  private func leadingYesNo(_ range: Range<Int>) -> ExtractedAnswer? {
    guard let first = asciiWords(range).first, first.lowerBound == trimmed(range).lowerBound,
      ["yes", "no"].contains(text(first).lowercased())
    else { return nil }
    let isClosed =
      first.upperBound == range.upperBound
      || [",", ".", "!", "\n"].contains { ascii($0) == bytes[first.upperBound] }
    return isClosed ? trimmedText(first) : nil
  }

  private func isSentenceEnd(_ byte: UInt8) -> Bool {
    byte == 0x0A || byte == 0x0D || [".", "!", "?", ":"].contains { ascii($0) == byte }
  }
}
