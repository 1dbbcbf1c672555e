import Decoding
public import TerminalUI

/// Looking a token up by its text, wherever it stands in the distribution: the table lists only
/// the likeliest.
public struct TokenSearch: Sendable, Hashable {
  public var field = TextField()
  /// What the text so far may stand for, the likeliest first.
  public var found: [Found] = []

  public struct Found: Sendable, Hashable {
    var token: TokenID
    var label: String
    /// Probability at temperature 1.
    var probability: Double
    /// The token's place by falling probability, from 1.
    var rank: Int
    /// How many tokens the text takes; this is the first of them.
    var length: Int
  }
}

extension PlaygroundState {
  /// Begins to look a token up, when there is a distribution to look in.
  mutating func beginSearch() {
    guard decode.known[decode.cursor] != nil, vocabulary != nil else {
      message = Message(
        .notice,
        readyModel == nil
          ? "A saved trace keeps the likeliest tokens only; finding others needs a model. Press m."
          : "There is no table to look in yet.")
      return
    }
    decode.search = TokenSearch()
  }

  /// A key while a token is looked up; nil when none is.
  mutating func searchKey(_ key: KeyEvent) -> [Effect]? {
    guard var search = decode.search else { return nil }
    switch (key.key, key.modifiers) {
    case (.escape, _), (.character("c"), .control):
      decode.search = nil
    case (.enter, _):
      decode.search = nil
      return search.found.first.map { take($0.token, label: $0.label) } ?? []
    default:
      _ = search.field.handle(key)
      decode.search = search
      refreshSearch()
    }
    return []
  }

  /// Looks up what was typed, and the same after a space, as most words have it.
  mutating func refreshSearch() {
    guard let text = decode.search?.field.text, let vocabulary,
      let distribution = decode.known[decode.cursor]
    else { return }
    let spellings = text.hasPrefix(" ") || text.isEmpty ? [text] : [text, " " + text]
    var found: [TokenSearch.Found] = []
    for spelling in spellings {
      let ids = vocabulary.tokenize(continuing: spelling, parsingSpecial: true)
      guard let id = ids.first, !found.contains(where: { $0.token == id }) else { continue }
      found.append(
        TokenSearch.Found(
          token: id, label: label(of: vocabulary.token(id)),
          probability: distribution.probability(of: id), rank: distribution.rank(of: id),
          length: ids.count))
    }
    decode.search?.found = found.sorted { $0.rank < $1.rank }
  }
}
