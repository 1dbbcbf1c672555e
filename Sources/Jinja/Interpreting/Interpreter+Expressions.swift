extension Interpreter {
  func evaluate(_ expression: Expression) throws(JinjaError) -> Value {
    try descend()
    defer { ascend() }
    try spend(1)
    switch expression.kind {
    case .none: return .none
    case .boolean(let value): return .boolean(value)
    case .integer(let value): return .integer(value)
    case .float(let value): return .float(value)
    case .text(let text): return .text(text)
    case .name(let name): return find(name)
    case .list(let items): return try checked(.list(evaluate(items)))
    case .tuple(let items): return try checked(.tuple(evaluate(items)))
    case .dictionary(let pairs): return try dictionary(pairs)
    case .attribute(let object, let name):
      let value = try evaluate(object)
      position = expression.position
      return try attribute(name, of: value)
    case .item(let object, let index): return try item(of: object, index, at: expression.position)
    case .slice: throw fail("a slice stands only between “[” and “]”")
    case .call(let callee, let arguments):
      let function = try evaluate(callee)
      let values = try evaluate(arguments)
      position = expression.position
      return try call(function, values)
    case .filter(let operand, let name, let arguments):
      guard let operand else { throw fail("the filter “\(name)” has nothing to filter") }
      return try filter(name, evaluate(operand), arguments, at: expression.position)
    case .test(let operand, let name, let arguments):
      let value = try evaluate(operand)
      let values = try evaluate(arguments)
      position = expression.position
      return .boolean(try test(name, value, values))
    case .not(let operand): return .boolean(try !truth(evaluate(operand)))
    case .negative(let operand):
      let value = try evaluate(operand)
      position = expression.position
      return try negated(value)
    case .positive(let operand):
      let value = try evaluate(operand)
      position = expression.position
      return try number(value)
    case .arithmetic(let left, let operation, let right):
      let (a, b) = (try evaluate(left), try evaluate(right))
      position = expression.position
      return try arithmetic(a, operation, b)
    case .concatenation(let parts): return try concatenated(parts)
    case .comparison(let first, let others): return try compared(first, others, expression.position)
    case .and(let left, let right):
      let value = try evaluate(left)
      return try truth(value) ? try evaluate(right) : value
    case .or(let left, let right):
      let value = try evaluate(left)
      return try truth(value) ? value : try evaluate(right)
    case .conditional(let test, let then, let otherwise):
      if try truth(evaluate(test)) { return try evaluate(then) }
      guard let otherwise else {
        return .undefined(Undefined(reason: "the condition is false and there is no “else”"))
      }
      return try evaluate(otherwise)
    }
  }

  private func evaluate(_ expressions: [Expression]) throws(JinjaError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(expressions.count)
    for expression in expressions { values.append(try evaluate(expression)) }
    return values
  }

  func evaluate(_ arguments: CallArguments) throws(JinjaError) -> Arguments {
    var values = Arguments(positional: try evaluate(arguments.positional))
    for (name, value) in arguments.keyword { values.keyword.append((name, try evaluate(value))) }
    if let spread = arguments.spread { values.positional += try iterate(evaluate(spread)) }
    if let spread = arguments.keywordSpread {
      guard case .dictionary(let mapping) = try evaluate(spread) else {
        throw fail("behind “**” a dictionary is needed")
      }
      for (key, value) in zip(mapping.keys, mapping.values) {
        guard case .text(let name) = key else { throw fail("names of arguments are strings") }
        values.keyword.append((name.string, value))
      }
    }
    return values
  }

  private func dictionary(
    _ pairs: [(key: Expression, value: Expression)]
  ) throws(JinjaError) -> Value {
    var mapping = Mapping()
    for (key, value) in pairs {
      let name = try evaluate(key)
      mapping.set(try self.key(name), name, try evaluate(value))
    }
    return try checked(.dictionary(mapping))
  }

  private func item(
    of object: Expression, _ index: Expression, at place: JinjaPosition
  ) throws(JinjaError) -> Value {
    let value = try evaluate(object)
    guard case .slice(let first, let last, let step) = index.kind else {
      let index = try evaluate(index)
      position = place
      return try item(index, of: value)
    }
    var bounds: [Int?] = []
    for bound in [first, last, step] {
      let bound = try bound.map { (bound) throws(JinjaError) in try evaluate(bound) }
      switch bound {
      case nil, .some(.none): bounds.append(nil)
      case .integer(let number)?: bounds.append(number)
      case .boolean(let value)?: bounds.append(value ? 1 : 0)
      case .undefined(let missing)?: throw fail(missing.reason)
      default: throw fail("the bounds of a slice are whole numbers")
      }
    }
    position = place
    return try slice(value, from: bounds[0], to: bounds[1], step: bounds[2] ?? 1)
  }

  private func concatenated(_ parts: [Expression]) throws(JinjaError) -> Value {
    var units: [UInt32] = []
    for part in parts {
      let text = try string(evaluate(part))
      try spend(adding: text.count, to: units.count)
      units += text.units
    }
    return .text(Text(units: units))
  }

  private func compared(
    _ first: Expression, _ others: [(by: ComparisonOperator, with: Expression)],
    _ place: JinjaPosition
  ) throws(JinjaError) -> Value {
    var left = try evaluate(first)
    for (comparison, expression) in others {
      let right = try evaluate(expression)
      position = place
      guard try compare(left, comparison, right) else { return .boolean(false) }
      left = right
    }
    return .boolean(true)
  }

  // MARK: Filters and tests

  /// The filters of a block, which begin with what the block made.
  func evaluateChain(_ chain: Expression, of value: Value) throws(JinjaError) -> Value {
    guard case .filter(let operand, let name, let arguments) = chain.kind else {
      return try evaluate(chain)
    }
    let inner = try operand.map { (operand) throws(JinjaError) in
      try evaluateChain(operand, of: value)
    }
    return try filter(name, inner ?? value, arguments, at: chain.position)
  }

  private func filter(
    _ name: String, _ value: Value, _ arguments: CallArguments, at place: JinjaPosition
  ) throws(JinjaError) -> Value {
    let values = try evaluate(arguments)
    position = place
    return try filter(name, value, values)
  }

  /// The value behind a filter.
  func filter(_ name: String, _ value: Value, _ arguments: Arguments) throws(JinjaError) -> Value {
    guard let filter = Filter.named[name] else { throw fail("there is no filter “\(name)”") }
    guard let parameters = filter.parameters else {
      return try filter.run(self, value, arguments, [])
    }
    let bound = try bind(arguments, to: parameters, of: "the filter “\(name)”")
    return try filter.run(self, value, arguments, bound)
  }

  func test(_ name: String, _ value: Value, _ arguments: Arguments) throws(JinjaError) -> Bool {
    guard let test = ValueTest.named[name] else { throw fail("there is no test “\(name)”") }
    guard arguments.keyword.isEmpty, arguments.positional.count == test.count else {
      throw fail("the test “\(name)” takes \(test.count) values")
    }
    return try test.run(self, value, arguments.positional)
  }

  /// The arguments in the order of the parameters; nil for those that are not given.
  func bind(
    _ arguments: Arguments, to parameters: [String], of callee: String
  ) throws(JinjaError) -> [Value?] {
    guard arguments.positional.count <= parameters.count else {
      throw fail("\(callee) takes not more than \(parameters.count) values")
    }
    var bound: [Value?] = arguments.positional
    bound += Array(repeating: nil, count: parameters.count - bound.count)
    for (name, value) in arguments.keyword {
      guard let place = parameters.firstIndex(of: name) else {
        throw fail("\(callee) has no parameter “\(name)”")
      }
      guard bound[place] == nil else { throw fail("\(callee) gets “\(name)” twice") }
      bound[place] = value
    }
    return bound
  }
}
