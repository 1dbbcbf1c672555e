/// The classes into which pre-tokenizers sort characters.
enum CharacterClass: UInt8 {
  /// `\p{L}`
  case letter
  /// `\p{N}`
  case number
  /// `\s`: Unicode's White_Space
  case whitespace
  /// Everything else, malformed bytes included.
  case other
}

/// One character of a byte string.
struct ScannedScalar {
  /// The scalar's value; U+FFFD for a byte that is not part of well-formed UTF-8.
  var value: UInt32
  /// How many bytes it takes; 1 for a malformed byte.
  var length: Int
  var characterClass: CharacterClass
}

/// Reads Unicode scalars out of bytes that need not be well-formed UTF-8.
struct ScalarScanner {
  let bytes: ArraySlice<UInt8>

  /// The character at an index of `bytes`, or nil at the end.
  func scalar(at index: Int) -> ScannedScalar? {
    guard index < bytes.endIndex else { return nil }
    let lead = bytes[index]
    if lead < 0x80 {
      return ScannedScalar(
        value: UInt32(lead), length: 1, characterClass: Self.asciiClasses[Int(lead)])
    }
    guard let (value, length) = multibyte(lead, at: index), let scalar = Unicode.Scalar(value)
    else { return ScannedScalar(value: 0xFFFD, length: 1, characterClass: .other) }
    return ScannedScalar(
      value: value, length: length, characterClass: Self.characterClass(of: scalar))
  }

  /// Decodes a sequence of two to four bytes, rejecting overlong forms; surrogates and values
  /// beyond U+10FFFF are left for `Unicode.Scalar` to reject.
  private func multibyte(_ lead: UInt8, at index: Int) -> (value: UInt32, length: Int)? {
    let length: Int
    let smallest: UInt32
    switch lead {
    case 0xC2...0xDF: (length, smallest) = (2, 0x80)
    case 0xE0...0xEF: (length, smallest) = (3, 0x800)
    case 0xF0...0xF4: (length, smallest) = (4, 0x1_0000)
    default: return nil
    }
    guard index + length <= bytes.endIndex else { return nil }
    var value = UInt32(lead) & (0x7F >> UInt32(length))
    for offset in 1..<length {
      let unit = bytes[index + offset]
      guard unit & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(unit & 0x3F)
    }
    return value >= smallest ? (value, length) : nil
  }

  /// The end of the run of characters of one class that starts at `index`.
  func endOfRun(of characterClass: CharacterClass, from index: Int) -> Int {
    var end = index
    while let next = scalar(at: end), next.characterClass == characterClass {
      end += next.length
    }
    return end
  }

  private static let asciiClasses: [CharacterClass] = (UInt8(0)..<128).map {
    characterClass(of: Unicode.Scalar($0))
  }

  private static func characterClass(of scalar: Unicode.Scalar) -> CharacterClass {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      .letter
    case .decimalNumber, .letterNumber, .otherNumber: .number
    default: scalar.properties.isWhitespace ? .whitespace : .other
    }
  }
}
