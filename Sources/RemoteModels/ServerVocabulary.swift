import Decoding
import Foundation
import Synchronization

/// A vocabulary whose ids are the server's: it turns texts into tokens by asking, and knows the bytes of
/// those tokens that the server has told of.
final class ServerVocabulary: Vocabulary {
  /// How a server is asked.
  enum Manner: Sendable {
    /// `/tokenize {content, add_special, parse_special, with_pieces}`
    case llamaCpp
    /// `/tokenize {prompt, add_special_tokens}`, which always recognises special tokens.
    case byPrompt
  }

  private struct State {
    var bytes: [TokenID: [UInt8]] = [:]
    var controls: Set<TokenID> = []
    var names: [TokenID: String] = [:]
    var ends: Set<TokenID> = []
    var declaredEnd: TokenID?
    var beginning: TokenID?
    var size = 1
    /// What was asked already: tables and templates ask for the same again and again.
    var answers: [Asked: [TokenID]] = [:]
    var failure: RemoteError?
  }

  private struct Asked: Hashable {
    var text: [UInt8]
    var addsSpecial: Bool
    var parsesSpecial: Bool
  }

  private let client: RemoteClient
  private let model: String
  private let manner: Manner
  /// Nil where the server does not tell it: then there are as many as have been seen.
  private let size: Int?
  private let state = Mutex(State())

  private static let mostAnswers = 4096

  /// Stands for a text that the server could not turn into tokens: nothing can be thrown there, and leaving
  /// it out would be another text. The model refuses paths that hold it.
  static let untold = TokenID.max

  init(_ client: RemoteClient, model: String, manner: Manner, size: Int?) {
    (self.client, self.model, self.manner, self.size) = (client, model, manner, size)
  }

  var count: Int { size ?? state.withLock { $0.size } }
  var beginningOfText: TokenID? { state.withLock { $0.beginning } }
  var endOfText: Set<TokenID> { state.withLock { $0.ends } }
  var declaredEnd: TokenID? { state.withLock { $0.declaredEnd ?? $0.ends.min() } }

  func bytes(of token: TokenID) -> [UInt8] {
    state.withLock { $0.controls.contains(token) ? [] : $0.bytes[token] ?? [] }
  }

  func isControl(_ token: TokenID) -> Bool { state.withLock { $0.controls.contains(token) } }

  func name(of token: TokenID) -> String {
    state.withLock { state in
      state.names[token] ?? state.bytes[token].map { String(decoding: $0, as: UTF8.self) }
        ?? "<\(token)>"
    }
  }

  // MARK: What the server has told

  /// Why the server could not turn a text into tokens, if that ever happened: the last reason.
  var failure: RemoteError? { state.withLock { $0.failure } }

  /// Takes what a list says of tokens.
  func learn(_ tokens: some Sequence<ToldToken>) {
    state.withLock { state in
      for token in tokens {
        guard let id = token.id else { continue }
        state.size = max(state.size, Int(id) + 1)
        if let bytes = token.bytes, state.bytes[id] == nil { state.bytes[id] = bytes }
      }
    }
  }

  /// Ids of which the bytes are not known yet.
  func unknown(among ids: some Sequence<TokenID>) -> [TokenID] {
    state.withLock { state in ids.filter { state.bytes[$0] == nil } }
  }

  func learn(_ text: String, of id: TokenID) {
    state.withLock { state in
      state.size = max(state.size, Int(id) + 1)
      state.bytes[id] = Array(text.utf8)
    }
  }

  func learn(end id: TokenID) {
    state.withLock { state in
      state.ends.insert(id)
      state.declaredEnd = state.declaredEnd ?? id
    }
  }

  func learn(controls: [TokenID: String]) {
    state.withLock { state in
      for (id, name) in controls {
        state.controls.insert(id)
        state.names[id] = name
        if TurnEnd.spellings.contains(name) || name == "</s>" || name == "<eos>" {
          state.ends.insert(id)
        }
      }
    }
  }

  func learn(beginning id: TokenID?) { state.withLock { $0.beginning = id } }

  // MARK: Texts

  func tokenize(_ text: some Sequence<UInt8>, special: SpecialTokenHandling) -> [TokenID] {
    ask(Asked(text: Array(text), addsSpecial: special != .none, parsesSpecial: special == .parse))
  }

  func tokenize(continuing text: some Sequence<UInt8>, parsingSpecial: Bool) -> [TokenID] {
    let text = Array(text)
    if text.isEmpty { return [] }
    let plain = Asked(text: text, addsSpecial: false, parsesSpecial: parsingSpecial)
    let ids = ask(plain)
    // Some vocabularies set a space before every text; behind a line break they do not.
    guard let first = ids.first, text.first != 0x20, bytes(of: first).first == 0x20 else {
      return ids
    }
    let behind = ask(
      Asked(text: [0x0A] + text, addsSpecial: false, parsesSpecial: parsingSpecial))
    var told: [UInt8] = []
    for (index, id) in behind.enumerated() {
      told += bytes(of: id)
      if told == [0x0A] || told == [0x20, 0x0A] { return Array(behind[(index + 1)...]) }
    }
    return ids
  }

  /// Special tokens that the server finds in a text.
  func controlTokens(spelledIn text: [UInt8]) -> [SpelledToken] {
    let names = state.withLock { state in
      state.controls.compactMap { id in state.names[id].map { (id, Array($0.utf8)) } }
    }.filter { !$0.1.isEmpty }.sorted { ($0.1.count, $0.0) > ($1.1.count, $1.0) }
    var found: [SpelledToken] = []
    var start = 0
    let beginnings = Set(names.map { $0.1[0] })
    while start < text.count {
      if beginnings.contains(text[start]),
        let (token, name) = names.first(where: { text[start...].starts(with: $0.1) })
      {
        found.append(SpelledToken(token: token, range: start..<(start + name.count)))
        start += name.count
      } else {
        start += 1
      }
    }
    return found
  }

  private func ask(_ asked: Asked) -> [TokenID] {
    if asked.text.isEmpty, !asked.addsSpecial { return [] }
    if let known = state.withLock({ $0.answers[asked] }) { return known }
    let text = ServerJSON.string(String(decoding: asked.text, as: UTF8.self))
    do {
      let tokens: [ToldToken]
      switch manner {
      case .llamaCpp:
        let answer = try client.post(
          "/tokenize",
          [
            "content": text, "add_special": .bool(asked.addsSpecial),
            "parse_special": .bool(asked.parsesSpecial), "with_pieces": true,
          ])
        tokens = try pieces(answer["tokens"])
      case .byPrompt:
        let answer = try client.post(
          "/tokenize",
          [
            "model": .string(model), "prompt": text,
            "add_special_tokens": .bool(asked.addsSpecial),
          ])
        tokens = try pieces(answer["tokens"])
        try learnTexts(of: tokens.compactMap(\.id))
      }
      learn(tokens)
      let ids = tokens.compactMap(\.id)
      state.withLock { state in
        if state.answers.count >= Self.mostAnswers { state.answers = [:] }
        state.answers[asked] = ids
      }
      return ids
    } catch {
      state.withLock { $0.failure = error }
      return [Self.untold]
    }
  }

  private func pieces(_ value: ServerJSON?) throws(RemoteError) -> [ToldToken] {
    guard let items = value?.items else {
      throw .badAnswer(server: client.server, what: "no tokens of a text")
    }
    var tokens: [ToldToken] = []
    for item in items {
      let number = item.integer ?? item["id"]?.integer
      guard let number, let id = TokenID(exactly: number), id >= 0, size.map({ id < $0 }) ?? true
      else { throw .badAnswer(server: client.server, what: "tokens that its model does not have") }
      let piece = item["piece"]
      let isControl = state.withLock { $0.controls.contains(id) }
      let bytes = isControl ? [] : piece?.byteList ?? piece?.text.map { Array($0.utf8) }
      tokens.append(ToldToken(id: id, bytes: bytes, text: piece?.text ?? ""))
    }
    return tokens
  }

  /// Asks for the texts of tokens that are not known yet, one at a time: several together do not tell where
  /// one ends.
  ///
  /// - Throws: `RemoteError`.
  func learnTexts(of ids: [TokenID]) throws(RemoteError) {
    for id in unknown(among: Set(ids)).sorted() {
      let answer = try client.post(
        "/detokenize", ["model": .string(model), "tokens": [ServerJSON(Int(id))]])
      guard let text = (answer["prompt"] ?? answer["content"] ?? answer["text"])?.text else {
        throw .badAnswer(server: client.server, what: "no text of a token")
      }
      learn(text, of: id)
      if TurnEnd.spellings.contains(text) || text == "</s>" || text == "<eos>" {
        learn(controls: [id: text])
      }
    }
  }
}
