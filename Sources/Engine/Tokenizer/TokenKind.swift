/// What kind of token an id is, with GGUF's numbers.
enum TokenKind: Int32, Sendable {
  /// Text in the spelling of its tokenizer.
  case normal = 1
  /// Stands for what the vocabulary cannot spell (`<unk>`).
  case unknown = 2
  /// Stands for no text (`<|endoftext|>`).
  case control = 3
  /// Ordinary text, spelled as it is, that is never split (`<think>`).
  case userDefined = 4
  /// Fills the vocabulary up; never produced.
  case unused = 5
  /// A single byte, spelled `<0x0A>`.
  case byte = 6

  /// Whether a token of this kind stands for text.
  var hasText: Bool {
    switch self {
    case .normal, .userDefined, .byte: true
    case .unknown, .control, .unused: false
    }
  }

  /// The byte that `<0x0A>` and the like stand for, or nil for another spelling.
  static func byte(spelledBy spelling: [UInt8]) -> UInt8? {
    guard spelling.count == 6, spelling.starts(with: "<0x".utf8), spelling[5] == UInt8(ascii: ">")
    else { return nil }
    return UInt8(String(decoding: spelling[3..<5], as: UTF8.self), radix: 16)
  }

  /// How a byte token is spelled, with upper-case digits.
  static func spelling(ofByte byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)], UInt8(ascii: ">")]
  }
}
