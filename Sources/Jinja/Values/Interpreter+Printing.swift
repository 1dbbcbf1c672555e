import Foundation

/// Values as text: Python's `str` and `repr`.
extension Interpreter {
  /// What is printed for a value.
  func string(_ value: Value) throws(JinjaError) -> Text {
    switch value {
    case .text(let text): return text
    case .undefined: return Text("")
    default:
      return try representation(value)
    }
  }

  /// Python's `repr`, which is also how lists and dictionaries print what is in them.
  func representation(_ value: Value) throws(JinjaError) -> Text {
    var units: [UInt32] = []
    try represent(value, in: &units)
    return Text(units: units)
  }

  private func represent(_ value: Value, in units: inout [UInt32]) throws(JinjaError) {
    try descend()
    defer { ascend() }
    func add(_ text: String) throws(JinjaError) {
      try spend(adding: text.unicodeScalars.count, to: units.count)
      units += text.unicodeScalars.map(\.value)
    }
    switch value {
    case .none: try add("None")
    case .undefined: try add("Undefined")
    case .boolean(let value): try add(value ? "True" : "False")
    case .integer(let value): try add(String(value))
    case .float(let value): try add(Self.spelling(of: value))
    case .text(let text):
      try spend(adding: 2 * text.count, to: units.count)
      if text.isMarkup { try add("Markup(") }
      Self.represent(text, in: &units)
      if text.isMarkup { try add(")") }
    case .list(let items): try represent(items.values, "[", "]", in: &units)
    case .tuple(let items):
      try represent(items.values, "(", items.values.count == 1 ? ",)" : ")", in: &units)
    case .dictionary(let mapping):
      try add("{")
      for (index, (key, value)) in zip(mapping.keys, mapping.values).enumerated() {
        if index > 0 { try add(", ") }
        try represent(key, in: &units)
        try add(": ")
        try represent(value, in: &units)
      }
      try add("}")
    case .view(let view): try represent(view.items.values, "\(view.name)([", "])", in: &units)
    case .range(let range):
      let end = range.start + range.count * range.step
      try add("range(\(range.start), \(end)\(range.step == 1 ? "" : ", \(range.step)"))")
    case .namespace(let namespace):
      try add("<Namespace ")
      try represent(.dictionary(namespace.attributes), in: &units)
      try add(">")
    case .iterator, .loop, .function:
      throw fail("a value of type \(value.typeName) cannot be written as text")
    }
  }

  private func represent(
    _ values: [Value], _ start: String, _ end: String, in units: inout [UInt32]
  ) throws(JinjaError) {
    units += start.unicodeScalars.map(\.value)
    for (index, value) in values.enumerated() {
      if index > 0 { units += [0x2C, 0x20] }
      try represent(value, in: &units)
    }
    units += end.unicodeScalars.map(\.value)
  }

  private static func represent(_ text: Text, in units: inout [UInt32]) {
    let codes = text.codes
    let quote: UInt32 = codes.contains(0x27) && !codes.contains(0x22) ? 0x22 : 0x27
    units.append(quote)
    for unit in text.units {
      let mark = Text.mark(of: unit)
      let code = Text.code(unit)
      func add(_ escape: String) { units += escape.unicodeScalars.map { $0.value | mark } }
      switch code {
      case quote, 0x5C: units += [0x5C | mark, unit]
      case 0x0A: add("\\n")
      case 0x0D: add("\\r")
      case 0x09: add("\\t")
      case 0x20: units.append(unit)
      default:
        if isPrintable(Text.scalar(unit)) {
          units.append(unit)
        } else {
          let (letter, digits) = code < 0x100 ? ("x", 2) : code < 0x10000 ? ("u", 4) : ("U", 8)
          let hex = String(code, radix: 16)
          add("\\\(letter)\(String(repeating: "0", count: max(digits - hex.count, 0)))\(hex)")
        }
      }
    }
    units.append(quote)
  }

  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .spaceSeparator:
      scalar == " "
    default: true
    }
  }

  /// The shortest decimal that reads back as the number, as Python writes it.
  static func spelling(of value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let sign = value.sign == .minus ? "-" : ""
    if value == 0 { return sign + "0.0" }
    // Swift's own spelling has the same digits, but not the same form.
    let parts = "\(value.magnitude)".split(separator: "e")
    var exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let halves = (parts.first ?? "0").split(separator: ".", omittingEmptySubsequences: false)
    var digits = halves.joined()
    exponent += (halves.first?.count ?? 1) - 1
    while digits.hasPrefix("0"), digits.count > 1 {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
    if exponent < -4 || exponent >= 16 {
      let rest = digits.dropFirst()
      let power = (abs(exponent) < 10 ? "0" : "") + String(abs(exponent))
      return sign + String(digits.prefix(1)) + (rest.isEmpty ? "" : "." + rest)
        + "e" + (exponent < 0 ? "-" : "+") + power
    }
    if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
    let whole = digits.prefix(exponent + 1)
    let fraction = digits.dropFirst(exponent + 1)
    return sign + whole + String(repeating: "0", count: exponent + 1 - whole.count) + "."
      + (fraction.isEmpty ? "0" : fraction)
  }
}
