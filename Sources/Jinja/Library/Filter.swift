/// The filters of Jinja, and `tojson` as Hugging Face has it.
struct Filter: Sendable {
  typealias Body =
    @Sendable (Interpreter, Value, Arguments, [Value?]) throws(JinjaError) -> Value

  /// The names of the parameters; nil where the filter reads its arguments itself.
  let parameters: [String]?
  let run: Body

  init(_ parameters: [String]? = [], _ run: @escaping Body) {
    self.parameters = parameters
    self.run = run
  }

  /// A filter on the text of a value.
  private static func text(_ transform: @escaping @Sendable (Text) -> Text) -> Filter {
    Filter { (run, value, _, _) throws(JinjaError) in
      let text = try run.string(value)
      try run.spend(characters: text.count)
      return .text(transform(text))
    }
  }

  static let named: [String: Filter] = {
    var all = texts
    for group in [layouts, numbers, elements, choices, orders] {
      all.merge(group) { first, _ in first }
    }
    for (name, other) in [
      "d": "default", "count": "length", "e": "escape", "forceescape": "escape",
    ] { all[name] = all[other] }
    return all
  }()

  // MARK: Text

  private static let texts: [String: Filter] = [
    "upper": text(\.uppercased),
    "lower": text(\.lowercased),
    "capitalize": text(\.capitalized),
    "title": text(\.jinjaTitled),
    "escape": text(\.escaped),
    "string": Filter { (run, value, _, _) throws(JinjaError) in .text(try run.string(value)) },
    "safe": Filter { (run, value, _, _) throws(JinjaError) in
      var text = try run.string(value)
      text.isMarkup = true
      return .text(text)
    },
    "trim": Filter(["chars"]) { (run, value, _, values) throws(JinjaError) in
      let text = try run.string(value)
      try run.spend(characters: text.count)
      return .text(text.stripped(try run.optionalText(values[0])))
    },
    "replace": Filter(["old", "new", "count"]) { (run, value, _, values) throws(JinjaError) in
      guard let old = values[0], let new = values[1] else {
        throw run.fail("“replace” needs what to replace and by what")
      }
      var limit = -1
      if let count = values[2], case .integer(let number) = count, number != 0 { limit = number }
      return .text(
        try run.replaced(run.string(value), run.string(old), run.string(new), limit: limit))
    },
    "format": Filter(nil) { (run, value, arguments, _) throws(JinjaError) in
      guard arguments.keyword.isEmpty || arguments.positional.isEmpty else {
        throw run.fail("“format” takes values either with or without names")
      }
      var named = Mapping()
      for (name, value) in arguments.keyword { named.set(Text(name), value) }
      let values: Value =
        arguments.keyword.isEmpty ? .tuple(arguments.positional) : .dictionary(named)
      return .text(try run.formatted(run.string(value), percent: values))
    },
    "join": Filter(["d", "attribute"]) { (run, value, _, values) throws(JinjaError) in
      let separator = try values[0].map { (value) throws(JinjaError) in try run.string(value) }
      var texts: [Value] = []
      for item in try run.iterate(value) {
        let item = try run.value(of: values[1], in: item)
        texts.append(.text(try run.string(item)))
      }
      return .text(try run.joined(.list(texts), by: separator ?? Text("")))
    },
    "tojson": Filter(["ensure_ascii", "indent", "separators", "sort_keys"]) {
      (run, value, _, values) throws(JinjaError) in
      .text(try run.json(value, values))
    },
    "wordcount": Filter { (run, value, _, _) throws(JinjaError) in
      let text = try run.string(value)
      try run.spend(characters: text.count)
      var count = 0
      var isInside = false
      for unit in text.units {
        let properties = Text.scalar(unit).properties
        let isWord =
          properties.isAlphabetic || properties.numericType != nil || Text.code(unit) == 95
        if isWord, !isInside { count += 1 }
        isInside = isWord
      }
      return .integer(count)
    },
  ]

  private static let layouts: [String: Filter] = [
    "indent": Filter(["width", "first", "blank"]) { (run, value, _, values) throws(JinjaError) in
      let step: Text =
        switch values[0] {
        case nil: Text("    ")
        case .text(let text)?: text
        case let width: try run.filling(Text(" "), try run.integer(width))
        }
      let first = try values[1].map { (value) throws(JinjaError) in try run.truth(value) } ?? false
      let blank = try values[2].map { (value) throws(JinjaError) in try run.truth(value) } ?? false
      let text = try run.text(value) + Text("\n")
      let lines = text.lines()
      let (more, isTooMuch) = lines.count.multipliedReportingOverflow(by: step.count)
      try run.spend(characters: isTooMuch ? Int.max : text.count + more)
      var units: [UInt32] = first ? step.units : []
      for (index, line) in lines.enumerated() {
        if index > 0 { units.append(10) }
        if index > 0, blank || !line.isEmpty { units += step.units }
        units += line.units
      }
      return .text(Text(units: units))
    },
    "center": Filter(["width"]) { (run, value, _, values) throws(JinjaError) in
      let width = try values[0].map { (value) throws(JinjaError) in try run.integer(value) } ?? 80
      return .text(try run.centered(run.string(value), width, Text(" ")))
    },
    "truncate": Filter(["length", "killwords", "end", "leeway"]) {
      (run, value, _, values) throws(JinjaError) in
      let text = try run.string(value)
      let length = try values[0].map { (value) throws(JinjaError) in try run.integer(value) } ?? 255
      let cuts = try values[1].map { (value) throws(JinjaError) in try run.truth(value) } ?? false
      let end =
        try values[2].map { (value) throws(JinjaError) in try run.text(value) }
        ?? Text("...")
      let leeway = try run.optionalInteger(values[3]) ?? 5
      guard length >= end.count, leeway >= 0 else {
        throw run.fail("“truncate” needs more than \(end.count - 1) characters")
      }
      try run.spend(characters: text.count)
      if text.count - leeway <= length { return .text(text) }
      let kept = Text(units: text.units.prefix(length - end.count))
      if cuts { return .text(kept + end) }
      return .text((kept.split([0x20], limit: 1, fromEnd: true).first ?? kept) + end)
    },
  ]

  // MARK: Numbers

  private static let numbers: [String: Filter] = [
    "abs": Filter { (run, value, _, _) throws(JinjaError) in
      switch try run.number(value) {
      case .integer(let number) where number < 0: try run.negated(.integer(number))
      case .float(let number): .float(number.magnitude)
      case let number: number
      }
    },
    "int": Filter(["default", "base"]) { (run, value, _, values) throws(JinjaError) in
      let base = try run.optionalInteger(values[1]) ?? 10
      guard base == 0 || (2...36).contains(base) else { throw run.fail("there is no base \(base)") }
      return try run.whole(value, base: base) ?? values[0] ?? .integer(0)
    },
    "float": Filter(["default"]) { (run, value, _, values) throws(JinjaError) in
      if let number = run.numeric(value) { return .float(number.double) }
      if case .undefined(let missing) = value { throw run.fail(missing.reason) }
      if case .text(let text) = value, let number = Interpreter.float(text) {
        return .float(number)
      }
      return values[0] ?? .float(0)
    },
    "round": Filter(["precision", "method"]) { (run, value, _, values) throws(JinjaError) in
      try run.rounded(
        value, precision: try run.optionalInteger(values[0]) ?? 0,
        method: try values[1].map { (value) throws(JinjaError) in try run.text(value).string }
          ?? "common")
    },
    "sum": Filter(["attribute", "start"]) { (run, value, _, values) throws(JinjaError) in
      var sum = values[1] ?? .integer(0)
      for item in try run.iterate(value) {
        sum = try run.arithmetic(sum, .plus, try run.value(of: values[0], in: item))
      }
      return sum
    },
  ]

  // MARK: Elements

  private static let elements: [String: Filter] = [
    "default": Filter(["default_value", "boolean"]) { (run, value, _, values) throws(JinjaError) in
      let fallback = values[0] ?? .text("")
      if case .undefined = value { return fallback }
      guard let boolean = values[1], try run.truth(boolean) else { return value }
      return try run.truth(value) ? value : fallback
    },
    "length": Filter { (run, value, _, _) throws(JinjaError) in
      guard let length = run.length(value) else {
        throw run.fail("a value of type \(value.typeName) has no length")
      }
      return .integer(length)
    },
    "list": Filter { (run, value, _, _) throws(JinjaError) in .list(try run.iterate(value)) },
    "first": Filter { (run, value, _, _) throws(JinjaError) in
      if case .iterator(let iterator) = value, let first = iterator.next() { return first }
      return try run.iterate(value).first
        ?? .undefined(Undefined(reason: "there is no first element"))
    },
    "last": Filter { (run, value, _, _) throws(JinjaError) in
      if case .iterator = value { throw run.fail("the last element of an iterator is not known") }
      return try run.iterate(value).last
        ?? .undefined(Undefined(reason: "there is no last element"))
    },
    "items": Filter { (run, value, _, _) throws(JinjaError) in
      switch value {
      case .undefined: return .iterator(Iterator([]))
      case .dictionary(let mapping):
        try run.spend(mapping.count)
        return .iterator(Iterator(mapping.pairs))
      default: throw run.fail("“items” needs a dictionary, not a value of type \(value.typeName)")
      }
    },
    "attr": Filter(["name"]) { (run, value, _, values) throws(JinjaError) in
      let name = try run.text(values[0]).string
      if case .dictionary(let mapping) = value, mapping[name] != nil,
        ContainerMethod.bound(name, to: mapping) == nil
      {
        return .undefined(Undefined(reason: "a dictionary has no attribute “\(name)”"))
      }
      return try run.attribute(name, of: value)
    },
    "reverse": Filter { (run, value, _, _) throws(JinjaError) in
      if case .text(let text) = value {
        try run.spend(characters: text.count)
        return .text(Text(units: Array(text.units.reversed())))
      }
      let values = try run.iterate(value)
      if case .iterator = value { return .list(values.reversed()) }
      return .iterator(Iterator(values.reversed()))
    },
    "batch": Filter(["linecount", "fill_with"]) { (run, value, _, values) throws(JinjaError) in
      let size = try run.integer(values[0])
      guard size > 0 else { throw run.fail("“batch” needs a number above 0") }
      var batches: [Value] = []
      var batch: [Value] = []
      for item in try run.iterate(value) {
        batch.append(item)
        if batch.count == size {
          batches.append(.list(batch))
          batch = []
        }
      }
      if !batch.isEmpty {
        if let fill = values[1], batch.count < size, run.isGiven(fill) {
          try run.spend(size)
          batch += Array(repeating: fill, count: size - batch.count)
        }
        batches.append(.list(batch))
      }
      return try run.checked(.iterator(Iterator(batches)))
    },
  ]

  // MARK: Choices

  private static let choices: [String: Filter] = [
    "map": Filter(nil) { (run, value, arguments, _) throws(JinjaError) in
      try run.mapped(value, arguments)
    },
    "select": Filter(nil) { (run, value, arguments, _) throws(JinjaError) in
      try run.selected(value, arguments, byAttribute: false, keeps: true)
    },
    "reject": Filter(nil) { (run, value, arguments, _) throws(JinjaError) in
      try run.selected(value, arguments, byAttribute: false, keeps: false)
    },
    "selectattr": Filter(nil) { (run, value, arguments, _) throws(JinjaError) in
      try run.selected(value, arguments, byAttribute: true, keeps: true)
    },
    "rejectattr": Filter(nil) { (run, value, arguments, _) throws(JinjaError) in
      try run.selected(value, arguments, byAttribute: true, keeps: false)
    },
  ]

  // MARK: Order

  private static let orders: [String: Filter] = [
    "sort": Filter(["reverse", "case_sensitive", "attribute"]) {
      (run, value, _, values) throws(JinjaError) in
      let keyed = try run.keyed(run.iterate(value), by: values[2], caseSensitive: values[1])
      return .list(try run.sorted(keyed, reversed: values[0]))
    },
    "dictsort": Filter(["case_sensitive", "by", "reverse"]) {
      (run, value, _, values) throws(JinjaError) in
      guard case .dictionary(let mapping) = value else {
        throw run.fail("“dictsort” needs a dictionary, not a value of type \(value.typeName)")
      }
      let by = try values[1].map { (value) throws(JinjaError) in try run.text(value).string }
      guard by == nil || by == "key" || by == "value" else {
        throw run.fail("“dictsort” sorts by “key” or by “value”")
      }
      let place: Value = .integer(by == "value" ? 1 : 0)
      let keyed = try run.keyed(mapping.pairs, by: place, caseSensitive: values[0])
      return .list(try run.sorted(keyed, reversed: values[2]))
    },
    "unique": Filter(["case_sensitive", "attribute"]) {
      (run, value, _, values) throws(JinjaError) in
      var seen: Set<Mapping.Key> = []
      var kept: [Value] = []
      for (key, item) in try run.keyed(run.iterate(value), by: values[1], caseSensitive: values[0])
      where seen.insert(try run.key(key)).inserted {
        kept.append(item)
      }
      return .iterator(Iterator(kept))
    },
    "min": Filter(["case_sensitive", "attribute"]) { (run, value, _, values) throws(JinjaError) in
      let keyed = try run.keyed(run.iterate(value), by: values[1], caseSensitive: values[0])
      return try run.extreme(keyed, .less)
    },
    "max": Filter(["case_sensitive", "attribute"]) { (run, value, _, values) throws(JinjaError) in
      let keyed = try run.keyed(run.iterate(value), by: values[1], caseSensitive: values[0])
      return try run.extreme(keyed, .greater)
    },
  ]
}

extension Text {
  /// Jinja's own `title`: a word begins behind white space, a hyphen or an opening bracket.
  fileprivate var jinjaTitled: Text {
    var result: [UInt32] = []
    var isInside = false
    var rest: [UInt32] = []
    func flush() { result += Text(units: rest).lowercased.units }
    for unit in units {
      let isBetween =
        Text.isSpace(unit) || [0x2D, 0x28, 0x7B, 0x5B, 0x3C].contains(Text.code(unit))
      if isInside, !isBetween {
        rest.append(unit)
        continue
      }
      flush()
      rest = []
      result += isBetween ? [unit] : Text(units: [unit]).uppercased.units
      isInside = !isBetween
    }
    flush()
    return Text(units: result)
  }
}
