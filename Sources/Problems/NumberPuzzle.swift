/// Given numbers, each to be used exactly once, that are to make a target.
struct NumberPuzzle: Sendable, Hashable {
  var numbers: [Int]
  var target: Int
  /// Whether one number may be subtracted from another.
  var subtracts = true

  /// Checks an expression with exact whole numbers.
  func check(_ answer: String) -> AnswerVerdict {
    let expression: ArithmeticExpression
    do {
      expression = try ExpressionParser.expression(answer)
    } catch {
      return .wrong("\(error)")
    }
    return check(expression)
  }

  func check(_ expression: ArithmeticExpression) -> AnswerVerdict {
    if let reason = misuse(in: expression) { return .wrong(reason) }
    do {
      let value = try expression.value()
      return value == target ? .right : .wrong("its value is \(value), not \(target)")
    } catch { return .wrong("\(error)") }
  }

  /// What is wrong with the signs and numbers of an expression, whatever its value.
  func misuse(in expression: ArithmeticExpression) -> String? {
    if expression.divides { return "“/” is not allowed" }
    if !subtracts, expression.subtracts { return "“-” is not allowed" }
    let given = Self.counts(numbers)
    let used = Self.counts(expression.numbers)
    for number in expression.numbers {
      let allowed = given[number, default: 0]
      if allowed == 0 { return "\(number) is not one of the numbers" }
      if let times = used[number], times > allowed {
        return "\(number) is used \(Self.times(times)), but is given \(Self.times(allowed))"
      }
    }
    return numbers.first { used[$0, default: 0] < given[$0, default: 0] }
      .map { used[$0] == nil ? "\($0) is not used" : "\($0) is not used often enough" }
  }

  /// One comparison for each number, every operation, and the comparison with the target.
  func verificationOperations(on expression: ArithmeticExpression) -> Int {
    var operations = 0
    _ = try? expression.folded { (sign, left, right) throws(ArithmeticError) in
      operations += 1
      return try ArithmeticExpression.applied(sign, left, right)
    }
    return expression.numbers.count + operations + 1
  }

  private static func counts(_ numbers: [Int]) -> [Int: Int] {
    numbers.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  private static func times(_ count: Int) -> String {
    count == 1 ? "once" : count == 2 ? "twice" : "\(count) times"
  }
}

extension ArithmeticExpression {
  /// Whether something is subtracted in it.
  fileprivate var subtracts: Bool {
    switch self {
    case .number: false
    case .sum(let terms): terms.contains { $0.isInverse || $0.value.subtracts }
    case .product(let factors): factors.contains { $0.value.subtracts }
    }
  }
}

extension ArithmeticExpression {
  /// The equations of an expression in the order of evaluation, `2 * 3 = 6` and `6 + 7 = 13`, with
  /// a fault in one of them if one is given, and what they come to; 0 for what has no value.
  func worked(fault: Fault? = nil) -> (equations: [String], value: Int) {
    var equations: [String] = []
    let value = try? folded { (sign, left, right) throws(ArithmeticError) in
      let exact = try Self.applied(sign, left, right)
      let value = Fault.apply(fault, at: equations.count, to: exact)
      equations.append("\(left) \(sign) \(right) = \(value)")
      return value
    }
    return (equations, value ?? 0)
  }
}
