import Decoding

/// How log-probabilities are written. One truth, three shapes.
struct LogProbabilityShapes {
  let vocabulary: any Vocabulary
  /// Whether tokens are named `token_id:5` instead of being spelled, as vLLM does when asked.
  var namesIDs = false

  /// A token's text. Bytes that are no whole character have the replacement character.
  func text(_ id: TokenID) -> String {
    if namesIDs { return "token_id:\(id)" }
    let bytes = vocabulary.bytes(of: id)
    if bytes.isEmpty, vocabulary.isControl(id) { return vocabulary.name(of: id) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// llama.cpp's: ids and bytes with every token.
  func detailed(_ token: ServedToken) -> JSONText {
    var json = entry(token.id, token.logProbability)
    json.add("top_logprobs", .array(token.top.map { entry($0.id, $0.logProbability) }))
    return json
  }

  private func entry(_ id: TokenID, _ logProbability: Double?) -> JSONText {
    [
      "id": .int(Int(id)), "token": .string(text(id)),
      "bytes": .array(vocabulary.bytes(of: id).map { .int(Int($0)) }),
      "logprob": logProbability.map { .number($0) } ?? nil,
    ]
  }

  /// OpenAI's of chat, with ids as well.
  func chat(_ tokens: [ServedToken]) -> JSONText {
    ["content": .array(tokens.map(detailed))]
  }

  /// OpenAI's first, of completions: lists beside each other.
  ///
  /// The chosen token is always among the likeliest ones, with the very same number; where two tokens have
  /// one text, the likelier one's number stands.
  ///
  /// - Parameters:
  ///   - tokens: nil log-probabilities, as of a first token, are null.
  ///   - offset: characters of text before the first token.
  func legacy(_ tokens: [ServedToken], offset: Int = 0) -> JSONText {
    var (texts, logs, tops, offsets): ([JSONText], [JSONText], [JSONText], [JSONText]) =
      ([], [], [], [])
    var place = offset
    for token in tokens {
      let text = text(token.id)
      texts.append(.string(text))
      offsets.append(.int(place))
      place += namesIDs ? vocabularyText(token.id).unicodeScalars.count : text.unicodeScalars.count
      guard let logProbability = token.logProbability else {
        logs.append(nil)
        tops.append(nil)
        continue
      }
      logs.append(.number(logProbability))
      var named: [(name: String, value: Double)] = []
      for alternative in token.top + [.init(id: token.id, logProbability: logProbability)] {
        let name = self.text(alternative.id)
        if let index = named.firstIndex(where: { $0.name == name }) {
          named[index].value = max(named[index].value, alternative.logProbability)
        } else {
          named.append((name, alternative.logProbability))
        }
      }
      tops.append(.object(named.map { .init(name: $0.name, value: .number($0.value)) }))
    }
    return [
      "tokens": .array(texts), "token_logprobs": .array(logs), "top_logprobs": .array(tops),
      "text_offset": .array(offsets),
    ]
  }

  private func vocabularyText(_ id: TokenID) -> String {
    String(decoding: vocabulary.bytes(of: id), as: UTF8.self)
  }

  /// vLLM's of prompts: by id, with ranks.
  func prompt(_ tokens: [ServedToken]) -> JSONText {
    .array(
      tokens.map { token in
        guard let logProbability = token.logProbability else { return nil }
        var entries: [JSONText.Field] = []
        func add(_ id: TokenID, _ value: Double, rank: Int?) {
          let name = "\(id)"
          guard !entries.contains(where: { $0.name == name }) else { return }
          entries.append(
            .init(
              name: name,
              value: [
                "logprob": .number(value), "rank": rank.map { .int($0) } ?? nil,
                "decoded_token": .string(text(id)),
              ]))
        }
        for (index, other) in token.top.enumerated() {
          add(other.id, other.logProbability, rank: index + 1)
        }
        add(token.id, logProbability, rank: nil)
        return .object(entries)
      })
  }
}
