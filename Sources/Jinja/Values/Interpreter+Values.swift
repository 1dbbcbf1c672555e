/// What values mean: truth, length, elements, attributes, items.
extension Interpreter {
  /// A variable of the caller's.
  func value(of value: JinjaValue) throws(JinjaError) -> Value {
    try descend()
    defer { ascend() }
    try spend(1)
    switch value {
    case .null: return .none
    case .boolean(let value): return .boolean(value)
    case .integer(let value): return .integer(value)
    case .float(let value): return .float(value)
    case .trusted(let text): return .text(Text(text))
    case .input(let text): return .text(Text(text, isInput: true))
    case .list(let values):
      var items: [Value] = []
      for value in values { items.append(try self.value(of: value)) }
      return try checked(.list(items))
    case .dictionary(let pairs):
      var mapping = Mapping()
      for (key, value) in pairs { mapping.set(Text(key), try self.value(of: value)) }
      return try checked(.dictionary(mapping))
    }
  }

  func truth(_ value: Value) throws(JinjaError) -> Bool {
    switch value {
    case .undefined, .none: false
    case .boolean(let value): value
    case .integer(let value): value != 0
    case .float(let value): value != 0
    case .text(let text): !text.isEmpty
    case .list(let items), .tuple(let items): !items.values.isEmpty
    case .dictionary(let mapping): mapping.count > 0
    case .view(let view): !view.items.values.isEmpty
    case .range(let range): range.count > 0
    case .iterator, .namespace, .loop, .function: true
    }
  }

  /// The number of elements; nil for a value that has none.
  func length(_ value: Value) -> Int? {
    switch value {
    case .undefined: 0
    case .text(let text): text.count
    case .list(let items), .tuple(let items): items.values.count
    case .dictionary(let mapping): mapping.count
    case .view(let view): view.items.values.count
    case .range(let range): range.count
    case .loop(let loop): loop.items.count
    default: nil
    }
  }

  /// The elements in their order.
  func iterate(_ value: Value) throws(JinjaError) -> [Value] {
    let values: [Value]
    switch value {
    case .undefined: values = []
    case .text(let text): values = text.units.map { .text(Text(units: [$0])) }
    case .list(let items), .tuple(let items): values = items.values
    case .dictionary(let mapping): values = mapping.keys
    case .view(let view): values = view.items.values
    case .range(let range): values = (0..<range.count).map(range.value)
    case .iterator(let iterator): values = iterator.takeAll()
    default: throw fail("a value of type \(value.typeName) has no elements to go through")
    }
    try spend(values.count)
    return values
  }

  func canIterate(_ value: Value) -> Bool {
    switch value {
    case .undefined, .text, .list, .tuple, .dictionary, .view, .range, .iterator, .loop: true
    default: false
    }
  }

  /// The value as a key of a dictionary.
  func key(_ value: Value) throws(JinjaError) -> Mapping.Key {
    switch value {
    case .none: return .none
    case .boolean(let value): return .integer(value ? 1 : 0)
    case .integer(let value): return .integer(value)
    case .float(let value):
      return Int(exactly: value).map { .integer($0) } ?? .float(value)
    case .text(let text):
      try spend(characters: text.count)
      return .text(text.codes)
    case .tuple(let items):
      var keys: [Mapping.Key] = []
      for item in items.values { keys.append(try key(item)) }
      return .tuple(keys)
    case .undefined(let missing): throw fail(missing.reason)
    default: throw fail("a value of type \(value.typeName) cannot be a key")
    }
  }

  // MARK: Attributes and items

  /// `value.name`: an attribute or method, or else the item of that name.
  func attribute(_ name: String, of value: Value) throws(JinjaError) -> Value {
    if case .undefined(let missing) = value { throw fail(missing.reason) }
    if let found = try ownAttribute(name, of: value) { return found }
    if case .dictionary(let mapping) = value, let found = mapping[name] { return found }
    return .undefined(Undefined(reason: "a value of type \(value.typeName) has no “\(name)”"))
  }

  /// An attribute that the type has in Python.
  private func ownAttribute(_ name: String, of value: Value) throws(JinjaError) -> Value? {
    switch value {
    case .text(let text): return TextMethod.bound(name, to: text)
    case .dictionary(let mapping): return ContainerMethod.bound(name, to: mapping)
    case .list(let items): return ContainerMethod.bound(name, to: items, isList: true)
    case .tuple(let items): return ContainerMethod.bound(name, to: items, isList: false)
    case .namespace(let namespace):
      // A namespace's own names hide nothing: it has no methods.
      return namespace.attributes[name]
    case .loop(let loop): return loop.attribute(name)
    case .function(let function) where name == "name": return .text(function.name)
    default: return nil
    }
  }

  /// `value[index]`: an item, or else the attribute of that name.
  func item(_ index: Value, of value: Value) throws(JinjaError) -> Value {
    if case .undefined(let missing) = value { throw fail(missing.reason) }
    if case .undefined(let missing) = index, case .dictionary = value {
      // Nothing is found under a name that does not exist.
      return .undefined(missing)
    }
    if let found = try ownItem(index, of: value) { return found }
    if case .text(let name) = index, let found = try ownAttribute(name.string, of: value) {
      return found
    }
    let spelled = try representation(index).string
    return .undefined(
      Undefined(reason: "a value of type \(value.typeName) has no element \(spelled)"))
  }

  private func ownItem(_ index: Value, of value: Value) throws(JinjaError) -> Value? {
    if case .dictionary(let mapping) = value {
      switch index {
      case .list, .dictionary, .iterator, .namespace, .loop, .function, .range, .view: return nil
      default: return mapping[try key(index)]
      }
    }
    let place: Int
    switch index {
    case .integer(let number): place = number
    case .boolean(let flag): place = flag ? 1 : 0
    default: return nil
    }
    guard let count = length(value) else { return nil }
    let index = place < 0 ? place + count : place
    guard (0..<count).contains(index) else { return nil }
    switch value {
    case .text(let text): return .text(Text(units: [text.units[index]]))
    case .list(let items), .tuple(let items): return items.values[index]
    case .range(let range): return range.value(index)
    default: return nil
    }
  }

  func slice(
    _ value: Value, from start: Int?, to end: Int?, step: Int
  ) throws(JinjaError) -> Value {
    if case .undefined(let missing) = value { throw fail(missing.reason) }
    guard step != 0 else { throw fail("the step of a slice cannot be 0") }
    let count: Int
    switch value {
    case .text(let text): count = text.count
    case .list(let items), .tuple(let items): count = items.values.count
    default:
      // Python finds no element under a slice there, and Jinja says so only when it is used.
      return .undefined(Undefined(reason: "a value of type \(value.typeName) cannot be sliced"))
    }
    let places = Self.places(count, from: start, to: end, step: step)
    try spend(1 + places.count / 16)
    switch value {
    case .text(let text): return .text(Text(units: places.map { text.units[$0] }))
    case .list(let items): return .list(places.map { items.values[$0] })
    case .tuple(let items): return .tuple(places.map { items.values[$0] })
    default: return value
    }
  }

  /// The places that a slice of Python takes.
  private static func places(_ count: Int, from start: Int?, to end: Int?, step: Int) -> [Int] {
    func bound(_ given: Int?, _ otherwise: Int, least: Int, most: Int) -> Int {
      guard let given else { return otherwise }
      let place = given < 0 ? given.addingReportingOverflow(count).partialValue : given
      return min(max(place, least), most)
    }
    if step > 0 {
      let first = bound(start, 0, least: 0, most: count)
      let last = bound(end, count, least: 0, most: count)
      return first < last ? Array(stride(from: first, to: last, by: step)) : []
    }
    let first = bound(start, count - 1, least: -1, most: count - 1)
    let last = bound(end, -1, least: -1, most: count - 1)
    return first > last ? Array(stride(from: first, to: last, by: step)) : []
  }

  /// `needle in haystack`.
  func contains(_ haystack: Value, _ needle: Value) throws(JinjaError) -> Bool {
    switch haystack {
    case .text(let text):
      guard case .text(let wanted) = needle else {
        if case .undefined(let missing) = needle { throw fail(missing.reason) }
        throw fail("only a string can be in a string, not a value of type \(needle.typeName)")
      }
      try spend(characters: text.count)
      return text.firstIndex(of: wanted.units) != nil
    case .dictionary(let mapping):
      if case .undefined = needle { return false }
      return mapping[try key(needle)] != nil
    case .iterator(let iterator):
      while let value = iterator.next() {
        if try equal(value, needle) { return true }
      }
      return false
    default:
      for value in try iterate(haystack) where try equal(value, needle) { return true }
      return false
    }
  }
}

extension LoopState {
  /// What a template can ask of its loop.
  func attribute(_ name: String) -> Value? {
    let count = items.count
    switch name {
    case "index": return .integer(index + 1)
    case "index0": return .integer(index)
    case "revindex": return .integer(count - index)
    case "revindex0": return .integer(count - index - 1)
    case "first": return .boolean(index == 0)
    case "last": return .boolean(index == count - 1)
    case "length": return .integer(count)
    // Only recursive loops would go deeper.
    case "depth": return .integer(1)
    case "depth0": return .integer(0)
    case "previtem":
      return index > 0
        ? items[index - 1] : .undefined(Undefined(reason: "there is no previous item"))
    case "nextitem":
      return index + 1 < count
        ? items[index + 1] : .undefined(Undefined(reason: "there is no next item"))
    case "cycle":
      let round = index
      return .function(
        Function("cycle", depth: depth + 1) { (interpreter, arguments) throws(JinjaError) in
          let choices = arguments.positional
          guard !choices.isEmpty else { throw interpreter.fail("“cycle” needs values") }
          return choices[round % choices.count]
        })
    case "changed":
      return .function(
        Function("changed", depth: depth + 1) { (interpreter, arguments) throws(JinjaError) in
          let before = self.lastChanged
          let values = arguments.positional
          for value in values {
            guard value.depth == 0 else {
              throw interpreter.fail("“changed” compares only simple values")
            }
          }
          self.lastChanged = values
          guard let before, before.count == values.count else { return .boolean(true) }
          for (old, new) in zip(before, values) where try !interpreter.equal(old, new) {
            return .boolean(true)
          }
          return .boolean(false)
        })
    default: return nil
    }
  }
}
