/// Finds what announces an answer: `\boxed{`, "The answer is", "Answer:", "####", bold print.
public struct AnswerMarkers {
  /// What a path that may not announce its answer yet is stopped at. Where other words stand
  /// between, the phrase is found when the path has ended by itself.
  public static let stops = ["answer is", "Answer is", "answer:", "Answer:", "####"]

  let bytes: [UInt8]

  public init(bytes: [UInt8]) { self.bytes = bytes }

  // MARK: Phrases

  /// The ranges of all announcing phrases within a range, in order, each with the words that
  /// belong to it ("The final answer is"), without what follows.
  public func phrases(in range: Range<Int>) -> [Range<Int>] {
    let range = range.clamped(to: 0..<bytes.count)
    var found: [Range<Int>] = []
    var index = range.lowerBound
    while index < range.upperBound {
      if let phrase = phrase(at: index, in: range) {
        found.append(phrase)
        index = max(phrase.upperBound, index + 1)
      } else {
        index += 1
      }
    }
    return found
  }

  private func phrase(at index: Int, in range: Range<Int>) -> Range<Int>? {
    let byte = bytes[index]
    if byte == ascii("#") {
      return bytes.startsLowercased("####", at: index, limit: range.upperBound)
        ? index..<(index + 4) : nil
    }
    if byte == ascii("<") {
      return bytes.startsLowercased("<answer>", at: index, limit: range.upperBound)
        ? index..<(index + 8) : nil
    }
    if byte >= 0x80 {
      for phrase in Self.foreign where bytes.starts(phrase, at: index, limit: range.upperBound) {
        return index..<(index + phrase.count)
      }
    }
    guard byte.isASCIILetter || byte >= 0x80,
      index == range.lowerBound || !bytes[index - 1].isASCIILetter
    else { return nil }
    for noun in Self.nouns
    where bytes.startsLowercased(noun.text, at: index, limit: range.upperBound) {
      let end = index + noun.text.utf8CodeUnitCount
      let start = start(of: index, in: range)
      if noun.needsFinal, start.adjective == nil { continue }
      let isWrong = ["wrong ", "incorrect "].contains { (word: StaticString) in
        let length = word.utf8CodeUnitCount
        return start.index - length >= range.lowerBound
          && bytes.startsLowercased(word, at: start.index - length, limit: start.index)
      }
      if isWrong { continue }
      if let end = verbEnd(from: end, noun, in: range) { return start.index..<end }
    }
    return nil
  }

  /// Announcements that need no further look, as UTF-8.
  private static let foreign = [
    "答案是", "答案为", "答案為", "答案：", "答案:", "答案等于", "答え:", "答え：", "答えは", "答：", "答:", "정답은", "정답:",
    "ответ:", "Ответ:", "ответ —", "Ответ —", "ответ -", "Ответ -", "الجواب:", "الإجابة:", "उत्तर:",
  ].map { Array($0.utf8) }

  private struct Noun {
    var text: StaticString
    /// Whether it announces only with "final", "correct" or the like in front.
    var needsFinal = false
    var verbs: [StaticString] = ["is", "are"]
  }

  /// What is announced. Longer words stand before those that they begin with.
  private static let nouns: [Noun] = [
    Noun(text: "answers"), Noun(text: "answer"), Noun(text: "solution", needsFinal: true),
    Noun(text: "result", needsFinal: true), Noun(text: "value", needsFinal: true),
    Noun(text: "total", needsFinal: true), Noun(text: "amount", needsFinal: true),
    Noun(text: "number", needsFinal: true), Noun(text: "choice", needsFinal: true),
    Noun(text: "option", needsFinal: true), Noun(text: "response", needsFinal: true),
    Noun(text: "antwort", verbs: ["ist", "lautet"]),
    Noun(text: "lösung", verbs: ["ist", "lautet"]),
    Noun(text: "réponse", verbs: ["est"]), Noun(text: "reponse", verbs: ["est"]),
    Noun(text: "respuesta", verbs: ["es"]), Noun(text: "resposta", verbs: ["é"]),
    Noun(text: "risposta", verbs: ["è"]), Noun(text: "antwoord", verbs: ["is"]),
    Noun(text: "odpowiedź", verbs: ["to"]), Noun(text: "svar", verbs: ["är", "er"]),
  ]

  /// Words between the noun and its verb: "answer to question 2 is", "answer must be".
  private static let helpers: [StaticString] = [
    "seems to be", "appears to be", "turns out to be", "should be", "must be", "will be",
    "would be", "has to be", "comes out to be", "comes to", "works out to", "equals", "becomes",
    "therefore is", "thus is", "then is", "was", "final is", "'s",
  ]

  /// The end of "is", ":", "=", "(…) is" and the like behind a noun.
  private func verbEnd(from start: Int, _ noun: Noun, in range: Range<Int>) -> Int? {
    guard start >= range.upperBound || !bytes[start].isASCIILetter else { return nil }
    var end = skip(from: start, in: range)
    let limit = range.upperBound
    if end < limit, bytes[end] == ascii("("),
      let close = bytes[end..<min(limit, end + 48)].firstIndex(of: ascii(")"))
    {
      end = skip(from: close + 1, in: range)
    }
    guard end < limit else { return nil }
    if let colon = colonEnd(at: end, in: range) { return colon }
    if noun.text.utf8CodeUnitCount <= 7, isHeading(start, in: range) { return start }
    if let verb = verb(noun.verbs, at: end, in: range) { return verb }
    // "to question 2", "for the second part", "we get"
    guard end > start else { return nil }
    var words = 0
    var index = end
    while words < 8, index < limit, bytes[index].isASCIILetter || bytes[index].isASCIIDigit {
      if words == 0 {
        let openers: [StaticString] = ["to ", "of ", "for ", "in ", "that ", "you ", "we ", "i "]
        guard openers.contains(where: { bytes.startsLowercased($0, at: index, limit: limit) })
        else { return nil }
      }
      while index < limit, bytes[index].isASCIILetter || bytes[index].isASCIIDigit { index += 1 }
      let next = skip(from: index, in: range)
      guard next > index || (next < limit && bytes[next] == ascii(":")) else { return nil }
      index = next
      words += 1
      if let colon = index < limit && bytes[index] == ascii(":") ? index + 1 : nil { return colon }
      if let verb = verb(noun.verbs, at: index, in: range) { return verb }
    }
    return nil
  }

  private func colonEnd(at index: Int, in range: Range<Int>) -> Int? {
    if bytes[index] == ascii(":") || bytes[index] == ascii("=") {
      return index + 1
    }
    let wide: [UInt8] = [0xEF, 0xBC, 0x9A]
    return bytes.starts(wide, at: index, limit: range.upperBound) ? index + 3 : nil
  }

  private func verb(_ verbs: [StaticString], at index: Int, in range: Range<Int>) -> Int? {
    for verb in verbs + Self.helpers
    where bytes.startsLowercased(verb, at: index, limit: range.upperBound) {
      var end = index + verb.utf8CodeUnitCount
      if end < range.upperBound, bytes[end].isASCIILetter || bytes[end] == ascii("'") { continue }
      if end < range.upperBound, bytes[end] == ascii(":") { end += 1 }
      return end
    }
    return nil
  }

  /// Whether "Answer" stands alone on a line, as a heading does.
  private func isHeading(_ end: Int, in range: Range<Int>) -> Bool {
    var before = end
    while before > range.lowerBound, bytes[before - 1].isASCIILetter { before -= 1 }
    let noun = before
    while before > range.lowerBound, bytes[before - 1] != 0x0A, noun - before < 24 {
      before -= 1
      let byte = bytes[before]
      let isMark = byte == ascii("#") || byte == ascii("*") || byte == ascii(" ")
      guard isMark || byte.isASCIILetter else { return false }
    }
    guard before == range.lowerBound || bytes[before - 1] == 0x0A else { return false }
    let lead = String(decoding: bytes[before..<noun], as: UTF8.self).lowercased()
      .filter { $0.isLetter || $0 == " " }.trimmingWhitespace
    guard ["", "final", "the", "the final", "correct", "my"].contains(lead) else { return false }
    var after = end
    while after < range.upperBound,
      [ascii("*"), ascii("#"), ascii(" "), 0x0D].contains(bytes[after])
    {
      after += 1
    }
    return after < range.upperBound && bytes[after] == 0x0A
  }

  private func skip(from index: Int, in range: Range<Int>) -> Int {
    var index = index
    while index < range.upperBound,
      [ascii(" "), ascii("*"), ascii("_"), 0x09, ascii(",")].contains(bytes[index])
    { index += 1 }
    return index
  }

  /// The start of the phrase that a noun at an index belongs to: with "the", "final" …
  private func start(of index: Int, in range: Range<Int>) -> (index: Int, adjective: StaticString?)
  {
    var start = index
    var adjective: StaticString?
    let adjectives: [StaticString] = ["final ", "correct ", "right ", "best "]
    let articles: [StaticString] = ["the ", "my ", "our "]
    func precedes(_ word: StaticString) -> Bool {
      let before = start - word.utf8CodeUnitCount
      return before >= range.lowerBound && bytes.startsLowercased(word, at: before, limit: start)
        && (before == range.lowerBound || !bytes[before - 1].isASCIILetter)
    }
    if let word = adjectives.first(where: precedes) {
      adjective = word
      start -= word.utf8CodeUnitCount
    }
    if let word = articles.first(where: precedes) { start -= word.utf8CodeUnitCount }
    return (start, adjective)
  }

  // MARK: Boxes and bold print

  /// The content ranges of all `\boxed{…}`, in order of their start. A box that is never closed
  /// ends with its line.
  func boxes(in range: Range<Int>) -> [Range<Int>] {
    let range = range.clamped(to: 0..<bytes.count)
    let commands: [StaticString] = ["\\boxed", "\\fbox", "\\framebox"]
    var found: [Range<Int>] = []
    var open: [(start: Int, isBox: Bool)] = []
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = bytes[index]
      if byte == ascii("\\") {
        if let command = commands.first(where: {
          bytes.startsLowercased($0, at: index, limit: range.upperBound)
        }) {
          index += command.utf8CodeUnitCount
          while index < range.upperBound, bytes[index] == ascii(" ") { index += 1 }
          if index < range.upperBound, bytes[index] == ascii("{") {
            index += 1
            open.append((index, true))
          } else if index < range.upperBound, bytes[index].isASCIIDigit {
            // \boxed 5
            let start = index
            while index < range.upperBound, bytes[index].isASCIIDigit { index += 1 }
            found.append(start..<index)
          }
        } else {
          index += 2
        }
        continue
      }
      if byte == ascii("{") { open.append((index + 1, false)) }
      if byte == ascii("}"), let last = open.popLast(), last.isBox {
        found.append(last.start..<index)
      }
      index += 1
    }
    if let last = open.last(where: \.isBox), !found.contains(where: { $0.lowerBound > last.start })
    {
      let end = bytes[last.start..<range.upperBound]
        .firstIndex { $0 == 0x0A || $0 == ascii("$") && last.start < range.upperBound }
      let content = last.start..<(end ?? range.upperBound)
      if bytes[content].contains(where: { !$0.isASCIISpace }) { found.append(content) }
    }
    return found.sorted { $0.lowerBound < $1.lowerBound }
  }

  /// What stands between `**` and `**` on one line.
  func boldPrint(in range: Range<Int>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var start: Int?
    var index = range.lowerBound
    while index + 1 < range.upperBound {
      if bytes[index] == 0x0A { start = nil }
      guard bytes[index] == ascii("*"), bytes[index + 1] == ascii("*") else {
        index += 1
        continue
      }
      if let opened = start {
        if opened < index { found.append(opened..<index) }
        start = nil
      } else {
        start = index + 2
      }
      index += 2
    }
    return found
  }

  /// Where a token says that the text has ended, behind something that was said.
  func endOfTurn(in range: Range<Int>) -> Int {
    let tokens: [StaticString] = [
      "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end|>", "<|end_of_text|>", "<|eos|>",
      "<|user|>", "<eos>", "</s>", "<end_of_turn>", "<pad>", "[end]",
    ]
    var isSaid = false
    for index in range {
      let byte = bytes[index]
      if isSaid, byte == ascii("<") || byte == ascii("["),
        tokens.contains(where: {
          bytes.startsLowercased($0, at: index, limit: range.upperBound)
        })
      {
        return index
      }
      isSaid = isSaid || !byte.isASCIISpace
    }
    return range.upperBound
  }

  /// Where a further question begins behind an answer, as base models run on with one; the end
  /// of the range if none does.
  func end(beforeNextQuestion range: Range<Int>) -> Int {
    let heads: [StaticString] = [
      "question:", "q:", "problem:", "user:", "human:", "next question:",
      "new problem:", "instruction:", "问题：",
    ]
    var answered: Int?
    var index = range.lowerBound
    while index < range.upperBound {
      let isHead = heads.contains {
        bytes.startsLowercased($0, at: index, limit: range.upperBound)
      }
      if isHead || isNumberedQuestion(at: index, in: range), index > range.lowerBound {
        let first = answered ?? firstAnswer(in: range)
        answered = first
        if index > first { return index }
      }
      // The next line, without white space and marks in front.
      index = (bytes[index..<range.upperBound].firstIndex(of: 0x0A) ?? range.upperBound) + 1
      while index < range.upperBound,
        bytes[index].isASCIISpace || bytes[index] == ascii("*") || bytes[index] == ascii("#")
      { index += 1 }
    }
    return range.upperBound
  }

  /// "Question 2:", "Problem #2:", "Question" alone on a line.
  private func isNumberedQuestion(at index: Int, in range: Range<Int>) -> Bool {
    for head: StaticString in ["question", "problem"]
    where bytes.startsLowercased(head, at: index, limit: range.upperBound) {
      var end = index + head.utf8CodeUnitCount
      while end < range.upperBound, bytes[end] == ascii(" ") || bytes[end] == ascii("#") {
        end += 1
      }
      while end < range.upperBound, bytes[end].isASCIIDigit { end += 1 }
      return end == range.upperBound || [":", ".", "\n", "\r"].contains { ascii($0) == bytes[end] }
    }
    return false
  }

  /// Where the first announced answer begins that says anything; the end of the range if none does.
  private func firstAnswer(in range: Range<Int>) -> Int {
    let box = boxes(in: range).first?.lowerBound ?? range.upperBound
    let phrase = phrases(in: range).first { phrase in
      bytes[phrase.upperBound..<range.upperBound].first { !$0.isASCIISpace && $0 != ascii("*") }
        .map { $0 != 0x0A } ?? false
    }
    return min(box, phrase?.upperBound ?? range.upperBound)
  }
}

extension [UInt8] {
  func starts(_ text: [UInt8], at index: Int, limit: Int) -> Bool {
    index >= 0 && index + text.count <= Swift.min(limit, count)
      && self[index..<(index + text.count)].elementsEqual(text)
  }
}
