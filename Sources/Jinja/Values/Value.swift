/// A value of a running template, with the meaning that it has in Python.
///
/// Lists and dictionaries never change once they are made: the sandbox of Jinja forbids it.
enum Value {
  case undefined(Undefined)
  case none
  case boolean(Bool)
  case integer(Int)
  case float(Double)
  case text(Text)
  case list(Items)
  case tuple(Items)
  case dictionary(Mapping)
  /// `keys()`, `values()` or `items()` of a dictionary.
  case view(View)
  case range(Range)
  case iterator(Iterator)
  case namespace(Namespace)
  case loop(LoopState)
  case function(Function)

  static func list(_ values: [Value]) -> Value { .list(Items(values)) }
  static func tuple(_ values: [Value]) -> Value { .tuple(Items(values)) }
  static func text(_ string: String) -> Value { .text(Text(string)) }

  /// How deep the value nests. Namespaces and macros count as 0: the interpreter takes them apart
  /// itself in the end.
  var depth: Int {
    switch self {
    case .list(let items), .tuple(let items): items.depth
    case .dictionary(let mapping): mapping.depth
    case .view(let view): view.items.depth
    case .iterator(let iterator): iterator.depth
    case .loop(let loop): loop.depth
    case .function(let function): function.depth
    default: 0
    }
  }

  /// As Python names the type in messages.
  var typeName: String {
    switch self {
    case .undefined: "undefined value"
    case .none: "None"
    case .boolean: "bool"
    case .integer: "int"
    case .float: "float"
    case .text: "str"
    case .list: "list"
    case .tuple: "tuple"
    case .dictionary: "dict"
    case .view(let view): view.name
    case .range: "range"
    case .iterator: "iterator"
    case .namespace: "namespace"
    case .loop: "loop"
    case .function: "function"
    }
  }
}

/// What a name or an attribute that does not exist comes to: it prints as nothing, and everything
/// that is done with it is an error.
struct Undefined {
  /// Why, as the error says then.
  var reason: String
}

struct Items {
  let values: [Value]
  let depth: Int

  init(_ values: [Value]) {
    self.values = values
    depth = 1 + (values.lazy.map(\.depth).max() ?? 0)
  }
}

/// A dictionary in the order of its making.
struct Mapping {
  /// A key without provenance, with numbers that are equal as one.
  enum Key: Hashable {
    case none
    case integer(Int)
    case float(Double)
    case text([UInt32])
    case tuple([Key])
  }

  private(set) var keys: [Value] = []
  private(set) var values: [Value] = []
  private var places: [Key: Int] = [:]
  private(set) var depth = 1

  var count: Int { keys.count }

  subscript(_ key: Key) -> Value? { places[key].map { values[$0] } }

  subscript(_ name: String) -> Value? { self[.text(name.unicodeScalars.map(\.value))] }

  mutating func set(_ key: Key, _ name: Value, _ value: Value) {
    depth = max(depth, 1 + value.depth, 1 + name.depth)
    if let place = places[key] {
      values[place] = value
    } else {
      places[key] = keys.count
      keys.append(name)
      values.append(value)
    }
  }

  mutating func set(_ name: Text, _ value: Value) { set(.text(name.codes), .text(name), value) }

  var pairs: [Value] { zip(keys, values).map { .tuple([$0, $1]) } }
}

struct View {
  /// `dict_items` and so on.
  var name: String
  var items: Items
}

struct Range {
  var start: Int
  var count: Int
  var step: Int

  func value(_ index: Int) -> Value { .integer(start + index * step) }
}

/// Values that can be gone through once, such as those of `map` and `select`.
final class Iterator {
  private var rest: ArraySlice<Value>
  let depth: Int

  init(_ values: [Value]) {
    rest = values[...]
    depth = 1 + (values.lazy.map(\.depth).max() ?? 0)
  }

  func next() -> Value? { rest.popFirst() }

  func takeAll() -> [Value] {
    defer { rest = [] }
    return Array(rest)
  }
}

final class Namespace {
  var attributes = Mapping()
}

/// `loop` inside of a `for`.
final class LoopState {
  let items: [Value]
  var index = 0
  /// What `changed` was last given.
  var lastChanged: [Value]?
  let depth: Int

  init(items: [Value]) {
    self.items = items
    depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
  }
}

/// What can be called: a macro, a method together with its object, or one of Jinja's functions.
final class Function {
  typealias Body = (Interpreter, Arguments) throws(JinjaError) -> Value

  let name: String
  let depth: Int
  /// Empty once the interpreter has taken a macro apart.
  private(set) var body: Body?

  init(_ name: String, depth: Int = 0, body: @escaping Body) {
    self.name = name
    self.depth = depth
    self.body = body
  }

  func release() { body = nil }
}

/// What a call is given.
struct Arguments {
  var positional: [Value] = []
  var keyword: [(name: String, value: Value)] = []
}

/// The variables of a part of a template, above those of what is around it.
final class Scope {
  private(set) var variables: [String: Value]
  private(set) var parent: Scope?

  init(_ variables: [String: Value] = [:], in parent: Scope?) {
    self.variables = variables
    self.parent = parent
  }

  func set(_ name: String, _ value: Value) { variables[name] = value }

  func find(_ name: String) -> Value? {
    var scope: Scope? = self
    while let current = scope {
      if let value = current.variables[name] { return value }
      scope = current.parent
    }
    return nil
  }

  func release() {
    variables = [:]
    parent = nil
  }
}
