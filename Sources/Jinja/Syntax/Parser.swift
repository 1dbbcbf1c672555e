/// Reads statements; expressions are in `Parser+Expressions`.
struct Parser {
  private let lexemes: [Lexeme]
  private var index = 0
  let limits: JinjaLimits
  /// How deep the statement at hand lies in others.
  private var statementDepth = 0
  /// How deep the expression at hand lies in brackets.
  var bracketDepth = 0
  private var loopDepth = 0
  /// Names that the macro at hand, or else the program, reads.
  var namesRead: Set<String> = []
  /// Whether the part at hand may never be reached, so that unknown filters matter only when it is.
  var isConditional = false
  /// The first filter or test that does not exist, in what is surely reached.
  var unknown: JinjaError?

  /// The statements of a program, and all names that it reads.
  static func parse(
    _ program: String, limits: JinjaLimits
  ) throws(JinjaError) -> (statements: [Statement], names: Set<String>) {
    guard program.utf8.count <= limits.programBytes else {
      throw JinjaError(
        kind: .limit, position: JinjaPosition(line: 1, column: 1),
        reason: "the template has more than \(limits.programBytes) bytes")
    }
    var parser = Parser(lexemes: try Lexer.lexemes(of: program), limits: limits)
    let statements = try parser.body(until: [])
    guard parser.kind == .end else { throw parser.unexpected() }
    return (statements, parser.namesRead)
  }

  private init(lexemes: [Lexeme], limits: JinjaLimits) {
    self.lexemes = lexemes
    self.limits = limits
  }

  // MARK: Tokens

  /// The last lexeme is always `end`, at which the parser stays.
  var current: Lexeme { lexemes[min(index, lexemes.count - 1)] }
  var kind: Lexeme.Kind { current.kind }
  var position: JinjaPosition { current.position }

  mutating func next() { index = min(index + 1, lexemes.count - 1) }

  func isSign(_ sign: String) -> Bool { kind == .sign(sign) }
  func isName(_ name: String) -> Bool { kind == .name(name) }
  func isNext(_ kind: Lexeme.Kind) -> Bool {
    index + 1 < lexemes.count && lexemes[index + 1].kind == kind
  }

  mutating func skipSign(_ sign: String) -> Bool {
    guard isSign(sign) else { return false }
    next()
    return true
  }

  mutating func skipName(_ name: String) -> Bool {
    guard isName(name) else { return false }
    next()
    return true
  }

  mutating func expect(_ sign: String) throws(JinjaError) {
    guard skipSign(sign) else { throw unexpected("“\(sign)”") }
  }

  mutating func name() throws(JinjaError) -> String {
    guard case .name(let name) = kind else { throw unexpected("a name") }
    next()
    return name
  }

  func unexpected(_ expected: String? = nil) -> JinjaError {
    fail(
      expected.map { "expected \($0), found \(current.spelling)" }
        ?? "unexpected \(current.spelling)")
  }

  func fail(_ reason: String, at place: JinjaPosition? = nil) -> JinjaError {
    JinjaError(kind: .syntax, position: place ?? position, reason: reason)
  }

  func tooDeep(at place: JinjaPosition? = nil) -> JinjaError {
    JinjaError(
      kind: .limit, position: place ?? position,
      reason: "the template nests deeper than \(limits.nesting) levels")
  }

  // MARK: Statements

  /// Statements up to a tag with one of the names, whose `{%` is skipped.
  private mutating func body(until ends: Set<String>) throws(JinjaError) -> [Statement] {
    statementDepth += 1
    defer { statementDepth -= 1 }
    guard statementDepth <= limits.nesting else { throw tooDeep() }
    var statements: [Statement] = []
    while true {
      let place = position
      switch kind {
      case .data(let text):
        next()
        statements.append(Statement(kind: .data(Text(text)), position: place))
      case .outputStart:
        next()
        let value = try tuple()
        guard kind == .outputEnd else { throw unexpected("“}}”") }
        next()
        if let unknown { throw unknown }
        statements.append(Statement(kind: .output(value), position: place))
      case .tagStart:
        next()
        guard case .name(let tag) = kind else { throw unexpected("the name of a tag") }
        if ends.contains(tag) { return statements }
        let inner = try statement(tag, at: place)
        guard kind == .tagEnd else { throw unexpected("“%}”") }
        next()
        if let unknown { throw unknown }
        statements.append(Statement(kind: inner, position: place))
      default:
        if !ends.isEmpty {
          throw fail("expected \(ends.sorted().map { "“{% \($0) %}”" }.joined(separator: " or "))")
        }
        return statements
      }
    }
  }

  /// What stands between a tag and the one that ends it, which is skipped up to its `%}`.
  private mutating func block(_ end: String) throws(JinjaError) -> [Statement] {
    try endTag()
    let statements = try body(until: [end])
    next()
    return statements
  }

  private mutating func endTag() throws(JinjaError) {
    guard kind == .tagEnd else { throw unexpected("“%}”") }
    next()
  }

  private mutating func statement(
    _ tag: String, at place: JinjaPosition
  ) throws(JinjaError) -> Statement.Kind {
    next()
    switch tag {
    case "if": return try condition()
    case "for": return try loop()
    case "set": return try assignment()
    case "macro": return try macro()
    case "call": return try callBlock()
    case "filter":
      let filter = try filterChain(nil)
      return .filterBlock(filter, body: try block("endfilter"))
    case "generation":
      // Hugging Face marks with it what the assistant says, for training; it changes no text.
      return .scope([], body: try block("endgeneration"))
    case "with": return try with()
    case "print": return .output(try tuple())
    case "break", "continue":
      guard loopDepth > 0 else { throw fail("“\(tag)” stands outside of all loops", at: place) }
      return tag == "break" ? .leaveLoop : .nextRound
    case "include", "import", "from", "extends", "block":
      throw fail("“\(tag)” is not supported: a chat template is one file by itself", at: place)
    default: throw fail("there is no tag “\(tag)”", at: place)
    }
  }

  private mutating func condition() throws(JinjaError) -> Statement.Kind {
    let before = isConditional
    isConditional = true
    defer { isConditional = before }
    var branches: [(test: Expression, body: [Statement])] = []
    while true {
      let test = try tuple(withConditional: false)
      try endTag()
      branches.append((test, try body(until: ["elif", "else", "endif"])))
      if skipName("elif") { continue }
      var otherwise: [Statement] = []
      if skipName("else") {
        otherwise = try block("endif")
      } else {
        next()
      }
      return .condition(branches, otherwise: otherwise)
    }
  }

  private mutating func loop() throws(JinjaError) -> Statement.Kind {
    let place = position
    let target = try target(allowsAttribute: false)
    guard skipName("in") else { throw unexpected("“in”") }
    let iterated = try tuple(withConditional: false)
    let filter = skipName("if") ? try expression() : nil
    if isName("recursive") { throw fail("recursive loops are not supported", at: place) }
    try endTag()
    loopDepth += 1
    let rounds: [Statement]
    do {
      defer { loopDepth -= 1 }
      rounds = try body(until: ["else", "endfor"])
    }
    var otherwise: [Statement] = []
    if skipName("else") {
      otherwise = try block("endfor")
    } else {
      next()
    }
    return .loop(
      .init(target: target, iterated: iterated, filter: filter, body: rounds, otherwise: otherwise))
  }

  private mutating func assignment() throws(JinjaError) -> Statement.Kind {
    let target = try target(allowsAttribute: true)
    if skipSign("=") { return .assignment(target, try tuple()) }
    let filter = isSign("|") ? try filterChain(nil) : nil
    return .blockAssignment(target, filter: filter, body: try block("endset"))
  }

  private mutating func with() throws(JinjaError) -> Statement.Kind {
    var values: [(target: Target, value: Expression)] = []
    while kind != .tagEnd {
      if !values.isEmpty { try expect(",") }
      let target = try target(allowsAttribute: false)
      try expect("=")
      values.append((target, try expression()))
    }
    return .scope(values, body: try block("endwith"))
  }

  /// One or several names, or an attribute of a namespace.
  private mutating func target(allowsAttribute: Bool) throws(JinjaError) -> Target {
    var targets: [Target] = []
    var isTuple = false
    while true {
      if skipSign("(") {
        bracketDepth += 1
        defer { bracketDepth -= 1 }
        guard bracketDepth <= limits.nesting else { throw tooDeep() }
        targets.append(try target(allowsAttribute: false))
        try expect(")")
      } else if case .name(let first) = kind {
        guard !Self.reserved.contains(first) else { throw fail("“\(first)” cannot be assigned to") }
        next()
        if allowsAttribute, skipSign(".") {
          namesRead.insert(first)
          targets.append(.attribute(of: first, try name()))
        } else {
          targets.append(.name(first))
        }
      } else if isTuple {
        break
      } else {
        throw unexpected("a name")
      }
      guard skipSign(",") else { break }
      isTuple = true
    }
    return isTuple || targets.count != 1 ? .several(targets) : targets[0]
  }

  static let reserved: Set<String> = [
    "true", "false", "none", "True", "False", "None", "and", "or", "not", "in", "is", "if", "else",
  ]

  // MARK: Macros

  private mutating func macro() throws(JinjaError) -> Statement.Kind {
    let name = try name()
    return .macro(try definition(name, end: "endmacro"))
  }

  private mutating func callBlock() throws(JinjaError) -> Statement.Kind {
    // The parameters of what `caller(…)` is given come first.
    let outer = namesRead
    namesRead = []
    let parameters = isSign("(") ? try parameters() : []
    let place = position
    let call = try expression()
    guard case .call = call.kind else { throw fail("expected a call", at: place) }
    let body = try macroBody("endcall")
    let caller = MacroDefinition(
      name: "caller", parameters: parameters, body: body,
      takesMore: namesRead.contains("varargs"), takesKeywords: namesRead.contains("kwargs"),
      takesCaller: false)
    namesRead.formUnion(outer)
    return .callBlock(call, caller: caller)
  }

  private mutating func definition(
    _ name: String, end: String
  ) throws(JinjaError) -> MacroDefinition {
    let outer = namesRead
    namesRead = []
    defer { namesRead.formUnion(outer) }
    let parameters = try parameters()
    let body = try macroBody(end)
    return MacroDefinition(
      name: name, parameters: parameters, body: body,
      takesMore: namesRead.contains("varargs"), takesKeywords: namesRead.contains("kwargs"),
      takesCaller: namesRead.contains("caller"))
  }

  private mutating func macroBody(_ end: String) throws(JinjaError) -> [Statement] {
    // A macro in a loop is not a part of its rounds.
    let before = loopDepth
    loopDepth = 0
    defer { loopDepth = before }
    return try block(end)
  }

  private mutating func parameters() throws(JinjaError) -> [(name: String, fallback: Expression?)] {
    try expect("(")
    var parameters: [(name: String, fallback: Expression?)] = []
    while !isSign(")") {
      if !parameters.isEmpty { try expect(",") }
      let place = position
      let name = try name()
      guard !parameters.contains(where: { $0.name == name }) else {
        throw fail("two parameters are called “\(name)”", at: place)
      }
      if skipSign("=") {
        parameters.append((name, try expression()))
      } else {
        guard parameters.last?.fallback == nil else {
          throw fail("“\(name)” has no default, but the parameter before it has one", at: place)
        }
        parameters.append((name, nil))
      }
    }
    next()
    return parameters
  }
}
