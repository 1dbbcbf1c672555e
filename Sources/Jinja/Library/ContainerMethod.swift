/// The methods of Python's dictionaries, lists and tuples that change nothing.
enum ContainerMethod {
  static func bound(_ name: String, to mapping: Mapping) -> Value? {
    func method(
      _ parameters: [String] = [],
      _ body: @escaping (Interpreter, [Value?]) throws(JinjaError) -> Value
    ) -> Value {
      .function(
        Function(name, depth: mapping.depth + 1) { (interpreter, arguments) throws(JinjaError) in
          try interpreter.spend(1 + mapping.count)
          return try body(
            interpreter, try interpreter.bind(arguments, to: parameters, of: "“\(name)”"))
        })
    }
    switch name {
    case "items":
      return method { (_, _) throws(JinjaError) in
        .view(View(name: "dict_items", items: Items(mapping.pairs)))
      }
    case "keys":
      return method { (_, _) throws(JinjaError) in
        .view(View(name: "dict_keys", items: Items(mapping.keys)))
      }
    case "values":
      return method { (_, _) throws(JinjaError) in
        .view(View(name: "dict_values", items: Items(mapping.values)))
      }
    case "get":
      return .function(
        Function(name, depth: mapping.depth + 1) { (interpreter, arguments) throws(JinjaError) in
          guard arguments.keyword.isEmpty, (1...2).contains(arguments.positional.count) else {
            throw interpreter.fail("“get” takes a key and perhaps a default")
          }
          let fallback = arguments.positional.count > 1 ? arguments.positional[1] : .none
          if case .undefined = arguments.positional[0] { return fallback }
          return mapping[try interpreter.key(arguments.positional[0])] ?? fallback
        })
    case "copy": return method { (_, _) throws(JinjaError) in .dictionary(mapping) }
    case "pop", "popitem", "clear", "update", "setdefault": return forbidden(name, "dictionary")
    default: return nil
    }
  }

  static func bound(_ name: String, to items: Items, isList: Bool) -> Value? {
    let values = items.values
    switch name {
    case "count":
      return .function(
        Function(name, depth: items.depth + 1) { (interpreter, arguments) throws(JinjaError) in
          let bound = try interpreter.bind(arguments, to: ["value"], of: "“count”")
          guard let wanted = bound[0] else { throw interpreter.fail("“count” needs a value") }
          var count = 0
          for value in values where try interpreter.equal(value, wanted) { count += 1 }
          return .integer(count)
        })
    case "index":
      return .function(
        Function(name, depth: items.depth + 1) { (interpreter, arguments) throws(JinjaError) in
          let bound = try interpreter.bind(arguments, to: ["value"], of: "“index”")
          guard let wanted = bound[0] else { throw interpreter.fail("“index” needs a value") }
          for (index, value) in values.enumerated() where try interpreter.equal(value, wanted) {
            return .integer(index)
          }
          throw interpreter.fail("“index” does not find the value")
        })
    case "copy" where isList:
      return .function(
        Function(name, depth: items.depth + 1) { (_, _) throws(JinjaError) in .list(items) })
    case "append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear":
      return isList ? forbidden(name, "list") : nil
    default: return nil
    }
  }

  /// The sandbox of Jinja hands out a value that fails as soon as it is called.
  private static func forbidden(_ name: String, _ type: String) -> Value {
    .undefined(
      Undefined(reason: "“\(name)” would change a \(type), which templates are not allowed to do"))
  }
}
