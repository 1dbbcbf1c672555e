/// The classes into which pre-tokenizers sort characters.
enum CharacterClass: UInt8 {
  /// `\p{L}`
  case letter
  /// `\p{M}`
  case mark
  /// `\p{N}`
  case number
  /// `\p{P}`
  case punctuation
  /// `\p{S}`, and malformed bytes, which are read as U+FFFD.
  case symbol
  /// `\s`: Unicode's White_Space
  case whitespace
  /// Everything else: controls, surrogates, what is not assigned.
  case other

  /// Whether `[^\s\p{L}\p{N}]` has characters of this class.
  var isOutsideWords: Bool {
    switch self {
    case .letter, .number, .whitespace: false
    case .mark, .punctuation, .symbol, .other: true
    }
  }

  /// The class of a scalar in Unicode 15.1, whose tables llama.cpp has: later ones assign letters
  /// that it takes for unassigned, and ids would differ.
  init(of scalar: Unicode.Scalar) {
    if scalar.isASCII {
      self = Self.ascii[Int(scalar.value)]
    } else if let age = scalar.properties.age, age.major <= 15 {
      self.init(ofAssigned: scalar)
    } else {
      self = .other
    }
  }

  private init(ofAssigned scalar: Unicode.Scalar) {
    self =
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
        .letter
      case .nonspacingMark, .spacingMark, .enclosingMark: .mark
      case .decimalNumber, .letterNumber, .otherNumber: .number
      case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
        .initialPunctuation, .finalPunctuation, .otherPunctuation:
        .punctuation
      case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: .symbol
      default: scalar.properties.isWhitespace ? .whitespace : .other
      }
  }

  private static let ascii: [CharacterClass] = (UInt8(0)..<128).map {
    CharacterClass(ofAssigned: Unicode.Scalar($0))
  }
}
