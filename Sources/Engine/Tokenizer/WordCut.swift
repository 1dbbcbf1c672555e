/// One step of a pre-tokenizer: a pattern whose matches become words, and what lies between two
/// matches becomes a word too. Steps apply one after the other, each within the words of the last.
enum WordCut: Sendable {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  case gpt2
  case words(WordPattern)
  case runs(RunPattern)
  /// `\s+$`
  case trailingWhitespace
  /// ``[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*``,
  /// then `|\s*[\r\n]+|\s+(?!\S)|\s+`
  case punctuatedWords

  /// What is at an index: a match, or nothing up to another index.
  enum Step: Equatable {
    case match(end: Int)
    case gap(end: Int)
  }

  /// Calls `body` with the ranges into which the bytes are cut, in order; they cover all of them.
  func forEachWord(in bytes: ArraySlice<UInt8>, _ body: (Range<Int>) -> Void) {
    let scanner = ScalarScanner(bytes: bytes)
    var (gapStart, index) = (bytes.startIndex, bytes.startIndex)
    while index < bytes.endIndex {
      switch step(scanner, at: index) {
      case .gap(let end): index = end
      case .match(let end):
        if gapStart < index { body(gapStart..<index) }
        body(index..<end)
        (gapStart, index) = (end, end)
      }
    }
    if gapStart < index { body(gapStart..<index) }
  }

  private func step(_ scanner: ScalarScanner, at start: Int) -> Step {
    switch self {
    case .gpt2: .match(end: scanner.endOfGPT2Word(from: start))
    case .words(let pattern): .match(end: scanner.endOfWord(from: start, pattern))
    case .runs(let pattern): scanner.run(at: start, pattern)
    case .trailingWhitespace: scanner.trailingWhitespace(at: start)
    case .punctuatedWords: scanner.punctuatedWord(at: start)
    }
  }
}

extension ScalarScanner {
  /// The end of the word that starts at `start` under GPT-2's pattern.
  fileprivate func endOfGPT2Word(from start: Int) -> Int {
    guard let first = scalar(at: start) else { return bytes.endIndex }
    if let end = endOfContraction(from: start, ignoringCase: false) { return end }
    let wordStart = first.value == 0x20 ? start + 1 : start
    switch scalar(at: wordStart)?.characterClass {
    case nil, .whitespace: return endOfWhitespace(from: start)
    case .letter: return endOfRun(from: wordStart) { $0.characterClass == .letter }
    case .number: return endOfRun(from: wordStart) { $0.characterClass == .number }
    case .mark, .punctuation, .symbol, .other:
      return endOfRun(from: wordStart) { $0.characterClass.isOutsideWords }
    }
  }

  fileprivate func trailingWhitespace(at start: Int) -> WordCut.Step {
    let end = endOfRun(from: start) { $0.characterClass == .whitespace }
    if end == start { return .gap(end: start + (scalar(at: start)?.length ?? 1)) }
    return end == bytes.endIndex ? .match(end: end) : .gap(end: end)
  }

  fileprivate func punctuatedWord(at start: Int) -> WordCut.Step {
    guard let first = scalar(at: start) else { return .gap(end: bytes.endIndex) }
    let next = scalar(at: start + first.length)
    func isLetterOrMark(_ scalar: ScannedScalar) -> Bool {
      scalar.characterClass == .letter || scalar.characterClass == .mark
    }
    let isPunctuation = first.characterClass == .punctuation || first.characterClass == .symbol
    if isPunctuation, first.value < 0x80, next?.isASCIILetter == true {
      return .match(end: endOfRun(from: start + 1) { $0.isASCIILetter })
    }
    if isLetterOrMark(first) { return .match(end: endOfRun(from: start, where: isLetterOrMark)) }
    if !isPunctuation, !first.isLineBreak, let next, isLetterOrMark(next) {
      return .match(end: endOfRun(from: start + first.length, where: isLetterOrMark))
    }
    let punctuationStart = first.value == 0x20 ? start + 1 : start
    let punctuationEnd = endOfRun(from: punctuationStart) {
      $0.characterClass == .punctuation || $0.characterClass == .symbol
    }
    if punctuationEnd > punctuationStart {
      return .match(end: endOfRun(from: punctuationEnd) { $0.isLineBreak })
    }
    if first.characterClass == .whitespace {
      return .match(end: endOfWhitespaceOrLines(from: start))
    }
    return .gap(end: start + first.length)
  }
}
