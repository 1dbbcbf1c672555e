public import Decoding
import Problems

/// A piece of a prompt that a chat template writes. What the user wrote is always `text`, so that
/// nothing in a question can pass for a token of the template.
public enum PromptPiece: Hashable, Sendable {
  /// The token that begins a text, whatever the vocabulary calls it.
  case beginningOfText
  /// Ordinary text.
  case text(String)
  /// What the program of a template writes: text in which the control tokens that it spells are
  /// control tokens.
  case template(String)
  /// A control token by its name; ordinary text with a vocabulary that has no such token.
  case control(String)
  /// A control token that takes away the white space behind it, as those of Phi-3 do.
  case swallowing(String)

  /// The piece as it is written in a template; the beginning of text is not.
  public var spelling: String {
    switch self {
    case .beginningOfText: ""
    case .text(let text), .template(let text), .control(let text), .swallowing(let text): text
    }
  }

  /// The same pieces without empty text and with neighbouring text in one.
  static func joined(_ pieces: [PromptPiece]) -> [PromptPiece] {
    pieces.reduce(into: []) { joined, piece in
      guard case .text(let text) = piece else { return joined.append(piece) }
      if case .text(let before)? = joined.last {
        joined[joined.count - 1] = .text(before + text)
      } else if !text.isEmpty {
        joined.append(piece)
      }
    }
  }
}

extension Vocabulary {
  /// The tokens of a chat prompt.
  ///
  /// The text begins with a beginning-of-text token if the template wants one or the vocabulary
  /// adds one, never with two; nothing is added at the end, where the answer begins.
  public func tokenize(_ pieces: [PromptPiece]) -> [TokenID] {
    let added = tokenize("", special: .add)
    let addsBeginning = beginningOfText != nil && added.first == beginningOfText
    // Text in front of which the vocabulary puts a space of its own must not bring it along.
    let addsSpace = bytes(of: tokenize("a")).first == UInt8(ascii: " ")
    var ids: [TokenID] = addsBeginning ? beginningOfText.map { [$0] } ?? [] : []
    var text = ""
    var isAfterControl = true
    var swallows = false
    var isFirst = true
    func flush() {
      guard !text.isEmpty else { return }
      var rest = Substring(text)
      if swallows { rest = rest.drop { $0.isASCII && $0.isWhitespace } }
      if addsSpace, isAfterControl, rest.first == " " { rest = rest.dropFirst() }
      if !rest.isEmpty { ids += tokenize(String(rest)) }
      (text, isAfterControl, swallows) = ("", false, false)
    }
    func add(_ id: TokenID) {
      flush()
      ids.append(id)
      isAfterControl = true
    }
    for (index, piece) in pieces.enumerated() {
      switch piece {
      case .text(let more): text += more
      case .template(let more):
        let bytes = Array(more.utf8)
        var start = 0
        for spelled in controlTokens(spelledIn: bytes) {
          text += String(decoding: bytes[start..<spelled.range.lowerBound], as: UTF8.self)
          start = spelled.range.upperBound
          // The first token of the text may have been added already.
          let isAdded =
            spelled.token == beginningOfText && addsBeginning && text.isEmpty && ids.count == 1
            && isFirst
          if !isAdded { add(spelled.token) }
          isFirst = false
          if spelled.swallowsWhitespace { swallows = true }
        }
        text += String(decoding: bytes[start...], as: UTF8.self)
      case .beginningOfText:
        if let beginningOfText, index > 0 || !addsBeginning { add(beginningOfText) }
      case .control(let name), .swallowing(let name):
        guard let id = control(name, added: added, addsBeginning: addsBeginning) else {
          text += name
          continue
        }
        add(id)
        if case .swallowing = piece { swallows = true }
      }
    }
    flush()
    return ids
  }

  /// The token that is spelled like this and cut out of any text.
  private func control(_ name: String, added: [TokenID], addsBeginning: Bool) -> TokenID? {
    let before = addsBeginning ? 1 : 0
    let ids = tokenize(name, special: .parse).dropFirst(before).dropLast(added.count - before)
    guard ids.count == 1, let id = ids.first, self.name(of: id) == name else { return nil }
    return id
  }
}
