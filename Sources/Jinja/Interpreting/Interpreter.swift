/// Runs the statements of one template once.
final class Interpreter {
  let limits: JinjaLimits
  let now: JinjaDate
  /// Where the program is, for errors.
  var position = JinjaPosition(line: 1, column: 1)
  private var stepsLeft: Int
  private(set) var depth = 0
  /// What is written at the moment: the result, or what a block or a macro makes.
  private var output: [UInt32] = []
  private var scope = Scope(in: nil)
  /// Namespaces, and scopes that macros look into, can hold each other in circles and in long
  /// chains. They are all known here, so that taking them apart needs no recursion.
  private var namespaces: [Namespace] = []
  private var capturedScopes: [Scope] = []
  private var macros: [Function] = []

  init(limits: JinjaLimits, now: JinjaDate) {
    self.limits = limits
    self.now = now
    stepsLeft = limits.steps
  }

  func render(
    _ statements: [Statement], variables: [String: Value]
  ) throws(JinjaError) -> Text {
    scope = Scope(variables, in: nil)
    _ = try run(statements)
    return Text(units: output)
  }

  /// Takes apart what could hold itself; the interpreter cannot be used afterwards.
  func release() {
    for namespace in namespaces { namespace.attributes = Mapping() }
    for macro in macros { macro.release() }
    for scope in capturedScopes { scope.release() }
    scope = Scope(in: nil)
  }

  // MARK: Limits and errors

  func fail(_ reason: String) -> JinjaError {
    JinjaError(kind: .runtime, position: position, reason: reason)
  }

  func beyond(_ reason: String) -> JinjaError {
    JinjaError(kind: .limit, position: position, reason: reason)
  }

  /// Counts work.
  func spend(_ steps: Int) throws(JinjaError) {
    stepsLeft -= steps
    guard stepsLeft >= 0 else {
      throw beyond("the template takes more than \(limits.steps) steps")
    }
  }

  /// Counts characters that are about to be made.
  func spend(characters: Int) throws(JinjaError) {
    guard characters <= limits.characters else {
      throw beyond("the template makes a text of more than \(limits.characters) characters")
    }
    try spend(1 + characters / 16)
  }

  /// Counts characters that are about to be put behind others.
  func spend(adding count: Int, to length: Int) throws(JinjaError) {
    guard length + count <= limits.characters else { return try spend(characters: length + count) }
    try spend(1 + count / 16)
  }

  func descend() throws(JinjaError) {
    depth += 1
    guard depth <= limits.evaluationDepth else {
      throw beyond("the template nests deeper than \(limits.evaluationDepth) levels")
    }
  }

  func ascend() { depth -= 1 }

  /// A list, tuple or dictionary that does not nest too deep.
  func checked(_ value: Value) throws(JinjaError) -> Value {
    guard value.depth <= limits.nesting else {
      throw beyond("a value nests deeper than \(limits.nesting) levels")
    }
    return value
  }

  func makeNamespace() throws(JinjaError) -> Namespace {
    try spend(16)
    let namespace = Namespace()
    namespaces.append(namespace)
    return namespace
  }

  // MARK: Statements

  private enum Flow { case on, leaveLoop, nextRound }

  private func run(_ statements: [Statement]) throws(JinjaError) -> Flow {
    try descend()
    defer { ascend() }
    for statement in statements {
      let flow = try run(statement)
      if flow != .on { return flow }
    }
    return .on
  }

  private func run(_ statement: Statement) throws(JinjaError) -> Flow {
    position = statement.position
    try spend(1)
    switch statement.kind {
    case .data(let text): try write(text)
    case .output(let expression):
      let value = try evaluate(expression)
      position = statement.position
      try write(string(value))
    case .condition(let branches, let otherwise):
      for branch in branches where try truth(evaluate(branch.test)) { return try run(branch.body) }
      return try run(otherwise)
    case .loop(let loop): return try run(loop)
    case .assignment(let target, let expression):
      let value = try evaluate(expression)
      position = statement.position
      try assign(value, to: target)
    case .blockAssignment(let target, let filter, let body):
      var value = Value.text(try captured(body))
      if let filter { value = try evaluateChain(filter, of: value) }
      position = statement.position
      try assign(value, to: target)
    case .macro(let definition): scope.set(definition.name, try macro(definition))
    case .callBlock(let call, let definition):
      guard case .call(let callee, let arguments) = call.kind else { break }
      let function = try evaluate(callee)
      var values = try evaluate(arguments)
      values.keyword.append(("caller", try macro(definition)))
      position = statement.position
      try write(string(self.call(function, values)))
    case .filterBlock(let filter, let body):
      let text = try captured(body)
      try write(string(evaluateChain(filter, of: .text(text))))
    case .scope(let values, let body):
      var variables: [(Target, Value)] = []
      for (target, expression) in values { variables.append((target, try evaluate(expression))) }
      return try within(Scope(in: scope)) { () throws(JinjaError) in
        for (target, value) in variables { try assign(value, to: target) }
        return try run(body)
      }
    case .leaveLoop: return .leaveLoop
    case .nextRound: return .nextRound
    }
    return .on
  }

  private func write(_ text: Text) throws(JinjaError) {
    try spend(adding: text.count, to: output.count)
    output += text.units
  }

  private func within<Result>(
    _ inner: Scope, _ body: () throws(JinjaError) -> Result
  ) throws(JinjaError) -> Result {
    let outer = scope
    scope = inner
    defer { scope = outer }
    return try body()
  }

  /// What statements write, in a scope of their own.
  private func captured(_ body: [Statement]) throws(JinjaError) -> Text {
    let before = output
    output = []
    defer { output = before }
    _ = try within(Scope(in: scope)) { () throws(JinjaError) in try run(body) }
    return Text(units: output)
  }

  func assign(_ value: Value, to target: Target) throws(JinjaError) {
    switch target {
    case .name(let name): scope.set(name, value)
    case .attribute(let name, let attribute):
      guard case .namespace(let namespace)? = scope.find(name) else {
        throw fail("“\(name)” is no namespace, so its attributes cannot be set")
      }
      guard !attribute.hasPrefix("_") else {
        throw fail("an attribute of a namespace must not begin with “_”")
      }
      namespace.attributes.set(Text(attribute), value)
    case .several(let targets):
      let values = try iterate(value)
      guard values.count == targets.count else {
        throw fail("\(values.count) values cannot be assigned to \(targets.count) names")
      }
      for (target, value) in zip(targets, values) { try assign(value, to: target) }
    }
  }

  private func run(_ loop: Statement.Loop) throws(JinjaError) -> Flow {
    let start = position
    var items = try iterate(evaluate(loop.iterated))
    if let filter = loop.filter {
      var kept: [Value] = []
      for item in items {
        try spend(1)
        let keeps = try within(Scope(in: scope)) { () throws(JinjaError) in
          try assign(item, to: loop.target)
          return try truth(evaluate(filter))
        }
        if keeps { kept.append(item) }
      }
      items = kept
    }
    guard !items.isEmpty else {
      // Like the rounds, what stands instead of them has a scope of its own.
      return try within(Scope(in: scope)) { () throws(JinjaError) in try run(loop.otherwise) }
    }
    let state = LoopState(items: items)
    _ = try checked(.loop(state))
    for (index, item) in items.enumerated() {
      position = start
      try spend(1)
      state.index = index
      let flow = try within(Scope(["loop": .loop(state)], in: scope)) { () throws(JinjaError) in
        try assign(item, to: loop.target)
        return try run(loop.body)
      }
      if flow == .leaveLoop { break }
    }
    return .on
  }

  // MARK: Names and macros

  func find(_ name: String) -> Value {
    if let value = scope.find(name) ?? global(name) { return value }
    return .undefined(Undefined(reason: "“\(name)” is undefined"))
  }

  private func macro(_ definition: MacroDefinition) throws(JinjaError) -> Value {
    try spend(16)
    let home = scope
    capturedScopes.append(home)
    let function = Function(definition.name) {
      (interpreter, arguments) throws(JinjaError) in
      try interpreter.call(definition, at: home, arguments)
    }
    macros.append(function)
    return .function(function)
  }

  private func call(
    _ definition: MacroDefinition, at home: Scope, _ arguments: Arguments
  ) throws(JinjaError) -> Value {
    let inner = Scope(in: home)
    let given = arguments.positional
    var keyword = arguments.keyword
    let count = definition.parameters.count
    guard given.count <= count || definition.takesMore else {
      throw fail("macro “\(definition.name)” takes not more than \(count) values")
    }
    var missing: [(name: String, fallback: Expression?)] = []
    for (index, parameter) in definition.parameters.enumerated() {
      let place = keyword.firstIndex { $0.name == parameter.name }
      if index < given.count {
        guard place == nil else {
          throw fail("macro “\(definition.name)” gets “\(parameter.name)” twice")
        }
        inner.set(parameter.name, given[index])
      } else if let place {
        inner.set(parameter.name, keyword.remove(at: place).value)
      } else {
        missing.append(parameter)
      }
    }
    if let place = keyword.firstIndex(where: { $0.name == "caller" }),
      definition.takesCaller || definition.takesKeywords
    {
      inner.set("caller", keyword.remove(at: place).value)
    } else if definition.takesCaller {
      inner.set("caller", .undefined(Undefined(reason: "there is no caller here")))
    }
    if definition.takesMore { inner.set("varargs", .tuple(Array(given.dropFirst(count)))) }
    if definition.takesKeywords {
      var more = Mapping()
      for (name, value) in keyword { more.set(Text(name), value) }
      inner.set("kwargs", .dictionary(more))
    } else if let name = keyword.first?.name {
      throw fail("macro “\(definition.name)” has no parameter “\(name)”")
    }
    let before = output
    output = []
    defer { output = before }
    _ = try within(inner) { () throws(JinjaError) in
      for (name, fallback) in missing {
        let value =
          if let fallback {
            try evaluate(fallback)
          } else {
            Value.undefined(Undefined(reason: "the parameter “\(name)” was not given"))
          }
        inner.set(name, value)
      }
      return try run(definition.body)
    }
    return .text(Text(units: output))
  }

  func call(_ callee: Value, _ arguments: Arguments) throws(JinjaError) -> Value {
    switch callee {
    case .function(let function):
      guard let body = function.body else { break }
      try descend()
      defer { ascend() }
      return try body(self, arguments)
    case .undefined(let missing): throw fail(missing.reason)
    case .loop: throw fail("recursive loops are not supported")
    default: break
    }
    throw fail("a value of type \(callee.typeName) cannot be called")
  }
}
