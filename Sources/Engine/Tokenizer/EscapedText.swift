/// A text as SentencePiece reads it: spaces spelled U+2581, and cut into characters.
struct EscapedText {
  /// U+2581, which stands for a space.
  static let space: [UInt8] = [0xE2, 0x96, 0x81]

  private(set) var bytes: [UInt8] = []
  /// Where each character starts in `bytes`, and the end of the last. [characters + 1]
  private(set) var starts: [Int] = [0]

  var characterCount: Int { starts.count - 1 }

  /// - Parameters:
  ///   - text: bytes that need not be well-formed UTF-8. A character has as many bytes as its
  ///     first one announces, whatever they are, but ends before a space and with the text:
  ///     what llama.cpp does, except that there a cut-off character takes part of the space.
  ///   - addingSpace: whether a space is set before it.
  init(_ text: ArraySlice<UInt8>, addingSpace: Bool) {
    bytes.reserveCapacity(text.count + text.count / 2 + 3)
    starts.reserveCapacity(text.count + 2)
    if addingSpace { append(Self.space[...]) }
    var index = text.startIndex
    while index < text.endIndex {
      if text[index] == 0x20 {
        append(Self.space[...])
        index += 1
      } else {
        var end = index + 1
        let limit = min(index + Self.announcedLength(text[index]), text.endIndex)
        while end < limit, text[end] != 0x20 { end += 1 }
        append(text[index..<end])
        index = end
      }
    }
  }

  private mutating func append(_ character: ArraySlice<UInt8>) {
    bytes.append(contentsOf: character)
    starts.append(bytes.count)
  }

  /// How long the character that begins with a byte should be.
  private static func announcedLength(_ byte: UInt8) -> Int {
    switch byte {
    case 0..<0xC0: 1
    case 0xC0..<0xE0: 2
    case 0xE0..<0xF0: 3
    default: 4
    }
  }

  /// The bytes of a range of characters.
  func byteRange(_ characters: Range<Int>) -> Range<Int> {
    starts[characters.lowerBound]..<starts[characters.upperBound]
  }

  func isSpace(_ character: Int) -> Bool {
    let start = starts[character]
    return starts[character + 1] - start == 3 && bytes[start] == Self.space[0]
      && bytes[start + 1] == Self.space[1] && bytes[start + 2] == Self.space[2]
  }
}
