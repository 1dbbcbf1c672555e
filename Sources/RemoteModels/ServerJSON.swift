import Foundation

/// JSON as servers write it: what Python takes for JSON too (`NaN`, `-Infinity`), and quickly, since lists of
/// log-probabilities are long.
enum ServerJSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([ServerJSON])
  case object([String: ServerJSON])

  /// Nil for what is no JSON, and for what is nested deeper than any answer is.
  init?(_ bytes: [UInt8]) {
    let parsed = bytes.withUnsafeBufferPointer { buffer -> ServerJSON? in
      var reader = Reader(bytes: buffer)
      guard let value = reader.value(depth: 0) else { return nil }
      reader.skipBlanks()
      return reader.at == buffer.count ? value : nil
    }
    guard let parsed else { return nil }
    self = parsed
  }

  subscript(name: String) -> ServerJSON? {
    guard case .object(let fields) = self else { return nil }
    return fields[name]
  }

  subscript(index: Int) -> ServerJSON? {
    items.flatMap { $0.indices.contains(index) ? $0[index] : nil }
  }

  var items: [ServerJSON]? { if case .array(let items) = self { items } else { nil } }
  var fields: [String: ServerJSON]? { if case .object(let fields) = self { fields } else { nil } }
  var text: String? { if case .string(let text) = self { text } else { nil } }
  var number: Double? { if case .number(let number) = self { number } else { nil } }
  var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
  var integer: Int? { number.flatMap { Int(exactly: $0) } }

  /// A list of numbers from 0 to 255.
  var byteList: [UInt8]? {
    guard let items else { return nil }
    let bytes = items.compactMap { $0.integer.flatMap { UInt8(exactly: $0) } }
    return bytes.count == items.count ? bytes : nil
  }

  // MARK: Writing

  var bytes: [UInt8] {
    var out: [UInt8] = []
    write(to: &out)
    return out
  }

  private func write(to out: inout [UInt8]) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .number(let value):
      if let whole = Int(exactly: value) {
        out += "\(whole)".utf8
      } else {
        out += (value.isFinite ? "\(value)" : "null").utf8
      }
    case .string(let text): Self.write(text, to: &out)
    case .array(let items):
      out.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        item.write(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let fields):
      out.append(UInt8(ascii: "{"))
      for (index, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        Self.write(field.key, to: &out)
        out.append(UInt8(ascii: ":"))
        field.value.write(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): out += "\\\"".utf8
      case UInt8(ascii: "\\"): out += "\\\\".utf8
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        out += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}

extension ServerJSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(integerLiteral value: Int) { self = .number(Double(value)) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(arrayLiteral elements: ServerJSON...) { self = .array(elements) }
  init(dictionaryLiteral elements: (String, ServerJSON)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
  }

  init(_ value: Int) { self = .number(Double(value)) }
}

extension ServerJSON {
  private struct Reader {
    let bytes: UnsafeBufferPointer<UInt8>
    var at = 0

    private static let deepest = 64

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    mutating func skipBlanks() {
      while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
        at += 1
      }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
      guard next == byte else { return false }
      at += 1
      return true
    }

    private mutating func take(_ word: StaticString) -> Bool {
      let count = word.utf8CodeUnitCount
      guard bytes.count - at >= count else { return false }
      for index in 0..<count where bytes[at + index] != word.utf8Start[index] { return false }
      at += count
      return true
    }

    mutating func value(depth: Int) -> ServerJSON? {
      guard depth < Self.deepest else { return nil }
      skipBlanks()
      switch next {
      case UInt8(ascii: "{"): return object(depth)
      case UInt8(ascii: "["): return array(depth)
      case UInt8(ascii: "\""): return text().map { .string($0) }
      case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
      case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
      case UInt8(ascii: "n"): return take("null") ? .null : nil
      case UInt8(ascii: "N"): return take("NaN") ? .number(.nan) : nil
      case UInt8(ascii: "I"): return take("Infinity") ? .number(.infinity) : nil
      case nil: return nil
      default:
        if take("-Infinity") { return .number(-.infinity) }
        return number().map { .number($0) }
      }
    }

    private mutating func object(_ depth: Int) -> ServerJSON? {
      at += 1
      var fields: [String: ServerJSON] = [:]
      skipBlanks()
      if take(UInt8(ascii: "}")) { return .object(fields) }
      repeat {
        skipBlanks()
        guard next == UInt8(ascii: "\""), let name = text() else { return nil }
        skipBlanks()
        guard take(UInt8(ascii: ":")), let value = value(depth: depth + 1) else { return nil }
        fields[name] = value
        skipBlanks()
      } while take(UInt8(ascii: ","))
      return take(UInt8(ascii: "}")) ? .object(fields) : nil
    }

    private mutating func array(_ depth: Int) -> ServerJSON? {
      at += 1
      var items: [ServerJSON] = []
      skipBlanks()
      if take(UInt8(ascii: "]")) { return .array(items) }
      repeat {
        guard let item = value(depth: depth + 1) else { return nil }
        items.append(item)
        skipBlanks()
      } while take(UInt8(ascii: ","))
      return take(UInt8(ascii: "]")) ? .array(items) : nil
    }

    private mutating func number() -> Double? {
      let start = at
      while let byte = next {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
          UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
          at += 1
        default:
          return at > start ? Double(String(decoding: bytes[start..<at], as: UTF8.self)) : nil
        }
      }
      return at > start ? Double(String(decoding: bytes[start..<at], as: UTF8.self)) : nil
    }

    /// A string; what is no text in it, such as half a surrogate pair, becomes the replacement character.
    private mutating func text() -> String? {
      at += 1
      let start = at
      while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { at += 1 }
      if take(UInt8(ascii: "\"")) { return String(decoding: bytes[start..<at - 1], as: UTF8.self) }
      var units = Array(bytes[start..<at])
      while let byte = next {
        at += 1
        switch byte {
        case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
        case UInt8(ascii: "\\"):
          guard escape(&units) else { return nil }
        default: units.append(byte)
        }
      }
      return nil
    }

    private mutating func escape(_ units: inout [UInt8]) -> Bool {
      guard let name = next else { return false }
      at += 1
      switch name {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(name)
      case UInt8(ascii: "b"): units.append(0x08)
      case UInt8(ascii: "f"): units.append(0x0C)
      case UInt8(ascii: "n"): units.append(0x0A)
      case UInt8(ascii: "r"): units.append(0x0D)
      case UInt8(ascii: "t"): units.append(0x09)
      case UInt8(ascii: "u"):
        guard let first = unit() else { return false }
        var scalar = UInt32(first)
        if (0xD800..<0xDC00).contains(first) {
          let place = at
          if take("\\u"), let second = unit(), (0xDC00..<0xE000).contains(second) {
            scalar = 0x10000 + (UInt32(first) - 0xD800) << 10 + UInt32(second) - 0xDC00
          } else {
            at = place
          }
        }
        units += Array(String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
      default: return false
      }
      return true
    }

    private mutating func unit() -> UInt16? {
      guard bytes.count - at >= 4 else { return nil }
      var value: UInt16 = 0
      for index in at..<at + 4 {
        guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else { return nil }
        value = value << 4 | UInt16(digit)
      }
      at += 4
      return value
    }
  }
}
