/// The tests of Jinja: what stands behind `is`.
struct ValueTest: Sendable {
  typealias Body = @Sendable (Interpreter, Value, [Value]) throws(JinjaError) -> Bool

  /// How many values the test takes.
  let count: Int
  let run: Body

  init(_ count: Int = 0, _ run: @escaping Body) {
    self.count = count
    self.run = run
  }

  private static func comparison(_ comparison: ComparisonOperator) -> ValueTest {
    ValueTest(1) { (run, value, others) throws(JinjaError) in
      try run.compare(value, comparison, others[0])
    }
  }

  static let named: [String: ValueTest] = {
    var all = kinds
    for group in [amounts, names] { all.merge(group) { first, _ in first } }
    for (spellings, sign) in [
      (["==", "eq", "equalto"], ComparisonOperator.equal), (["!=", "ne"], .unequal),
      (["<", "lt", "lessthan"], .less), (["<=", "le"], .lessOrEqual),
      ([">", "gt", "greaterthan"], .greater), ([">=", "ge"], .greaterOrEqual), (["in"], .isIn),
    ] {
      for spelling in spellings { all[spelling] = comparison(sign) }
    }
    return all
  }()

  private static let kinds: [String: ValueTest] = [
    "defined": ValueTest { (_, value, _) throws(JinjaError) in
      if case .undefined = value { false } else { true }
    },
    "undefined": ValueTest { (_, value, _) throws(JinjaError) in
      if case .undefined = value { true } else { false }
    },
    "none": ValueTest { (_, value, _) throws(JinjaError) in
      if case .none = value { true } else { false }
    },
    "boolean": ValueTest { (_, value, _) throws(JinjaError) in
      if case .boolean = value { true } else { false }
    },
    "true": ValueTest { (_, value, _) throws(JinjaError) in
      if case .boolean(true) = value { true } else { false }
    },
    "false": ValueTest { (_, value, _) throws(JinjaError) in
      if case .boolean(false) = value { true } else { false }
    },
    "integer": ValueTest { (_, value, _) throws(JinjaError) in
      if case .integer = value { true } else { false }
    },
    "float": ValueTest { (_, value, _) throws(JinjaError) in
      if case .float = value { true } else { false }
    },
    "number": ValueTest { (run, value, _) throws(JinjaError) in run.numeric(value) != nil },
    "string": ValueTest { (_, value, _) throws(JinjaError) in
      if case .text = value { true } else { false }
    },
    "mapping": ValueTest { (_, value, _) throws(JinjaError) in
      if case .dictionary = value { true } else { false }
    },
    "iterable": ValueTest { (run, value, _) throws(JinjaError) in run.canIterate(value) },
    "sequence": ValueTest { (_, value, _) throws(JinjaError) in
      switch value {
      case .text, .list, .tuple, .dictionary, .range, .undefined: true
      default: false
      }
    },
    "callable": ValueTest { (_, value, _) throws(JinjaError) in
      switch value {
      case .function, .undefined, .loop: true
      default: false
      }
    },
    "escaped": ValueTest { (_, value, _) throws(JinjaError) in
      if case .text(let text) = value { text.isMarkup } else { false }
    },
    "lower": ValueTest { (run, value, _) throws(JinjaError) in try run.string(value).isLower },
    "upper": ValueTest { (run, value, _) throws(JinjaError) in try run.string(value).isUpper },
    "sameas": ValueTest(1) { (run, value, others) throws(JinjaError) in
      // One of Python's objects is another only if its type is the same.
      value.typeName == others[0].typeName ? try run.equal(value, others[0]) : false
    },
  ]

  private static let amounts: [String: ValueTest] = [
    "odd": ValueTest { (run, value, _) throws(JinjaError) in
      try run.equal(run.arithmetic(value, .remainder, .integer(2)), .integer(1))
    },
    "even": ValueTest { (run, value, _) throws(JinjaError) in
      try run.equal(run.arithmetic(value, .remainder, .integer(2)), .integer(0))
    },
    "divisibleby": ValueTest(1) { (run, value, others) throws(JinjaError) in
      try run.equal(run.arithmetic(value, .remainder, others[0]), .integer(0))
    },
  ]

  private static let names: [String: ValueTest] = [
    "filter": ValueTest { (run, value, _) throws(JinjaError) in
      if case .text(let name) = value { Filter.named[name.string] != nil } else { false }
    },
    "test": ValueTest { (run, value, _) throws(JinjaError) in
      // The table cannot look into itself while it is made.
      if case .text(let name) = value { ValueTest.named[name.string] != nil } else { false }
    },
  ]
}
