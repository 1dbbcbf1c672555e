/// Values as JSON, in the words of Python's `json.dumps`.
extension Interpreter {
  private struct JSONForm {
    var isASCII = false
    /// What each level is indented by; nil for one line.
    var indent: Text?
    var itemSeparator = Text(", ")
    var keySeparator = Text(": ")
    var sortsKeys = false
  }

  /// - Parameter options: `ensure_ascii`, `indent`, `separators`, `sort_keys`, as far as given.
  func json(_ value: Value, _ options: [Value?]) throws(JinjaError) -> Text {
    var form = JSONForm()
    if let value = options[0] { form.isASCII = try truth(value) }
    switch options[1] {
    case nil, .some(.none): break
    case .text(let text)?: form.indent = text
    case let width: form.indent = try filling(Text(" "), try integer(width))
    }
    if form.indent != nil { form.itemSeparator = Text(",") }
    if let separators = options[2], isGiven(separators) {
      let pair = try iterate(separators)
      guard pair.count == 2 else { throw fail("“separators” are two strings") }
      (form.itemSeparator, form.keySeparator) = (try text(pair[0]), try text(pair[1]))
    }
    if let value = options[3] { form.sortsKeys = try truth(value) }
    var units: [UInt32] = []
    try write(value, level: 0, form, in: &units)
    return Text(units: units)
  }

  private func write(
    _ value: Value, level: Int, _ form: JSONForm, in units: inout [UInt32]
  ) throws(JinjaError) {
    try descend()
    defer { ascend() }
    switch value {
    case .none: try add("null", to: &units)
    case .boolean(let value): try add(value ? "true" : "false", to: &units)
    case .integer(let value): try add(String(value), to: &units)
    case .float(let value): try add(Self.json(value), to: &units)
    case .text(let text): try write(text, form, in: &units)
    case .list(let items), .tuple(let items):
      guard !items.values.isEmpty else { return try add("[]", to: &units) }
      try add("[", to: &units)
      for (index, item) in items.values.enumerated() {
        try beginItem(index, level: level + 1, form, in: &units)
        try write(item, level: level + 1, form, in: &units)
      }
      try endItems(level: level, form, in: &units)
      try add("]", to: &units)
    case .dictionary(let mapping):
      guard mapping.count > 0 else { return try add("{}", to: &units) }
      var pairs: [(key: Value, item: Value)] = Array(zip(mapping.keys, mapping.values))
      if form.sortsKeys {
        let keyed = pairs.map { (key: $0.key, item: Value.tuple([$0.key, $0.item])) }
        pairs = try sorted(keyed, reversed: nil).compactMap {
          guard case .tuple(let pair) = $0, pair.values.count == 2 else { return nil }
          return (pair.values[0], pair.values[1])
        }
      }
      try add("{", to: &units)
      for (index, pair) in pairs.enumerated() {
        try beginItem(index, level: level + 1, form, in: &units)
        try writeKey(pair.key, form, in: &units)
        try spend(adding: form.keySeparator.count, to: units.count)
        units += form.keySeparator.units
        try write(pair.item, level: level + 1, form, in: &units)
      }
      try endItems(level: level, form, in: &units)
      try add("}", to: &units)
    case .undefined(let missing): throw fail(missing.reason)
    default: throw fail("a value of type \(value.typeName) cannot be written as JSON")
    }
  }

  private func add(_ text: String, to units: inout [UInt32]) throws(JinjaError) {
    try spend(adding: text.utf8.count, to: units.count)
    units += text.unicodeScalars.map(\.value)
  }

  private func beginItem(
    _ index: Int, level: Int, _ form: JSONForm, in units: inout [UInt32]
  ) throws(JinjaError) {
    if index > 0 {
      try spend(adding: form.itemSeparator.count, to: units.count)
      units += form.itemSeparator.units
    }
    try breakLine(level: level, form, in: &units)
  }

  private func endItems(
    level: Int, _ form: JSONForm, in units: inout [UInt32]
  ) throws(JinjaError) {
    try breakLine(level: level, form, in: &units)
  }

  private func breakLine(
    level: Int, _ form: JSONForm, in units: inout [UInt32]
  ) throws(JinjaError) {
    guard let indent = form.indent else { return }
    try spend(adding: 1 + indent.count * level, to: units.count)
    units.append(10)
    for _ in 0..<level { units += indent.units }
  }

  private func writeKey(
    _ key: Value, _ form: JSONForm, in units: inout [UInt32]
  ) throws(JinjaError) {
    switch key {
    case .text(let text): try write(text, form, in: &units)
    case .none: try add("\"null\"", to: &units)
    case .boolean(let value): try add(value ? "\"true\"" : "\"false\"", to: &units)
    case .integer(let value): try add("\"\(value)\"", to: &units)
    case .float(let value): try add("\"\(Self.json(value))\"", to: &units)
    default: throw fail("a value of type \(key.typeName) cannot be a key in JSON")
    }
  }

  private static func json(_ value: Double) -> String {
    value.isNaN
      ? "NaN"
      : value.isInfinite
        ? (value < 0 ? "-Infinity" : "Infinity")
        : spelling(of: value)
  }

  private func write(
    _ text: Text, _ form: JSONForm, in units: inout [UInt32]
  ) throws(JinjaError) {
    try spend(adding: 2 + text.count, to: units.count)
    units.append(0x22)
    for unit in text.units {
      let mark = Text.mark(of: unit)
      func add(_ escape: String) { units += escape.unicodeScalars.map { $0.value | mark } }
      func addCode(_ code: some BinaryInteger) {
        let hex = String(code, radix: 16)
        add("\\u" + String(repeating: "0", count: max(4 - hex.count, 0)) + hex)
      }
      switch Text.code(unit) {
      case 0x22: add("\\\"")
      case 0x5C: add("\\\\")
      case 0x0A: add("\\n")
      case 0x0D: add("\\r")
      case 0x09: add("\\t")
      case 0x08: add("\\b")
      case 0x0C: add("\\f")
      case let code where code < 0x20: addCode(code)
      case let code where code > 0x7E && form.isASCII:
        if code == 0x7F {
          units.append(unit)
        } else {
          for half in String(Text.scalar(unit)).utf16 { addCode(half) }
        }
      default: units.append(unit)
      }
    }
    units.append(0x22)
  }
}
