import Decoding

/// Finds special tokens spelled out in text: the leftmost, and of those the longest.
struct SpecialTokenMatcher: Sendable {
  private struct Entry: Sendable {
    var spelling: [UInt8]
    var token: TokenID
  }

  /// Entries by their first byte, the longest first. [256]
  private var entries = [[Entry]](repeating: [], count: 256)

  /// - Parameters:
  ///   - spellings: the spelling of every token. [vocabulary]
  ///   - isSpecial: whether this matcher looks for it. [vocabulary]
  init(_ spellings: [[UInt8]], where isSpecial: [Bool]) {
    for (index, (spelling, isSpecial)) in zip(spellings, isSpecial).enumerated() where isSpecial {
      guard let first = spelling.first else { continue }
      entries[Int(first)].append(Entry(spelling: spelling, token: TokenID(index)))
    }
    for index in entries.indices {
      entries[index].sort { ($1.spelling.count, $0.token) < ($0.spelling.count, $1.token) }
    }
  }

  /// The first special token at or after `start`.
  func firstMatch(in text: [UInt8], from start: Int) -> (range: Range<Int>, token: TokenID)? {
    for index in start..<text.count {
      for entry in entries[Int(text[index])] where text[index...].starts(with: entry.spelling) {
        return (index..<index + entry.spelling.count, entry.token)
      }
    }
    return nil
  }
}
