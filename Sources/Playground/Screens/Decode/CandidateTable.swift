import Decoding
import Reasoning
import TerminalUI
import Traces

/// The next-token table as the screen shows it: the figures with the tokens' labels, and which
/// tokens lead to places known already.
struct CandidateTable: Sendable, Hashable {
  struct Row: Sendable, Hashable {
    var token: Token
    var label: String
    var logit: Float
    var logProbability: Double
    /// Probability at temperature 1, nothing cut.
    var raw: Double
    /// Probability under the settings; nil when it cannot be told, 0 when cut.
    var shaped: Double?
    var cut: CutReason?
    /// Whether the token has been followed before.
    var isExplored: Bool
  }

  /// The place that the table tells the continuations of.
  var node: NodeID
  /// In true order: by falling raw probability.
  var rows: [Row]
  var restCount: Int
  var restRaw: Double
  var restShaped: Double?
  var isApproximate: Bool
  /// Shannon entropy at temperature 1, in bits.
  var entropy: Double
  /// p(likeliest) − p(second).
  var margin: Double?
  /// How many of the listed tokens the settings keep.
  var keptCount: Int
  /// The model has told of its likeliest tokens only: the entropy is a lower bound.
  var isTruncated: Bool
  var settings: SamplingSettings

  /// All tokens, listed or not.
  var tokenCount: Int { rows.count + restCount }

  /// Whether the settings cut all tokens that are not listed.
  var cutsRest: Bool { keptCount < rows.count || settings.topK.map { $0 <= rows.count } ?? false }

  /// What the tokens outside some rows have together, so that what is on screen adds up to 1.
  func rest(outside visible: Range<Int>) -> (count: Int, raw: Double, shaped: Double?) {
    let hidden = rows.indices.filter { !visible.contains($0) }
    let raw = hidden.reduce(restRaw) { $0 + rows[$1].raw }
    let shaped = hidden.reduce(restShaped) { sum, index in
      sum.flatMap { sum in rows[index].shaped.map { sum + $0 } }
    }
    return (restCount + hidden.count, raw, shaped)
  }
}

extension DecodeScreen {
  /// How many tokens the table lists at most: as many as a session keeps.
  static let tableRows = DistributionSummary.savedDetail

  /// Makes the table anew from what is known at the cursor: the full distribution, else the saved
  /// part of it. While text streams in, the table is that of the token chosen last.
  mutating func reshapeTable(_ session: SessionState) {
    if let table = candidateTable(after: session.cursor, session) {
      self.table = table
    } else if isFollowing(session), let last = line.last,
      let parent = session.trace.node(last.node)?.parent,
      let table = candidateTable(after: parent, session)
    {
      self.table = table
      selectedRow = table.rows.firstIndex { $0.token.id == last.token.id } ?? 0
    } else if !expectsTable(session) {
      table = nil
    }
    selectedRow = min(selectedRow, max(0, (table?.rows.count ?? 1) - 1))
  }

  /// Whether the cursor's distribution can be computed.
  func expectsTable(_ session: SessionState) -> Bool {
    session.readyModel != nil && !session.showsAnotherModel && session.cursor != .root
      && session.exploration != nil
  }

  /// The full distribution after a node, when it is at hand. The loaded model's says nothing of a
  /// place that another one came to.
  func distribution(after node: NodeID, _ session: SessionState) -> TokenDistribution? {
    session.showsAnotherModel ? nil : known[node]
  }

  private func candidateTable(after node: NodeID, _ session: SessionState) -> CandidateTable? {
    let figures: NextTokenTable
    var saved: [TokenID: [UInt8]] = [:]
    if let distribution = distribution(after: node, session) {
      figures = NextTokenTable(distribution, settings: session.sampling, rows: Self.tableRows)
    } else if let candidates = session.trace.distribution(after: node) {
      figures = NextTokenTable(candidates.summary, settings: session.sampling, rows: Self.tableRows)
      saved = Dictionary(
        zip(candidates.summary.tokens, candidates.bytes), uniquingKeysWith: { first, _ in first })
    } else {
      return nil
    }
    let explored = Set(session.trace.children(of: node))
    let rows = figures.rows.map { row in
      let bytes = saved[row.token] ?? session.vocabulary?.bytes(of: row.token) ?? []
      let token = Token(id: row.token, bytes: bytes)
      return CandidateTable.Row(
        token: token, label: session.label(of: token), logit: row.logit,
        logProbability: row.logProbability, raw: row.raw, shaped: row.shaped, cut: row.cut,
        isExplored: explored.contains(node.appending(row.token)))
    }
    let (first, second) = (rows.first?.raw, rows.dropFirst().first?.raw)
    return CandidateTable(
      node: node, rows: rows, restCount: figures.restCount, restRaw: figures.restRaw,
      restShaped: figures.restShaped, isApproximate: figures.isApproximate,
      entropy: figures.entropy, margin: first.map { $0 - (second ?? 0) },
      keptCount: rows.count { $0.cut == nil }, isTruncated: figures.isTruncated,
      settings: session.sampling)
  }
}

/// A setting of the sampler that can be turned in Decode, with the table changing as it turns.
enum SamplerKnob: Int, CaseIterable, Sendable, Hashable {
  case temperature, topK, topP, minP

  var title: String {
    switch self {
    case .temperature: "T"
    case .topK: "top-k"
    case .topP: "top-p"
    case .minP: "min-p"
    }
  }

  /// The setting's value as the screen writes it; nil when it is off.
  func text(_ settings: SamplingSettings) -> String? {
    switch self {
    case .temperature: Format.fixed(settings.temperature, 1)
    case .topK: settings.topK.map { "\($0)" }
    case .topP: settings.topP.map(Format.share)
    case .minP: settings.minP.map(Format.share)
    }
  }

  /// The row of the table of settings that it turns.
  var setting: Setting {
    switch self {
    case .temperature: .temperature
    case .topK: .topK
    case .topP: .topP
    case .minP: .minP
    }
  }
}

extension DecodeScreen {
  /// Turns a setting of the sampler by some steps and shows what that does to the table.
  mutating func turn(_ knob: SamplerKnob, by steps: Int, _ session: inout SessionState) {
    session.step(knob.setting, by: steps)
    reshapeTable(session)
  }
}

extension DecodeScreen {
  /// The sampler's settings as the row of knobs writes them, in the order of `SamplerKnob`.
  func knobTexts(_ session: SessionState, width: Int) -> [String] {
    let sampling = session.sampling
    let long = SamplerKnob.allCases.map { "\($0.title) \($0.text(sampling) ?? "off")" }
    let needed: Int = long.reduce(1) { $0 + $1.count + 2 }
    if needed <= width { return long }
    return SamplerKnob.allCases.map { knob in
      let short = knob == .temperature ? "T" : String(knob.title.suffix(1))
      let name = knob == .minP ? "m" : short
      return "\(name) \(knob.text(sampling) ?? "–")"
    }
  }
}

/// Looking a token up by its text, wherever it stands in the distribution: the table lists only
/// the likeliest.
struct TokenSearch: Sendable, Hashable {
  var field = TextField()
  /// What the text so far may stand for, the likeliest first.
  var found: [Found] = []

  struct Found: Sendable, Hashable {
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

extension DecodeScreen {
  /// Begins to look a token up, when there is a distribution to look in.
  mutating func beginSearch(_ session: inout SessionState) {
    guard distribution(after: session.cursor, session) != nil, session.vocabulary != nil else {
      session.tell(
        session.readyModel == nil
          ? "A saved trace keeps only the likeliest tokens; finding others needs a model. Press m."
          : "There is no table to search yet.")
      return
    }
    search = TokenSearch()
  }

  /// A key while a token is looked up; nil when none is.
  mutating func searchKey(_ key: KeyEvent, _ session: inout SessionState) -> [Effect]? {
    guard var looked = search else { return nil }
    switch (key.key, key.modifiers) {
    case (.escape, _), (.character("c"), .control): search = nil
    case (.enter, _):
      search = nil
      return looked.found.first.map { take($0.token, label: $0.label, &session) } ?? []
    default:
      _ = looked.field.handle(key)
      search = looked
      refreshSearch(session)
    }
    return []
  }

  /// Looks up what was typed, and the same after a space, as most words have it.
  mutating func refreshSearch(_ session: SessionState) {
    guard let text = search?.field.text, let vocabulary = session.vocabulary,
      let distribution = distribution(after: session.cursor, session)
    else { return }
    let spellings = text.hasPrefix(" ") || text.isEmpty ? [text] : [text, " " + text]
    var found: [TokenSearch.Found] = []
    for spelling in spellings {
      let ids = vocabulary.tokenize(continuing: spelling, parsingSpecial: true)
      guard let id = ids.first, !found.contains(where: { $0.token == id }) else { continue }
      found.append(
        TokenSearch.Found(
          token: id, label: session.label(of: vocabulary.token(id)),
          probability: distribution.probability(of: id), rank: distribution.rank(of: id),
          length: ids.count))
    }
    search?.found = found.sorted { $0.rank < $1.rank }
  }
}
