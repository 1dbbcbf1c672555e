/// Reads a whole answer from lexemes: a number with its unit, an equation's result, a point, a
/// set, an interval, a range or several answers.
struct ValueReader {
  let lexemes: [Lexeme]
  /// Behind the last lexeme of the sentence or box.
  let limit: Int
  let isWhole: Bool
  /// For each opening bracket where it is closed, and whether a comma stands directly in it.
  private let brackets: [Int: (close: Int, hasMembers: Bool)]

  init(lexemes: [Lexeme], isWhole: Bool) {
    self.lexemes = lexemes
    limit = lexemes.count
    self.isWhole = isWhole
    brackets = Self.brackets(lexemes)
  }

  /// The same reader, with an end before the last lexeme.
  private init(_ other: ValueReader, to limit: Int) {
    lexemes = other.lexemes
    self.limit = min(limit, other.limit)
    isWhole = other.isWhole
    brackets = other.brackets
  }

  private static func brackets(
    _ lexemes: [Lexeme]
  ) -> [Int: (close: Int, hasMembers: Bool)] {
    var found: [Int: (close: Int, hasMembers: Bool)] = [:]
    var open: [(index: Int, hasMembers: Bool)] = []
    for (index, lexeme) in lexemes.enumerated() {
      guard case .sign(let sign) = lexeme.kind else { continue }
      switch sign {
      case "(", "[", "{", "⦃": open.append((index, false))
      case ")", "]", "}", "⦄":
        if let last = open.popLast() { found[last.index] = (index, last.hasMembers) }
      case ",", ";":
        if let last = open.indices.last { open[last].hasMembers = true }
      default: break
      }
    }
    return found
  }

  /// A value and the lexemes that spell it, without unit.
  struct Found {
    var value: AnswerValue
    var range: Range<Int>
    /// Where to read on.
    var end: Int
    /// What the value is said to be of: `x` in `x = 5`.
    var name: String?
    /// Whether an equation came to the value.
    var isEquation = false
  }

  private func lexeme(_ index: Int) -> Lexeme? {
    index >= 0 && index < limit ? lexemes[index] : nil
  }
  private func isSign(_ sign: Character, at index: Int) -> Bool {
    lexeme(index)?.isSign(sign) ?? false
  }
  private func word(_ index: Int) -> String? { lexeme(index)?.word }
  private func reader(_ start: Int) -> MathReader {
    MathReader(lexemes, from: start, to: limit, isWhole: isWhole)
  }

  // MARK: The answer at a place

  /// The answer that begins at an index, unless what stands behind shows that it is part of
  /// something else.
  func answer(at start: Int) -> Found? {
    guard let found = list(at: start), mayEnd(at: found.end) else { return nil }
    return found
  }

  /// One answer or several: `3`, `3, 4`, `3 and 4`, `x = 2 or x = 5`, `10 to 20`.
  private func list(at start: Int) -> Found? {
    if let range = rangeOfNumbers(at: start) { return range }
    guard var first = item(at: start) else { return nil }
    var items = [first]
    var end = first.end
    var isInWords = false
    while items.count < 200, let separator = separator(at: behindUnit(end)) {
      guard let next = item(at: separator.end) else { break }
      let tail = behindUnit(next.end)
      // Behind a comma only what stands alone goes on with the list: "8, 5 more than 3" does not.
      if separator.isComma, !isInWords, !endsListItem(at: tail, of: next) { break }
      if next.isEquation, !items[0].isEquation { break }
      isInWords = isInWords || !separator.isComma
      items.append(next)
      end = next.end
    }
    guard items.count > 1 else { return first }
    // What is too long to be read whole is not read.
    if items.count == 200, separator(at: behindUnit(end)) != nil { return nil }
    first.end = end
    let names = Set(items.compactMap(\.name))
    first.range =
      (names.isEmpty ? first.range.lowerBound : start)..<(items.last?.range.upperBound ?? end)
    let isOfOne = names.count == 1 && (items[0].name != nil || items.allSatisfy { $0.name == nil })
    if names.isEmpty || isOfOne {
      first.value = .joined(items.map(\.value))
    } else {
      first.value = .joined(
        items.map { item in
          item.name.map { .relation("\($0) = \(item.value.text)") } ?? item.value
        })
    }
    first.name = nil
    return first
  }

  /// What stands between two answers.
  private func separator(at index: Int) -> (end: Int, isComma: Bool)? {
    if isSign(",", at: index) || isSign(";", at: index) {
      if let next = word(index + 1), next == "and" || next == "or" { return (index + 2, false) }
      return (index + 1, true)
    }
    if let word = word(index), ["and", "or"].contains(word) { return (index + 1, false) }
    return isSign("&", at: index) ? (index + 1, false) : nil
  }

  private func endsListItem(at index: Int, of item: Found) -> Bool {
    guard let lexeme = lexeme(index) else { return true }
    switch lexeme.kind {
    case .sign(let sign): return ",.;!?)]:\"⦄—(".contains(sign)
    case .word:
      return ["and", "or"].contains(lexeme.word ?? "")
        || (item.end == index && lexeme.word != "of"
          && Self.clauseWords.contains(lexeme.word ?? ""))
    default: return false
    }
  }

  /// `10 to 20`, `10-20`, `between 10 and 20`, `from 10 to 20`.
  private func rangeOfNumbers(at start: Int) -> Found? {
    var index = start
    let isBetween = word(index) == "between"
    if isBetween || word(index) == "from" { index += 1 }
    var reader = reader(index)
    guard let low = bound(&reader) else { return nil }
    let lowEnd = reader.position
    var join = behindUnit(lowEnd)
    if isBetween {
      guard word(join) == "and" else { return nil }
    } else if word(join) != "to" {
      // A dash joins two numbers that rise, unless a calculation goes on.
      guard isSign("-", at: lowEnd) || isSign("–", at: lowEnd) || isSign("—", at: lowEnd) else {
        return nil
      }
      join = lowEnd
      let isTight = lexeme(join)?.isSpaced == false && lexeme(join + 1)?.isSpaced == false
      guard isTight || isSign("–", at: join), lexemes[index..<lowEnd].allSatisfy(\.isNumeric)
      else { return nil }
    }
    if isPrecision(at: join + 1) { return nil }
    reader.position = join + 1
    guard let high = bound(&reader) else { return nil }
    if let a = low.number, let b = high.number, word(join) != "to", !isBetween {
      guard a < b, !a.isNegative else { return nil }
      if let next = lexeme(reader.position), case .sign(let sign) = next.kind,
        "+-*/^=–<>≤≥".contains(sign)
      {
        return nil
      }
    }
    return Found(
      value: .range(low, high), range: start..<reader.position, end: reader.position)
  }

  /// `3 significant figures`, `2 decimal places`.
  private func isPrecision(at index: Int) -> Bool {
    let named = lexeme(index)?.isNumeric == true || reader(index).numberWords(at: index) != nil
    return named
      && ["significant", "decimal", "decimals", "digits", "places", "sf", "dp"]
        .contains(word(index + 1) ?? "")
  }

  private func bound(_ reader: inout MathReader) -> AlgebraicForm? {
    let start = reader.position
    guard let next = lexeme(start), next.isNumeric || next.isSign("-") || next.word != nil,
      let form = simpleNumber(&reader), form.number != nil
    else { return nil }
    return form
  }

  /// A number with sign and fraction but without sums.
  private func simpleNumber(_ reader: inout MathReader) -> AlgebraicForm? {
    var isNegative = false
    if let next = reader.current,
      next.isSign("-") || next.word == "minus" || next.word == "negative"
    {
      isNegative = true
      reader.position += 1
    }
    guard let value = reader.quotient() else { return nil }
    return isNegative ? -value : value
  }

  // MARK: One answer

  /// A bracketed or plain value, an equation's result or a relation.
  private func item(at start: Int, depth: Int = 0) -> Found? {
    guard depth < 12, let first = lexeme(start) else { return nil }
    var sides: [Found] = []
    var relations: [Character] = []
    var index = start
    while true {
      guard let side = side(at: index, depth: depth) else { break }
      sides.append(side)
      index = side.end
      // "12 apples = 24 halves": a unit may stand before the sign.
      guard let lexeme = lexeme(index), case .sign(let sign) = lexeme.kind,
        "=≈→≡<>≤≥≠∈".contains(sign), sides.count < 60
      else { break }
      relations.append(sign)
      index += 1
    }
    guard var last = sides.last else { return nil }
    guard !relations.isEmpty else { return last }
    if relations.count == sides.count {
      // The sign leads nowhere: "3 + 5 =".
      last.end = index
      relations.removeLast()
      guard !relations.isEmpty || sides.count == 1 else { return nil }
      if lexeme(index) != nil { return nil }
      if relations.isEmpty { return last }
    }
    let inequalities = relations.filter { !"=≈→≡∈".contains($0) }
    if inequalities.isEmpty { return equation(sides, relations, first) }
    if sides.allSatisfy({ $0.value.form?.isConstant ?? false }) {
      // "12 <= 20" says of 12 that it is small.
      var answer = sides[0]
      if let equals = relations.firstIndex(of: "="), equals == 0, sides.count > 1 {
        answer = sides[1]
      }
      answer.end = last.end
      return answer
    }
    last.value = .relation(Self.relation(sides.map(\.value.text), relations))
    last.range = sides[0].range.lowerBound..<last.range.upperBound
    last.name = nil
    return last
  }

  /// The result of a chain of equal sides: the last one that is worth something by itself.
  private func equation(_ sides: [Found], _ relations: [Character], _ first: Lexeme) -> Found? {
    guard var result = sides.last, let end = sides.last?.end else { return nil }
    let isKnown = { (side: Found) in side.value.form?.isConstant ?? true }
    if !isKnown(result), let known = sides.last(where: isKnown) { result = known }
    // Of "1/3 ≈ 0.333" the exact side.
    if let near = relations.firstIndex(of: "≈"), isKnown(sides[near]) { result = sides[near] }
    result.end = end
    if let name = sides[0].value.form, !name.isConstant { result.name = name.text }
    if case .sequence = sides[0].value { result.name = sides[0].value.text }
    result.isEquation = true
    return result
  }

  /// A relation with its smaller side first, so that `x ≥ 4` and `4 ≤ x` are one.
  private static func relation(_ sides: [String], _ relations: [Character]) -> String {
    var (sides, relations) = (sides, relations)
    let turned: [Character: Character] = ["<": ">", ">": "<", "≤": "≥", "≥": "≤"]
    if relations.contains(where: { ">≥".contains($0) }) {
      sides.reverse()
      relations = relations.reversed().map { turned[$0] ?? $0 }
    } else if relations == ["≠"] {
      sides.sort(by: >)
    }
    return zip([" "] + relations.map { " \($0) " }, sides).reduce(into: "") { text, part in
      text += text.isEmpty ? part.1 : part.0 + part.1
    }
  }

  private func side(at start: Int, depth: Int) -> Found? {
    if let bracketed = brackets(at: start, depth: depth) { return bracketed }
    var reader = reader(start)
    guard let forms = reader.expression(), reader.position > start else { return nil }
    let value = AnswerValue.joined(forms.map { .form($0) })
    let isConstant = forms.allSatisfy(\.isConstant)
    // A unit may stand between the value and an equals sign.
    var end = reader.position
    let unit = behindUnit(end)
    if unit > end, isConstant, isSign("=", at: unit) { end = unit }
    return Found(value: value, range: start..<reader.position, end: end)
  }

  /// `(3, 4)`, `[0, 1)`, `{1, 2}`, and unions of intervals.
  private func brackets(at start: Int, depth: Int) -> Found? {
    guard let first = bracket(at: start, depth: depth) else { return nil }
    guard case .sequence = first.value, isSign("∪", at: first.end) else { return first }
    var (members, last) = ([first.value], first)
    while isSign("∪", at: last.end), members.count < 40,
      let next = bracket(at: last.end + 1, depth: depth)
    {
      members.append(next.value)
      last = next
    }
    guard members.count > 1 else { return nil }
    return Found(
      value: .union(Set(members)), range: start..<last.end, end: last.end)
  }

  private func bracket(at start: Int, depth: Int) -> Found? {
    guard depth < 12, let lexeme = lexeme(start), case .sign(let open) = lexeme.kind,
      "([{⦃".contains(open), let (close, hasMembers) = brackets[start], close < limit,
      hasMembers || open == "⦃"
    else { return nil }
    var members: [AnswerValue] = []
    var index = start + 1
    let inner = ValueReader(self, to: close)
    while index < close {
      guard let member = inner.item(at: index, depth: depth + 1) else { return nil }
      var value = member.value
      if let name = member.name { value = .relation("\(name) = \(value.text)") }
      members.append(value)
      index = inner.behindUnit(member.end)
      guard index < close else { break }
      guard inner.isSign(",", at: index) || inner.isSign(";", at: index), index + 1 < close else {
        return nil
      }
      index += 1
    }
    guard !members.isEmpty || open == "⦃", case .sign(let end)? = self.lexeme(close)?.kind else {
      return nil
    }
    let value: AnswerValue =
      open == "⦃" || open == "{"
      ? .joined(members) : .sequence(open: open, members, close: end)
    return Found(value: value, range: start..<(close + 1), end: close + 1)
  }

  // MARK: What stands behind a value

  /// Words that begin a reason, a condition or another clause.
  static let clauseWords: Set<String> = [
    "because", "since", "as", "when", "if", "where", "which", "while", "for", "so", "thus", "hence",
    "therefore", "but", "not", "with", "given", "after", "before", "in", "on", "at", "from", "by",
    "of", "than", "that", "this", "i", "we", "he", "she", "it", "they", "you", "is", "are", "was",
    "and", "or", "to", "due", "under", "until", "unlike", "instead", "rather", "namely", "i.e",
    "e.g",
    "provided", "assuming", "whenever", "exactly", "approximately", "about", "then", "has", "have",
    "please", "hope", "all", "each", "left", "total", "altogether", "today", "only", "modulo",
    "mod",
    "because,", "note", "however", "although", "though", "out", "has", "will", "would", "can",
  ]

  /// Behind the unit, percent sign or degrees at an index.
  func behindUnit(_ start: Int) -> Int {
    var index = start
    while let lexeme = lexeme(index) {
      if let end = reader(index).degreeEnd(at: index) {
        index = end
        continue
      }
      switch lexeme.kind {
      case .sign("%"), .sign("′"), .sign("″"): index += 1
      case .superscript where index > start: index += 1
      case .sign("^") where index > start && self.lexeme(index - 1)?.word != nil:
        // m^2, m^{2}
        guard let next = self.lexeme(index + 1) else { return index }
        if next.number != nil {
          index += 2
        } else if isSign("{", at: index + 1), self.lexeme(index + 2)?.number != nil,
          isSign("}", at: index + 3)
        {
          index += 4
        } else if isSign("{", at: index + 1), isSign("-", at: index + 2), isSign("}", at: index + 4)
        {
          index += 5
        } else {
          return index
        }
      case .sign("/") where index >= start && self.lexeme(index + 1)?.word != nil: index += 1
      case .sign("*") where index > start && self.lexeme(index + 1)?.word != nil: index += 1
      case .sign("-")
      where !lexeme.isSpaced && self.lexeme(index + 1)?.word != nil
        && self.lexeme(index + 1)?.isSpaced == false:
        index += 1
      case .word:
        let word = lexeme.word ?? ""
        let previous = self.lexeme(index - 1)
        let isAfterSlash = index > start && (previous?.isSign("/") ?? false)
        if Self.clauseWords.contains(word), !isAfterSlash,
          !(word == "in" && index == start && !lexeme.isSpaced)
        {
          return index
        }
        if index - start >= 8 { return index }
        index += 1
      default: return index
      }
    }
    return index
  }

  /// Whether an answer may end here, with a unit behind it: nothing follows that would make it
  /// part of something else.
  private func mayEnd(at start: Int) -> Bool {
    if reader(start).numberWords(at: start) != nil { return false }
    if let unit = lexeme(start), let word = unit.word {
      // 2h30, 25 December
      let digits = word.drop { !$0.isNumber }.prefix(while: \.isNumber)
      if digits.count > 1
        || (word.hasPrefix("h") && digits.count == word.count - 1 && word.count > 1)
      {
        return false
      }
      if Self.months.contains(String(word.prefix(3))), unit.writtenWord?.first?.isUppercase == true
      {
        return false
      }
    }
    let end = behindUnit(start)
    guard let lexeme = lexeme(end) else { return true }
    if ["less", "more", "fewer"].contains(word(start) ?? ""), word(start + 1) == "than",
      self.lexeme(start + 2)?.isNumeric == true
    {
      return false
    }
    switch lexeme.kind {
    case .command(let name): return ["pmod", "bmod", "mod"].contains(name)
    case .number, .fraction, .compound, .superscript: return false
    case .word:
      switch lexeme.word {
      case "or", "and":
        // "5 or more", "5 and above"
        return !Self.openEnds.contains(word(end + 1) ?? "")
      case "to" where isPrecision(at: end + 1): return true
      case "to", "by", "through": return self.lexeme(end + 1)?.isNumeric != true
      default: return true
      }
    case .sign(let sign):
      if sign == "…", self.lexeme(end + 1)?.isNumeric == true,
        self.lexeme(end + 1)?.isSpaced == false
      {
        return false
      }
      // "72: 48 in April plus 24 in May" gives a reason.
      if sign == ":", !lexeme.isSpaced, self.lexeme(end + 1)?.isSpaced == true,
        word(end + 2) != nil
      {
        return true
      }
      // 3 : 4, 5' 3"
      if ":'\"".contains(sign), self.lexeme(end + 1)?.isNumeric == true { return false }
      if sign == "—", !lexeme.isSpaced, self.lexeme(end + 1)?.isNumeric == true { return false }
      if ".,;:!?)(]\"'—…}⦄&|\\#".contains(sign) { return !(sign == "!" && lexeme.isMath) }
      // A dash with a space on both sides is punctuation.
      if sign == "-" || sign == "–" {
        return lexeme.isSpaced && self.lexeme(end + 1)?.isNumeric != true
      }
      return sign.unicodeScalars.first.map { $0.value > 0x2600 } ?? false
    }
  }

  static let months: Set<String> = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]

  private static let openEnds: Set<String> = [
    "more", "less", "fewer", "greater", "higher", "lower", "above", "below", "larger", "smaller",
    "up", "over", "under", "older", "younger",
  ]

  // MARK: Numbers in a text

  private static let failureLimit = 12

  /// The numbers of a text and the results of the calculations in it, in order; what is only part
  /// of something else is none of them.
  ///
  /// - Parameter inWords: Whether numbers in words count; `one` and `a` never do.
  ///   Nothing behind the range is looked at.
  func numbers(in range: Range<Int>, inWords: Bool = false) -> [Found] {
    let part = range.upperBound < limit ? ValueReader(self, to: range.upperBound) : self
    return part.numbers(from: range.lowerBound, inWords: inWords)
  }

  private func numbers(from first: Int, inWords: Bool) -> [Found] {
    var found: [Found] = []
    var index = first
    var failures = 0
    while index < limit {
      guard let start = numberStart(at: index, inWords: inWords) else {
        index += 1
        continue
      }
      var (number, next) = number(at: start)
      if let number, !isTakenAway(start), !isRejected(at: behindUnit(number.end)) {
        found.append(number)
      }
      if number == nil {
        // What cannot be read is looked through from its inside, but not without end.
        failures += 1
        if failures > Self.failureLimit { next = max(next, reader(start).reach) }
      }
      index = max(next, index + 1)
    }
    return found
  }

  /// Where a number or a calculation begins that an index lies in.
  private func numberStart(at index: Int, inWords: Bool) -> Int? {
    guard let lexeme = lexeme(index) else { return nil }
    switch lexeme.kind {
    case .number, .fraction: return index
    case .sign(let sign):
      if "√(∛∜[".contains(sign) { return index }
      guard "-–".contains(sign), let next = self.lexeme(index + 1), !next.isSpaced || lexeme.isMath,
        lexeme.isSpaced || index == 0 || self.lexeme(index - 1)?.word == nil
      else { return nil }
      return next.isNumeric || next.isSign("(") || next.kind == .command("frac")
        || next.kind == .command("sqrt") ? index : nil
    case .command(let name): return ["frac", "sqrt"].contains(name) ? index : nil
    case .word:
      guard let word = lexeme.word else { return nil }
      if ["π", "sqrt"].contains(word) { return index }
      if ["square", "cube"].contains(word), self.word(index + 1) == "root" { return index }
      if ["minus", "negative"].contains(word), self.lexeme(index + 1)?.isNumeric == true {
        return index
      }
      guard inWords, !["one", "a", "an", "second", "quarter", "third", "zero"].contains(word) else {
        return nil
      }
      return reader(index).numberWords(at: index) != nil ? index : nil
    default: return nil
    }
  }

  private func number(at start: Int) -> (found: Found?, next: Int) {
    if let range = rangeOfNumbers(at: start) { return (nil, range.end) }
    if start > 0, let word = word(start - 1), word == "between" || word == "from",
      let range = rangeOfNumbers(at: start - 1)
    {
      return (nil, range.end)
    }
    guard var found = item(at: start) else {
      // "2 + apples": the readable part alone is not what was said.
      return (nil, start + 1)
    }
    if word(found.end) == "or", let other = item(at: found.end + 1), other.value != found.value {
      return (nil, other.end)
    }
    // "the 3rd day"
    if let next = lexeme(found.end), !next.isSpaced,
      ["st", "nd", "rd", "th"].contains(next.word ?? "")
    {
      return (nil, found.end + 1)
    }
    guard found.value.form?.isConstant ?? false else { return (nil, found.end) }
    found.name = nil
    return (found, found.end)
  }

  private static let wrong: Set<String> = ["wrong", "incorrect"]

  /// "is not the answer", "is wrong" at an index.
  private func isRejected(at index: Int) -> Bool {
    guard let verb = word(index), ["is", "isn't"].contains(verb) else { return false }
    if verb == "is", Self.wrong.contains(word(index + 1) ?? "") { return true }
    guard verb == "isn't" || word(index + 1) == "not" else { return false }
    return lexemes[min(index + 1, limit)..<min(index + 5, limit)].contains { lexeme in
      ["answer", "correct", "right"].contains(lexeme.word ?? "")
    }
  }

  /// Whether a number is named only to say that it is not the answer, or as a label.
  private func isTakenAway(_ start: Int) -> Bool {
    guard let before = word(start - 1) else { return false }
    // f(5); "the wrong answer is 5"
    if isSign("(", at: start), lexeme(start)?.isSpaced == false, before.count == 1 { return true }
    if before == "is", word(start - 2) == "answer", Self.wrong.contains(word(start - 3) ?? "") {
      return true
    }
    if before == "be", let modal = word(start - 2),
      ["not", "cannot"].contains(modal) || modal.hasSuffix("n't")
    {
      return true
    }
    return ["not", "never", "question", "step", "part", "problem", "than"].contains(before)
      || before.hasSuffix("n't")
  }
}

/// A number found in text: where it stands and what it is worth.
struct ScannedNumber: Hashable {
  /// The bytes of the number itself: a minus sign and digits, without unit, percent sign or
  /// closing period.
  var range: Range<Int>
  var value: ExactNumber
}

/// Finds the numbers written in a text, each by itself: of `3 + 5 = 8` all three.
struct NumberScanner {
  let bytes: [UInt8]

  /// All numbers within a range, in order; nothing outside the range is looked at.
  func numbers(in range: Range<Int>) -> [ScannedNumber] {
    let lexemes = AnswerScanner.lexemes(in: bytes, range: range)
    var found: [ScannedNumber] = []
    var index = 0
    while index < lexemes.count {
      var start = index
      var reader = MathReader(lexemes, from: index)
      guard lexemes[index].isNumeric || lexemes[index].kind == .command("frac"),
        let form = reader.quotient(), let value = form.number
      else {
        index += 1
        continue
      }
      var isNegative = false
      if start > 0, lexemes[start - 1].isSign("-"), !lexemes[start].isSpaced {
        let before = start > 1 ? lexemes[start - 2] : nil
        let isSubtraction =
          !lexemes[start - 1].isSpaced
          && before.map {
            $0.isNumeric || $0.word != nil || $0.isSign(")") || $0.isSign("}")
          } ?? false
        isNegative = !isSubtraction
      }
      if isNegative { start -= 1 }
      if let range = AnswerSentence.bytes(of: start..<reader.position, in: lexemes) {
        found.append(ScannedNumber(range: range, value: isNegative ? -value : value))
      }
      index = max(reader.position, index + 1)
    }
    return found
  }
}
