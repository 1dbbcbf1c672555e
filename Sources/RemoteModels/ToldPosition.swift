import Decoding
import Foundation

/// What a server says of one token and its log-probability.
struct ToldToken: Sendable, Hashable {
  var id: TokenID?
  /// The exact bytes; nil where they are unknown, as of part of a character that was replaced on the way.
  var bytes: [UInt8]?
  var text: String
  /// log p; −∞ for what cannot come, nil where the server does not know or does not say.
  var logProbability: Double?
}

/// What a server says of one place in a text: the token that it chose there, and the likeliest ones.
struct ToldPosition: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    /// Of the model itself, at temperature 1.
    case raw
    /// What the sampler's settings have made of it.
    case afterSampler
    case unknown
  }

  var chosen: ToldToken
  var top: [ToldToken]
  var kind: Kind

  /// The likeliest tokens whose probabilities are known; where the server lists none, the chosen one.
  var listed: [ToldToken] {
    (top.isEmpty ? [chosen] : top).filter { $0.logProbability != nil }
  }
}

/// Reads log-probabilities in all the shapes in which servers write them.
enum ToldPositions {
  /// Log-probabilities as they are written: numbers that mean “none” are none.
  ///
  /// - Parameters:
  ///   - hasAlternatives: whether likelier tokens stand beside it.
  ///   - floor: what the server writes for a probability of 0, or for one that it does not tell.
  static func logProbability(
    _ value: ServerJSON?, hasAlternatives: Bool, floor: Floor
  ) -> Double? {
    guard let number = value?.number, !number.isNaN else { return nil }
    if number <= -3e38 { return -.infinity }
    if number == -9999 { return floor == .impossible ? -.infinity : nil }
    // Rounding may leave a certain token a little above 1.
    if number > 0 { return number < 1e-5 ? 0 : nil }
    // What speculative decoding writes for tokens that it has not looked up.
    if number == 0, !hasAlternatives { return nil }
    return number
  }

  /// What −9999 means.
  enum Floor: Sendable { case impossible, unlisted }

  // MARK: Entries: llama.cpp, Ollama, OpenAI's chat

  /// One entry for each token: `{id?, token, bytes?, logprob, top_logprobs}`, or with `prob` and `top_probs`,
  /// or (older builds of llama.cpp) `{content, probs: [{tok_str, prob}]}`.
  static func entries(_ value: ServerJSON?, floor: Floor) -> [ToldPosition]? {
    guard let items = value?.items else { return nil }
    var positions: [ToldPosition] = []
    for item in items {
      guard item.fields != nil else { return nil }
      let list = item["top_logprobs"] ?? item["top_probs"] ?? item["probs"]
      let top = (list?.items ?? []).compactMap { token($0, hasAlternatives: true, floor) }
      guard var chosen = token(item, hasAlternatives: !top.isEmpty, floor) else { return nil }
      if chosen.logProbability == nil {
        chosen.logProbability =
          top.first { $0.id != nil ? $0.id == chosen.id : $0.text == chosen.text }?.logProbability
      }
      let isShaped = item["prob"] != nil || item["top_probs"] != nil || item["probs"] != nil
      positions.append(
        ToldPosition(chosen: chosen, top: top, kind: isShaped ? .afterSampler : .raw))
    }
    return positions
  }

  private static func token(
    _ item: ServerJSON, hasAlternatives: Bool, _ floor: Floor
  ) -> ToldToken? {
    guard let text = (item["token"] ?? item["tok_str"] ?? item["content"])?.text else { return nil }
    var log = logProbability(item["logprob"], hasAlternatives: hasAlternatives, floor: floor)
    if let probability = item["prob"]?.number, (0...1.00001).contains(probability) {
      log = probability > 0 ? min(0, Foundation.log(probability)) : -.infinity
    }
    let id = item["id"]?.integer.flatMap { TokenID(exactly: $0) }
    // With ids the bytes may be none: of a control token.
    let told = item["bytes"]?.byteList.flatMap { $0.isEmpty && id == nil ? nil : $0 }
    return ToldToken(
      id: id, bytes: told.map { id == nil ? known($0) : $0 } ?? known(text), text: text,
      logProbability: log)
  }

  /// Bytes that hold the replacement character say that there was something else.
  private static func known(_ bytes: [UInt8]) -> [UInt8]? {
    bytes.firstRange(of: [0xEF, 0xBF, 0xBD]) == nil ? bytes : nil
  }

  private static func known(_ text: String) -> [UInt8]? { known(Array(text.utf8)) }

  // MARK: Lists beside each other: vLLM, OpenAI's completions

  /// `{tokens, token_logprobs, top_logprobs: [{text: log p}]}`. Tokens named `token_id:5` have ids.
  static func lists(_ value: ServerJSON?, floor: Floor) -> [ToldPosition]? {
    guard let tokens = value?["tokens"]?.items, let logs = value?["token_logprobs"]?.items,
      tokens.count == logs.count
    else { return nil }
    let tops = value?["top_logprobs"]?.items ?? []
    var positions: [ToldPosition] = []
    for (index, name) in tokens.enumerated() {
      guard let name = name.text else { return nil }
      let fields = tops.indices.contains(index) ? tops[index].fields ?? [:] : [:]
      let top = fields.map {
        named($0.key, logProbability($0.value, hasAlternatives: true, floor: floor))
      }.sorted {
        ($0.logProbability ?? -.infinity, $1.text) > ($1.logProbability ?? -.infinity, $0.text)
      }
      let log = logProbability(logs[index], hasAlternatives: !top.isEmpty, floor: floor)
      positions.append(ToldPosition(chosen: named(name, log), top: top, kind: .raw))
    }
    return positions
  }

  private static let idPrefix = "token_id:"

  private static func named(_ name: String, _ log: Double?) -> ToldToken {
    guard name.hasPrefix(idPrefix), let id = TokenID(name.dropFirst(idPrefix.count)) else {
      return ToldToken(id: nil, bytes: known(name), text: name, logProbability: log)
    }
    return ToldToken(id: id, bytes: nil, text: "", logProbability: log)
  }

  // MARK: Triples: SGLang

  /// `meta_info` with `output_token_logprobs: [[log p, id, text]]` and `output_top_logprobs`, a list of such
  /// triples for each token.
  static func triples(_ value: ServerJSON?) -> [ToldPosition]? {
    guard let tokens = value?["output_token_logprobs"]?.items else { return nil }
    let tops = value?["output_top_logprobs"]?.items ?? []
    var positions: [ToldPosition] = []
    for (index, item) in tokens.enumerated() {
      let list = tops.indices.contains(index) ? tops[index].items ?? [] : []
      let top = list.compactMap { triple($0, hasAlternatives: true) }
      guard let chosen = triple(item, hasAlternatives: !top.isEmpty) else { return nil }
      positions.append(ToldPosition(chosen: chosen, top: top, kind: .raw))
    }
    return positions
  }

  private static func triple(_ item: ServerJSON, hasAlternatives: Bool) -> ToldToken? {
    guard let id = item[1]?.integer.flatMap({ TokenID(exactly: $0) }) else { return nil }
    let text = item[2]?.text
    return ToldToken(
      id: id, bytes: text.flatMap(known), text: text ?? "",
      logProbability: logProbability(item[0], hasAlternatives: hasAlternatives, floor: .impossible))
  }
}
