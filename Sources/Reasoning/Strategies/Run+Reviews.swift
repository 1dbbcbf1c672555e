import Decoding
import Problems
import Traces

/// A place in a text that a verifier reads.
struct ReviewPlace: Sendable, Hashable {
  var node: NodeID
  /// How many tokens stand before it and at it.
  var depth: Int
}

/// What verifiers need of a run: texts of their own beside its paths, and the probabilities of
/// what the model would say behind them.
extension Run {
  /// Puts in a text that a verifier reads: segments, each beginning with its own white space,
  /// behind the question as in a plain prompt or behind an earlier text. It belongs to no path.
  ///
  /// - Parameters:
  ///   - place: where an earlier text has ended; nil begins with the question.
  ///   - room: how many tokens must fit behind it.
  /// - Returns: the end of each segment; nil when the text does not fit into the context.
  func insertReview(
    _ segments: some Sequence<String>, after place: ReviewPlace? = nil, room: Int = 1
  ) throws -> [ReviewPlace]? {
    let start = try place ?? reviewQuestion()
    let pieces = segments.map { reader.model.vocabulary.tokenize(continuing: $0) }
    let ids = pieces.flatMap { $0 }
    guard start.depth + ids.count + room <= reader.model.contextLength else { return nil }
    putReview(ids, after: start.node)
    var current = start
    return pieces.map { piece in
      current.node = current.node.appending(contentsOf: piece)
      current.depth += piece.count
      return current
    }
  }

  /// Puts in tokens for a verifier to read. They belong to no path.
  func putReview(_ ids: [TokenID], after node: NodeID) {
    let end = reader.insert(ids, after: node)
    book(TokenCounts(injected: ids.count))
    tellRead(ids, after: node, to: end)
  }

  /// The end of the question. Where its tokens begin the run's prompt, as they do but for a template of
  /// the user's own, they are there already.
  private func reviewQuestion() throws -> ReviewPlace {
    let vocabulary = reader.model.vocabulary
    return try insertQuestion(
      question.isRaw
        ? vocabulary.tokenize(prompt: question.text)
        : vocabulary.tokenize(PromptFormat.plain(question.text), special: .add))
  }

  /// Puts in the question as a verifier is given it.
  ///
  /// - Returns: its end.
  /// - Throws: `StrategyError` for an empty one.
  func insertQuestion(_ ids: [TokenID]) throws -> ReviewPlace {
    guard !ids.isEmpty else { throw StrategyError.decoding("The question is empty.") }
    let node = reader.insert(ids)
    if isNewReviewQuestion(ids) { tellRead(ids, after: .root, to: node) }
    return ReviewPlace(node: node, depth: ids.count)
  }

  /// Decodes paths that are no answers: a verifier's rationales. They leave `node` events and
  /// `path_finished` without an answer.
  func decodeReviews(_ continuations: [Continuation]) async throws -> [PathResult] {
    noteReviews(continuations.map(\.path))
    return try await decode(continuations, by: judge) { [self] result in
      leave(result.path, as: result.reason.name)
    }
  }

  /// Puts a text in behind a node of a path, to look at what would come behind it. It belongs to no
  /// path: what it stands behind goes on undisturbed.
  ///
  /// - Returns: the text's last node.
  func insertAside(_ ids: [TokenID], after node: NodeID) -> NodeID {
    if ids.isEmpty { return node }
    let end = decoder.insert(ids, after: node)
    book(TokenCounts(injected: ids.count))
    tellInjected(ids, after: node, to: end)
    return end
  }

  /// The probability that a verifier's text comes next, for several texts after each of several nodes. A
  /// text of several tokens has the product of theirs.
  ///
  /// - Returns: [node][text]
  func probabilities(of texts: [String], after nodes: [NodeID]) async throws -> [[Double]] {
    let texts = texts.map { reader.model.vocabulary.tokenize(continuing: $0) }
    let logs = try await logProbabilities(
      nodes.flatMap { node in texts.map { ($0, node) } }, by: reader)
    return nodes.indices.map { index in
      logs[(index * texts.count)..<((index + 1) * texts.count)].map {
        TokenDistribution.probability(ofLog: $0)
      }
    }
  }

  /// log p of tokens that would come next, each with the node behind which they would; all of
  /// them in one batch. What cannot be said, no tokens at all, has −∞.
  ///
  /// - Parameter reader: whose probabilities; nil for the run's own model.
  func logProbabilities(
    _ continuations: [(ids: [TokenID], node: NodeID)], by reader: Decoder? = nil
  ) async throws -> [Double] {
    let decoder = reader ?? decoder
    // Nodes that several continuations share are looked at once.
    var asked: [NodeID: Int] = [:]
    var wanted: [NodeID] = []
    for (ids, node) in continuations where !ids.isEmpty {
      decoder.insert(ids.dropLast(), after: node)
      for length in ids.indices {
        let place = node.appending(contentsOf: ids[..<length])
        guard asked[place] == nil else { continue }
        asked[place] = wanted.count
        wanted.append(place)
      }
    }
    let readings = try await decoder.readings(after: wanted)
    book(TokenCounts(reused: readings.reduce(0) { $0 + $1.reused }))
    return try continuations.map { ids, node in
      guard !ids.isEmpty else { return -.infinity }
      return try ids.indices.reduce(0) { sum, index in
        guard let place = asked[node.appending(contentsOf: ids[..<index])] else {
          return -.infinity
        }
        let distribution = readings[place].distribution
        guard let logProbability = distribution.knownLogProbability(of: ids[index]) else {
          let name = String(decoding: vocabulary.bytes(of: ids[index]), as: UTF8.self)
          let listed = distribution.logits.count - distribution.unlistedCount
          throw LanguageModelError.lacksCapability(
            "the probability of “\(name)”, which is not among the \(listed) tokens that it tells of"
          )
        }
        return sum + logProbability
      }
    }
  }
}
