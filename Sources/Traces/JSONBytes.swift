/// Reads JSON as Ponder writes it, straight from its bytes: no blanks between the parts, numbers
/// and strings as `JSONEncoder` writes them.
///
/// Every method gives nil for anything else, and the line is then read as JSON of any form. What
/// is not nil is what `JSONDecoder` would have read.
struct JSONBytes {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var at = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { at == bytes.count }

  private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  /// Takes a byte if it is the next one.
  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    at += 1
    return true
  }

  mutating func takeNull() -> Bool {
    guard bytes.count - at >= 4, bytes[at..<at + 4].elementsEqual("null".utf8) else { return false }
    at += 4
    return true
  }

  /// Takes an object, each value by its key.
  ///
  /// - Parameter value: takes the value of a key; false ends the reading.
  mutating func object(_ value: (String, inout JSONBytes) -> Bool) -> Bool {
    guard take(UInt8(ascii: "{")) else { return false }
    if take(UInt8(ascii: "}")) { return true }
    repeat {
      guard let key = text(), take(UInt8(ascii: ":")), value(key, &self) else { return false }
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "}"))
  }

  mutating func array<Element>(_ element: (inout JSONBytes) -> Element?) -> [Element]? {
    guard take(UInt8(ascii: "[")) else { return nil }
    var elements: [Element] = []
    if take(UInt8(ascii: "]")) { return elements }
    repeat {
      guard let element = element(&self) else { return nil }
      elements.append(element)
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "]")) ? elements : nil
  }

  mutating func byteArray() -> [UInt8]? { array { $0.natural().flatMap { UInt8(exactly: $0) } } }

  // MARK: Strings

  mutating func text() -> String? {
    utf8().map { String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes of a string, which are well-formed UTF-8.
  mutating func utf8() -> [UInt8]? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    let start = at
    var isASCII = true
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      guard byte >= 0x20 else { return nil }
      if byte >= 0x80 { isASCII = false }
      at += 1
    }
    var text = Array(bytes[start..<at])
    if next == UInt8(ascii: "\\") {
      guard let rest = escaped(&isASCII) else { return nil }
      text += rest
    }
    guard take(UInt8(ascii: "\"")) else { return nil }
    guard isASCII || String(validating: text, as: UTF8.self) != nil else { return nil }
    return text
  }

  /// What is left of a string from its first escape on, up to its quotation mark.
  private mutating func escaped(_ isASCII: inout Bool) -> [UInt8]? {
    var text: [UInt8] = []
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { return nil }
      at += 1
      guard byte == UInt8(ascii: "\\") else {
        if byte >= 0x80 { isASCII = false }
        text.append(byte)
        continue
      }
      guard let name = next else { return nil }
      at += 1
      switch name {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(name)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0C)
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"):
        // Half of a surrogate pair is no scalar.
        guard at + 4 <= bytes.count, let value = hexadecimal(at..<at + 4),
          let scalar = Unicode.Scalar(UInt32(value))
        else { return nil }
        at += 4
        text += Array(String(scalar).utf8)
        isASCII = false
      default: return nil
      }
    }
    return text
  }

  private func hexadecimal(_ range: Range<Int>) -> UInt64? {
    var value: UInt64 = 0
    for index in range {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte & 0xF)
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
        value = value << 4 | UInt64(byte & 0xF) + 9
      default: return nil
      }
    }
    return value
  }

  /// A string of sixteen hexadecimal digits.
  mutating func digits16() -> UInt64? {
    guard bytes.count - at >= 18, bytes[at] == UInt8(ascii: "\""),
      bytes[at + 17] == UInt8(ascii: "\""), let value = hexadecimal(at + 1..<at + 17)
    else { return nil }
    at += 18
    return value
  }

  // MARK: Numbers

  /// An integer from 0 on that has up to 18 digits.
  mutating func natural() -> Int? {
    let start = at
    var value = 0
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), at - start < 19 {
      value = value &* 10 &+ Int(byte & 0xF)
      at += 1
    }
    let count = at - start
    guard (1...18).contains(count), count == 1 || bytes[start] != UInt8(ascii: "0"),
      next != UInt8(ascii: "."), next.map({ $0 | 0x20 }) != UInt8(ascii: "e")
    else { return nil }
    return value
  }

  mutating func double() -> Double? {
    guard let text = number(), let value = Double(text) else { return nil }
    return value.isNormal || text == "0" ? value : nil
  }

  mutating func float() -> Float? {
    guard let text = number(), let value = Float(text) else { return nil }
    return value.isNormal || text == "0" ? value : nil
  }

  /// A number as it is written. What is too large or too small to be one is left to whoever reads
  /// any JSON.
  private mutating func number() -> String? {
    let start = at
    _ = take(UInt8(ascii: "-"))
    guard takeDigits(isWhole: true) else { return nil }
    if take(UInt8(ascii: ".")), !takeDigits() { return nil }
    if next.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
      at += 1
      if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
      guard takeDigits() else { return nil }
    }
    return String(decoding: bytes[start..<at], as: UTF8.self)
  }

  /// Takes digits, at least one; as the whole part of a number without a leading zero.
  private mutating func takeDigits(isWhole: Bool = false) -> Bool {
    let start = at
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
    return at > start && (!isWhole || at == start + 1 || bytes[start] != UInt8(ascii: "0"))
  }
}
