public import Decoding
import Traces

/// The next-token table as the screen shows it: the figures with the tokens' labels, and which
/// tokens lead to places known already.
public struct CandidateTable: Sendable, Hashable {
  public struct Row: Sendable, Hashable {
    public var token: Token
    public var label: String
    public var logit: Float
    public var logProbability: Double
    /// Probability at temperature 1, nothing cut.
    public var raw: Double
    /// Probability under the settings; nil when it cannot be told, 0 when cut.
    public var shaped: Double?
    public var cut: CutReason?
    /// Whether the token has been followed before.
    public var isExplored: Bool
  }

  /// The place that the table tells the continuations of.
  public var node: NodeID
  /// In true order: by falling raw probability.
  public var rows: [Row]
  public var restCount: Int
  public var restRaw: Double
  public var restShaped: Double?
  public var isApproximate: Bool
  /// Shannon entropy at temperature 1, in bits.
  public var entropy: Double
  /// p(likeliest) − p(second).
  public var margin: Double?
  /// How many of the listed tokens the settings keep.
  public var keptCount: Int
  public var settings: SamplingSettings

  /// All tokens, listed or not.
  public var tokenCount: Int { rows.count + restCount }

  /// Whether the settings cut all tokens that are not listed.
  var cutsRest: Bool { keptCount < rows.count || settings.topK.map { $0 <= rows.count } ?? false }

  /// What the tokens outside some rows have together, so that what is on screen adds up to 1.
  public func rest(outside visible: Range<Int>) -> (count: Int, raw: Double, shaped: Double?) {
    let hidden = rows.indices.filter { !visible.contains($0) }
    let raw = hidden.reduce(restRaw) { $0 + rows[$1].raw }
    let shaped = hidden.reduce(restShaped) { sum, index in
      sum.flatMap { sum in rows[index].shaped.map { sum + $0 } }
    }
    return (restCount + hidden.count, raw, shaped)
  }
}

extension PlaygroundState {
  /// How many tokens the table lists at most: as many as a session keeps.
  static let tableRows = DistributionSummary.savedDetail

  /// Makes the table anew from what is known at the cursor: the full distribution, else the saved
  /// part of it. While text streams in, the table is that of the token chosen last.
  mutating func reshapeTable() {
    if let table = candidateTable(after: decode.cursor) {
      decode.table = table
    } else if isFollowing, let last = decode.line.last, let parent = trace.node(last.node)?.parent,
      let table = candidateTable(after: parent)
    {
      decode.table = table
      decode.selectedRow = table.rows.firstIndex { $0.token.id == last.token.id } ?? 0
    } else if !expectsTable {
      decode.table = nil
    }
    decode.selectedRow = min(decode.selectedRow, max(0, (decode.table?.rows.count ?? 1) - 1))
  }

  /// Whether the cursor runs along with text that is being sampled.
  var isFollowing: Bool { decode.isStreaming || isFollowingRun }

  /// Whether the cursor runs along with a strategy's single path.
  var isFollowingRun: Bool { runs.followed.map { activities[$0] != nil } ?? false }

  /// Whether the cursor's distribution can be computed.
  var expectsTable: Bool {
    readyModel != nil && decode.cursor != .root && runs.exploration != nil
  }

  private func candidateTable(after node: NodeID) -> CandidateTable? {
    let figures: NextTokenTable
    var saved: [TokenID: [UInt8]] = [:]
    if let distribution = decode.known[node] {
      figures = NextTokenTable(distribution, settings: sampling, rows: Self.tableRows)
    } else if let candidates = trace.distribution(after: node) {
      figures = NextTokenTable(candidates.summary, settings: sampling, rows: Self.tableRows)
      saved = Dictionary(
        zip(candidates.summary.tokens, candidates.bytes), uniquingKeysWith: { first, _ in first })
    } else {
      return nil
    }
    let explored = Set(trace.children(of: node))
    let rows = figures.rows.map { row in
      let bytes = saved[row.token] ?? vocabulary?.bytes(of: row.token) ?? []
      let token = Token(id: row.token, bytes: bytes)
      return CandidateTable.Row(
        token: token, label: label(of: token), logit: row.logit,
        logProbability: row.logProbability, raw: row.raw, shaped: row.shaped, cut: row.cut,
        isExplored: explored.contains(node.appending(row.token)))
    }
    let (first, second) = (rows.first?.raw, rows.dropFirst().first?.raw)
    return CandidateTable(
      node: node, rows: rows, restCount: figures.restCount, restRaw: figures.restRaw,
      restShaped: figures.restShaped, isApproximate: figures.isApproximate,
      entropy: figures.entropy, margin: first.map { $0 - (second ?? 0) },
      keptCount: rows.count { $0.cut == nil }, settings: sampling)
  }
}
