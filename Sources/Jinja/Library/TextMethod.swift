/// The methods of Python's strings.
struct TextMethod: Sendable {
  typealias Body =
    @Sendable (Interpreter, Text, [Value?]) throws(JinjaError) -> Value

  /// The names of the parameters.
  let parameters: [String]
  /// How many of them must be given.
  let required: Int
  let run: Body

  init(_ parameters: [String] = [], required: Int = 0, _ run: @escaping Body) {
    self.parameters = parameters
    self.required = required
    self.run = run
  }

  /// The method of that name together with its string.
  static func bound(_ name: String, to text: Text) -> Value? {
    switch name {
    case "format":
      return .function(
        Function("format", depth: 1) { (interpreter, arguments) throws(JinjaError) in
          .text(try interpreter.formatted(text, braces: arguments))
        })
    case "join":
      return .function(
        Function("join", depth: 1) { (interpreter, arguments) throws(JinjaError) in
          let bound = try interpreter.bind(arguments, to: ["iterable"], of: "“join”")
          guard let values = bound[0] else { throw interpreter.fail("“join” needs values") }
          return .text(try interpreter.joined(values, by: text))
        })
    default:
      guard let method = named[name] else { return nil }
      return .function(
        Function(name, depth: 1) { (interpreter, arguments) throws(JinjaError) in
          let bound = try interpreter.bind(arguments, to: method.parameters, of: "“\(name)”")
          guard bound.prefix(method.required).allSatisfy({ $0 != nil }) else {
            throw interpreter.fail("“\(name)” needs \(method.required) values")
          }
          try interpreter.spend(characters: text.count)
          return try method.run(interpreter, text, bound)
        })
    }
  }

  private static let named: [String: TextMethod] = {
    var all = trimming
    for group in [cases, searching, cutting, filling, questions] {
      all.merge(group) { first, _ in first }
    }
    return all
  }()

  private static let trimming: [String: TextMethod] = [
    "strip": TextMethod(["chars"]) { (run, text, values) throws(JinjaError) in
      .text(text.stripped(try run.optionalText(values[0])))
    },
    "lstrip": TextMethod(["chars"]) { (run, text, values) throws(JinjaError) in
      .text(text.stripped(try run.optionalText(values[0]), right: false))
    },
    "rstrip": TextMethod(["chars"]) { (run, text, values) throws(JinjaError) in
      .text(text.stripped(try run.optionalText(values[0]), left: false))
    },
    "removeprefix": TextMethod(["prefix"], required: 1) {
      (run, text, values) throws(JinjaError) in
      let prefix = try run.text(values[0])
      return .text(
        text.hasUnits(prefix.units, at: 0) ? Text(units: text.units.dropFirst(prefix.count)) : text)
    },
    "removesuffix": TextMethod(["suffix"], required: 1) {
      (run, text, values) throws(JinjaError) in
      let suffix = try run.text(values[0])
      return .text(
        text.hasUnits(suffix.units, at: text.count - suffix.count)
          ? Text(units: text.units.dropLast(suffix.count)) : text)
    },
  ]

  private static let cases: [String: TextMethod] = [
    "upper": TextMethod { (_, text, _) throws(JinjaError) in .text(text.uppercased) },
    "lower": TextMethod { (_, text, _) throws(JinjaError) in .text(text.lowercased) },
    "casefold": TextMethod { (_, text, _) throws(JinjaError) in
      .text(text.lowercased.replacing([0xDF], with: [0x73, 0x73], limit: -1))
    },
    "title": TextMethod { (_, text, _) throws(JinjaError) in .text(text.titled) },
    "capitalize": TextMethod { (_, text, _) throws(JinjaError) in .text(text.capitalized) },
    "swapcase": TextMethod { (_, text, _) throws(JinjaError) in .text(text.swapcased) },
  ]

  private static let searching: [String: TextMethod] = [
    "startswith": TextMethod(["prefix", "start", "end"], required: 1) {
      (run, text, values) throws(JinjaError) in
      let (start, end) = try run.bounds(values[1], values[2], in: text)
      for prefix in try run.alternatives(values[0])
      where start <= end && prefix.count <= end - start && text.hasUnits(prefix.units, at: start) {
        return .boolean(true)
      }
      return .boolean(false)
    },
    "endswith": TextMethod(["suffix", "start", "end"], required: 1) {
      (run, text, values) throws(JinjaError) in
      let (start, end) = try run.bounds(values[1], values[2], in: text)
      for suffix in try run.alternatives(values[0])
      where start <= end && suffix.count <= end - start
        && text.hasUnits(suffix.units, at: end - suffix.count)
      {
        return .boolean(true)
      }
      return .boolean(false)
    },
    "find": TextMethod(["sub", "start", "end"], required: 1) {
      (run, text, values) throws(JinjaError) in
      .integer(try run.place(values, in: text, isLast: false) ?? -1)
    },
    "rfind": TextMethod(["sub", "start", "end"], required: 1) {
      (run, text, values) throws(JinjaError) in
      .integer(try run.place(values, in: text, isLast: true) ?? -1)
    },
    "index": TextMethod(["sub", "start", "end"], required: 1) {
      (run, text, values) throws(JinjaError) in
      guard let place = try run.place(values, in: text, isLast: false) else {
        throw run.fail("“index” does not find the text")
      }
      return .integer(place)
    },
    "rindex": TextMethod(["sub", "start", "end"], required: 1) {
      (run, text, values) throws(JinjaError) in
      guard let place = try run.place(values, in: text, isLast: true) else {
        throw run.fail("“rindex” does not find the text")
      }
      return .integer(place)
    },
    "count": TextMethod(["sub", "start", "end"], required: 1) {
      (run, text, values) throws(JinjaError) in
      let wanted = try run.text(values[0])
      let (start, end) = try run.bounds(values[1], values[2], in: text)
      guard !wanted.isEmpty else { return .integer(max(end - start + 1, 0)) }
      var count = 0
      var place = start
      while let found = text.firstIndex(of: wanted.units, from: place, to: end) {
        count += 1
        place = found + wanted.count
      }
      return .integer(count)
    },
  ]

  private static let cutting: [String: TextMethod] = [
    "split": TextMethod(["sep", "maxsplit"]) { (run, text, values) throws(JinjaError) in
      try run.split(text, values, fromEnd: false)
    },
    "rsplit": TextMethod(["sep", "maxsplit"]) { (run, text, values) throws(JinjaError) in
      try run.split(text, values, fromEnd: true)
    },
    "splitlines": TextMethod(["keepends"]) { (run, text, values) throws(JinjaError) in
      let keeps = try values[0].map { (value) throws(JinjaError) in try run.truth(value) }
      let lines = text.lines(keepEnds: keeps ?? false)
      try run.spend(lines.count)
      return .list(lines.map { .text($0) })
    },
    "partition": TextMethod(["sep"], required: 1) { (run, text, values) throws(JinjaError) in
      let separator = try run.text(values[0])
      guard !separator.isEmpty else { throw run.fail("the separator is empty") }
      guard let place = text.firstIndex(of: separator.units) else {
        return .tuple([.text(text), .text(""), .text("")])
      }
      return .tuple([
        .text(Text(units: text.units[..<place])), .text(separator),
        .text(Text(units: text.units[(place + separator.count)...])),
      ])
    },
    "rpartition": TextMethod(["sep"], required: 1) { (run, text, values) throws(JinjaError) in
      let separator = try run.text(values[0])
      guard !separator.isEmpty else { throw run.fail("the separator is empty") }
      guard let place = text.lastIndex(of: separator.units) else {
        return .tuple([.text(""), .text(""), .text(text)])
      }
      return .tuple([
        .text(Text(units: text.units[..<place])), .text(separator),
        .text(Text(units: text.units[(place + separator.count)...])),
      ])
    },
    "replace": TextMethod(["old", "new", "count"], required: 2) {
      (run, text, values) throws(JinjaError) in
      .text(
        try run.replaced(
          text, try run.text(values[0]), try run.text(values[1]),
          limit: try values[2].map { (value) throws(JinjaError) in try run.integer(value) } ?? -1))
    },
  ]

  private static let filling: [String: TextMethod] = [
    "ljust": TextMethod(["width", "fillchar"], required: 1) {
      (run, text, values) throws(JinjaError) in
      let (width, fill) = (try run.integer(values[0]), try run.fill(values[1]))
      return .text(text + (try run.filling(fill, width - text.count)))
    },
    "rjust": TextMethod(["width", "fillchar"], required: 1) {
      (run, text, values) throws(JinjaError) in
      let (width, fill) = (try run.integer(values[0]), try run.fill(values[1]))
      return .text(try run.filling(fill, width - text.count) + text)
    },
    "center": TextMethod(["width", "fillchar"], required: 1) {
      (run, text, values) throws(JinjaError) in
      .text(try run.centered(text, try run.integer(values[0]), try run.fill(values[1])))
    },
    "zfill": TextMethod(["width"], required: 1) { (run, text, values) throws(JinjaError) in
      let zeros = try run.filling(Text("0"), try run.integer(values[0]) - text.count)
      guard let sign = text.units.first, [0x2B, 0x2D].contains(Text.code(sign)) else {
        return .text(zeros + text)
      }
      return .text(Text(units: [sign]) + zeros + Text(units: text.units.dropFirst()))
    },
  ]

  private static func all(
    _ isSo: @escaping @Sendable (Unicode.Scalar.Properties) -> Bool
  ) -> TextMethod {
    TextMethod { (_, text, _) throws(JinjaError) in
      .boolean(!text.isEmpty && text.units.allSatisfy { isSo(Text.scalar($0).properties) })
    }
  }

  private static let questions: [String: TextMethod] = [
    "isdigit": all {
      $0.numericType == .decimal || $0.numericType == .digit
    },
    "isdecimal": all { $0.numericType == .decimal },
    "isnumeric": all { $0.numericType != nil },
    "isalpha": all { isLetter($0.generalCategory) },
    "isalnum": all { isLetter($0.generalCategory) || $0.numericType != nil },
    "isspace": TextMethod { (_, text, _) throws(JinjaError) in
      .boolean(!text.isEmpty && text.units.allSatisfy(Text.isSpace))
    },
    "isascii": TextMethod { (_, text, _) throws(JinjaError) in
      .boolean(text.codes.allSatisfy { $0 < 128 })
    },
    "isupper": TextMethod { (_, text, _) throws(JinjaError) in .boolean(text.isUpper) },
    "islower": TextMethod { (_, text, _) throws(JinjaError) in .boolean(text.isLower) },
  ]

  private static func isLetter(_ category: Unicode.GeneralCategory) -> Bool {
    switch category {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }
}

extension Text {
  /// Whether there are cased characters, and all of them are upper case.
  var isUpper: Bool {
    let all = units.map { Text.scalar($0).properties }
    return all.contains(where: \.isUppercase)
      && !all.contains { $0.isLowercase || $0.generalCategory == .titlecaseLetter }
  }

  /// Whether there are cased characters, and all of them are lower case.
  var isLower: Bool {
    let all = units.map { Text.scalar($0).properties }
    return all.contains(where: \.isLowercase)
      && !all.contains { $0.isUppercase || $0.generalCategory == .titlecaseLetter }
  }
}

// MARK: What methods and filters share

extension Interpreter {
  func text(_ value: Value?) throws(JinjaError) -> Text {
    switch value {
    case .text(let text)?: return text
    case .undefined(let missing)?: throw fail(missing.reason)
    case let value:
      throw fail("a string is needed, not a value of type \(value?.typeName ?? "None")")
    }
  }

  func optionalText(_ value: Value?) throws(JinjaError) -> Text? {
    switch value {
    case nil, .some(.none): nil
    default: try text(value)
    }
  }

  func integer(_ value: Value?) throws(JinjaError) -> Int {
    switch value {
    case .integer(let number)?: return number
    case .boolean(let flag)?: return flag ? 1 : 0
    case .undefined(let missing)?: throw fail(missing.reason)
    case let value:
      throw fail("a whole number is needed, not a value of type \(value?.typeName ?? "None")")
    }
  }

  /// The bounds of a search, as a slice has them; an end before its start finds nothing.
  fileprivate func bounds(
    _ start: Value?, _ end: Value?, in text: Text
  ) throws(JinjaError) -> (start: Int, end: Int) {
    func bound(_ value: Value?, _ otherwise: Int) throws(JinjaError) -> Int {
      switch value {
      case nil, .some(.none): return otherwise
      default:
        let place = try integer(value)
        return place < 0 ? max(place + text.count, 0) : place
      }
    }
    return (try bound(start, 0), min(try bound(end, text.count), text.count))
  }

  fileprivate func alternatives(_ value: Value?) throws(JinjaError) -> [Text] {
    guard case .tuple(let items)? = value else { return [try text(value)] }
    var texts: [Text] = []
    for item in items.values { texts.append(try text(item)) }
    return texts
  }

  fileprivate func place(
    _ values: [Value?], in text: Text, isLast: Bool
  ) throws(JinjaError) -> Int? {
    let wanted = try self.text(values[0])
    let (start, end) = try bounds(values[1], values[2], in: text)
    return isLast
      ? text.lastIndex(of: wanted.units, from: start, to: end)
      : text.firstIndex(of: wanted.units, from: start, to: end)
  }

  fileprivate func split(
    _ text: Text, _ values: [Value?], fromEnd: Bool
  ) throws(JinjaError) -> Value {
    let limit = try values[1].map { (value) throws(JinjaError) in try integer(value) } ?? -1
    let separator = try optionalText(values[0])
    if let separator, separator.isEmpty { throw fail("the separator is empty") }
    let pieces =
      separator.map { text.split($0.units, limit: limit, fromEnd: fromEnd) }
      ?? text.words(limit: limit, fromEnd: fromEnd)
    try spend(pieces.count)
    return .list(pieces.map { .text($0) })
  }

  func replaced(_ text: Text, _ old: Text, _ new: Text, limit: Int) throws(JinjaError) -> Text {
    // The most that can come of it, so that the text is not made in vain.
    let places = old.isEmpty ? text.count + 1 : text.count / old.count
    if new.count > old.count {
      let (more, isTooMuch) = places.multipliedReportingOverflow(by: new.count)
      if isTooMuch || more > limits.characters {
        try spend(characters: text.count)
        let made = old.isEmpty ? places : text.split(old.units, limit: limit, fromEnd: false).count
        let (length, isTooLong) = made.multipliedReportingOverflow(by: new.count)
        try spend(characters: isTooLong ? Int.max : length)
      }
    }
    let result = text.replacing(old.units, with: new.units, limit: limit)
    try spend(characters: text.count + result.count)
    return result
  }

  fileprivate func fill(_ value: Value?) throws(JinjaError) -> Text {
    guard let value else { return Text(" ") }
    let fill = try text(value)
    guard fill.count == 1 else { throw fail("what fills up is one character") }
    return fill
  }

  func filling(_ fill: Text, _ count: Int) throws(JinjaError) -> Text {
    guard count > 0, let unit = fill.units.first else { return Text("") }
    try spend(characters: count)
    return Text(units: Array(repeating: unit, count: count))
  }

  func centered(_ text: Text, _ width: Int, _ fill: Text) throws(JinjaError) -> Text {
    let (missing, isTooMuch) = width.subtractingReportingOverflow(text.count)
    guard !isTooMuch, missing > 0 else { return text }
    // Where the halves differ, Python puts the longer one first if the width is odd.
    let left = missing / 2 + (missing & width & 1)
    return try filling(fill, left) + text + filling(fill, missing - left)
  }

  /// Texts with another between them; only strings can be joined so.
  func joined(_ values: Value, by separator: Text) throws(JinjaError) -> Text {
    var units: [UInt32] = []
    for (index, value) in try iterate(values).enumerated() {
      let text = try text(value)
      try spend(adding: separator.count + text.count, to: units.count)
      if index > 0 { units += separator.units }
      units += text.units
    }
    return Text(units: units)
  }
}
