import Foundation

/// What several filters are made of.
extension Interpreter {
  func optionalInteger(_ value: Value?) throws(JinjaError) -> Int? {
    switch value {
    case nil, .some(.none): nil
    default: try integer(value)
    }
  }

  func isGiven(_ value: Value) -> Bool {
    if case .none = value { return false }
    return true
  }

  // MARK: Attributes

  /// The part of an element that a filter's `attribute` names: `name`, `name.other`, a number, or
  /// the element itself.
  func value(of attribute: Value?, in item: Value) throws(JinjaError) -> Value {
    switch attribute {
    case nil, .some(.none): return item
    case .text(let path)?:
      var value = item
      for part in path.split([0x2E], limit: -1, fromEnd: false) {
        let number = part.string.allSatisfy(\.isASCII) ? UInt(part.string) : nil
        let index = number.flatMap { Int(exactly: $0) }
        value = try self.item(index.map { .integer($0) } ?? .text(part), of: value)
      }
      return value
    case let number?: return try self.item(number, of: item)
    }
  }

  func mapped(_ value: Value, _ arguments: Arguments) throws(JinjaError) -> Value {
    var results: [Value] = []
    // What is false has no elements here, whatever it is.
    let items = try truth(value) ? iterate(value) : []
    if arguments.positional.isEmpty {
      let bound = try bind(arguments, to: ["attribute", "default"], of: "“map”")
      guard let attribute = bound[0] else { throw fail("“map” needs a filter or an attribute") }
      for item in items {
        var result = try self.value(of: attribute, in: item)
        if case .undefined = result, let fallback = bound[1], isGiven(fallback) {
          result = fallback
        }
        results.append(result)
      }
    } else {
      let name = try text(arguments.positional[0]).string
      let rest = Arguments(
        positional: Array(arguments.positional.dropFirst()), keyword: arguments.keyword)
      for item in items {
        try spend(1)
        results.append(try filter(name, item, rest))
      }
    }
    return try checked(.iterator(Iterator(results)))
  }

  func selected(
    _ value: Value, _ arguments: Arguments, byAttribute: Bool, keeps: Bool
  ) throws(JinjaError) -> Value {
    guard arguments.keyword.isEmpty else { throw fail("the names of arguments are not known here") }
    var rest = arguments.positional[...]
    let attribute = byAttribute ? rest.popFirst() : nil
    if byAttribute, attribute == nil { throw fail("the name of an attribute is missing") }
    let test = try rest.popFirst().map { (name) throws(JinjaError) in try text(name).string }
    var kept: [Value] = []
    for item in try truth(value) ? iterate(value) : [] {
      try spend(1)
      let subject = byAttribute ? try self.value(of: attribute, in: item) : item
      let passes =
        if let test {
          try self.test(test, subject, Arguments(positional: Array(rest)))
        } else {
          try truth(subject)
        }
      if passes == keeps { kept.append(item) }
    }
    return .iterator(Iterator(kept))
  }

  // MARK: Order

  /// Elements with what they are sorted by.
  func keyed(
    _ items: [Value], by attribute: Value?, caseSensitive: Value?
  ) throws(JinjaError) -> [(key: Value, item: Value)] {
    let isSensitive =
      try caseSensitive.map { (value) throws(JinjaError) in try truth(value) } ?? false
    var keyed: [(key: Value, item: Value)] = []
    for item in items {
      var key = try value(of: attribute, in: item)
      if !isSensitive, case .text(let text) = key {
        try spend(characters: text.count)
        key = .text(text.lowercased)
      }
      keyed.append((key, item))
    }
    return keyed
  }

  /// The elements in their order; equal ones stay as they are, also where all is turned round.
  func sorted(
    _ keyed: [(key: Value, item: Value)], reversed: Value?
  ) throws(JinjaError) -> [Value] {
    let isReversed = try reversed.map { (value) throws(JinjaError) in try truth(value) } ?? false
    // A merge sort, so that a comparison that fails can be told.
    var runs = keyed.map { [$0] }
    while runs.count > 1 {
      var merged: [[(key: Value, item: Value)]] = []
      for index in stride(from: 0, to: runs.count, by: 2) {
        guard index + 1 < runs.count else {
          merged.append(runs[index])
          continue
        }
        var (a, b) = (runs[index][...], runs[index + 1][...])
        var run: [(key: Value, item: Value)] = []
        while let x = a.first, let y = b.first {
          let isSecond =
            isReversed ? try order(x.key, y.key, .less) < 0 : try order(y.key, x.key, .less) < 0
          run.append(isSecond ? y : x)
          if isSecond { b.removeFirst() } else { a.removeFirst() }
        }
        merged.append(run + a + b)
      }
      runs = merged
    }
    return runs.first?.map(\.item) ?? []
  }

  func extreme(
    _ keyed: [(key: Value, item: Value)], _ comparison: ComparisonOperator
  ) throws(JinjaError) -> Value {
    guard var best = keyed.first else {
      return .undefined(Undefined(reason: "there are no elements"))
    }
    for other in keyed.dropFirst() where try compare(other.key, comparison, best.key) {
      best = other
    }
    return best.item
  }

  // MARK: Numbers

  /// A value as a whole number; nil for text that is none.
  func whole(_ value: Value, base: Int) throws(JinjaError) -> Value? {
    switch value {
    case .undefined(let missing): throw fail(missing.reason)
    case .text(let text):
      if let number = Self.integer(text, base: base) { return .integer(number) }
      guard let number = Self.float(text), number.isFinite else { return nil }
      guard let whole = Int(exactly: number.rounded(.towardZero)) else {
        throw fail("the number is too large")
      }
      return .integer(whole)
    default:
      guard let number = numeric(value) else { return nil }
      guard case .float(let double) = number else { return number.value }
      guard double.isFinite else { return nil }
      guard let whole = Int(exactly: double.rounded(.towardZero)) else {
        throw fail("the number is too large")
      }
      return .integer(whole)
    }
  }

  /// Text as Python's `int` reads it.
  static func integer(_ text: Text, base: Int) -> Int? {
    var digits = text.stripped().string.lowercased()
    let isNegative = digits.hasPrefix("-")
    if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
    var radix = base
    for (prefix, own) in [("0x", 16), ("0o", 8), ("0b", 2)]
    where digits.hasPrefix(prefix) && (base == own || base == 0) {
      digits.removeFirst(2)
      if digits.hasPrefix("_") { digits.removeFirst() }
      radix = own
    }
    if radix == 0 { radix = 10 }
    guard !digits.hasPrefix("_"), !digits.hasSuffix("_"), !digits.contains("__"),
      digits.first != "+", digits.first != "-"
    else { return nil }
    return Int((isNegative ? "-" : "") + digits.filter { $0 != "_" }, radix: radix)
  }

  /// Text as Python's `float` reads it.
  static func float(_ text: Text) -> Double? {
    let spelled = text.stripped().string.lowercased()
    let unsigned = spelled.drop { $0 == "+" || $0 == "-" }
    guard spelled.count - unsigned.count <= 1 else { return nil }
    switch unsigned {
    case "inf", "infinity": return spelled.hasPrefix("-") ? -.infinity : .infinity
    case "nan": return .nan
    default:
      guard unsigned.allSatisfy({ $0.isASCII && ($0.isNumber || "._e+-".contains($0)) }),
        !unsigned.hasPrefix("_"), !unsigned.hasSuffix("_"), !unsigned.contains("__")
      else { return nil }
      return Double(spelled.filter { $0 != "_" })
    }
  }

  func rounded(
    _ value: Value, precision: Int, method: String
  ) throws(JinjaError) -> Value {
    guard let number = numeric(value) else { return try self.number(value) }
    guard ["common", "ceil", "floor"].contains(method) else {
      throw fail("“round” knows the methods common, ceil and floor")
    }
    guard (-300...300).contains(precision) else { throw fail("the precision is too large") }
    if method == "common" {
      if case .integer(let whole) = number, precision >= 0 { return .integer(whole) }
      let double = number.double
      guard precision >= 0, double.isFinite else {
        let unit = Foundation.pow(10, Double(-precision))
        let result = (double / unit).rounded(.toNearestOrEven) * unit
        if case .integer = number, let whole = Int(exactly: result) { return .integer(whole) }
        return .float(result)
      }
      // Printing rounds the exact value, as Python does.
      return .float(Double(String(format: "%.\(precision)f", double)) ?? double)
    }
    let unit = Foundation.pow(10, Double(precision))
    let scaled = number.double * unit
    return .float((method == "ceil" ? scaled.rounded(.up) : scaled.rounded(.down)) / unit)
  }
}
