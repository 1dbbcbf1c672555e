/// Reads what a formula or a number in words is worth, from lexemes.
///
/// Every function either reads something from `position` on and returns its value, or returns nil
/// and leaves the position anywhere; callers that go on put it back.
struct MathReader {
  private(set) var lexemes: [Lexeme]
  var position: Int { didSet { farthest = max(farthest, position) } }
  private var farthest = 0
  /// Behind the last lexeme to read.
  let limit: Int
  /// Whether the text is an answer by itself, so that an exclamation mark is a factorial.
  let isWhole: Bool
  /// What `±` stands for; whether there was one.
  private var plusMinus = 1
  private var hasPlusMinus = false
  private var depth = 0

  /// Deeper formulas are not read, so that no text can exhaust the stack.
  private static let depthLimit = 24

  init(_ lexemes: [Lexeme], from start: Int = 0, to limit: Int? = nil, isWhole: Bool = false) {
    self.lexemes = lexemes
    position = start
    self.limit = min(limit ?? lexemes.count, lexemes.count)
    self.isWhole = isWhole
  }

  /// How far reading an expression from here gets, whether or not it can be read.
  var reach: Int {
    var reader = self
    _ = reader.expression()
    return reader.farthest
  }

  // MARK: Looking at lexemes

  func lexeme(_ index: Int) -> Lexeme? { index >= 0 && index < limit ? lexemes[index] : nil }
  var current: Lexeme? { lexeme(position) }
  func isSign(_ sign: Character, at index: Int) -> Bool { lexeme(index)?.isSign(sign) ?? false }
  private mutating func take(_ sign: Character) -> Bool {
    guard isSign(sign, at: position) else { return false }
    position += 1
    return true
  }
  func word(at index: Int) -> String? { lexeme(index)?.word }

  // MARK: Sums and products

  /// An expression; with `±` in it, the two that it stands for.
  mutating func expression() -> [AlgebraicForm]? {
    let start = position
    hasPlusMinus = false
    plusMinus = 1
    guard let first = sum() else { return nil }
    guard hasPlusMinus else { return [first] }
    let end = position
    position = start
    plusMinus = -1
    defer { plusMinus = 1 }
    guard let second = sum(), position == end else { return nil }
    return [first, second]
  }

  /// The sign in front of a term: 1 or -1, and how many lexemes it takes.
  private mutating func sign(at index: Int, isBinary: Bool) -> (factor: Int, length: Int)? {
    guard let lexeme = lexeme(index) else { return nil }
    switch lexeme.kind {
    case .sign("+"): return (1, 1)
    case .sign("-"): return (-1, 1)
    case .sign("–"): return (-1, 1)
    case .sign("±"):
      hasPlusMinus = true
      return (plusMinus, 1)
    case .sign("∓"):
      hasPlusMinus = true
      return (-plusMinus, 1)
    case .word:
      switch lexeme.word {
      case "plus": return (1, 1)
      case "minus": return (-1, 1)
      case "negative" where !isBinary: return (-1, 1)
      default: return nil
      }
    default: return nil
    }
  }

  mutating func sum() -> AlgebraicForm? {
    guard depth < Self.depthLimit else { return nil }
    depth += 1
    defer { depth -= 1 }
    var factor = 1
    if let sign = sign(at: position, isBinary: false) {
      factor = sign.factor
      position += sign.length
    }
    guard let first = product() else { return nil }
    var total = factor < 0 ? -first : first
    while true {
      let start = position
      guard let sign = sign(at: position, isBinary: true) else { break }
      position += sign.length
      let isSignedTerm = !isSign("-", at: position) && !isSign("+", at: position)
      guard isSignedTerm, let next = product() else {
        position = start
        break
      }
      guard let sum = total + (sign.factor < 0 ? -next : next) else { return nil }
      total = sum
    }
    if case .command("over") = current?.kind {
      position += 1
      guard let below = sum() else { return nil }
      return total.divided(by: below)
    }
    return total
  }

  /// A number, or a quotient of two: no sum and no other product.
  mutating func quotient() -> AlgebraicForm? {
    guard let above = power() else { return nil }
    let start = position
    guard take("/"), let below = power(), let value = above.divided(by: below) else {
      position = start
      return above
    }
    return value
  }

  private mutating func product() -> AlgebraicForm? {
    guard var total = power() else { return nil }
    while true {
      let start = position
      let (isQuotient, length) = operation(at: position)
      if let isQuotient {
        position += length
        var isNegative = false
        if isSign("-", at: position) { isNegative = true }
        if isNegative { position += 1 }
        guard let next = power() else {
          position = start
          return total
        }
        let signed = isNegative ? -next : next
        guard let result = isQuotient ? total.divided(by: signed) : total * signed else {
          return nil
        }
        total = result
      } else if multipliesSilently() {
        guard let next = power() else {
          position = start
          return total
        }
        guard let result = total * next else { return nil }
        total = result
      } else {
        return total
      }
    }
  }

  /// Whether a product or a quotient goes on at an index, and how many lexemes say so.
  private func operation(at index: Int) -> (isQuotient: Bool?, length: Int) {
    guard let lexeme = lexeme(index) else { return (nil, 0) }
    switch lexeme.kind {
    case .sign("*"): return (false, 1)
    case .sign("/"):
      // 5/kg is a unit.
      if let next = self.lexeme(index + 1), case .word(let word) = next.kind,
        Self.units.contains(word.lowercased()), !next.isMath || word.count > 1
      {
        return (nil, 0)
      }
      return (true, 1)
    case .word:
      switch lexeme.word {
      case "times": return (false, 1)
      case "x" where isNumber(index - 1) && startsNumber(index + 1): return (false, 1)
      case "over" where startsNumber(index + 1): return (true, 1)
      case "multiplied" where word(at: index + 1) == "by": return (false, 2)
      case "divided" where word(at: index + 1) == "by": return (true, 2)
      default: return (nil, 0)
      }
    default: return (nil, 0)
    }
  }

  private func isNumber(_ index: Int) -> Bool {
    lexeme(index).map { $0.isNumeric || $0.isSign(")") } ?? false
  }
  private func startsNumber(_ index: Int) -> Bool {
    lexeme(index).map {
      $0.number != nil || $0.isSign("(") || $0.kind == .command("frac") || $0.isSign("√")
    } ?? false
  }

  /// Whether a factor stands right behind another.
  private func multipliesSilently() -> Bool {
    guard let lexeme = current, let before = self.lexeme(position - 1) else { return false }
    let isClose = !lexeme.isSpaced || (lexeme.isMath && before.isMath)
    switch lexeme.kind {
    case .sign("("), .sign("{"):
      return isClose && !lexeme.isText
    case .sign("√"), .sign("∛"), .sign("∜"): return isClose
    case .command(let name):
      return isClose && (name == "sqrt" || name == "frac" || isFunction(name))
    case .word:
      if magnitude(at: position) != nil { return true }
      if lexeme.isText { return false }
      let word = lexeme.word ?? ""
      if ["π", "pi", "sqrt"].contains(word) { return true }
      if isFunction(word) { return isClose }
      let isApart = !isClose && !lexeme.isMath && !Self.units.contains(word)
      return (isClose || isApart) && isVariable(at: position)
    case .sign("-"): return magnitude(at: position) != nil
    case .number: return lexeme.isMath && before.isMath && !before.isNumeric && before.isSign(")")
    default: return false
    }
  }

  // MARK: Powers and factors

  private mutating func power() -> AlgebraicForm? {
    guard var base = factor() else { return nil }
    while let lexeme = current {
      switch lexeme.kind {
      case .superscript(let exponent) where !lexeme.isSpaced:
        position += 1
        guard let power = base.power(AlgebraicForm(ExactNumber(exponent))) else { return nil }
        base = power
      case .sign("^"):
        if degreeEnd(at: position) != nil { return base }
        position += 1
        guard let exponent = exponent(), let power = base.power(exponent) else { return nil }
        base = power
      case .word where ["squared", "cubed"].contains(lexeme.word ?? ""):
        position += 1
        let exponent = lexeme.word == "squared" ? 2 : 3
        guard let power = base.power(AlgebraicForm(ExactNumber(exponent))) else { return nil }
        base = power
      case .word where powerInWords(at: position) != nil:
        guard let (exponent, end) = powerInWords(at: position),
          let power = base.power(AlgebraicForm(exponent))
        else { return nil }
        position = end
        base = power
      case .word where lexeme.word == "factorial":
        position += 1
        guard let factorial = Self.factorial(base) else { return nil }
        base = factorial
      case .sign("!") where isFactorial():
        position += 1
        guard let factorial = Self.factorial(base) else { return nil }
        base = factorial
      case .sign("%"), .sign("°"):
        // Between the parts of a calculation the mark is a unit of each.
        guard let next = self.lexeme(position + 1), case .sign(let sign) = next.kind,
          "+-*/=".contains(sign), lexeme.isMath || next.isSign("=")
        else { return base }
        position += 1
      default: return base
      }
    }
    return base
  }

  private func isFactorial() -> Bool {
    guard let lexeme = current, !lexeme.isSpaced else { return false }
    if lexeme.isMath || isWhole { return true }
    // In a sentence it is an exclamation, unless the calculation goes on.
    guard let next = self.lexeme(position + 1), case .sign(let sign) = next.kind else {
      return false
    }
    return "+-*/=)".contains(sign)
  }

  private static func factorial(_ form: AlgebraicForm) -> AlgebraicForm? {
    guard let value = form.number?.int, value >= 0 else {
      return form.isConstant ? nil : AlgebraicForm(factor: "(\(form.text))!")
    }
    guard value <= 200 else { return AlgebraicForm(factor: "(\(value))!") }
    var product = ExactNumber.one
    for factor in 1...max(1, value) {
      guard let next = product * ExactNumber(factor) else { return nil }
      product = next
    }
    return AlgebraicForm(product)
  }

  private mutating func exponent() -> AlgebraicForm? {
    let isNegative = isSign("-", at: position)
    if isNegative { position += 1 }
    guard depth < Self.depthLimit, var value = factor() else { return nil }
    // 2^3^2 is 2^9.
    if isSign("^", at: position), degreeEnd(at: position) == nil {
      depth += 1
      defer { depth -= 1 }
      position += 1
      guard let power = exponent(), let raised = value.power(power) else { return nil }
      value = raised
    }
    return isNegative ? -value : value
  }

  /// The end of `°` or `^\circ` at an index.
  func degreeEnd(at index: Int) -> Int? {
    if isSign("°", at: index) { return index + 1 }
    guard isSign("^", at: index) else { return nil }
    if isSign("°", at: index + 1) { return index + 2 }
    return isSign("{", at: index + 1) && isSign("°", at: index + 2) && isSign("}", at: index + 3)
      ? index + 4 : nil
  }

  private mutating func factor() -> AlgebraicForm? {
    guard depth < Self.depthLimit, let lexeme = current else { return nil }
    depth += 1
    defer { depth -= 1 }
    switch lexeme.kind {
    case .number(let value):
      position += 1
      return mixedNumber(value, lexeme)
    case .fraction(let value):
      position += 1
      return AlgebraicForm(value)
    case .sign("("): return group("(", ")")
    case .sign("{"): return group("{", "}")
    case .sign("["): return group("[", "]")
    case .sign("|"): return absolute()
    case .sign("∞"):
      position += 1
      return AlgebraicForm(factor: "∞")
    case .sign("√"): return root(2)
    case .sign("∛"): return root(3)
    case .sign("∜"): return root(4)
    case .command("frac"):
      position += 1
      guard let above = argument(), let below = argument() else { return nil }
      return above.divided(by: below)
    case .command("sqrt"): return squareRoot()
    case .command("binom"), .command("dbinom"), .command("tbinom"):
      position += 1
      guard let above = argument(), let below = argument() else { return nil }
      return Self.binomial(above, below)
    case .command(let name) where isFunction(name): return function(name)
    case .word: return wordFactor(lexeme)
    case .sign("-"):
      // 5-million
      guard let magnitude = magnitude(at: position) else { return nil }
      position = magnitude.end
      return AlgebraicForm(magnitude.value)
    default: return nil
    }
  }

  private mutating func group(_ open: Character, _ close: Character) -> AlgebraicForm? {
    guard take(open), let inner = sum(), take(close) else { return nil }
    return inner
  }

  private mutating func absolute() -> AlgebraicForm? {
    guard take("|"), let inner = sum(), take("|") else { return nil }
    if let number = inner.number { return AlgebraicForm(number.magnitude) }
    return AlgebraicForm(factor: "|\(inner.text)|")
  }

  private mutating func root(_ degree: Int) -> AlgebraicForm? {
    position += 1
    guard let inner = factor() else { return nil }
    return inner.power(
      AlgebraicForm(ExactNumber(Natural.one, over: Natural(UInt64(degree))) ?? .one))
  }

  /// `\sqrt{2}`, `\sqrt[3]{2}`, `\sqrt2`, `sqrt(2)`.
  private mutating func squareRoot() -> AlgebraicForm? {
    position += 1
    var degree = AlgebraicForm(ExactNumber(2))
    if isSign("[", at: position) {
      guard let index = group("[", "]") else { return nil }
      degree = index
    }
    guard let inner = factor(), let exponent = AlgebraicForm(.one).divided(by: degree) else {
      return nil
    }
    return inner.power(exponent)
  }

  /// An argument of a LaTeX command: a group, or a single digit or letter.
  private mutating func argument() -> AlgebraicForm? {
    guard let lexeme = current else { return nil }
    guard lexeme.isPlainDigits, lexeme.range.count > 1, case .number(let value) = lexeme.kind else {
      return factor()
    }
    // Of \frac12 each digit is an argument.
    let digits = Array(value.description.utf8)
    guard digits.count == lexeme.range.count, let first = digits.first else {
      position += 1
      return AlgebraicForm(value)
    }
    var rest = lexeme
    rest.range = (lexeme.range.lowerBound + 1)..<lexeme.range.upperBound
    rest.kind = .number(ExactNumber(integer: digits.dropFirst().map { $0 - ascii("0") }))
    lexemes[position] = rest
    return AlgebraicForm(ExactNumber(integer: [first - ascii("0")]))
  }

  private static func binomial(_ above: AlgebraicForm, _ below: AlgebraicForm) -> AlgebraicForm? {
    guard let n = above.number?.int, let k = below.number?.int, (0...400).contains(n),
      (0...n).contains(k)
    else { return AlgebraicForm(factor: "binom(\(above.text), \(below.text))") }
    var result = ExactNumber.one
    for step in 0..<k {
      guard let scaled = result * ExactNumber(n - step),
        let inverse = ExactNumber(step + 1).inverse, let next = scaled * inverse
      else { return nil }
      result = next
    }
    return AlgebraicForm(result)
  }

  /// A number, with the fraction behind it that makes it a mixed one: `5½`, `5 1/2`.
  private mutating func mixedNumber(_ value: ExactNumber, _ lexeme: Lexeme) -> AlgebraicForm? {
    let whole = AlgebraicForm(value)
    guard lexeme.isPlainDigits, let next = current else { return whole }
    let start = position
    var part: ExactNumber?
    switch next.kind {
    case .fraction(let fraction):
      position += 1
      part = fraction
    case .command("frac"):
      position += 1
      let below = position
      if let top = argument()?.number, let bottom = argument()?.number, top.isWhole, bottom.isWhole,
        top < bottom, lexemes[below..<position].allSatisfy({ !$0.isSign("+") && !$0.isSign("-") })
      {
        part = bottom.inverse.flatMap { top * $0 }
      }
    case .number(let top)
    where next.isSpaced && next.isPlainDigits && isSign("/", at: position + 1):
      if let below = self.lexeme(position + 2), case .number(let bottom) = below.kind,
        below.isPlainDigits, !below.isSpaced, top < bottom
      {
        part = bottom.inverse.flatMap { top * $0 }
        position += 3
      }
    case .word where wordPart(of: value, at: position) != nil:
      // 3 tenths
      guard let share = wordPart(of: value, at: position) else { return whole }
      position = share.end
      return AlgebraicForm(share.value)
    case .word where cents(at: position) != nil:
      guard let cents = cents(at: position) else { return whole }
      part = cents.value
      position = cents.end
    case .word where halfBehindUnit(at: position) != nil:
      guard let half = halfBehindUnit(at: position) else { return whole }
      part = half.value
      position = half.end
    case .word where !next.isText && word(at: position) == "and":
      // 2 and a half
      position += 1
      if let fraction = fractionWords(at: position) {
        part = fraction.value
        position = fraction.end
      } else if let top = current, top.isPlainDigits, isSign("/", at: position + 1),
        let below = self.lexeme(position + 2), below.isPlainDigits, let above = top.number
      {
        // 5 and 1/2
        part = below.number?.inverse.flatMap { above * $0 }
        position += 3
      }
    default: break
    }
    guard let part, part < .one else {
      position = start
      return whole
    }
    return whole + AlgebraicForm(part)
  }
}
