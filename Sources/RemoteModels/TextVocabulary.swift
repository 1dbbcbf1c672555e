import Decoding
import Synchronization

/// A vocabulary for servers without token ids: it grows. Each text that is told as a token gets the next id,
/// and a text that is put in is one token, whatever the server makes of it. So branches are forked by text:
/// what the server reads is the text, and it may be cut into other tokens than those it was told in.
final class TextVocabulary: Vocabulary {
  private struct Piece: Hashable {
    var bytes: [UInt8]
    /// It was put in where an answer begins: what is asked, and not what is answered.
    var isPrompt: Bool
  }

  private struct State {
    var pieces: [Piece] = [Piece(bytes: [], isPrompt: false)]
    var ids: [Piece: TokenID] = [:]
  }

  /// Ends every text.
  static let end: TokenID = 0

  private let state = Mutex(State())

  var count: Int { state.withLock { $0.pieces.count } }
  var beginningOfText: TokenID? { nil }
  var endOfText: Set<TokenID> { [Self.end] }

  func bytes(of token: TokenID) -> [UInt8] {
    state.withLock { state in
      state.pieces.indices.contains(Int(token)) ? state.pieces[Int(token)].bytes : []
    }
  }

  func isControl(_ token: TokenID) -> Bool { token == Self.end }

  func isPrompt(_ token: TokenID) -> Bool {
    state.withLock { state in
      state.pieces.indices.contains(Int(token)) && state.pieces[Int(token)].isPrompt
    }
  }

  func name(of token: TokenID) -> String {
    token == Self.end ? "<end>" : String(decoding: bytes(of: token), as: UTF8.self)
  }

  func tokenize(_ text: some Sequence<UInt8>, special: SpecialTokenHandling) -> [TokenID] {
    let text = Array(text)
    return text.isEmpty ? [] : [id(Piece(bytes: text, isPrompt: true))]
  }

  func tokenize(continuing text: some Sequence<UInt8>, parsingSpecial: Bool) -> [TokenID] {
    let text = Array(text)
    return text.isEmpty ? [] : [id(of: text)]
  }

  func controlTokens(spelledIn text: [UInt8]) -> [SpelledToken] { [] }

  /// The id of a token that is told by its text.
  func id(of bytes: [UInt8]) -> TokenID { id(Piece(bytes: bytes, isPrompt: false)) }

  private func id(_ piece: Piece) -> TokenID {
    state.withLock { state in
      if let known = state.ids[piece] { return known }
      let id = TokenID(state.pieces.count)
      state.pieces.append(piece)
      state.ids[piece] = id
      return id
    }
  }
}
