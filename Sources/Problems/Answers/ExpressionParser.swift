/// Reads arithmetic expressions: whole numbers, `+ - * /` with their usual other signs, brackets,
/// and a bracket right behind a number or a bracket as a product.
struct ExpressionParser {
  private let bytes: [UInt8]
  private let limit: Int
  private var position: Int
  private var depth = 0
  private var numbers = 0
  /// What stopped the reading, farthest on.
  private var failure: (index: Int, error: ArithmeticError)?

  /// Deeper or longer expressions are refused, so that no text can exhaust the stack.
  private static let depthLimit = 40
  private static let numberLimit = 64

  private init(_ bytes: [UInt8], range: Range<Int>) {
    self.bytes = bytes
    (position, limit) = (range.lowerBound, range.upperBound)
  }

  /// Every expression in a range of a text, from left to right, each as long as it can be.
  static func expressions(
    in bytes: [UInt8], range: Range<Int>
  ) -> [(expression: ArithmeticExpression, range: Range<Int>)] {
    var found: [(expression: ArithmeticExpression, range: Range<Int>)] = []
    var index = range.lowerBound
    while index < range.upperBound {
      guard startsExpression(bytes, at: index, in: range) else {
        index += 1
        continue
      }
      var parser = ExpressionParser(bytes, range: index..<range.upperBound)
      if let expression = parser.sum() {
        found.append((expression, index..<parser.position))
        index = parser.position
      } else if bytes[index].isASCIIDigit {
        while index < range.upperBound, bytes[index].isASCIIDigit { index += 1 }
      } else {
        index += 1
      }
    }
    return found
  }

  private static func startsExpression(
    _ bytes: [UInt8], at index: Int, in range: Range<Int>
  ) -> Bool {
    let previous = index > range.lowerBound ? bytes[index - 1] : ascii(" ")
    if previous.isASCIILetter || previous.isASCIIDigit || previous == ascii(".") { return false }
    if bytes[index].isASCIIDigit || bytes[index] == ascii("(") { return true }
    guard bytes[index] == ascii("-"), previous.isASCIISpace, index + 1 < range.upperBound else {
      return false
    }
    return bytes[index + 1].isASCIIDigit || bytes[index + 1] == ascii("(")
  }

  /// Reads a text that is one expression. Quotes and a full stop around it, and an equals sign
  /// with its value behind it or in front, are no part of it; a value that it does not come to is
  /// an error.
  static func expression(_ text: String) throws(ArithmeticError) -> ArithmeticExpression {
    let sides = text.split(separator: "=", omittingEmptySubsequences: false).map(bare)
    guard sides.count == 2 else { return try strict(sides.count == 1 ? sides[0] : bare(text[...])) }
    guard let claimed = Int(sides[1]) ?? Int(sides[0]) else { return try strict(bare(text[...])) }
    let expression = try strict(isInteger(sides[1]) ? sides[0] : sides[1])
    if let value = try? expression.value(), value != claimed {
      throw .unequal(value: value, claimed: claimed)
    }
    return expression
  }

  /// Whether an expression in a text is said to come to another value than it does.
  static func isMisjudged(
    _ found: (expression: ArithmeticExpression, range: Range<Int>), in bytes: [UInt8],
    range: Range<Int>
  ) -> Bool {
    var parser = ExpressionParser(bytes, range: found.range.upperBound..<range.upperBound)
    parser.skipSpaces()
    guard parser.position < parser.limit, bytes[parser.position] == ascii("="),
      let value = try? found.expression.value()
    else { return false }
    parser.position += 1
    guard let claimed = parser.sum(), let other = try? claimed.value() else { return false }
    return other != value
  }

  private static func bare(_ text: Substring) -> Substring {
    let marks = "\"'“”‘’`$.,;:"
    var rest = text
    while let first = rest.first, first.isWhitespace || (first != "." && marks.contains(first)) {
      rest.removeFirst()
    }
    while let last = rest.last, last.isWhitespace || marks.contains(last) { rest.removeLast() }
    return rest
  }

  private static func isInteger(_ text: Substring) -> Bool { Int(text) != nil }

  private static func strict(_ text: Substring) throws(ArithmeticError) -> ArithmeticExpression {
    let bytes = Array(text.utf8)
    guard !bytes.isEmpty else { throw .empty }
    var parser = ExpressionParser(bytes, range: 0..<bytes.count)
    let expression = parser.sum()
    parser.skipSpaces()
    if let expression, parser.position == parser.limit { return expression }
    let end = parser.position
    if expression != nil, parser.failure.map({ $0.index < end }) ?? true {
      throw parser.unexpected(at: end)
    }
    throw parser.failure?.error ?? .empty
  }

  // MARK: Grammar

  private mutating func sum() -> ArithmeticExpression? {
    skipSpaces()
    var isInverse = false
    if let sign = sign(at: position), sign.character == "-" || sign.character == "+" {
      isInverse = sign.character == "-"
      position += sign.length
    }
    guard let first = product() else { return nil }
    var terms = [ArithmeticExpression.Operand(first, isInverse: isInverse)]
    while true {
      let end = position
      skipSpaces()
      guard let sign = sign(at: position), sign.character == "+" || sign.character == "-" else {
        position = end
        break
      }
      position += sign.length
      guard let next = product() else {
        position = end
        break
      }
      terms.append(.init(next, isInverse: sign.character == "-"))
    }
    return terms.count == 1 && !isInverse ? first : .sum(terms)
  }

  private mutating func product() -> ArithmeticExpression? {
    guard let first = factor() else { return nil }
    var factors = [ArithmeticExpression.Operand(first)]
    while true {
      let end = position
      var isInverse = false
      if !(position < limit && bytes[position] == ascii("(")) {
        skipSpaces()
        guard let sign = sign(at: position), sign.character == "*" || sign.character == "/" else {
          position = end
          break
        }
        position += sign.length
        isInverse = sign.character == "/"
      }
      guard let next = factor() else {
        position = end
        break
      }
      factors.append(.init(next, isInverse: isInverse))
    }
    return factors.count == 1 ? first : .product(factors)
  }

  private mutating func factor() -> ArithmeticExpression? {
    skipSpaces()
    guard position < limit else { return fail(.endsEarly) }
    if bytes[position].isASCIIDigit { return number() }
    guard bytes[position] == ascii("(") else { return fail(unexpected(at: position)) }
    guard depth < Self.depthLimit else { return fail(.tooLong) }
    position += 1
    depth += 1
    defer { depth -= 1 }
    guard let inner = sum() else { return nil }
    skipSpaces()
    guard position < limit else { return fail(.unclosedBracket) }
    guard bytes[position] == ascii(")") else { return fail(unexpected(at: position)) }
    position += 1
    return inner
  }

  private mutating func number() -> ArithmeticExpression? {
    guard numbers < Self.numberLimit else { return fail(.tooLong) }
    let start = position
    var end = start
    while end < limit, bytes[end].isASCIIDigit { end += 1 }
    guard let value = Int(String(decoding: bytes[start..<end], as: UTF8.self)) else {
      return fail(.tooLarge)
    }
    if end + 1 < limit, bytes[end] == ascii("."), bytes[end + 1].isASCIIDigit {
      position = end
      return fail(.notAllowed("."))
    }
    numbers += 1
    position = end
    return .number(value)
  }

  // MARK: Signs

  private mutating func skipSpaces() {
    while position < limit, bytes[position] == ascii(" ") { position += 1 }
  }

  private static let signs: [(text: [UInt8], character: Character)] = [
    ("+", "+"), ("-", "-"), ("*", "*"), ("/", "/"), ("−", "-"), ("×", "*"), ("·", "*"),
    ("⋅", "*"), ("÷", "/"), ("\\times", "*"), ("\\cdot", "*"),
  ].map { (Array($0.0.utf8), $0.1) }

  private func sign(at index: Int) -> (character: Character, length: Int)? {
    guard index < limit else { return nil }
    for sign in Self.signs where index + sign.text.count <= limit {
      if bytes[index] == sign.text[0],
        bytes[index..<(index + sign.text.count)].elementsEqual(sign.text)
      {
        return (sign.character, sign.text.count)
      }
    }
    return nil
  }

  private func unexpected(at index: Int) -> ArithmeticError {
    guard let character = String(decoding: bytes[index..<limit], as: UTF8.self).first else {
      return .endsEarly
    }
    if sign(at: index) != nil || "()0123456789".contains(character) { return .misplaced(character) }
    return .notAllowed(character)
  }

  private mutating func fail(_ error: ArithmeticError) -> ArithmeticExpression? {
    if failure.map({ $0.index < position }) ?? true { failure = (position, error) }
    return nil
  }
}
