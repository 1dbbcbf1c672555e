public import Decoding

/// Texts that are learned from in one pass. A beginning that several texts share stands in the rows
/// once, and what follows it attends to it, so that a group's prompt is computed once.
public struct PackedRows: Sendable {
  /// Tokens that follow each other: a shared beginning, or what one text has after it.
  struct Segment: Sendable, Hashable {
    /// Its rows.
    var rows: Range<Int>
    /// The segment it follows, which all of its rows see.
    var parent: Int?
  }

  /// A row is asked how likely a token is as its next.
  public struct Target: Sendable, Hashable {
    public var row: Int
    public var token: TokenID
  }

  /// The token of each row. [rows]
  private(set) var tokens: [TokenID] = []
  /// Where each row's token stands in its text, from 0. [rows]
  private(set) var positions: [Int] = []
  private(set) var segments: [Segment] = []
  /// The segments of each text or group of texts: the first is what all others follow. Groups know
  /// nothing of each other.
  private(set) var groups: [Range<Int>] = []
  /// The most keys that a row sees.
  private(set) var longest = 0
  /// All that is asked, in the order in which it was added.
  public private(set) var targets: [Target] = []
  /// What logits are divided by, above 0: log probabilities, entropies and gradients are those of
  /// softmax(logits / temperature). A policy that was sampled at a temperature is that one.
  public var temperature: Float = 1

  public init() {}

  public var count: Int { tokens.count }

  /// Adds texts that begin alike.
  ///
  /// - Parameters:
  ///   - prompt: what they share; at least one token. Its tokens are no targets.
  ///   - continuations: what each text has after it; every token of them is a target.
  ///   - position: the position of the prompt's first token.
  /// - Returns: for each continuation its targets, as indices into `targets`.
  @discardableResult
  public mutating func add(
    prompt: [TokenID], continuations: [[TokenID]], at position: Int = 0
  ) -> [Range<Int>] {
    precondition(!prompt.isEmpty, "a text needs a token to begin with")
    let first = segments.count
    append(prompt, after: nil, at: position)
    let promptEnd = count - 1
    var ranges: [Range<Int>] = []
    for continuation in continuations {
      let start = targets.count
      if let token = continuation.first { targets.append(Target(row: promptEnd, token: token)) }
      // The last token is asked for, but nothing after it: it takes no row.
      let kept = Array(continuation.dropLast())
      if !kept.isEmpty { append(kept, after: first, at: position + prompt.count) }
      for (index, token) in continuation.enumerated().dropFirst() {
        targets.append(Target(row: count - kept.count + index - 1, token: token))
      }
      ranges.append(start..<targets.count)
    }
    groups.append(first..<segments.count)
    return ranges
  }

  /// Adds a text of which only some tokens are asked for.
  ///
  /// - Parameter asked: the targets, as ascending indices into the tokens; none is 0.
  /// - Returns: the targets, as indices into `targets`.
  @discardableResult
  public mutating func add(text tokens: [TokenID], asking asked: [Int]) -> Range<Int> {
    let (first, row, start) = (segments.count, count, targets.count)
    guard !asked.isEmpty else { return start..<start }
    // Nothing is asked after the last target: what stands behind it takes no row.
    append(Array(tokens.prefix(asked.last ?? 0)), after: nil, at: 0)
    targets += asked.map { Target(row: row + $0 - 1, token: tokens[$0]) }
    groups.append(first..<segments.count)
    return start..<targets.count
  }

  /// A place of a text that is asked how likely some tokens are as its next one, whether or not one
  /// of them stands there.
  public struct Query: Sendable, Hashable {
    /// How many tokens of the continuation stand before it.
    public var position: Int
    public var tokens: [TokenID]

    public init(position: Int, tokens: [TokenID]) {
      self.position = position
      self.tokens = tokens
    }
  }

  /// Adds texts that begin alike, of which only some places are asked.
  ///
  /// - Parameters:
  ///   - prompt: what they share; at least one token.
  ///   - continuations: what each text has after it.
  ///   - queries: of each continuation, none behind its end.
  /// - Returns: for each query of each continuation its targets, as indices into `targets`.
  @discardableResult
  public mutating func add(
    prompt: [TokenID], continuations: [[TokenID]], asking queries: [[Query]]
  ) -> [[Range<Int>]] {
    precondition(!prompt.isEmpty, "a text needs a token to begin with")
    precondition(continuations.count == queries.count, "queries for each continuation")
    let first = segments.count
    append(prompt, after: nil, at: 0)
    let promptEnd = count - 1
    var ranges: [[Range<Int>]] = []
    for (continuation, queries) in zip(continuations, queries) {
      // Nothing is asked after the last place: what stands behind it takes no row.
      let kept = Array(continuation.prefix(queries.map(\.position).max() ?? 0))
      let start = count
      if !kept.isEmpty { append(kept, after: first, at: prompt.count) }
      ranges.append(
        queries.map { query in
          let row = query.position > 0 ? start + query.position - 1 : promptEnd
          let begin = targets.count
          targets += query.tokens.map { Target(row: row, token: $0) }
          return begin..<targets.count
        })
    }
    groups.append(first..<segments.count)
    return ranges
  }

  private mutating func append(_ new: [TokenID], after parent: Int?, at position: Int) {
    longest = max(longest, new.count + (parent.map { segments[$0].rows.count } ?? 0))
    segments.append(Segment(rows: count..<count + new.count, parent: parent))
    tokens += new
    positions += (0..<new.count).map { position + $0 }
  }
}
