/// Reads the answer out of one text: finds where it is announced, and reads what stands there.
struct AnswerReader {
  let bytes: [UInt8]
  let kind: AnswerKind

  /// A value and where it stands.
  struct Reading {
    var value: AnswerValue
    var range: Range<Int>
  }

  func answer(in range: Range<Int>) -> ExtractedAnswer? {
    let markers = AnswerMarkers(bytes: bytes)
    let said = range.lowerBound..<markers.endOfTurn(in: range)
    let range = said.lowerBound..<markers.end(beforeNextQuestion: said)
    let boxes = markers.boxes(in: range)
    if let last = boxes.last {
      // "\boxed{5}, not \boxed{6}"
      let box = boxes.last { !isTakenAway($0, in: range) } ?? last
      return announced(box, isBox: true)
    }
    // "The answer is 5. The answer is not 6." says 5; with "not 5" behind it says nothing.
    var notAnswers: Set<String> = []
    for phrase in markers.phrases(in: range).reversed() {
      let sentence = sentence(from: phrase.upperBound, in: range)
      let isRule = bytes[phrase.lowerBound] == ascii("#")
      if announces(sentence.range, isRule: isRule, in: range) {
        if let taken = takenAway(sentence.range) {
          notAnswers.insert(taken)
          continue
        }
        return settled(sentence, in: range).flatMap { notAnswers.contains($0.value) ? nil : $0 }
      }
    }
    guard notAnswers.isEmpty else { return nil }
    for bold in markers.boldPrint(in: range).reversed() {
      if let answer = emphasized(bold) { return answer }
    }
    return unannounced(range)
  }

  /// What a sentence says that the answer is not.
  private func takenAway(_ sentence: Range<Int>) -> String? {
    let lexemes = AnswerScanner.lexemes(in: bytes, range: sentence)
    guard lexemes.first?.word == "not",
      AnswerSentence(lexemes, isBox: false).contentStart() == nil
    else { return nil }
    return reading(AnswerSentence(Array(lexemes.dropFirst()), isBox: false), sentence)
      .flatMap(answer)?.value
  }

  /// What is announced, or what the text corrects it to: "5. Actually, it is 6."
  private func settled(
    _ sentence: (range: Range<Int>, isMath: Bool), in range: Range<Int>
  ) -> ExtractedAnswer? {
    var answer = announced(sentence.range, isBox: false, isMath: sentence.isMath)
    guard kind != .word, kind != .yesNo, kind != .expression else { return answer }
    for _ in 0..<4 {
      guard let said = answer, let next = correction(behind: said.byteRange.upperBound, in: range)
      else { break }
      answer = next
    }
    return answer
  }

  private static let corrections: [StaticString] = [
    "no", "wait", "actually", "sorry", "correction", "oops", "hmm", "or rather", "rather",
    "i mean", "i meant", "scratch that",
  ]
  private static let restatements: [StaticString] = [
    "it's", "it is", "it should be", "that is", "that should be", "i meant", "i mean",
    "the answer is", "make that",
  ]

  /// The answer that takes back one that ends at an index.
  private func correction(behind end: Int, in range: Range<Int>) -> ExtractedAnswer? {
    var index = end
    func skip() -> Bool {
      let start = index
      while index < range.upperBound, !bytes[index].isASCIILetter, !bytes[index].isASCIIDigit,
        bytes[index] != ascii("-")
          || bytes.startsLowercased("-- ", at: index, limit: range.upperBound)
          || bytes.startsLowercased("- ", at: index, limit: range.upperBound),
        bytes[index] != ascii("\\"), bytes[index] != ascii("$")
      { index += 1 }
      return bytes[start..<index].contains { !$0.isASCIISpace }
    }
    func take(_ words: [StaticString]) -> Bool {
      for word in words where bytes.startsLowercased(word, at: index, limit: range.upperBound) {
        let next = index + word.utf8CodeUnitCount
        guard next == range.upperBound || !bytes[next].isASCIILetter else { continue }
        index = next
        return true
      }
      return false
    }
    guard skip() else { return nil }
    var isCorrected = false
    while take(Self.corrections) {
      isCorrected = true
      _ = skip()
    }
    guard isCorrected else { return nil }
    let isRestated = take(Self.restatements)
    let sentence = sentence(from: index, in: range)
    guard let answer = announced(sentence.range, isBox: false, isMath: sentence.isMath),
      answer.byteRange.lowerBound - sentence.range.lowerBound <= 12,
      let first = bytes[sentence.range].first, !first.isASCIILetter || isRestated || kind == .option
    else { return nil }
    // "Actually, 3 of them are red" takes nothing back.
    let rest = bytes[answer.byteRange.upperBound..<sentence.range.upperBound]
    let words = rest.split(whereSeparator: \.isASCIISpace).count
    let isClosed = rest.first.map { !$0.isASCIISpace } ?? true
    return isRestated || isClosed || words <= 2 ? answer : nil
  }

  private func isTakenAway(_ box: Range<Int>, in range: Range<Int>) -> Bool {
    guard let start = bytes[range.lowerBound..<box.lowerBound].lastIndex(of: ascii("\\")) else {
      return false
    }
    var end = start
    while end > range.lowerBound, bytes[end - 1] == ascii(" ") || bytes[end - 1] == ascii("$") {
      end -= 1
    }
    return text(max(range.lowerBound, end - 4)..<end).lowercased() == " not"
  }

  /// The reading of a text that is an answer by itself, such as a gold answer.
  func whole() -> Reading? {
    let range = bytes.indices
    let lexemes = AnswerScanner.lexemes(in: bytes, range: range)
    let isFormula = bytes.contains(ascii("\\")) || text(range).contains("^{")
    let sentence = AnswerSentence(
      isFormula ? AnswerScanner.lexemes(in: bytes, range: range, isMath: true) : lexemes,
      isBox: true, isWhole: true)
    return reading(sentence, range)
  }

  /// Whether something is announced: not nothing, not "the answer is correct", and behind `####`
  /// no heading of a further part.
  private func announces(_ sentence: Range<Int>, isRule: Bool, in range: Range<Int>) -> Bool {
    let lexemes = AnswerScanner.lexemes(in: bytes, range: sentence)
    guard
      lexemes.contains(where: { lexeme in
        if case .sign(let sign) = lexeme.kind { !".,:;!?\"'—–…".contains(sign) } else { true }
      })
    else { return false }
    if isRule, kind != .word {
      if lexemes.first?.word == "step" { return false }
      let rest = bytes[sentence.upperBound..<range.upperBound]
      let isLast = !rest.contains { !$0.isASCIISpace && $0 != ascii(".") }
      if isLast || kind == .yesNo { return true }
      return reading(AnswerSentence(lexemes, isBox: false), sentence).map {
        if case .text = $0.value { false } else { true }
      } ?? false
    }
    if kind == .yesNo || kind == .word { return true }
    let words = lexemes.prefix(2).map { $0.word ?? "" }
    let isJudged = Self.judgements.contains(words.first ?? "")
    return !isJudged || lexemes.dropFirst().first?.isSign(":") == true
  }

  /// Words that judge an answer that was given, or say something of it, instead of giving one.
  private static let judgements: Set<String> = [
    "correct", "right", "wrong", "incorrect", "verified", "confirmed", "reasonable", "consistent",
    "clear", "found", "obtained", "shown", "valid", "plausible", "checked", "below", "above",
    "given", "given,", "as", "supposed",
  ]

  // MARK: The places an answer can stand

  private func announced(_ range: Range<Int>, isBox: Bool, isMath: Bool = false) -> ExtractedAnswer?
  {
    let lexemes = AnswerScanner.lexemes(in: bytes, range: range, isMath: isBox || isMath)
    let sentence = AnswerSentence(lexemes, isBox: isBox)
    return reading(sentence, range).flatMap(answer)
  }

  /// What a sentence, a box or a whole text says, as the kind asks for it.
  private func reading(_ sentence: AnswerSentence, _ range: Range<Int>) -> Reading? {
    switch kind {
    case .number:
      guard let reading = sentence.reading(in: bytes) else { return nil }
      switch reading.value {
      case .text: return nil
      case .option(_, let content):
        return content.map { Reading(value: .form($0), range: reading.range) }
      default: return reading
      }
    case .option: return option(sentence, range)
    case .yesNo: return yesNoWords(span(sentence, range)).first
    case .word: return sentence.phrase(in: bytes)
    case .expression: return expression(expressions(range).first, in: range)
    case .any: return sentence.reading(in: bytes)
    }
  }

  /// The bytes of a sentence before a reason or another clause.
  private func span(_ sentence: AnswerSentence, _ range: Range<Int>) -> Range<Int> {
    let end = sentence.clauseStart
    return range
      .lowerBound..<(sentence.lexemes.indices.contains(end)
      ? max(range.lowerBound, sentence.lexemes[end].range.lowerBound) : range.upperBound)
  }

  private func option(_ sentence: AnswerSentence, _ range: Range<Int>) -> Reading? {
    // Nothing is left of "not A".
    guard sentence.contentStart() != nil else { return nil }
    if let reading = sentence.reading(in: bytes) {
      switch reading.value {
      case .option: return reading
      case .set(let members) where members.allSatisfy(\.isOption): return reading
      default: break
      }
    }
    return optionLetter(span(sentence, range))
  }

  /// Bold print that is nothing but an answer, or a label with one.
  private func emphasized(_ range: Range<Int>) -> ExtractedAnswer? {
    let lexemes = AnswerScanner.lexemes(in: bytes, range: range)
    guard kind != .expression, let sentence = AnswerSentence(lexemes, isBox: false).emphasis else {
      return nil
    }
    guard let reading = reading(sentence, range) else { return nil }
    if case .text = reading.value, kind != .yesNo { return nil }
    return answer(reading)
  }

  private func unannounced(_ range: Range<Int>) -> ExtractedAnswer? {
    let found: Reading? =
      switch kind {
      case .number: lastNumber(range)
      case .option: optionLetter(range)
      case .yesNo: yesNoVerdict(range)
      case .word: loneQuoted(range) ?? loneWord(range)
      case .expression: expression(expressions(range).last, in: range)
      case .any:
        leadingYesNo(range) ?? lastNumber(range) ?? loneQuoted(range) ?? loneWord(range)
      }
    return found.flatMap(answer)
  }

  private func answer(_ reading: Reading) -> ExtractedAnswer? {
    guard !reading.range.isEmpty,
      let value = AnswerNormalizer.settled(reading.value.text, kind: kind)
    else { return nil }
    return ExtractedAnswer(value: value, text: text(reading.range), byteRange: reading.range)
  }

  // MARK: Numbers

  /// The last number of a text that announces nothing: the result of the last calculation in it.
  private func lastNumber(_ range: Range<Int>) -> Reading? {
    if text(range).lowercased().contains("answer cannot be determined") { return nil }
    let lexemes = AnswerScanner.lexemes(in: bytes, range: range)
    let reader = ValueReader(lexemes: lexemes, isWhole: false)
    // Line by line from the end; a very long line in parts.
    var end = lexemes.count
    while end > 0 {
      var start = end - 1
      while start > 0, !lexemes[start].startsLine, end - start < 600 { start -= 1 }
      if let found = reader.numbers(in: start..<end).last {
        return AnswerSentence.bytes(of: found.range, in: lexemes)
          .map { Reading(value: found.value, range: $0) }
      }
      end = start
    }
    return nil
  }

  /// The expressions that have an operation, or if none has, the numbers: "2 * 3 + 7 = 13"
  /// answers with what stands before the equals sign.
  private func expressions(_ range: Range<Int>) -> [Reading] {
    let all = ExpressionParser.expressions(in: bytes, range: range)
    let operations = all.filter { !$0.expression.isNumber }
    return (operations.isEmpty ? all : operations).map { found in
      Reading(value: .text(found.expression.normalized.text), range: found.range)
    }
  }

  /// An expression that is said to come to another value than it does is no answer.
  private func expression(_ reading: Reading?, in range: Range<Int>) -> Reading? {
    guard let reading, let expression = try? ExpressionParser.expression(text(reading.range)),
      ExpressionParser.isMisjudged((expression, reading.range), in: bytes, range: range)
    else { return reading }
    return nil
  }

  // MARK: Option letters

  /// The letter that a text without announcement settles on: behind "option", "choose" and the
  /// like, "B", "B." or "B)" at the start, else the last "(B)", else the last capital alone.
  private func optionLetter(_ range: Range<Int>) -> Reading? {
    let words = asciiWords(range)
    for (index, word) in words.enumerated().reversed() where index + 1 < words.count {
      guard Self.choosing.contains(text(word).lowercased()) else { continue }
      let next = words[index + 1]
      if next.count == 1, isLoneLetter(next.lowerBound, in: range),
        !isRuledOut(next.lowerBound, in: range),
        bytes[next.lowerBound] < 0x60, isLetterLabel(next.lowerBound, in: range)
      {
        return option(at: next.lowerBound)
      }
    }
    let content = trimmed(range)
    if let first = content.first, isLoneLetter(first, in: range), !isRuledOut(first, in: range) {
      let after = first + 1
      let closes = after == range.upperBound || !bytes[after].isASCIISpace
      let isCapital = bytes[first] < 0x60
      let isPronoun = bytes[first] == ascii("I") && !isLetterLabel(first, in: range)
      if closes || isCapital || content.count == 1, !isPronoun { return option(at: first) }
    }
    if let letter = parenthesisedLetter(range) { return letter }
    let capital = range.last { index in
      guard bytes[index] < 0x60, isLoneLetter(index, in: range),
        !isRuledOut(index, in: range)
      else { return false }
      // "A" and "I" before another word are words.
      let isWord = bytes[index] == ascii("A") || bytes[index] == ascii("I")
      return !isWord || isLetterLabel(index, in: range)
    }
    guard let capital, !isAlternative(capital, in: range) else { return nil }
    return option(at: capital)
  }

  /// Whether a letter is named only to say that it is not the answer: "(A) is wrong", "not B".
  private func isRuledOut(_ index: Int, in range: Range<Int>) -> Bool {
    let before = text(max(range.lowerBound, index - 12)..<index).lowercased()
      .trimmingWhitespace
    if ["not", "n't", "not (", "n't ("].contains(where: before.hasSuffix) { return true }
    let end = bytes[index..<min(range.upperBound, index + 40)].firstIndex {
      $0 == ascii(".") || $0 == ascii(",") || $0 == ascii(";") || $0 == 0x0A
    }
    let behind = (index + 1)..<max(index + 1, end ?? min(range.upperBound, index + 40))
    guard behind.lowerBound < behind.upperBound else { return false }
    var words = asciiWords(behind).prefix(3).map { text($0).lowercased() }
    guard let verb = words.first else { return false }
    if verb == "no" { return true }
    if ["is", "was", "isn", "cannot"].contains(verb) {
      words.removeFirst()
      if verb == "isn" || verb == "cannot" { return true }
    } else {
      return false
    }
    return ["wrong", "incorrect", "not", "too", "false", "impossible", "out", "eliminated"]
      .contains(words.first ?? "")
  }

  /// Whether a letter is the second of "A or B".
  private func isAlternative(_ index: Int, in range: Range<Int>) -> Bool {
    let words = asciiWords(max(range.lowerBound, index - 12)..<index).suffix(2)
    guard words.count == 2, let first = words.first, let last = words.last else { return false }
    return ["or", "and"].contains(text(last).lowercased())
      && isLoneLetter(first.lowerBound, in: range)
      && bytes[first.lowerBound] < 0x60
  }

  private static let choosing: Set<String> = [
    "option", "choice", "choose", "chose", "pick", "picked", "select", "selected", "with",
  ]

  /// Whether no further word follows a letter right away.
  private func isLetterLabel(_ index: Int, in range: Range<Int>) -> Bool {
    var next = index + 1
    while next < range.upperBound, bytes[next] == ascii(" ") { next += 1 }
    guard next < range.upperBound, bytes[next].isASCIILetter else { return true }
    let word = asciiWords(next..<min(range.upperBound, next + 16)).first ?? next..<next
    return bytes[index] != ascii("A") && bytes[index] != ascii("I")
      || ["because", "since", "as", "is", "and"].contains(text(word).lowercased())
        && bytes[index] != ascii("I")
  }

  private func parenthesisedLetter(_ range: Range<Int>) -> Reading? {
    range.last { open in
      open + 2 < range.upperBound && bytes[open] == ascii("(") && bytes[open + 1].isASCIILetter
        && bytes[open + 2] == ascii(")")
        && (open == range.lowerBound
          || !(bytes[open - 1].isASCIILetter || bytes[open - 1].isASCIIDigit))
        && !isRuledOut(open + 1, in: range)
    }.map { option(at: $0 + 1) }
  }

  private func isLoneLetter(_ index: Int, in range: Range<Int>) -> Bool {
    func isWordByte(_ index: Int) -> Bool {
      guard range.contains(index) else { return false }
      let byte = bytes[index]
      return byte.isASCIILetter || byte.isASCIIDigit || byte >= 0xC3 && byte < 0xE2
        || byte == ascii("'") || byte == ascii("_")
    }
    return range.contains(index) && bytes[index].isASCIILetter && !isWordByte(index - 1)
      && !isWordByte(index + 1)
  }

  private func option(at index: Int) -> Reading {
    let range = index..<(index + 1)
    return Reading(value: .option(text(range).uppercased(), nil), range: range)
  }

  // MARK: Yes and no

  /// All words that mean yes or no, in order; "not correct" means no.
  private func yesNoWords(_ range: Range<Int>) -> [Reading] {
    let words = asciiWords(range)
    return words.indices.compactMap { index in
      guard let word = YesNo(word: text(words[index])) else { return nil }
      let isNegated =
        index > 0 && text(words[index - 1]).lowercased() == "not"
        && bytes[words[index - 1].upperBound..<words[index].lowerBound].elementsEqual([ascii(" ")])
      let span = isNegated ? words[index - 1].lowerBound..<words[index].upperBound : words[index]
      return Reading(value: .text((isNegated ? word.negated : word).rawValue), range: span)
    }
  }

  /// The last sentence that is nothing but a yes or no, else the first word of the text, else the
  /// last plain yes or no in it.
  private func yesNoVerdict(_ range: Range<Int>) -> Reading? {
    let all = yesNoWords(range)
    let alone = all.last { answer in
      let before = bytes[range.lowerBound..<answer.range.lowerBound].last { $0 != 0x20 }
      let after = bytes[answer.range.upperBound..<range.upperBound].first { $0 != 0x20 }
      return before.map(isSentenceEnd) ?? true && after.map(isSentenceEnd) ?? true
    }
    if let alone { return alone }
    if let first = all.first, first.range.lowerBound == trimmed(range).lowerBound { return first }
    return all.last { ["yes", "no", "true", "false"].contains(text($0.range).lowercased()) }
  }

  /// A plain "Yes" or "No" at the start, closed by punctuation.
  private func leadingYesNo(_ range: Range<Int>) -> Reading? {
    guard let first = firstWord(range), first.lowerBound == trimmed(range).lowerBound,
      ["yes", "no"].contains(text(first).lowercased())
    else { return nil }
    let isClosed =
      first.upperBound == range.upperBound
      || [",", ".", "!", "\n"].contains { ascii($0) == bytes[first.upperBound] }
    return isClosed ? Reading(value: .text(text(first).lowercased()), range: first) : nil
  }

  private func firstWord(_ range: Range<Int>) -> Range<Int>? {
    guard let start = bytes[range].firstIndex(where: \.isASCIILetter) else { return nil }
    return
      start..<(bytes[start..<range.upperBound].firstIndex { !$0.isASCIILetter } ?? range.upperBound)
  }

  private func isSentenceEnd(_ byte: UInt8) -> Bool {
    byte == 0x0A || byte == 0x0D || [".", "!", "?", ":"].contains { ascii($0) == byte }
  }
}
