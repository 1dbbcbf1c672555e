/// An arithmetic expression over whole numbers, as an answer states it: `(2 + 3) * 7`.
indirect enum ArithmeticExpression: Sendable, Hashable {
  case number(Int)
  /// Terms that are added, or subtracted where inverse. At least one.
  case sum([Operand])
  /// Factors that are multiplied, or divided by where inverse. At least one, the first not inverse.
  case product([Operand])

  /// A term or a factor.
  struct Operand: Sendable, Hashable {
    var isInverse: Bool
    public var value: ArithmeticExpression

    init(_ value: ArithmeticExpression, isInverse: Bool = false) {
      self.value = value
      self.isInverse = isInverse
    }
  }

  /// Two expressions joined by `+`, `-`, `*` or `/`.
  static func joined(
    _ sign: Character, _ left: ArithmeticExpression, _ right: ArithmeticExpression
  ) -> ArithmeticExpression {
    let isInverse = sign == "-" || sign == "/"
    let operands = [Operand(left), Operand(right, isInverse: isInverse)]
    return sign == "+" || sign == "-" ? .sum(operands) : .product(operands)
  }

  /// The numbers, from left to right.
  public var numbers: [Int] {
    switch self {
    case .number(let value): [value]
    case .sum(let operands), .product(let operands): operands.flatMap(\.value.numbers)
    }
  }

  /// Whether a quotient is in it.
  public var divides: Bool {
    switch self {
    case .number: false
    case .sum(let operands): operands.contains { $0.value.divides }
    case .product(let operands): operands.contains { $0.isInverse || $0.value.divides }
    }
  }

  var isNumber: Bool { if case .number = self { true } else { false } }

  // MARK: Value

  /// The exact value; throws where it overflows, divides by zero or is not whole.
  public func value() throws(ArithmeticError) -> Int {
    try folded { (sign, left, right) throws(ArithmeticError) in try Self.applied(sign, left, right)
    }
  }

  /// One operation on whole numbers, exact or an error.
  static func applied(_ sign: Character, _ left: Int, _ right: Int) throws(ArithmeticError) -> Int {
    let (value, overflow): (Int, Bool)
    switch sign {
    case "+": (value, overflow) = left.addingReportingOverflow(right)
    case "-": (value, overflow) = left.subtractingReportingOverflow(right)
    case "*": (value, overflow) = left.multipliedReportingOverflow(by: right)
    default:
      guard right != 0 else { throw .divisionByZero }
      let (quotient, rest) = left.dividedReportingOverflow(by: right)
      guard !rest else { throw .tooLarge }
      guard left % right == 0 else { throw .notWhole }
      (value, overflow) = (quotient, false)
    }
    guard !overflow else { throw .tooLarge }
    return value
  }

  /// The value as `apply` computes each operation: inner ones first, then from left to right.
  func folded<Failure: Error>(
    _ apply: (Character, Int, Int) throws(Failure) -> Int
  ) throws(Failure) -> Int {
    let operands: [Operand]
    let signs: (plain: Character, inverse: Character)
    switch self {
    case .number(let value): return value
    case .sum(let terms): (operands, signs) = (terms, ("+", "-"))
    case .product(let factors): (operands, signs) = (factors, ("*", "/"))
    }
    var values: [Int] = []
    for operand in operands { values.append(try operand.value.folded(apply)) }
    guard let first = operands.first, var result = values.first else { return 0 }
    if first.isInverse { result = try apply(signs.inverse, signs.plain == "+" ? 0 : 1, result) }
    for (operand, value) in zip(operands, values).dropFirst() {
      result = try apply(operand.isInverse ? signs.inverse : signs.plain, result, value)
    }
    return result
  }

  // MARK: Text

  /// The expression with spaces around its signs and brackets where they are needed.
  public var text: String {
    switch self {
    case .number(let value): String(value)
    case .sum(let terms): joined(terms, signs: (" + ", " - ", "-"))
    case .product(let factors): joined(factors, signs: (" * ", " / ", "1 / "))
    }
  }

  private func joined(
    _ operands: [Operand], signs: (plain: String, inverse: String, leading: String)
  ) -> String {
    var text = ""
    for (index, operand) in operands.enumerated() {
      if index > 0 {
        text += operand.isInverse ? signs.inverse : signs.plain
      } else if operand.isInverse {
        text += signs.leading
      }
      text += needsBrackets(operand.value) ? "(\(operand.value.text))" : operand.value.text
    }
    return text
  }

  private func needsBrackets(_ operand: ArithmeticExpression) -> Bool {
    switch (self, operand) {
    case (_, .number), (.sum, .product): false
    default: true
    }
  }

  /// The one form of all expressions that differ only in the order of terms and factors and in
  /// brackets that change nothing: what is longer first, then smaller numbers, and what is
  /// subtracted last.
  var normalized: ArithmeticExpression {
    switch self {
    case .number: return self
    case .sum(let terms):
      let flat = Self.flattened(terms) { if case .sum(let inner) = $0 { inner } else { nil } }
      if flat.count == 1, let only = flat.first, !only.isInverse { return only.value }
      return .sum(flat)
    case .product(let factors):
      let flat = Self.flattened(factors) { if case .product(let inner) = $0 { inner } else { nil } }
      if flat.count == 1, let only = flat.first, !only.isInverse { return only.value }
      return .product(flat)
    }
  }

  private static func flattened(
    _ operands: [Operand], inner: (ArithmeticExpression) -> [Operand]?
  ) -> [Operand] {
    let flat = operands.flatMap { operand -> [Operand] in
      let value = operand.value.normalized
      guard let inner = inner(value) else { return [Operand(value, isInverse: operand.isInverse)] }
      return inner.map { Operand($0.value, isInverse: $0.isInverse != operand.isInverse) }
    }
    let keyed = flat.map { operand in
      let numbers = operand.value.numbers
      return (operand: operand, numbers: numbers, text: operand.value.text)
    }
    return keyed.sorted { a, b in
      if a.operand.isInverse != b.operand.isInverse { return b.operand.isInverse }
      if a.numbers.count != b.numbers.count { return a.numbers.count > b.numbers.count }
      if a.numbers != b.numbers { return a.numbers.lexicographicallyPrecedes(b.numbers) }
      return a.text < b.text
    }.map(\.operand)
  }
}

/// Why a text is no expression, or an expression has no value.
enum ArithmeticError: Error, Hashable, Sendable, CustomStringConvertible {
  case empty
  case notAllowed(Character)
  case misplaced(Character)
  case endsEarly
  case unclosedBracket
  case tooLarge
  case tooLong
  case divisionByZero
  case notWhole
  /// It is said to come to something else than it does.
  case unequal(value: Int, claimed: Int)

  public var description: String {
    switch self {
    case .empty: "there is no expression"
    case .notAllowed(let sign): "“\(sign)” is not allowed"
    case .misplaced(let sign): "“\(sign)” is in the wrong place"
    case .endsEarly: "the expression ends too soon"
    case .unclosedBracket: "a bracket is not closed"
    case .tooLarge: "a number is too large"
    case .tooLong: "the expression is too long"
    case .divisionByZero: "it divides by zero"
    case .notWhole: "a quotient is not a whole number"
    case .unequal(let value, let claimed): "its value is \(value), not \(claimed)"
    }
  }
}
