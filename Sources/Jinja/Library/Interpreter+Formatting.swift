import Foundation

/// Python's two ways to put values into a string: `"%s" % value` and `"{}".format(value)`.
extension Interpreter {
  /// How one value is to be written.
  private struct Field {
    var fill = Text(" ")
    var alignment: Unicode.Scalar?
    var sign: Unicode.Scalar?
    var isAlternate = false
    var grouping: Unicode.Scalar?
    var width = 0
    var precision: Int?
    var kind: Unicode.Scalar?
  }

  // MARK: With percent signs

  func formatted(_ format: Text, percent values: Value) throws(JinjaError) -> Text {
    var rest = format.units[...]
    var units: [UInt32] = []
    var given: [Value]
    if case .tuple(let items) = values { given = items.values } else { given = [values] }
    let mapping: Mapping? = if case .dictionary(let mapping) = values { mapping } else { nil }
    var used = 0
    func next() throws(JinjaError) -> Value {
      guard used < given.count else { throw fail("the format needs more values") }
      used += 1
      return given[used - 1]
    }
    while let unit = rest.popFirst() {
      guard Text.code(unit) == 0x25 else {
        units.append(unit)
        continue
      }
      var field = Field()
      var named: Value?
      if rest.first.map(Text.code) == 0x28 {
        guard let end = rest.firstIndex(where: { Text.code($0) == 0x29 }) else {
          throw fail("a name in the format has no closing parenthesis")
        }
        let name = Text(units: rest[(rest.startIndex + 1)..<end])
        guard let mapping else { throw fail("a format with names needs a dictionary") }
        guard let value = mapping[.text(name.codes)] else {
          throw fail("the format asks for “\(name.string)”, which is not there")
        }
        named = value
        rest = rest[(end + 1)...]
      }
      while let flag = rest.first.map(Text.scalar), "-+ #0".unicodeScalars.contains(flag) {
        switch flag {
        case "-": field.alignment = "<"
        case "+": field.sign = "+"
        case " ": field.sign = field.sign ?? " "
        case "#": field.isAlternate = true
        default: field.fill = Text("0")
        }
        rest.removeFirst()
      }
      if rest.first.map(Text.code) == 0x2A {
        rest.removeFirst()
        let width = try integer(try next())
        if width < 0 { field.alignment = "<" }
        field.width = Int(clamping: width.magnitude)
      } else {
        field.width = try number(&rest) ?? 0
      }
      if rest.first.map(Text.code) == 0x2E {
        rest.removeFirst()
        field.precision = try number(&rest) ?? 0
      }
      guard let kind = rest.popFirst().map(Text.scalar) else {
        throw fail("the format ends in “%”")
      }
      if kind == "%" {
        units.append(unit)
        continue
      }
      let value = if let named { named } else { try next() }
      let text = try self.text(value, percent: kind, &field)
      try spend(adding: text.count, to: units.count)
      units += text.units
    }
    if mapping == nil, used < given.count { throw fail("the format leaves values over") }
    return Text(units: units)
  }

  private func number(_ rest: inout ArraySlice<UInt32>) throws(JinjaError) -> Int? {
    var value: Int?
    while let digit = rest.first.map(Text.code), (48...57).contains(digit) {
      value = (value ?? 0) * 10 + Int(digit) - 48
      guard value ?? 0 <= limits.characters else {
        throw fail("a number in the format is too large")
      }
      rest.removeFirst()
    }
    return value
  }

  private func text(
    _ value: Value, percent kind: Unicode.Scalar, _ field: inout Field
  ) throws(JinjaError) -> Text {
    switch kind {
    case "s", "r", "a":
      var text = kind == "s" ? try string(value) : try representation(value)
      if let precision = field.precision { text = Text(units: text.units.prefix(precision)) }
      field.fill = Text(" ")
      return try padded(text, field, usual: ">")
    case "c":
      field.fill = Text(" ")
      if case .text(let text) = value, text.count == 1 {
        return try padded(text, field, usual: ">")
      }
      guard let code = UInt32(exactly: try integer(value)), let scalar = Unicode.Scalar(code) else {
        throw fail("the number names no character")
      }
      return try padded(Text(String(scalar)), field, usual: ">")
    case "d", "i", "u", "x", "X", "o":
      var whole = value
      if case .float(let number) = value {
        guard !"xXo".unicodeScalars.contains(kind) else { return try notANumber(value) }
        guard let integer = Int(exactly: number.rounded(.towardZero)) else {
          throw fail("the number is too large")
        }
        whole = .integer(integer)
      }
      guard case .integer(let number)? = numeric(whole) else { return try notANumber(value) }
      field.kind = kind == "i" || kind == "u" ? "d" : kind
      return try numberText(.integer(number), field)
    case "f", "F", "e", "E", "g", "G":
      guard let number = numeric(value) else { return try notANumber(value) }
      field.kind = kind
      return try numberText(.float(number.double), field)
    default: throw fail("“%\(kind)” is no format")
    }
  }

  private func notANumber(_ value: Value) throws(JinjaError) -> Text {
    if case .undefined(let missing) = value { throw fail(missing.reason) }
    throw fail("the format needs a number, not a value of type \(value.typeName)")
  }

  // MARK: With braces

  func formatted(_ format: Text, braces arguments: Arguments) throws(JinjaError) -> Text {
    var next: Int?
    return try formatted(format, arguments, next: &next, level: 0)
  }

  private func formatted(
    _ format: Text, _ arguments: Arguments, next: inout Int?, level: Int
  ) throws(JinjaError) -> Text {
    guard level <= 1 else { throw fail("braces in the format nest too deep") }
    try spend(characters: format.count)
    var units: [UInt32] = []
    let codes = format.codes
    var index = 0
    while index < codes.count {
      let code = codes[index]
      if code == 0x7B || code == 0x7D, index + 1 < codes.count, codes[index + 1] == code {
        units.append(format.units[index])
        index += 2
        continue
      }
      guard code == 0x7B else {
        guard code != 0x7D else { throw fail("a “}” in the format closes nothing") }
        units.append(format.units[index])
        index += 1
        continue
      }
      var open = 1
      var end = index + 1
      while end < codes.count {
        if codes[end] == 0x7B { open += 1 }
        if codes[end] == 0x7D {
          open -= 1
          if open == 0 { break }
        }
        end += 1
      }
      guard open == 0 else { throw fail("a “{” in the format has no “}”") }
      let inner = Text(units: format.units[(index + 1)..<end])
      let text = try field(inner, arguments, next: &next, level: level)
      try spend(adding: text.count, to: units.count)
      units += text.units
      index = end + 1
    }
    return Text(units: units)
  }

  private func field(
    _ text: Text, _ arguments: Arguments, next: inout Int?, level: Int
  ) throws(JinjaError) -> Text {
    let halves = text.split([0x3A], limit: 1, fromEnd: false)
    let parts = (halves.first ?? text).split([0x21], limit: 1, fromEnd: false)
    var value = try named(parts.first ?? text, arguments, next: &next)
    if parts.count > 1 {
      switch parts[1].string {
      case "r", "a": value = .text(try representation(value))
      case "s": value = .text(try string(value))
      default: throw fail("“!\(parts[1].string)” is no conversion")
      }
    }
    let format = halves.count > 1 ? halves[1] : Text("")
    guard !format.isEmpty else { return try string(value) }
    return try written(
      value, try formatted(format, arguments, next: &next, level: level + 1))
  }

  /// The value that a field names: by number, by name, or the next one; and what in it.
  private func named(
    _ path: Text, _ arguments: Arguments, next: inout Int?
  ) throws(JinjaError) -> Value {
    let codes = path.codes
    let end = codes.firstIndex { $0 == 0x2E || $0 == 0x5B } ?? codes.count
    let first = Text(units: path.units[..<end]).string
    var value: Value
    if first.isEmpty || first.allSatisfy({ $0.isASCII && $0.isNumber }) {
      // A negative number stands for fields that bring their own.
      guard next == nil || first.isEmpty == (next ?? 0 >= 0) else {
        throw fail("fields with and without numbers cannot be mixed")
      }
      let index = first.isEmpty ? next ?? 0 : Int(first) ?? Int.max
      next = first.isEmpty ? index + 1 : -1
      guard arguments.positional.indices.contains(index) else {
        throw fail("the format asks for more values than there are")
      }
      value = arguments.positional[index]
    } else {
      guard let given = arguments.keyword.last(where: { $0.name == first }) else {
        throw fail("the format asks for “\(first)”, which is not there")
      }
      value = given.value
    }
    var index = end
    while index < codes.count {
      let isItem = codes[index] == 0x5B
      let start = index + 1
      var stop = start
      while stop < codes.count,
        isItem ? codes[stop] != 0x5D : codes[stop] != 0x2E && codes[stop] != 0x5B
      {
        stop += 1
      }
      let name = Text(units: path.units[start..<stop])
      guard !name.isEmpty, !isItem || stop < codes.count else {
        throw fail("the format has a name that cannot be read")
      }
      if isItem {
        value = try item(Int(name.string).map { .integer($0) } ?? .text(name), of: value)
      } else {
        value = try attribute(name.string, of: value)
      }
      index = isItem ? stop + 1 : stop
    }
    return value
  }

  /// A value by a format such as `>8`, `,` or `.2f`.
  private func written(_ value: Value, _ format: Text) throws(JinjaError) -> Text {
    var field = Field()
    var rest = format.units[...]
    func isAlignment(_ unit: UInt32?) -> Bool {
      unit.map { "<>=^".unicodeScalars.contains(Text.scalar($0)) } ?? false
    }
    func take(_ signs: String) -> Unicode.Scalar? {
      guard let scalar = rest.first.map(Text.scalar), signs.unicodeScalars.contains(scalar) else {
        return nil
      }
      rest.removeFirst()
      return scalar
    }
    if let fill = rest.first, isAlignment(rest.dropFirst().first) {
      field.fill = Text(units: [fill])
      rest.removeFirst()
      field.alignment = take("<>=^")
    } else {
      field.alignment = take("<>=^")
    }
    field.sign = take("+- ")
    field.isAlternate = take("#") != nil
    if take("0") != nil, field.alignment == nil { (field.fill, field.alignment) = (Text("0"), "=") }
    field.width = try number(&rest) ?? 0
    field.grouping = take(",_")
    if take(".") != nil {
      guard let precision = try number(&rest) else { throw fail("the precision is missing") }
      field.precision = precision
    }
    field.kind = take("sdnxXobcfFeEgG%")
    guard rest.isEmpty else { throw fail("“\(format.string)” is no format") }
    if case .text(let text) = value {
      guard field.kind == nil || field.kind == "s", field.alignment != "=" else {
        throw fail("“\(format.string)” is no format of a string")
      }
      let cut = field.precision.map { Text(units: text.units.prefix($0)) } ?? text
      return try padded(cut, field, usual: "<")
    }
    guard let number = numeric(value), field.kind != "s" else {
      if case .undefined(let missing) = value { throw fail(missing.reason) }
      throw fail("a value of type \(value.typeName) takes no format")
    }
    return try numberText(number, field)
  }

  // MARK: Numbers

  private func numberText(_ number: Number, _ field: Field) throws(JinjaError) -> Text {
    let isNegative: Bool
    var digits: String
    switch (number, field.kind) {
    case (.integer(let value), nil), (.integer(let value), "d"?), (.integer(let value), "n"?):
      (isNegative, digits) = (value < 0, String(value.magnitude))
    case (.integer(let value), "x"?), (.integer(let value), "X"?), (.integer(let value), "o"?),
      (.integer(let value), "b"?):
      let kind = field.kind ?? "x"
      let radix = kind == "o" ? 8 : kind == "b" ? 2 : 16
      digits = String(value.magnitude, radix: radix, uppercase: kind == "X")
      if field.isAlternate { digits = "0\(kind)" + digits }
      isNegative = value < 0
    case (.integer(let value), "c"?):
      guard let code = UInt32(exactly: value), let scalar = Unicode.Scalar(code) else {
        throw fail("the number names no character")
      }
      return try padded(Text(String(scalar)), field, usual: "<")
    default:
      let value = number.double
      isNegative = value.sign == .minus && !value.isNaN
      digits = try floatDigits(value.magnitude, field)
    }
    if let grouping = field.grouping {
      let whole = digits.prefix { $0.isNumber }
      var grouped = ""
      for (index, digit) in whole.enumerated() {
        if index > 0, (whole.count - index).isMultiple(of: 3) { grouped += String(grouping) }
        grouped.append(digit)
      }
      digits = grouped + digits.dropFirst(whole.count)
    }
    let sign = isNegative ? "-" : field.sign == "+" ? "+" : field.sign == " " ? " " : ""
    let isZeroFilled =
      field.alignment == "=" || (field.alignment == nil && field.fill.string == "0")
    if isZeroFilled {
      let fill = try filling(field.fill, field.width - sign.count - digits.count)
      return Text(sign) + fill + Text(digits)
    }
    return try padded(Text(sign + digits), field, usual: ">")
  }

  private func floatDigits(_ value: Double, _ field: Field) throws(JinjaError) -> String {
    let kind = field.kind ?? "r"
    if value.isNaN { return "FEG".unicodeScalars.contains(kind) ? "NAN" : "nan" }
    if value.isInfinite { return "FEG".unicodeScalars.contains(kind) ? "INF" : "inf" }
    let precision = field.precision ?? 6
    guard precision <= 400 else { throw fail("the precision is too large") }
    switch kind {
    case "f", "F": return String(format: "%.\(precision)f", value)
    case "e": return String(format: "%.\(precision)e", value)
    case "E": return String(format: "%.\(precision)E", value)
    case "g", "n": return String(format: "%.\(precision)g", value)
    case "G": return String(format: "%.\(precision)G", value)
    case "%": return String(format: "%.\(precision)f", value * 100) + "%"
    case "r":
      guard let precision = field.precision else { return Self.spelling(of: value) }
      let digits = String(format: "%.\(precision)g", value)
      return digits.contains(".") || digits.contains("e") ? digits : digits + ".0"
    default: throw fail("“\(kind)” is no format of a number with a fraction")
    }
  }

  private func padded(
    _ text: Text, _ field: Field, usual: Unicode.Scalar
  ) throws(JinjaError) -> Text {
    let missing = field.width - text.count
    switch field.alignment ?? usual {
    case "<": return text + (try filling(field.fill, missing))
    case "^":
      return try filling(field.fill, missing / 2) + text
        + filling(field.fill, missing - missing / 2)
    default: return try filling(field.fill, missing) + text
    }
  }
}
