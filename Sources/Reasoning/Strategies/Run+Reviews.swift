import Decoding

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
    let pieces = segments.map { vocabulary.tokenize(continuing: $0) }
    let ids = pieces.flatMap { $0 }
    guard start.depth + ids.count + room <= decoder.model.contextLength else { return nil }
    let end = decoder.insert(ids, after: start.node)
    book(injected: ids.count)
    emit(
      .injected(
        Injection(
          role: .strategy, path: nil, parent: start.node, end: end,
          tokens: ids.map { vocabulary.token($0) })))
    var current = start
    return pieces.map { piece in
      current.node = current.node.appending(contentsOf: piece)
      current.depth += piece.count
      return current
    }
  }

  /// The end of the question. Where its tokens begin the run's prompt, as they do but for a template of
  /// the user's own, they are there already.
  private func reviewQuestion() throws -> ReviewPlace {
    let text = question.isRaw ? question.text : PromptFormat.plain(question.text)
    let ids = vocabulary.tokenize(text, special: question.isRaw ? .parse : .add)
    guard !ids.isEmpty else { throw StrategyError.decoding("The question is empty.") }
    let node = decoder.insert(ids)
    if isNewReviewQuestion(ids) {
      emit(
        .injected(
          Injection(
            role: .strategy, path: nil, parent: .root, end: node,
            tokens: ids.map { vocabulary.token($0) })))
    }
    return ReviewPlace(node: node, depth: ids.count)
  }

  /// Decodes paths that are no answers: a verifier's rationales. They leave `node` events and
  /// `path_finished` without an answer.
  func decodeReviews(_ continuations: [Continuation]) async throws -> [PathResult] {
    noteReviews(continuations.map(\.path))
    return try await decode(continuations) { [self] result in
      let record = record(ofPath: result.path)
      guard let last = record.entries.last else { return }
      emit(
        .pathFinished(
          PathEnd(
            path: result.path, end: last.node, reason: result.reason.name, answer: nil,
            generated: record.generated)))
    }
  }

  /// The probability that a text comes next, for several texts after each of several nodes. A
  /// text of several tokens has the product of theirs.
  ///
  /// - Returns: [node][text]
  func probabilities(of texts: [String], after nodes: [NodeID]) async throws -> [[Double]] {
    let texts = texts.map { vocabulary.tokenize(continuing: $0) }
    // Nodes that several solutions share, and first tokens, are looked at once.
    var asked: [NodeID: Int] = [:]
    var wanted: [NodeID] = []
    func ask(_ node: NodeID) {
      guard asked[node] == nil else { return }
      asked[node] = wanted.count
      wanted.append(node)
    }
    for node in nodes {
      for text in texts where !text.isEmpty {
        decoder.insert(text.dropLast(), after: node)
        for length in text.indices { ask(node.appending(contentsOf: text[..<length])) }
      }
    }
    let readings = try await decoder.readings(after: wanted)
    book(reused: readings.reduce(0) { $0 + $1.reused })
    return nodes.map { node in
      texts.map { text in
        // What cannot be said has no chance.
        guard !text.isEmpty else { return 0 }
        return text.indices.reduce(1) { chance, index in
          guard let place = asked[node.appending(contentsOf: text[..<index])] else { return 0 }
          return chance * readings[place].distribution.probability(of: text[index])
        }
      }
    }
  }
}
