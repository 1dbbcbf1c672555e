extension Parser {
  /// Makes an expression of others, if it does not become too high.
  private func make(
    _ kind: Expression.Kind, at place: JinjaPosition, over operands: [Expression] = []
  ) throws(JinjaError) -> Expression {
    let height = 1 + (operands.map(\.height).max() ?? 0)
    // A long chain of operators is as hard to evaluate as deep nesting.
    guard height <= 2 * limits.nesting else {
      throw JinjaError(
        kind: .limit, position: place,
        reason: "the expression has more than \(2 * limits.nesting) levels")
    }
    return Expression(kind, at: place, height: height)
  }

  /// One expression, or several between commas as a tuple.
  mutating func tuple(
    withConditional: Bool = true, isInParentheses: Bool = false
  ) throws(JinjaError) -> Expression {
    let place = position
    var items: [Expression] = []
    var isTuple = false
    while true {
      if !items.isEmpty { try expect(",") }
      if endsTuple { break }
      items.append(withConditional ? try expression() : try disjunction())
      guard isSign(",") else { break }
      isTuple = true
    }
    if !isTuple {
      if let only = items.first { return only }
      if !isInParentheses { throw unexpected("an expression") }
    }
    return try make(.tuple(items), at: place, over: items)
  }

  private var endsTuple: Bool {
    switch kind {
    case .outputEnd, .tagEnd, .sign(")"), .name("in"), .name("recursive"): true
    default: false
    }
  }

  mutating func expression() throws(JinjaError) -> Expression {
    bracketDepth += 1
    defer { bracketDepth -= 1 }
    guard bracketDepth <= limits.nesting else { throw tooDeep() }
    let place = position
    let before = (isConditional: isConditional, unknown: unknown)
    defer { isConditional = before.isConditional }
    unknown = nil
    var value = try disjunction()
    // A value that is read on a condition may speak of filters that do not exist.
    if isName("if") {
      unknown = nil
      isConditional = true
    }
    while skipName("if") {
      let test = try disjunction()
      let otherwise = skipName("else") ? try expression() : nil
      value = try make(
        .conditional(test: test, then: value, otherwise: otherwise), at: place,
        over: [value, test] + [otherwise].compactMap(\.self))
    }
    unknown = before.unknown ?? unknown
    return value
  }

  // MARK: Operators, from the loosest to the tightest

  private mutating func disjunction() throws(JinjaError) -> Expression {
    let place = position
    var value = try conjunction()
    while skipName("or") {
      let other = try conjunction()
      value = try make(.or(value, other), at: place, over: [value, other])
    }
    return value
  }

  private mutating func conjunction() throws(JinjaError) -> Expression {
    let place = position
    var value = try negation()
    while skipName("and") {
      let other = try negation()
      value = try make(.and(value, other), at: place, over: [value, other])
    }
    return value
  }

  private mutating func negation() throws(JinjaError) -> Expression {
    let place = position
    var count = 0
    while skipName("not") { count += 1 }
    var value = try comparison()
    for _ in 0..<count { value = try make(.not(value), at: place, over: [value]) }
    return value
  }

  private mutating func comparison() throws(JinjaError) -> Expression {
    let place = position
    let value = try sum()
    var others: [(by: ComparisonOperator, with: Expression)] = []
    while let comparison = comparisonOperator() { others.append((comparison, try sum())) }
    if others.isEmpty { return value }
    return try make(.comparison(value, others), at: place, over: [value] + others.map(\.with))
  }

  private mutating func comparisonOperator() -> ComparisonOperator? {
    switch kind {
    case .sign(let sign):
      guard let found = ComparisonOperator(rawValue: sign) else { return nil }
      next()
      return found
    case .name("in"):
      next()
      return .isIn
    case .name("not"):
      guard isNext(.name("in")) else { return nil }
      next()
      next()
      return .isNotIn
    default: return nil
    }
  }

  private mutating func sum() throws(JinjaError) -> Expression {
    let place = position
    var value = try concatenation()
    while case .sign(let sign) = kind, sign == "+" || sign == "-" {
      next()
      let other = try concatenation()
      value = try make(
        .arithmetic(value, sign == "+" ? .plus : .minus, other), at: place, over: [value, other])
    }
    return value
  }

  private mutating func concatenation() throws(JinjaError) -> Expression {
    let place = position
    var parts = [try product()]
    while skipSign("~") { parts.append(try product()) }
    return parts.count == 1 ? parts[0] : try make(.concatenation(parts), at: place, over: parts)
  }

  private mutating func product() throws(JinjaError) -> Expression {
    let place = position
    var value = try power()
    while case .sign(let sign) = kind, ["*", "/", "//", "%"].contains(sign),
      let operation = ArithmeticOperator(rawValue: sign)
    {
      next()
      let other = try power()
      value = try make(.arithmetic(value, operation, other), at: place, over: [value, other])
    }
    return value
  }

  private mutating func power() throws(JinjaError) -> Expression {
    let place = position
    var value = try signed()
    while skipSign("**") {
      // From left to right, unlike Python's own.
      let other = try signed()
      value = try make(.arithmetic(value, .power, other), at: place, over: [value, other])
    }
    return value
  }

  private mutating func signed(isOutermost: Bool = true) throws(JinjaError) -> Expression {
    bracketDepth += 1
    defer { bracketDepth -= 1 }
    guard bracketDepth <= limits.nesting else { throw tooDeep() }
    let place = position
    var value: Expression
    if skipSign("-") {
      let operand = try signed(isOutermost: false)
      value = try make(.negative(operand), at: place, over: [operand])
    } else if skipSign("+") {
      let operand = try signed(isOutermost: false)
      value = try make(.positive(operand), at: place, over: [operand])
    } else {
      value = try primary()
    }
    value = try postfix(value)
    return isOutermost ? try filterChain(value) : value
  }

  // MARK: Filters and tests

  /// The filters, tests and calls behind a value; without one, behind the name of a block.
  mutating func filterChain(_ start: Expression?) throws(JinjaError) -> Expression {
    var value = start
    while true {
      let place = position
      if isSign("|") || (value == nil && start == nil) {
        // The first filter of a block stands without a bar, or behind one.
        if isSign("|") { next() }
        let filterPlace = position
        let name = try dottedName()
        if Filter.named[name] == nil, !isConditional {
          unknown = unknown ?? fail("there is no filter “\(name)”", at: filterPlace)
        }
        let arguments = isSign("(") ? try arguments() : CallArguments()
        value = try make(
          .filter(value, name, arguments), at: filterPlace,
          over: [value].compactMap(\.self) + arguments.all)
      } else if let tested = value, start != nil, isName("is") {
        next()
        value = try test(tested, at: place)
      } else if let called = value, isSign("(") {
        let arguments = try arguments()
        value = try make(.call(called, arguments), at: place, over: [called] + arguments.all)
      } else {
        guard let value else { throw unexpected("a filter") }
        return value
      }
    }
  }

  private mutating func dottedName() throws(JinjaError) -> String {
    var name = try name()
    while skipSign(".") { name += "." + (try self.name()) }
    return name
  }

  private mutating func test(
    _ value: Expression, at place: JinjaPosition
  ) throws(JinjaError) -> Expression {
    let isNegated = skipName("not")
    let testPlace = position
    let name = try dottedName()
    if ValueTest.named[name] == nil, !isConditional {
      unknown = unknown ?? fail("there is no test “\(name)”", at: testPlace)
    }
    var arguments = CallArguments()
    if isSign("(") {
      arguments = try self.arguments()
    } else if beginsTestArgument {
      if isName("is") { throw fail("several tests with “is” cannot be chained") }
      arguments.positional = [try postfix(try primary())]
    }
    let test = try make(
      .test(value, name, arguments), at: testPlace, over: [value] + arguments.all)
    return isNegated ? try make(.not(test), at: place, over: [test]) : test
  }

  private var beginsTestArgument: Bool {
    switch kind {
    case .name(let name): !["else", "or", "and", "if", "not", "in"].contains(name)
    case .string, .integer, .float, .sign("["), .sign("{"): true
    default: false
    }
  }

  // MARK: Values

  private mutating func primary() throws(JinjaError) -> Expression {
    let place = position
    switch kind {
    case .name(let name):
      next()
      switch name {
      case "true", "True": return try make(.boolean(true), at: place)
      case "false", "False": return try make(.boolean(false), at: place)
      case "none", "None": return try make(.none, at: place)
      default:
        namesRead.insert(name)
        return try make(.name(name), at: place)
      }
    case .string(let first):
      next()
      var text = first
      // Strings side by side are one.
      while case .string(let more) = kind {
        text += more
        next()
      }
      return try make(.text(Text(text)), at: place)
    case .integer(let value):
      next()
      return try make(.integer(value), at: place)
    case .float(let value):
      next()
      return try make(.float(value), at: place)
    case .sign("("):
      next()
      let value = try tuple(isInParentheses: true)
      try expect(")")
      return value
    case .sign("["):
      next()
      let items = try items(until: "]")
      return try make(.list(items), at: place, over: items)
    case .sign("{"):
      next()
      var pairs: [(key: Expression, value: Expression)] = []
      while !isSign("}") {
        if !pairs.isEmpty { try expect(",") }
        if isSign("}") { break }
        let key = try expression()
        try expect(":")
        pairs.append((key, try expression()))
      }
      next()
      return try make(.dictionary(pairs), at: place, over: pairs.flatMap { [$0.key, $0.value] })
    default: throw unexpected("an expression")
    }
  }

  private mutating func items(until end: String) throws(JinjaError) -> [Expression] {
    var items: [Expression] = []
    while !isSign(end) {
      if !items.isEmpty { try expect(",") }
      if isSign(end) { break }
      items.append(try expression())
    }
    next()
    return items
  }

  /// Attributes, items and calls.
  private mutating func postfix(_ start: Expression) throws(JinjaError) -> Expression {
    var value = start
    while true {
      let place = position
      if skipSign(".") {
        switch kind {
        case .name(let name): value = try make(.attribute(value, name), at: position, over: [value])
        case .integer(let number):
          let index = try make(.integer(number), at: position)
          value = try make(.item(value, index), at: position, over: [value, index])
        default: throw unexpected("a name or a number")
        }
        next()
      } else if skipSign("[") {
        let subscripts = try subscripts()
        let index =
          subscripts.count == 1
          ? subscripts[0] : try make(.tuple(subscripts), at: place, over: subscripts)
        value = try make(.item(value, index), at: place, over: [value, index])
      } else if isSign("(") {
        let arguments = try arguments()
        value = try make(.call(value, arguments), at: place, over: [value] + arguments.all)
      } else {
        return value
      }
    }
  }

  private mutating func subscripts() throws(JinjaError) -> [Expression] {
    var items: [Expression] = []
    while !isSign("]") {
      if !items.isEmpty { try expect(",") }
      items.append(try oneSubscript())
    }
    guard !items.isEmpty else { throw unexpected("an index") }
    next()
    return items
  }

  private mutating func oneSubscript() throws(JinjaError) -> Expression {
    let place = position
    func bound(_ parser: inout Parser) throws(JinjaError) -> Expression? {
      parser.isSign(":") || parser.isSign("]") || parser.isSign(",")
        ? nil : try parser.expression()
    }
    let first = try bound(&self)
    guard skipSign(":") else {
      guard let first else { throw unexpected("an index") }
      return first
    }
    let last = try bound(&self)
    let step = skipSign(":") ? try bound(&self) : nil
    return try make(
      .slice(first, last, step), at: place, over: [first, last, step].compactMap(\.self))
  }

  private mutating func arguments() throws(JinjaError) -> CallArguments {
    try expect("(")
    var arguments = CallArguments()
    var isFirst = true
    while !isSign(")") {
      if !isFirst {
        try expect(",")
        if isSign(")") { break }
      }
      isFirst = false
      let place = position
      if skipSign("*") {
        guard arguments.spread == nil, arguments.keywordSpread == nil else {
          throw fail("only one “*” is possible, in front of “**”", at: place)
        }
        arguments.spread = try expression()
      } else if skipSign("**") {
        guard arguments.keywordSpread == nil else {
          throw fail("only one “**” is possible", at: place)
        }
        arguments.keywordSpread = try expression()
      } else if case .name(let name) = kind, isNext(.sign("=")) {
        next()
        next()
        guard arguments.keywordSpread == nil else {
          throw fail("nothing can stand behind “**”", at: place)
        }
        arguments.keyword.append((name, try expression()))
      } else {
        guard arguments.keyword.isEmpty, arguments.spread == nil, arguments.keywordSpread == nil
        else { throw fail("arguments without a name come first", at: place) }
        arguments.positional.append(try expression())
      }
    }
    next()
    return arguments
  }
}
