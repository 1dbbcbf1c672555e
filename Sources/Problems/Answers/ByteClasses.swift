/// Classes of ASCII bytes. Generated text is read as bytes, because a token may end in the middle
/// of a character and offsets must stay exact; every byte from 0x80 up is in none of the classes.
extension UInt8 {
  var isASCIIDigit: Bool { self >= 0x30 && self <= 0x39 }
  var isASCIILetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7A }
  var isASCIISpace: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
  var asciiLowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}

/// The byte of an ASCII character, so that code reads `ascii("$")` instead of 0x24.
func ascii(_ scalar: Unicode.Scalar) -> UInt8 { UInt8(truncatingIfNeeded: scalar.value) }

extension Array where Element == UInt8 {
  /// Whether `text` (given in lower case) starts at `index`, ASCII letters compared without case.
  func startsLowercased(_ text: StaticString, at index: Int, limit: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard index >= 0, limit <= count, index + length <= limit else { return false }
    return text.withUTF8Buffer { wanted in
      for offset in 0..<length where self[index + offset].asciiLowercased != wanted[offset] {
        return false
      }
      return true
    }
  }
}
