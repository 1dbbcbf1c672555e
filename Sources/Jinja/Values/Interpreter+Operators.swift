import Foundation

/// Arithmetic and comparison as Python has them.
extension Interpreter {
  /// A number of either kind; a boolean is 0 or 1.
  enum Number {
    case integer(Int)
    case float(Double)

    var double: Double {
      switch self {
      case .integer(let value): Double(value)
      case .float(let value): value
      }
    }

    var value: Value {
      switch self {
      case .integer(let value): .integer(value)
      case .float(let value): .float(value)
      }
    }
  }

  func numeric(_ value: Value) -> Number? {
    switch value {
    case .boolean(let value): .integer(value ? 1 : 0)
    case .integer(let value): .integer(value)
    case .float(let value): .float(value)
    default: nil
    }
  }

  func number(_ value: Value) throws(JinjaError) -> Value {
    guard let number = numeric(value) else { throw unfit("+", value) }
    return number.value
  }

  private func unfit(_ sign: String, _ values: Value...) -> JinjaError {
    for value in values { if case .undefined(let missing) = value { return fail(missing.reason) } }
    let types = values.map(\.typeName).joined(separator: " and ")
    return fail("“\(sign)” cannot be used with \(types)")
  }

  private var overflow: JinjaError { fail("the number is too large") }

  func negated(_ value: Value) throws(JinjaError) -> Value {
    switch numeric(value) {
    case .integer(let number)?:
      guard number != Int.min else { throw overflow }
      return .integer(-number)
    case .float(let number)?: return .float(-number)
    case nil: throw unfit("-", value)
    }
  }

  func arithmetic(
    _ a: Value, _ operation: ArithmeticOperator, _ b: Value
  ) throws(JinjaError) -> Value {
    if let a = numeric(a), let b = numeric(b) { return try calculated(a, operation, b) }
    switch (operation, a, b) {
    case (.plus, .text(let a), .text(let b)): return .text(try added(a, b))
    case (.plus, .list(let a), .list(let b)):
      try spend(a.values.count + b.values.count)
      return .list(a.values + b.values)
    case (.plus, .tuple(let a), .tuple(let b)):
      try spend(a.values.count + b.values.count)
      return .tuple(a.values + b.values)
    case (.times, .text(let text), let times), (.times, let times, .text(let text)):
      guard case .integer(let count)? = numeric(times) else { break }
      return .text(try repeated(text, max(count, 0)))
    case (.times, .list(let items), let times), (.times, let times, .list(let items)):
      guard case .integer(let count)? = numeric(times) else { break }
      return .list(try repeated(items.values, max(count, 0)))
    case (.times, .tuple(let items), let times), (.times, let times, .tuple(let items)):
      guard case .integer(let count)? = numeric(times) else { break }
      return .tuple(try repeated(items.values, max(count, 0)))
    case (.remainder, .text(let text), _): return .text(try formatted(text, percent: b))
    default: break
    }
    throw unfit(operation.rawValue, a, b)
  }

  private func added(_ a: Text, _ b: Text) throws(JinjaError) -> Text {
    try spend(characters: a.count + b.count)
    guard a.isMarkup || b.isMarkup else { return a + b }
    var sum = a.escaped + b.escaped
    sum.isMarkup = true
    return sum
  }

  private func repeated(_ text: Text, _ count: Int) throws(JinjaError) -> Text {
    let (length, isTooLong) = text.count.multipliedReportingOverflow(by: count)
    try spend(characters: isTooLong ? Int.max : length)
    var units: [UInt32] = []
    if !text.isEmpty { for _ in 0..<count { units += text.units } }
    return Text(units: units)
  }

  private func repeated(_ values: [Value], _ count: Int) throws(JinjaError) -> [Value] {
    let (length, isTooLong) = values.count.multipliedReportingOverflow(by: count)
    try spend(isTooLong || length > limits.characters ? limits.steps : length)
    var result: [Value] = []
    if !values.isEmpty { for _ in 0..<count { result += values } }
    return result
  }

  private func calculated(
    _ a: Number, _ operation: ArithmeticOperator, _ b: Number
  ) throws(JinjaError) -> Value {
    guard case .integer(let x) = a, case .integer(let y) = b, operation != .divided else {
      return .float(try calculated(a.double, operation, b.double))
    }
    let result: (partialValue: Int, overflow: Bool)
    switch operation {
    case .plus: result = x.addingReportingOverflow(y)
    case .minus: result = x.subtractingReportingOverflow(y)
    case .times: result = x.multipliedReportingOverflow(by: y)
    case .power:
      guard y >= 0 else { return .float(try calculated(Double(x), .power, Double(y))) }
      return .integer(try power(x, y))
    case .divided, .floored, .remainder:
      guard y != 0 else { throw fail("division by zero") }
      let (quotient, overflows) = x.dividedReportingOverflow(by: y)
      guard !overflows else { throw overflow }
      let remainder = x - quotient * y
      // Python rounds down, and the remainder has the sign of the divisor.
      let isBelow = remainder != 0 && (remainder < 0) != (y < 0)
      return .integer(
        operation == .floored ? quotient - (isBelow ? 1 : 0) : remainder + (isBelow ? y : 0))
    }
    guard !result.overflow else { throw overflow }
    return .integer(result.partialValue)
  }

  private func power(_ base: Int, _ exponent: Int) throws(JinjaError) -> Int {
    if base == 0 || base == 1 { return exponent == 0 ? 1 : base }
    if base == -1 { return exponent.isMultiple(of: 2) ? 1 : -1 }
    guard exponent < Int.bitWidth else { throw overflow }
    var result = 1
    for _ in 0..<exponent {
      let (product, overflows) = result.multipliedReportingOverflow(by: base)
      guard !overflows else { throw overflow }
      result = product
    }
    return result
  }

  private func calculated(
    _ x: Double, _ operation: ArithmeticOperator, _ y: Double
  ) throws(JinjaError) -> Double {
    switch operation {
    case .plus: return x + y
    case .minus: return x - y
    case .times: return x * y
    case .power:
      guard x != 0 || y >= 0 else { throw fail("0 has no negative power") }
      let result = Foundation.pow(x, y)
      guard !result.isNaN || x.isNaN || y.isNaN else {
        throw fail("the power of a negative number is no real number")
      }
      guard result.isFinite || !x.isFinite || !y.isFinite else { throw overflow }
      return result
    case .divided, .floored, .remainder:
      guard y != 0 else { throw fail("division by zero") }
      if operation == .divided { return x / y }
      var remainder = x.truncatingRemainder(dividingBy: y)
      if remainder != 0, (remainder < 0) != (y < 0) { remainder += y }
      if operation == .floored { return ((x - remainder) / y).rounded() }
      return remainder == 0 ? (y < 0 ? -0.0 : 0.0) : remainder
    }
  }

  // MARK: Comparison

  func compare(
    _ a: Value, _ comparison: ComparisonOperator, _ b: Value
  ) throws(JinjaError) -> Bool {
    switch comparison {
    case .equal: return try equal(a, b)
    case .unequal: return try !equal(a, b)
    case .isIn: return try contains(b, a)
    case .isNotIn: return try !contains(b, a)
    case .less: return try order(a, b, comparison) < 0
    case .lessOrEqual: return try order(a, b, comparison) <= 0
    case .greater: return try order(a, b, comparison) > 0
    case .greaterOrEqual: return try order(a, b, comparison) >= 0
    }
  }

  func equal(_ a: Value, _ b: Value) throws(JinjaError) -> Bool {
    try spend(1)
    if let a = numeric(a), let b = numeric(b) {
      if case (.integer(let a), .integer(let b)) = (a, b) { return a == b }
      return a.double == b.double
    }
    switch (a, b) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.text(let a), .text(let b)):
      guard a.count == b.count else { return false }
      try spend(characters: a.count)
      return Text.same(a.units, b.units)
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      return try equal(a.values, b.values)
    case (.dictionary(let a), .dictionary(let b)):
      guard a.count == b.count else { return false }
      for (name, value) in zip(a.keys, a.values) {
        guard let other = b[try key(name)], try equal(value, other) else { return false }
      }
      return true
    case (.range(let a), .range(let b)):
      return a.count == b.count
        && (a.count == 0 || a.start == b.start && (a.count == 1 || a.step == b.step))
    case (.view(let a), .view(let b)):
      guard a.name == b.name else { return false }
      return try equal(a.items.values, b.items.values)
    case (.iterator(let a), .iterator(let b)): return a === b
    case (.namespace(let a), .namespace(let b)): return a === b
    case (.loop(let a), .loop(let b)): return a === b
    case (.function(let a), .function(let b)): return a === b
    default: return false
    }
  }

  private func equal(_ a: [Value], _ b: [Value]) throws(JinjaError) -> Bool {
    guard a.count == b.count else { return false }
    for (x, y) in zip(a, b) where try !equal(x, y) { return false }
    return true
  }

  /// Below 0 if `a` comes first, above 0 if `b` does; NaN comes nowhere.
  func order(
    _ a: Value, _ b: Value, _ comparison: ComparisonOperator
  ) throws(JinjaError) -> Double {
    try spend(1)
    if let a = numeric(a), let b = numeric(b) {
      if case (.integer(let a), .integer(let b)) = (a, b) { return a < b ? -1 : a > b ? 1 : 0 }
      let (a, b) = (a.double, b.double)
      return a < b ? -1 : a > b ? 1 : a == b ? 0 : .nan
    }
    switch (a, b) {
    case (.text(let a), .text(let b)):
      try spend(characters: min(a.count, b.count))
      for (x, y) in zip(a.units, b.units) where Text.code(x) != Text.code(y) {
        return Text.code(x) < Text.code(y) ? -1 : 1
      }
      return Double((a.count - b.count).signum())
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      for (x, y) in zip(a.values, b.values) where try !equal(x, y) {
        return try order(x, y, comparison)
      }
      return Double((a.values.count - b.values.count).signum())
    default: throw unfit(comparison.rawValue, a, b)
    }
  }
}
