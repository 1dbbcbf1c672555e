/// The family of patterns that began with Llama 3: words with one character before them, numbers,
/// punctuation with the line breaks behind it, and white space.
///
/// `[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
struct WordPattern: Sendable {
  /// Where `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` and `'d`, in either case, are found.
  enum Contractions: Sendable {
    case none
    /// They are words of their own.
    case alone
    /// They belong to the word before them.
    case suffixes
  }

  var contractions = Contractions.alone
  /// The most digits of one word.
  var longestNumber = 3
  /// Whether combining marks belong to words as letters do.
  var joinsMarks = false
  /// Whether a word ends where small letters turn into capitals, as in `camelCase`. Letters beyond
  /// ASCII are both, as llama.cpp has it.
  var cutsAtCapitals = false
  /// Whether slashes follow punctuation as line breaks do.
  var joinsSlashes = false
  /// Whether line breaks behind punctuation belong to it.
  var joinsLineBreaks = true

  fileprivate func isLetter(_ scalar: ScannedScalar) -> Bool {
    scalar.characterClass == .letter || (joinsMarks && scalar.characterClass == .mark)
  }
}

extension ScalarScanner {
  /// The end of the word that starts at `start`, which every character does or belongs to.
  func endOfWord(from start: Int, _ pattern: WordPattern) -> Int {
    guard let first = scalar(at: start) else { return bytes.endIndex }
    if pattern.contractions == .alone, let end = endOfContraction(from: start, ignoringCase: true) {
      return end
    }
    if first.characterClass == .number {
      return endOfRun(from: start, atMost: pattern.longestNumber) { $0.characterClass == .number }
    }
    if !first.isLineBreak {
      let lettersStart = pattern.isLetter(first) ? start : start + first.length
      if let letter = scalar(at: lettersStart), pattern.isLetter(letter) {
        return endOfLetters(from: lettersStart, pattern)
      }
    }
    let punctuationStart = first.value == 0x20 ? start + 1 : start
    let punctuationEnd = endOfRun(from: punctuationStart) {
      $0.characterClass.isOutsideWords && !pattern.isLetter($0)
    }
    if punctuationEnd > punctuationStart {
      guard pattern.joinsLineBreaks else { return punctuationEnd }
      return endOfRun(from: punctuationEnd) {
        $0.isLineBreak || (pattern.joinsSlashes && $0.value == 0x2F)
      }
    }
    return endOfWhitespaceOrLines(from: start)
  }

  private func endOfLetters(from start: Int, _ pattern: WordPattern) -> Int {
    let end =
      pattern.cutsAtCapitals
      ? endOfCasedLetters(from: start, pattern) : endOfRun(from: start, where: pattern.isLetter)
    guard pattern.contractions == .suffixes else { return end }
    return endOfContraction(from: end, ignoringCase: true) ?? end
  }

  /// `U*l+|U+l*`, where `U` is a letter that is not a–z and `l` one that is not A–Z.
  ///
  /// The first alternative gives back what it took until a letter is both, so capitals of ASCII
  /// after the last letter beyond ASCII begin a word of their own.
  private func endOfCasedLetters(from start: Int, _ pattern: WordPattern) -> Int {
    func isSmall(_ scalar: ScannedScalar) -> Bool { (0x61...0x7A).contains(scalar.value) }
    func isCapital(_ scalar: ScannedScalar) -> Bool { (0x41...0x5A).contains(scalar.value) }
    var endOfBoth: Int?
    var end = start
    while let next = scalar(at: end), pattern.isLetter(next), !isSmall(next) {
      end += next.length
      if !isCapital(next) { endOfBoth = end }
    }
    if let next = scalar(at: end), pattern.isLetter(next) {
      return endOfRun(from: end) { pattern.isLetter($0) && !isCapital($0) }
    }
    return endOfBoth ?? end
  }
}
