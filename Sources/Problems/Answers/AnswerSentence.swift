/// What stands where an answer is announced, as lexemes: a sentence, the content of a box, or a
/// whole text that is an answer by itself.
struct AnswerSentence {
  let lexemes: [Lexeme]
  /// Whether nothing but the answer stands here.
  let isBox: Bool
  let isWhole: Bool
  private let values: ValueReader

  typealias Reading = AnswerReader.Reading

  init(_ lexemes: [Lexeme], isBox: Bool, isWhole: Bool = false) {
    self.lexemes = lexemes
    self.isBox = isBox
    self.isWhole = isWhole
    values = ValueReader(lexemes: lexemes, isWhole: isWhole)
  }

  private func lexeme(_ index: Int) -> Lexeme? {
    lexemes.indices.contains(index) ? lexemes[index] : nil
  }
  private func word(_ index: Int) -> String? { lexeme(index)?.word }
  private func isSign(_ signs: String, at index: Int) -> Bool {
    if case .sign(let sign)? = lexeme(index)?.kind { signs.contains(sign) } else { false }
  }

  static func bytes(of range: Range<Int>, in lexemes: [Lexeme]) -> Range<Int>? {
    guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= lexemes.count else {
      return nil
    }
    let end = lexemes[range.upperBound - 1].range.upperBound
    return lexemes[range.lowerBound].range.lowerBound..<end
  }

  // MARK: The cascade

  /// The reading when it is not known what is asked for: an option's letter, yes or no, a value,
  /// or else the words themselves.
  func reading(in bytes: [UInt8]) -> Reading? {
    guard let start = contentStart() else { return nil }
    if let yesNo = leadingYesNo(at: start) { return yesNo }
    if let option = option(at: start) { return option }
    let isBound = Self.comparatives.contains { isPhrase($0, at: start) }
    if !isBound, let value = value(at: start) { return value }
    return phrase(in: bytes, from: start)
  }

  /// Where the answer begins: behind "approximately", quotes and the like, and behind what it is
  /// said not to be. nil where nothing is left.
  func contentStart() -> Int? {
    var index = 0
    // Where nothing stands behind "so" or "about", that is the answer.
    var filler: Int?
    while let lexeme = lexeme(index) {
      if case .sign(let sign) = lexeme.kind, ":=\"'…→≈,;—•".contains(sign),
        !(sign == "—" && lexeme.isMath)
      {
        index += 1
      } else if isSign(".", at: index), index > 0 {
        index += 1
      } else if lexeme.word == "the", ["square", "cube"].contains(word(index + 1) ?? "") {
        index += 1
      } else if isSign("–", at: index), lexeme.isSpaced, self.lexeme(index + 1)?.word != nil {
        index += 1
      } else if lexeme.word == "not", word(index + 1) == "only" {
        return index
      } else if let end = Self.exclusions.first(where: { isPhrase($0, at: index) })?.count,
        self.lexeme(index + end).map({ $0.isNumeric || $0.isSign("-") }) ?? false
      {
        return nil
      } else if ["not", "neither"].contains(lexeme.word ?? "")
        || lexeme.word?.hasSuffix("n't") == true
      {
        // "not 5 but 6"
        guard !isWhole || self.lexeme(index + 2) != nil, let but = alternative(from: index) else {
          return isPlainNegation(index) ? nil : index
        }
        index = but
      } else if let words = Self.fillers.first(where: { isPhrase($0, at: index) }),
        index + words.count < lexemes.count
      {
        filler = index
        index += words.count
      } else {
        return index
      }
    }
    return filler
  }

  /// Whether "not" takes a value away, rather than being part of words ("not possible").
  private func isPlainNegation(_ index: Int) -> Bool {
    lexeme(index + 1).map { $0.isNumeric || $0.isSign("-") || $0.isSign("(") } ?? true
      || values.answer(at: index + 1) != nil || option(at: index + 1) != nil
  }

  /// Behind "but", "it is" and the like, which follow what an answer is not.
  private func alternative(from start: Int) -> Int? {
    for index in start..<lexemes.count {
      switch word(index) {
      case "but", "rather", "instead":
        return index + (isSign(",", at: index + 1) ? 2 : 1)
      case "it", "it's", "its":
        guard index > start + 1, isSign(",;—–-", at: index - 1) else { continue }
        return index + (["is", "was"].contains(word(index + 1) ?? "") ? 2 : 1)
      default: continue
      }
    }
    return nil
  }

  private static let fillers: [[String]] = [
    "approximately", "approx", "about", "around", "roughly", "exactly", "just", "simply",
    "precisely",
    "only", "therefore", "thus", "so", "that", "equal to", "equals", "is", "are", "be", "given by",
    "probably", "likely", "still", "indeed", "again", "now", "then", "nearly", "almost", "to be",
    "i think", "i believe", "i guess", "in fact", "of course", "actually", "definitely", "clearly",
    "simplified to", "obviously", "hence", "a total of", "total of", "equal", "also", "always",
    "the number", "the value", "the integer", "the fraction", "the amount", "the total", "number",
    "the sum", "usd", "eur", "gbp", "rs", "inr", "us", "cad", "aud", "ca", "circa", "say", "maybe",
    "the answer is", "answer is", "either", "both",
  ].map { $0.split(separator: " ").map(String.init) }

  private static let exclusions: [[String]] = [
    "anything but", "everything but", "everything except", "different from", "other than",
    "no longer", "not equal to",
  ].map { $0.split(separator: " ").map(String.init) }

  private static let comparatives: [[String]] = [
    "at least", "at most", "more than", "less than", "fewer than", "greater than", "no more than",
    "no less than", "no fewer than", "up to", "over", "under", "above", "below", "not more than",
    "not less than", "larger than", "smaller than", "higher than", "lower than", "bigger than",
  ].map { $0.split(separator: " ").map(String.init) }

  private func isPhrase(_ words: [String], at start: Int) -> Bool {
    var index = start
    for expected in words {
      guard word(index) == expected else { return false }
      index += 1
    }
    // "so 5", but "the number of apples is 5"
    if words.first == "the" || words == ["number"] {
      return lexeme(index).map { $0.isNumeric || $0.isSign("-") || $0.isMath } ?? false
    }
    if words == ["that"] || words == ["so"] { return lexeme(index) != nil }
    return true
  }

  // MARK: Options

  private func leadingYesNo(at start: Int) -> Reading? {
    guard let lexeme = lexeme(start), let word = lexeme.word, ["yes", "no"].contains(word),
      self.lexeme(start + 1) == nil || isSign(",.!;:)\"'", at: start + 1)
    else { return nil }
    return Reading(value: .text(word), range: lexeme.range)
  }

  /// `B`, `(B)`, `B. 12`, `option B`, `A and C`.
  private func option(at start: Int) -> Reading? {
    guard let first = letter(at: start) else { return nil }
    var letters = [first]
    while letters.count < 10 {
      var next = letters.last?.end ?? start
      let isComma = isSign(",&", at: next)
      guard isComma || ["and", "or"].contains(word(next) ?? "") else { break }
      next += 1
      if ["and", "or"].contains(word(next) ?? "") { next += 1 }
      guard let letter = letter(at: next) else {
        // "B, C, and D are wrong" names one answer.
        if isComma, letters.count > 1, word(next - 1) == "and" { letters.removeSubrange(1...) }
        break
      }
      letters.append(letter)
    }
    let last = letters.last ?? first
    guard let range = Self.bytes(of: first.letter..<(last.letter + 1), in: lexemes) else {
      return nil
    }
    guard letters.count == 1 else {
      return Reading(value: .joined(letters.map { .option($0.name, nil) }), range: range)
    }
    // What the option says, as in "B. 12".
    var content: AlgebraicForm?
    if first.end > first.letter + 1 || isSign(":.", at: first.end) {
      let behind = first.end + (isSign(":.", at: first.end) ? 1 : 0)
      content = values.answer(at: behind)?.value.form
    }
    return Reading(value: .option(first.name, content), range: range)
  }

  /// A letter that stands for an option: its index, and where to read on.
  private func letter(at start: Int) -> (name: String, letter: Int, end: Int)? {
    var index = start
    let isNamed = ["option", "choice", "letter", "answer", "option:"].contains(word(index) ?? "")
    if isNamed { index += 1 }
    let isBracketed = isSign("([", at: index)
    if isBracketed { index += 1 }
    guard let lexeme = lexeme(index), let written = lexeme.writtenWord, written.utf8.count == 1,
      let byte = written.utf8.first, byte.isASCIILetter
    else { return nil }
    let name = written.uppercased()
    let next = index + 1
    if isBracketed {
      guard isSign(")]", at: next) else { return nil }
      // (B) and (x + 1) are told apart by the bracket; f(x) does not begin with one.
      return (name, index, next + 1)
    }
    let isCapital = byte < 0x60
    guard let after = self.lexeme(next) else { return (name, index, next) }
    if case .sign(let sign) = after.kind {
      if sign == ")" { return (name, index, next + 1) }
      guard isCapital || isNamed else { return nil }
      if ".:;!?\"'—–]".contains(sign) { return (name, index, next) }
      if sign == "(" { return after.isSpaced ? (name, index, next) : nil }
      if sign == ",", lexeme.isText || !lexeme.isMath { return (name, index, next) }
      if sign == "-" {
        return after.isSpaced && self.lexeme(next + 1)?.isSpaced == true
          && self.lexeme(next + 1)?.isNumeric != true ? (name, index, next) : nil
      }
      return nil
    }
    guard isCapital, let word = after.word else { return nil }
    if isNamed { return (name, index, next) }
    let isClause = [
      "because", "since", "as", "when", "if", "which", "for", "so", "but", "not", "with", "unlike",
      "and", "or", "where", "due", "given", "here", "based", "rather", "instead", "option",
      "choice",
    ].contains(word)
    return isClause && (name != "I" || word == "because") ? (name, index, next) : nil
  }

  // MARK: Values

  private func value(at start: Int) -> Reading? {
    if let found = values.answer(at: start), !isWordAlone(found) { return reading(found) }
    let end = clauseStart
    if let result = equationResult(from: start, to: end) { return reading(result) }
    guard let first = lexeme(start), first.word != nil else { return nil }
    // A number that its own reader refused, such as "two hours and ten minutes", is not searched.
    if MathReader(lexemes, from: start).numberWords(at: start) != nil { return nil }
    if isBox { return isWhole ? nil : onlyNumber(from: start, to: end).map(reading) ?? nil }
    return numberInWords(from: start, to: end).flatMap(reading)
  }

  /// Whether what was read as a product of letters is a word: `\boxed{red}`.
  private func isWordAlone(_ found: ValueReader.Found) -> Bool {
    guard found.range.count == 1, let word = lexeme(found.range.lowerBound)?.writtenWord,
      case .form(let form) = found.value, form.number == nil
    else { return false }
    return word.utf8.count > 1 && word.utf8.allSatisfy(\.isASCIILetter) && word != "pi"
      && word != "infinity"
  }

  private func reading(_ found: ValueReader.Found) -> Reading? {
    Self.bytes(of: found.range, in: lexemes).map { Reading(value: found.value, range: $0) }
  }

  /// Where a reason, a condition or a remark begins, as an index of a lexeme.
  var clauseStart: Int {
    var isAfterContent = false
    for (index, lexeme) in lexemes.enumerated() {
      if isAfterContent {
        if let word = lexeme.word, Self.reasons.contains(word) { return index }
        if lexeme.isSign("("), lexeme.isSpaced, !isBox, !lexeme.isMath,
          let next = self.lexeme(index + 1)?.word, next.count > 1
        {
          return index
        }
        if lexeme.isSign(","), let next = self.lexeme(index + 1)?.word,
          Self.asides.contains(next)
        {
          return index
        }
        if lexeme.isSign("—") { return index }
      }
      if lexeme.word != nil || lexeme.isNumeric || lexeme.isSign("(") { isAfterContent = true }
    }
    return lexemes.count
  }

  private static let reasons: Set<String> = [
    "because", "since", "when", "if", "unless", "provided", "assuming", "where", "unlike",
    "whereas",
    "while",
  ]
  private static let asides: Set<String> = [
    "as", "so", "which", "not", "but", "with", "in", "and", "i", "i.e", "e.g", "because", "since",
    "where", "when", "if", "given", "for", "he", "she", "they", "we", "it", "that", "this",
    "meaning",
    "therefore", "thus", "hence", "after", "before", "the", "a", "an", "who", "rather", "instead",
  ]

  /// What stands behind the last equals sign: "the total = 8". Several equations about different
  /// things have no one result.
  private func equationResult(from start: Int, to end: Int) -> ValueReader.Found? {
    var last: Int?
    for index in start..<max(start, end) where isSign("=≈", at: index) {
      if let last {
        let between = lexemes[last..<index]
        if between.contains(where: { lexeme in
          ["and", "or"].contains(lexeme.word ?? "") || lexeme.isSign(",") || lexeme.isSign(";")
        }) {
          return nil
        }
      }
      last = index
    }
    guard let last, last > start else { return nil }
    return values.answer(at: last + 1)
  }

  /// The number in a sentence that begins with words: the only one, else the one behind "which is"
  /// and the like, else the first.
  private func numberInWords(from start: Int, to end: Int) -> ValueReader.Found? {
    for word in start..<min(end, start + 12) {
      if Self.comparatives.contains(where: { isPhrase($0, at: word) }) { return nil }
    }
    for which in start..<lexemes.count where word(which) == "which" {
      guard ["is", "equals", "makes", "gives"].contains(word(which + 1) ?? "") else { continue }
      if let result = values.answer(at: which + 2) { return result }
    }
    let found = values.numbers(in: start..<end, inWords: true)
    guard let first = found.first else { return nil }
    if Set(found.map(\.value)).count == 1 { return first }
    return found.last { number in
      let before = word(number.range.lowerBound - 1) ?? ""
      return ["is", "so", "thus", "equals", "total", "makes", "are", "hence", "therefore"]
        .contains(before)
    } ?? first
  }

  /// The number in a box beside words, if there is just one and nothing is calculated.
  private func onlyNumber(from start: Int, to end: Int) -> ValueReader.Found? {
    let hasMath = lexemes[start..<end].contains { lexeme in
      switch lexeme.kind {
      case .command: true
      case .sign(let sign): !".,:;!?()\"'%°-".contains(sign)
      default: false
      }
    }
    guard !hasMath, lexemes[start..<end].allSatisfy({ $0.isText || ($0.word?.count ?? 2) > 1 })
    else { return nil }
    let isDate = lexemes[start..<end].contains { lexeme in
      ValueReader.months.contains(String((lexeme.word ?? "").prefix(3)))
        && lexeme.writtenWord?.first?.isUppercase == true
    }
    let found = isDate ? [] : values.numbers(in: start..<end, inWords: true)
    return found.count == 1 ? found.first : nil
  }

  // MARK: Words

  /// The words that answer: what is quoted, else all up to a reason or a remark; "the letter",
  /// "the word" and the like in front are left out.
  func phrase(in bytes: [UInt8], from content: Int? = nil) -> Reading? {
    guard var start = content ?? contentStart(), let first = lexeme(start) else { return nil }
    let whole = first.range.lowerBound..<(lexemes.last?.range.upperBound ?? 0)
    let reader = AnswerReader(bytes: bytes, kind: .word)
    if !isWhole, let quoted = AnswerReader.quotes(in: bytes, wide(whole, in: bytes)).first {
      return reader.trimmedText(quoted)
    }
    var end = isWhole ? lexemes.count : max(start + 1, clauseStart)
    let fillers: Set<String> = [
      "the", "a", "an", "letter", "letters", "word", "string", "is", "named", "called",
    ]
    if !isWhole {
      // "the capital is Paris"
      if !isBox, let verb = (start..<end).last(where: { ["is", "was"].contains(word($0) ?? "") }),
        verb + 1 < end, verb > start
      {
        start = verb + 1
      }
      while start + 1 < end, fillers.contains(word(start) ?? "") { start += 1 }
    }
    end = max(end, start + 1)
    guard let span = Self.bytes(of: start..<min(end, lexemes.count), in: lexemes) else {
      return nil
    }
    return plainText(wide(span, in: bytes), start..<min(end, lexemes.count), reader)
  }

  /// The range with the quotes right around it.
  private func wide(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    if start > 0, bytes[start - 1] == ascii("\"") { start -= 1 }
    if start > 2, bytes[(start - 3)..<start].elementsEqual([0xE2, 0x80, 0x9C]) { start -= 3 }
    if end < bytes.count, bytes[end] == ascii("\"") { end += 1 }
    return start..<end
  }

  private func plainText(
    _ span: Range<Int>, _ range: Range<Int>, _ reader: AnswerReader
  ) -> Reading? {
    let written = reader.trimmed(span)
    guard !written.isEmpty else { return nil }
    let text = reader.text(written)
    guard text.contains("\\") || text.contains("{") || text.contains("}") else {
      return Reading(value: .text(text), range: written)
    }
    // LaTeX in one spelling.
    var isWord = false
    let plain = lexemes[range].reduce(into: "") { text, lexeme in
      let wasWord = isWord
      isWord = lexeme.isNumeric || lexeme.word != nil
      if lexeme.isSpaced, isWord, wasWord { text += " " }
      switch lexeme.kind {
      case .command(let name): text += "\\\(name)"
      case .sign("\\"): text += "\\\\"
      case .sign(let sign): text.append(sign)
      case .word(let word): text += word
      case .superscript(let power): text += "^\(power)"
      case .number(let value), .fraction(let value): text += value.description
      case .compound(let compound): text += compound
      }
    }
    return Reading(value: .text(plain), range: written)
  }

  /// The sentence as bold print: itself, or what stands behind a label's colon; nil for a heading.
  var emphasis: AnswerSentence? {
    guard !lexemes.isEmpty else { return nil }
    var start = 0
    if let colon = lexemes.lastIndex(where: { $0.isSign(":") }) {
      guard colon + 1 < lexemes.count else { return nil }
      if lexemes[..<colon].contains(where: \.isNumeric) { return nil }
      start = colon + 1
    } else if lexemes[0].word != nil, lexemes.count > 1, !isSign(").:", at: 1),
      !lexemes.contains(where: { $0.isSign("=") }),
      MathReader(lexemes).numberWords(at: 0) == nil
    {
      return nil
    }
    return AnswerSentence(Array(lexemes[start...]), isBox: false)
  }
}
