import Decoding

/// Finds special tokens spelled out in text.
///
/// Where they overlap the longest is taken, wherever it stands; of one token the leftmost. This is
/// llama.cpp's order, which takes token after token, the longest first.
struct SpecialTokenMatcher: Sendable {
  enum Fragment: Equatable, Sendable {
    /// Ordinary text, never empty.
    case text(Range<Int>)
    case token(TokenID)
  }

  /// A prefix of spellings, with the token that it spells in full.
  private struct Node: Sendable {
    var token: TokenID?
    var children: [UInt8: Int32] = [:]
  }

  private var nodes = [Node()]
  /// The children of the root, which are asked for at every byte; 0 for none. [256]
  private var roots = [Int32](repeating: 0, count: 256)
  private let swallowing: Set<TokenID>

  /// - Parameters:
  ///   - spellings: the spelling of every token. [vocabulary]
  ///   - isSpecial: whether this matcher looks for it. [vocabulary]
  ///   - swallowing: tokens that swallow the white space behind them.
  init(_ spellings: [[UInt8]], where isSpecial: [Bool], swallowing: Set<TokenID> = []) {
    self.swallowing = swallowing
    for (index, (spelling, isSpecial)) in zip(spellings, isSpecial).enumerated()
    where isSpecial && !spelling.isEmpty {
      var node: Int32 = 0
      for byte in spelling {
        if let child = nodes[Int(node)].children[byte] {
          node = child
        } else {
          let child = Int32(nodes.count)
          nodes[Int(node)].children[byte] = child
          nodes.append(Node())
          node = child
        }
      }
      // Of tokens spelled alike the last counts, as everywhere.
      nodes[Int(node)].token = TokenID(index)
    }
    for (byte, child) in nodes[0].children { roots[Int(byte)] = child }
  }

  private struct Candidate {
    var start: Int
    var length: Int
    var token: TokenID
  }

  /// Every place where a special token is spelled, overlapping ones included.
  private func candidates(in text: [UInt8]) -> [Candidate] {
    var result: [Candidate] = []
    for start in text.indices where roots[Int(text[start])] != 0 {
      var node = roots[Int(text[start])]
      var end = start + 1
      while true {
        if let token = nodes[Int(node)].token {
          result.append(Candidate(start: start, length: end - start, token: token))
        }
        guard end < text.count, let child = nodes[Int(node)].children[text[end]] else { break }
        node = child
        end += 1
      }
    }
    return result
  }

  /// Whether bytes are the spelling of one of its tokens.
  func recognizes(_ bytes: ArraySlice<UInt8>) -> Bool {
    var node: Int32 = 0
    for byte in bytes {
      guard let child = nodes[Int(node)].children[byte] else { return false }
      node = child
    }
    return nodes[Int(node)].token != nil
  }

  /// The special tokens of a text, in order.
  func spelled(in text: [UInt8]) -> [SpelledToken] {
    var isTaken = [Bool](repeating: false, count: text.count)
    var found: [SpelledToken] = []
    for candidate in byLength(candidates(in: text)) {
      let range = candidate.start..<candidate.start + candidate.length
      guard !isTaken[range].contains(true) else { continue }
      for index in range { isTaken[index] = true }
      found.append(
        SpelledToken(
          token: candidate.token, range: range,
          swallowsWhitespace: swallowing.contains(candidate.token)))
    }
    return found.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  private func byLength(_ candidates: [Candidate]) -> [Candidate] {
    candidates.sorted { ($1.length, $0.token, $0.start) < ($0.length, $1.token, $1.start) }
  }

  /// The text as ordinary text and special tokens, in order.
  ///
  /// - Parameter keepsWhitespace: whether no token swallows any.
  func fragments(of text: [UInt8], keepsWhitespace: Bool = false) -> [Fragment] {
    let candidates = byLength(candidates(in: text))
    if candidates.isEmpty { return text.isEmpty ? [] : [.text(0..<text.count)] }
    var isTaken = [Bool](repeating: false, count: text.count)
    var tokens: [Int: TokenID] = [:]
    for candidate in candidates {
      let range = candidate.start..<candidate.start + candidate.length
      guard !isTaken[range].contains(true) else { continue }
      for index in range { isTaken[index] = true }
      tokens[candidate.start] = candidate.token
      guard !keepsWhitespace, swallowing.contains(candidate.token) else { continue }
      for index in range.upperBound..<text.count {
        guard !isTaken[index], Self.isSpace(text[index]) else { break }
        isTaken[index] = true
      }
    }

    var fragments: [Fragment] = []
    var textStart: Int?
    for index in text.indices {
      if isTaken[index] {
        if let start = textStart { fragments.append(.text(start..<index)) }
        textStart = nil
        if let token = tokens[index] { fragments.append(.token(token)) }
      } else if textStart == nil {
        textStart = index
      }
    }
    if let textStart { fragments.append(.text(textStart..<text.count)) }
    return fragments
  }

  /// White space in ASCII.
  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }
}
