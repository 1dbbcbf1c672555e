/// How text is cut into words before byte pairs are merged; merges never cross a cut.
///
/// A GGUF file names its pre-tokenizer under `tokenizer.ggml.pre`. To add one, add a case with
/// the name it has there and a scanner in a file of its own.
public enum PreTokenizer: String, Sendable, CaseIterable {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  case gpt2 = "gpt-2"

  /// Calls `body` with the range of each word, in order; together they cover all of `bytes`.
  func forEachWord(in bytes: ArraySlice<UInt8>, _ body: (Range<Int>) -> Void) {
    let scanner = ScalarScanner(bytes: bytes)
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let end =
        switch self {
        case .gpt2: scanner.endOfGPT2Word(from: start)
        }
      body(start..<end)
      start = end
    }
  }
}
