/// Numbers in words, functions, variables and units.
extension MathReader {
  /// Units that stand behind a number, where a letter alone could be a variable.
  static let units: Set<String> = [
    "h", "m", "s", "g", "l", "t", "w", "v", "c", "f", "kg", "mg", "km", "cm", "mm", "nm", "dm",
    "ft",
    "in", "yd", "mi", "oz", "lb", "lbs", "ml", "cl", "dl", "min", "mins", "hr", "hrs", "sec",
    "secs",
    "ms", "kmh", "mph", "kph", "hz", "khz", "mhz", "kw", "kwh", "kj", "pa", "kpa", "mol", "cc",
    "sq",
    "cu", "ha", "pt", "qt", "gal", "px", "rad", "deg", "db", "ev", "gb", "mb", "kb", "tb", "am",
    "pm", "hour", "day", "week", "month", "year", "minute", "second", "person", "unit", "mile",
    "kcal",
    "pcs", "usd", "eur", "gbp", "cny", "jpy", "inr", "rs", "st", "nd", "rd", "th",
  ]

  private static let functions: Set<String> = [
    "sin", "cos", "tan", "sec", "csc", "cot", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
    "log", "ln", "lg", "exp", "gcd", "lcm", "max", "min", "det", "binom",
  ]

  func isFunction(_ name: String) -> Bool {
    Self.functions.contains(String(name.prefix { $0 != "_" }))
  }

  mutating func wordFactor(_ lexeme: Lexeme) -> AlgebraicForm? {
    guard let word = lexeme.word else { return nil }
    if let number = numberWords(at: position) {
      position = number.end
      return AlgebraicForm(number.value)
    }
    if let times = ["twice": 2, "double": 2, "triple": 3, "thrice": 3][word],
      let number = self.lexeme(position + 1)?.number
    {
      position += 2
      return (ExactNumber(times) * number).map { AlgebraicForm($0) }
    }
    if word == "half", self.word(at: position + 1) == "of",
      let number = self.lexeme(position + 2)?.number, let half = ExactNumber(2).inverse
    {
      position += 3
      return (half * number).map { AlgebraicForm($0) }
    }
    if !lexeme.isText || lexeme.isMath {
      switch word {
      case "π", "pi":
        position += 1
        return AlgebraicForm(factor: "π")
      case "sqrt":
        return radical(degree: 2, length: 1)
      case "infinity":
        position += 1
        return AlgebraicForm(factor: "∞")
      case "square" where self.word(at: position + 1) == "root": return rootOf(2)
      case "cube" where self.word(at: position + 1) == "root": return rootOf(3)
      default: break
      }
    }
    if let magnitude = magnitude(at: position), position > 0 {
      position = magnitude.end
      return AlgebraicForm(magnitude.value)
    }
    if lexeme.isText { return nil }
    if isFunction(word), word != "min" && word != "max" || isSign("(", at: position + 1) {
      return function(word)
    }
    guard isVariable(at: position), let written = lexeme.writtenWord else { return nil }
    position += 1
    if written.contains("_") || written.count == 1 {
      return AlgebraicForm(factor: written.filter { $0 != "{" && $0 != "}" })
    }
    return written.reduce(AlgebraicForm(.one)) { product, letter in
      product.flatMap { $0 * AlgebraicForm(factor: String(letter)) }
    }
  }

  private mutating func radical(degree: UInt64, length: Int) -> AlgebraicForm? {
    position += length
    guard let inner = radicand() else { return nil }
    return inner.power(AlgebraicForm(ExactNumber(.one, over: Natural(degree)) ?? .one))
  }

  /// What a root is taken of: a group or the next number.
  private mutating func radicand() -> AlgebraicForm? {
    var reader = self
    guard let next = current, next.isSign("(") || next.isSign("{") || next.number != nil else {
      return nil
    }
    guard let inner = next.number.map({ AlgebraicForm($0) }) ?? reader.bracketed() else {
      return nil
    }
    if next.number != nil { reader.position += 1 }
    self = reader
    return inner
  }

  private mutating func bracketed() -> AlgebraicForm? {
    let close: Character = isSign("{", at: position) ? "}" : ")"
    position += 1
    guard let inner = sum(), isSign(close, at: position) else { return nil }
    position += 1
    return inner
  }

  private mutating func rootOf(_ degree: UInt64) -> AlgebraicForm? {
    let length = word(at: position + 2) == "of" ? 3 : 2
    return radical(degree: degree, length: length)
  }

  /// A function of what stands in brackets behind it, or of the next number or letter: a factor
  /// of its own, since it is not worked out.
  mutating func function(_ name: String) -> AlgebraicForm? {
    position += 1
    var raised = ""
    if isSign("^", at: position) {
      position += 1
      guard let exponent = current?.number else { return nil }
      position += 1
      raised = "^\(exponent)"
    }
    var arguments: [String] = []
    if isSign("(", at: position) || isSign("{", at: position) {
      let close: Character = isSign("{", at: position) ? "}" : ")"
      position += 1
      repeat {
        if isSign(",", at: position) { position += 1 }
        guard let argument = sum() else { return nil }
        arguments.append(argument.text)
      } while isSign(",", at: position)
      guard isSign(close, at: position) else { return nil }
      position += 1
    } else if let number = current?.number {
      position += 1
      arguments = [number.description]
    } else if let letter = current?.writtenWord, letter.count == 1 {
      position += 1
      arguments = [letter]
    } else if case .command? = current?.kind {
      guard let argument = commandArgument() else { return nil }
      arguments = [argument.text]
    } else {
      return nil
    }
    let plain = name.filter { $0 != "{" && $0 != "}" }
    guard arguments.joined().utf8.count < 200 else { return nil }
    return AlgebraicForm(factor: "\(plain)\(raised)(\(arguments.joined(separator: ", ")))")
  }

  private mutating func commandArgument() -> AlgebraicForm? {
    var reader = MathReader(lexemes, from: position, to: limit, isWhole: isWhole)
    guard case .command(let name)? = current?.kind, name == "frac" || name == "sqrt",
      let value = reader.sum()
    else { return nil }
    position = reader.position
    return value
  }

  // MARK: Variables

  /// Whether a word is a product of variables: in a formula, or glued to a formula.
  func isVariable(at index: Int) -> Bool {
    guard let lexeme = lexeme(index), let written = lexeme.writtenWord, !lexeme.isText else {
      return false
    }
    let isIndexed = written.dropFirst().first == "_"
    let isGreek =
      written.unicodeScalars.count == 1
      && written.unicodeScalars.allSatisfy {
        (0x370...0x3FF).contains($0.value)
      }
    if isGreek { return true }
    guard isIndexed || written.utf8.allSatisfy(\.isASCIILetter) else { return false }
    if lexeme.isMath {
      if isIndexed || written.count == 1 { return true }
      return written.count <= 3 && !Self.units.contains(written.lowercased())
        && ["and", "or", "to", "not", "if", "for", "of", "yes", "no", "is", "the"]
          .contains(written.lowercased()) == false
    }
    guard isIndexed || written.count <= 2 else { return false }
    let before = self.lexeme(index - 1)
    let after = self.lexeme(index + 1)
    func isOperator(_ lexeme: Lexeme?, _ signs: String) -> Bool {
      guard let lexeme, case .sign(let sign) = lexeme.kind else { return false }
      return signs.contains(sign)
    }
    if !lexeme.isSpaced, let before {
      // 2x, (a + b)c, 7/x
      if before.isNumeric || before.isSign(")") {
        return (!Self.units.contains(written.lowercased()) && (written.count == 1 || isWhole))
          || isIndexed
      }
      if isOperator(before, "*/^+-=(<>≤≥√,") { return written.count == 1 || isIndexed }
    }
    guard written.count == 1 || isIndexed else { return false }
    if let before, lexeme.isSpaced {
      // 5 x, 2π r
      if before.isNumeric, "xyzn".contains(written), isEnd(index + 1) { return true }
      if before.word == "π" { return true }
    }
    if case .superscript? = after?.kind, after?.isSpaced == false { return true }
    if isOperator(after, "^*/+=<>≤≥≠∈≡≈→")
      || (isOperator(after, "-") && after?.isSpaced == isSpacedAfter(index + 1))
    {
      return true
    }
    return isOperator(before, "*/+-=<>≤≥(,") && !["a", "A", "I"].contains(written)
  }

  private func isEnd(_ index: Int) -> Bool {
    guard let next = lexeme(index) else { return true }
    if case .sign(let sign) = next.kind { return ".,;:!?)".contains(sign) }
    return false
  }

  private func isSpacedAfter(_ index: Int) -> Bool { lexeme(index + 1)?.isSpaced ?? true }

  // MARK: Numbers in words

  private static let cardinals: [String: Int] = {
    var values: [String: Int] = [:]
    for (value, word) in [
      "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
      "eleven",
      "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ].enumerated() { values[word] = value }
    for (index, word) in [
      "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ].enumerated() { values[word] = 20 + 10 * index }
    values["fourty"] = 40
    return values
  }()

  private static let scales: [String: Int] = [
    "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "quadrillion": 15, "mln": 6, "bn": 9,
    "lakh": 5, "crore": 7,
  ]

  private static let parts: [String: Int] = [
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4,
    "fourths": 4, "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7,
    "eighth": 8, "eighths": 8, "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10,
    "hundredth": 100, "hundredths": 100,
  ]

  /// What multiplies the number in front of it: `million`, `k`.
  func magnitude(at index: Int) -> (value: ExactNumber, end: Int)? {
    if isSign("-", at: index), lexeme(index)?.isSpaced == false,
      lexeme(index + 1)?.isSpaced == false, lexeme(index - 1)?.number != nil,
      let tens = word(at: index + 1).flatMap({ Self.scales[$0] })
    {
      return (ExactNumber(integer: [1], exponent: tens), index + 2)
    }
    guard let lexeme = lexeme(index), let written = lexeme.writtenWord,
      let before = self.lexeme(index - 1),
      before.isNumeric || before.isSign("}")
        || before.word.map({
          Self.scales[$0] != nil || Self.parts[$0] != nil || $0 == "hundred"
        }) ?? false
    else { return nil }
    let word = written.lowercased()
    if word == "hundred" { return (ExactNumber(100), index + 1) }
    if word == "dozen" { return (ExactNumber(12), index + 1) }
    if let tens = Self.scales[word] {
      return (ExactNumber(integer: [1], exponent: tens), index + 1)
    }
    // \text{k} behind a number of a formula
    if lexeme.isMath, lexeme.isText, written == "k", before.number != nil {
      return (ExactNumber(1_000), index + 1)
    }
    guard !lexeme.isSpaced, before.number != nil, !lexeme.isMath || lexeme.isText else {
      return nil
    }
    switch written {
    case "k", "K": return (ExactNumber(1_000), index + 1)
    case "M", "mn": return (ExactNumber(1_000_000), index + 1)
    case "B": return (ExactNumber(1_000_000_000), index + 1)
    default: return nil
    }
  }

  /// Whether two words belong to one number: spaced, or with a hyphen between.
  private func next(after index: Int) -> Int {
    isSign("-", at: index) && lexeme(index)?.isSpaced == false
      && lexeme(index + 1)?.isSpaced == false
      ? index + 1 : index
  }

  /// A number in words at an index: `eight`, `twenty-five`, `two thirds`, `one and a half`.
  func numberWords(at start: Int) -> (value: ExactNumber, end: Int)? {
    if let multiple = multiple(at: start) { return multiple }
    if let fraction = fractionWords(at: start) { return fraction }
    guard var whole = cardinalWords(at: start) else { return nil }
    if let decimals = pointWords(at: whole.end) {
      let part = ExactNumber(integer: [0], fraction: decimals.digits)
      return (whole.value + part).map { ($0, decimals.end) }
    }
    if word(at: whole.end) == "and", let fraction = fractionWords(at: whole.end + 1) {
      return (whole.value + fraction.value).map { ($0, fraction.end) }
    }
    // "one of them" counts nothing.
    if whole.value == .one, word(at: whole.end) == "of" { return nil }
    let hyphened = next(after: whole.end)
    if let part = word(at: hyphened).flatMap({ Self.parts[$0] }) {
      guard let inverse = ExactNumber(part).inverse, let value = whole.value * inverse else {
        return nil
      }
      whole = (value, hyphened + 1)
    }
    return whole
  }

  /// `half a million`, `half a dozen`; `an hour and a half`.
  private func multiple(at start: Int) -> (value: ExactNumber, end: Int)? {
    if word(at: start) == "half", ["a", "an"].contains(word(at: start + 1) ?? ""),
      let scale = word(at: start + 2), let half = ExactNumber(2).inverse
    {
      if scale == "dozen" { return (ExactNumber(6), start + 3) }
      guard let tens = Self.scales[scale] else { return nil }
      return (half * ExactNumber(integer: [1], exponent: tens)).map { ($0, start + 3) }
    }
    guard ["a", "an", "one"].contains(word(at: start) ?? ""), let unit = word(at: start + 1),
      Self.parts[unit] == nil
    else { return nil }
    return halfBehindUnit(at: start + 1).flatMap { part in
      (ExactNumber.one + part.value).map { ($0, part.end) }
    }
  }

  /// The part behind a unit: `hour and a half`.
  func halfBehindUnit(at index: Int) -> (value: ExactNumber, end: Int)? {
    guard let unit = word(at: index), unit != "and", Self.cardinals[unit] == nil,
      Self.scales[unit] == nil, unit != "hundred", unit != "dozen",
      word(at: index + 1) == "and", word(at: index + 2) == "a",
      let part = word(at: index + 3), part == "half" || part == "quarter",
      let value = ExactNumber(part == "half" ? 2 : 4).inverse, word(at: index + 4) != "of"
    else { return nil }
    return (value, index + 4)
  }

  /// `tenths` behind a number: with four and more quarters, coins are meant.
  func wordPart(of count: ExactNumber, at index: Int) -> (value: ExactNumber, end: Int)? {
    guard let part = word(at: index), let parts = Self.parts[part], lexeme(index)?.isSpaced == true,
      part.hasSuffix("s") || count == .one, part != "quarters" || count < ExactNumber(4),
      let value = ExactNumber(parts).inverse.flatMap({ count * $0 })
    else { return nil }
    return (value, index + 1)
  }

  /// `dollars and 25 cents`, `and 25 cents` behind a number.
  func cents(at start: Int) -> (value: ExactNumber, end: Int)? {
    let index = ["dollars", "dollar"].contains(word(at: start) ?? "") ? start + 1 : start
    guard word(at: index) == "and", let count = lexeme(index + 1)?.number, count < ExactNumber(100),
      ["cents", "cent"].contains(word(at: index + 2) ?? ""),
      let value = ExactNumber(100).inverse.flatMap({ count * $0 })
    else { return nil }
    return (value, index + 3)
  }

  /// `to the power of 10`, `to the 10th power`, `to the third` behind a number.
  func powerInWords(at start: Int) -> (exponent: ExactNumber, end: Int)? {
    var index = start
    if word(at: index) == "raised" { index += 1 }
    guard word(at: index) == "to", word(at: index + 1) == "the" else { return nil }
    index += 2
    if word(at: index) == "power" {
      index += word(at: index + 1) == "of" ? 2 : 1
      let sign = isSign("-", at: index) ? 1 : 0
      if let number = lexeme(index + sign)?.number {
        return (sign == 1 ? -number : number, index + sign + 1)
      }
      return cardinalWords(at: index).map { ($0.value, $0.end) }
    }
    if let number = lexeme(index)?.number,
      ["st", "nd", "rd", "th"].contains(word(at: index + 1) ?? ""), word(at: index + 2) == "power"
    {
      return (number, index + 3)
    }
    let ordinals = [
      "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    ]
    guard let place = word(at: index).flatMap({ ordinals.firstIndex(of: $0) }) else { return nil }
    let isNamed = word(at: index + 1) == "power"
    guard isNamed || lexeme(index + 1)?.word == nil else { return nil }
    return (ExactNumber(place + 2), index + (isNamed ? 2 : 1))
  }

  /// `point five` behind a whole number, digit by digit.
  private func pointWords(at start: Int) -> (digits: [UInt8], end: Int)? {
    guard word(at: start) == "point" else { return nil }
    var (digits, end) = ([UInt8](), start + 1)
    while digits.count < 40, let digit = word(at: end).flatMap({ Self.cardinals[$0] }), digit < 10 {
      digits.append(UInt8(digit))
      end += 1
    }
    return digits.isEmpty ? nil : (digits, end)
  }

  /// `a half`, `half`, `one third`, `three quarters`.
  func fractionWords(at start: Int) -> (value: ExactNumber, end: Int)? {
    var index = start
    var count = 1
    var isCounted = false
    if let word = word(at: index), ["a", "an"].contains(word) {
      index += 1
      isCounted = true
    } else if let word = word(at: index), let value = Self.cardinals[word], value > 0 {
      count = value
      index = next(after: index + 1)
      isCounted = true
    }
    guard let word = word(at: index), let part = Self.parts[word], isCounted || word == "half",
      !(["second", "seconds"].contains(word))
    else { return nil }
    guard let inverse = ExactNumber(part).inverse, let value = ExactNumber(count) * inverse else {
      return nil
    }
    // "half of the apples", "a third of 9" are shares of something.
    return self.word(at: index + 1) == "of" && self.word(at: index + 2) == nil
      ? nil : (value, index + 1)
  }

  private func cardinalWords(at start: Int) -> (value: ExactNumber, end: Int)? {
    var index = start
    var total = 0
    var group: Int?
    var tens = false
    if let word = word(at: index), ["a", "an"].contains(word), let next = self.word(at: index + 1),
      next == "hundred" || next == "dozen" || Self.scales[next] != nil
    {
      group = 1
      index += 1
    }
    scan: while true {
      let at = group == nil ? index : next(after: index)
      guard let word = word(at: at) else { break }
      switch word {
      case "hundred":
        guard let value = group, value < 100 else { break scan }
        group = value * 100
        tens = false
      case "dozen":
        guard let value = group, total == 0 else { break scan }
        return (ExactNumber(value * 12), at + 1)
      case "and" where group != nil || total > 0:
        // one hundred and five
        guard group.map({ $0 % 100 == 0 && $0 > 0 }) ?? true, let next = self.word(at: at + 1),
          Self.cardinals[next].map({ $0 > 0 }) ?? false, fractionWords(at: at + 1) == nil
        else { break scan }
        index = at + 1
        continue scan
      default:
        if let value = Self.cardinals[word] {
          if value >= 20 {
            guard group.map({ $0 % 100 == 0 && $0 > 0 }) ?? true else { break scan }
            group = (group ?? 0) + value
            tens = true
          } else {
            guard
              group == nil || (group.map { $0 % 100 == 0 && $0 > 0 } ?? false)
                || (tens && value > 0 && value < 10 && (group ?? 0) % 10 == 0)
            else { break scan }
            group = (group ?? 0) + value
            tens = false
          }
        } else if let scale = Self.scales[word], scale <= 15, let value = group {
          let factor = (0..<scale).reduce(1) { product, _ in product * 10 }
          let (product, overflow) = value.multipliedReportingOverflow(by: factor)
          guard !overflow, total < Int.max - product else { break scan }
          total += product
          group = nil
          tens = false
        } else {
          break scan
        }
      }
      index = at + 1
    }
    guard group != nil || total > 0 else { return nil }
    return (ExactNumber(total + (group ?? 0)), index)
  }
}
