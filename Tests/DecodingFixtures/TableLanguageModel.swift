import Synchronization

@testable package import Decoding

/// A language model given as a table: for each prefix the probabilities of the next token.
///
/// Everything about it can be enumerated, so strategies are tested against exact numbers, and a
/// class can check by hand what the screen shows.
package final class TableLanguageModel: LanguageModel {
  package let identity: ModelIdentity
  package let vocabulary: any Vocabulary
  package let contextLength: Int
  package let chatTemplate: String?
  private let pieces: PieceVocabulary
  /// The nodes looked up so far: a table computes nothing, but counts like a model that does.
  private let evaluated = Mutex<Set<NodeID>>([])
  private let rule: @Sendable ([TokenID]) -> [TokenID: Double]

  /// - Parameters:
  ///   - pieces: the text of each token.
  ///   - end: the end-of-text token.
  ///   - controls: further control tokens; they stand for no text.
  ///   - chatTemplate: what the model says of conversations.
  ///   - next: the probabilities of the next token after a prefix; a token left out has none.
  ///     After a prefix for which it is empty, the text ends.
  package init(
    name: String, pieces: [String], end: TokenID, controls: Set<TokenID> = [],
    chatTemplate: String? = nil, contextLength: Int = 4096,
    next: @escaping @Sendable ([TokenID]) -> [TokenID: Double]
  ) {
    self.pieces = PieceVocabulary(pieces: pieces, end: end, controls: controls)
    self.chatTemplate = chatTemplate
    vocabulary = self.pieces
    self.contextLength = contextLength
    rule = next
    identity = ModelIdentity(
      name: name, hash: "table-\(name)", architecture: "table", fileType: "exact",
      isa: "exact")
  }

  package func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult {
    let distributions = try request.nodes.map { node -> TokenDistribution in
      guard tree.contains(node) else { throw LanguageModelError.unknownNode(node) }
      return distribution(after: tree.tokens(to: node))
    }
    let computed = request.nodes.map { node in
      evaluated.withLock { evaluated in
        tree.path(to: node).count { evaluated.insert($0).inserted }
      }
    }
    return ForwardResult(distributions: distributions, computed: computed)
  }

  private func probabilities(after prefix: [TokenID]) -> [TokenID: Double] {
    let next = rule(prefix).filter { $0.value > 0 && pieces.contains($0.key) }
    return next.isEmpty ? [pieces.end: 1] : next
  }

  private func distribution(after prefix: [TokenID]) -> TokenDistribution {
    var logits = [Float](repeating: -.infinity, count: pieces.count)
    for (token, probability) in probabilities(after: prefix) {
      logits[Int(token)] = Float(logarithm(probability))
    }
    return TokenDistribution(logits: logits)
  }

  /// Every text that can follow a prefix, with its exact probability at a temperature.
  ///
  /// - Parameter limit: texts of more tokens than this are left out.
  /// - Returns: token sequences ending in the end token, with probabilities that sum to 1 when
  ///   no text is longer than the limit.
  package func enumerate(
    after prefix: [TokenID], temperature: Double = 1, limit: Int = 64
  ) -> [(tokens: [TokenID], probability: Double)] {
    var texts: [(tokens: [TokenID], probability: Double)] = []
    var open: [(tokens: [TokenID], probability: Double)] = [([], 1)]
    while let (tokens, probability) = open.popLast() {
      if tokens.last == pieces.end {
        texts.append((tokens, probability))
        continue
      }
      if tokens.count == limit { continue }
      let next = probabilities(after: prefix + tokens).mapValues {
        exponential(logarithm($0) / temperature)
      }
      let total = next.values.reduce(0, +)
      for token in next.keys.sorted(by: >) {
        open.append((tokens + [token], probability * (next[token] ?? 0) / total))
      }
    }
    return texts
  }
}

/// A vocabulary of given pieces of text; text is split greedily into the longest that fit.
struct PieceVocabulary: Vocabulary {
  let pieces: [[UInt8]]
  let end: TokenID
  /// Tokens that stand for no text, the end among them.
  private let controls: Set<TokenID>

  init(pieces: [String], end: TokenID, controls: Set<TokenID> = []) {
    self.pieces = pieces.map { Array($0.utf8) }
    self.end = end
    self.controls = controls.union([end])
  }

  var count: Int { pieces.count }
  var beginningOfText: TokenID? { nil }
  var endOfText: Set<TokenID> { [end] }

  func contains(_ token: TokenID) -> Bool { pieces.indices.contains(Int(token)) }

  func bytes(of token: TokenID) -> [UInt8] {
    contains(token) && !isControl(token) ? pieces[Int(token)] : []
  }

  func isControl(_ token: TokenID) -> Bool { controls.contains(token) }

  func name(of token: TokenID) -> String {
    contains(token) ? String(decoding: pieces[Int(token)], as: UTF8.self) : "?"
  }

  func tokenize(_ text: some Sequence<UInt8>, special: SpecialTokenHandling) -> [TokenID] {
    var rest = Array(text)[...]
    let readable = pieces.indices.filter {
      !pieces[$0].isEmpty && (special == .parse || !isControl(TokenID($0)))
    }
    var tokens: [TokenID] = []
    while !rest.isEmpty {
      let longest = readable.filter { rest.starts(with: pieces[$0]) }
        .max { pieces[$0].count < pieces[$1].count }
      // A byte that no piece covers is dropped: a table model knows nothing else.
      rest = rest.dropFirst(longest.map { pieces[$0].count } ?? 1)
      if let longest { tokens.append(TokenID(longest)) }
    }
    return tokens
  }

  func tokenize(continuing text: some Sequence<UInt8>, parsingSpecial: Bool) -> [TokenID] {
    tokenize(text, special: parsingSpecial ? .parse : .none)
  }
}
