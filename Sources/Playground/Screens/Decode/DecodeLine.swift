public import Decoding
public import Traces

/// A token of the line that Decode shows, with everything the screen tells of it.
public struct LineToken: Sendable, Hashable {
  /// The place after the token.
  public var node: NodeID
  public var token: Token
  /// What is drawn: empty for a token that only completes a character begun before it.
  public var text: String
  public var origin: NodeTrace.Origin
  /// Whether the token stands for no text, such as the end of text.
  public var isSpecial: Bool
  /// Probability at temperature 1; nil for text that was put in.
  public var probability: Double?
  /// Entropy in bits, and p(likeliest) − p(second), of the distribution the token was chosen from.
  public var entropy: Double?
  public var margin: Double?
  /// The token's place among the likeliest, from 1; nil when the saved ones do not list it.
  public var rank: Int?
  /// How many other tokens are known to follow at the same place.
  public var alternatives: Int
  /// Whether the user marked the place after the token.
  public var isFork: Bool
  /// Whether the token belongs to the answer that was found in a path through it.
  public var isAnswer: Bool
}

/// The line that Decode shows: the tokens up to the cursor, then those that redo leads to.
public struct DecodeLine: Sendable, Hashable {
  public var tokens: [LineToken] = []
  /// How many of them lie before the cursor.
  public var cursor = 0
  /// How many belong to the prompt.
  public var promptCount = 0

  public init() {}

  /// The token before the cursor.
  public var last: LineToken? {
    tokens.indices.contains(cursor - 1) ? tokens[cursor - 1] : nil
  }

  /// The tokens after the prompt and before the cursor.
  public var generated: ArraySlice<LineToken> {
    tokens[min(promptCount, cursor)..<cursor]
  }
}

extension PlaygroundState {
  /// Makes the line on screen anew from the cursor, the tail to redo and the trace.
  mutating func refreshLine() {
    let before = trace.line(to: decode.cursor)
    let after = Array(decode.redo.reversed())
    let nodes = (before + after).compactMap { id in trace.node(id).map { (id, $0) } }
    var line = DecodeLine()
    line.cursor = before.count
    line.promptCount = (before + after).firstIndex(of: decode.promptEnd).map { $0 + 1 } ?? 0
    // Characters are not joined across the cursor: what lies after it has not been chosen yet.
    let texts =
      TokenText.pieces(nodes.prefix(line.cursor).map { $0.1.token.bytes })
      + TokenText.pieces(nodes.dropFirst(line.cursor).map { $0.1.token.bytes })
    let forks = Set(decode.forks)
    let answers = answerNodes(Set(nodes.map(\.0)))
    // While text streams in, only the end of the line is new.
    let kept = isFollowing ? decode.line.tokens.prefix(max(0, decode.line.cursor - 8)) : []
    line.tokens = nodes.indices.map { index in
      let (id, node) = nodes[index]
      if index < kept.count, kept[index].node == id { return kept[index] }
      return lineToken(
        id, node, texts[index], isFork: forks.contains(id), isAnswer: answers.contains(id))
    }
    decode.line = line
    decode.explored = explored(after: decode.cursor)
    decode.odds = isFollowing ? nil : answerOdds()
  }

  private func lineToken(
    _ id: NodeID, _ node: NodeTrace, _ text: String, isFork: Bool, isAnswer: Bool
  ) -> LineToken {
    let isSpecial = node.token.bytes.isEmpty
    let saved = trace.distribution(after: node.parent)?.summary
    return LineToken(
      node: id, token: node.token, text: isSpecial ? name(of: node.token.id) : text,
      origin: node.origin, isSpecial: isSpecial,
      probability: node.logProbability.map(TokenDistribution.probability(ofLog:)),
      entropy: node.logProbability == nil ? nil : saved?.entropy,
      margin: node.logProbability == nil ? nil : saved?.margin,
      rank: saved?.tokens.firstIndex(of: node.token.id).map { $0 + 1 },
      alternatives: max(0, trace.childCount(of: node.parent) - 1), isFork: isFork,
      isAnswer: isAnswer)
  }

  /// Those of some nodes that belong to an answer found in a path that goes through them.
  private func answerNodes(_ nodes: Set<NodeID>) -> Set<NodeID> {
    var answers: Set<NodeID> = []
    for run in trace.runs.values where trace.model == nil || run.start?.model.hash == trace.model {
      for path in run.paths.values {
        guard let span = path.answerSpan, nodes.contains(span.last), nodes.contains(span.first)
        else { continue }
        var node = span.last
        while answers.insert(node).inserted, node != span.first,
          let parent = run.nodes[node]?.parent
        {
          node = parent
        }
      }
    }
    return answers
  }

  private func explored(after node: NodeID) -> [ExploredToken] {
    trace.children(of: node).compactMap { child in
      trace.node(child).map { known in
        ExploredToken(
          node: child, token: known.token.id, label: label(of: known.token),
          origin: known.origin,
          probability: known.logProbability.map(TokenDistribution.probability(ofLog:)))
      }
    }
  }
}

/// A continuation of the cursor that somebody has been to.
public struct ExploredToken: Sendable, Hashable {
  public var node: NodeID
  public var token: TokenID
  public var label: String
  public var origin: NodeTrace.Origin
  /// Probability at temperature 1; nil for text that was put in.
  public var probability: Double?
}
