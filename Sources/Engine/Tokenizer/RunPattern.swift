/// Runs of characters of one set, with a character before them: `\s?\p{L}+`, `\p{N}{1,3}` …
struct RunPattern: Sendable {
  /// What may stand before a run.
  enum Lead: Sendable { case nothing, space, whitespace }

  var members: CharacterSet
  var lead = Lead.nothing
  /// The shortest and the longest run; a longer one is cut into several.
  var length = 1...Int.max
}

/// The sets of characters in the patterns of pre-tokenizers.
enum CharacterSet: Sendable {
  /// `\p{L}`
  case letters
  /// `\p{N}`
  case numbers
  /// `\p{P}`
  case punctuation
  /// `[0-9]`
  case asciiDigits
  /// `[\r\n]`
  case lineBreaks
  /// ``[\p{P}$+<=>^~|`]``, with or without the grave accent
  case punctuationAndMath(withGrave: Bool)
  /// The cased letters of DeepSeek LLM.
  case deepSeekLetters
  /// `[!-/:-~！-／：-～‘-‟　-。]`, in which `:-~` has the letters of ASCII
  case deepSeekPunctuation
  /// `[一-龥ࠀ-一가-퟿]`
  case deepSeekIdeographs
  /// `[一-龥぀-ゟ゠-ヿ]`
  case ideographsAndKana
  /// `[^(\s|.,!?…。，、।۔،)]`
  case betweenStops

  func contains(_ scalar: ScannedScalar) -> Bool {
    let value = scalar.value
    switch self {
    case .letters: return scalar.characterClass == .letter
    case .numbers: return scalar.characterClass == .number
    case .punctuation: return scalar.characterClass == .punctuation
    case .asciiDigits: return (0x30...0x39).contains(value)
    case .lineBreaks: return scalar.isLineBreak
    case .punctuationAndMath(let withGrave):
      if scalar.characterClass == .punctuation { return true }
      return scalar.characterClass == .symbol && value < 0x80 && (withGrave || value != 0x60)
    case .deepSeekLetters: return isDeepSeekLetter(scalar)
    // White space beyond ASCII is in no range, since llama.cpp reads all of it as one character.
    case .deepSeekPunctuation:
      switch value {
      case 0x21...0x2F, 0x3A...0x7E, 0xFF01...0xFF0F, 0xFF1A...0xFF5E, 0x2018...0x201F,
        0x3001...0x3002:
        return true
      default: return false
      }
    case .deepSeekIdeographs:
      switch value {
      case 0x0800...0x9FA5, 0xAC00...0xD7FF: return scalar.characterClass != .whitespace
      default: return false
      }
    case .ideographsAndKana:
      return (0x4E00...0x9FA5).contains(value) || (0x3040...0x30FF).contains(value)
    case .betweenStops:
      if scalar.characterClass == .whitespace { return false }
      switch value {
      case 0x28, 0x29, 0x7C, 0x2E, 0x2C, 0x21, 0x3F, 0x2026, 0x3002, 0xFF0C, 0x3001, 0x0964,
        0x06D4, 0x060C:
        return false
      default: return true
      }
    }
  }

  /// The pattern lists the cased letters of an early Unicode, range by range; these blocks came
  /// later or are left out.
  private func isDeepSeekLetter(_ scalar: ScannedScalar) -> Bool {
    guard scalar.characterClass == .letter, let unicode = Unicode.Scalar(scalar.value) else {
      return false
    }
    switch unicode.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter: break
    default: return false
    }
    switch scalar.value {
    case 0x0560...0x0588, 0x10C7...0x10FF, 0x1C80...0x1C88, 0x2D00...0x2D2D, 0xA790...0xA7FA,
      0xAB30...0xAB68, 0x1_0570...0x1_05BC, 0x1_6E40...0x1_6E7F, 0x1_D400...0x1_DFFF:
      return false
    default: return true
    }
  }
}

extension ScalarScanner {
  func run(at start: Int, _ pattern: RunPattern) -> WordCut.Step {
    guard let first = scalar(at: start) else { return .gap(end: bytes.endIndex) }
    func run(from index: Int) -> Int? {
      var count = 0
      let end = endOfRun(from: index, atMost: pattern.length.upperBound) {
        guard pattern.members.contains($0) else { return false }
        count += 1
        return true
      }
      return count >= pattern.length.lowerBound ? end : nil
    }
    let hasLead =
      switch pattern.lead {
      case .nothing: false
      case .space: first.value == 0x20
      case .whitespace: first.characterClass == .whitespace
      }
    if hasLead, let end = run(from: start + first.length) { return .match(end: end) }
    if let end = run(from: start) { return .match(end: end) }
    return .gap(end: start + first.length)
  }
}
