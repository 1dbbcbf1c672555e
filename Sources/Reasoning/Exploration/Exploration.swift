public import Decoding
public import Problems
import Synchronization
public import Traces

/// A person walking through a token tree: every step is an order to the decoder and leaves the
/// same events as a strategy would, so that an exploration is saved, replayed and continued like
/// any other run.
///
/// Lines of exploration are numbered like paths. A step that does not follow a line's end opens
/// a new line, so nothing explored before is lost.
public final class Exploration: Sendable {
  /// The name under which explorations stand in traces.
  public static let strategyName = "explore"

  public let run: Run
  private let lines = Mutex<[Int: NodeID]>([:])

  /// - Parameter run: the run whose number, question and prompt the exploration uses.
  public init(_ run: Run) { self.run = run }

  /// Starts: leaves the `run` event and puts in the prompt.
  ///
  /// - Returns: the prompt's last node.
  public func begin() throws -> NodeID {
    run.emit(
      .run(
        RunStart(
          strategy: Self.strategyName, model: run.decoder.model.identity,
          seed: run.settings.seed, question: run.question, settings: run.settings,
          names: RunStart.names(in: run.vocabulary))))
    return try run.insertPrompt()
  }

  /// Goes on from where a saved run ended, instead of `begin`.
  ///
  /// - Parameters:
  ///   - trace: what the run explored.
  ///   - others: further runs of the same model whose nodes may be visited.
  public func resume(_ trace: RunTrace, visiting others: [RunTrace] = []) {
    for (number, path) in trace.paths {
      guard let tip = path.tip else { continue }
      lines.withLock { $0[number] = tip }
    }
    for known in [trace] + others {
      // Parents come before their children: whole texts are put in, one for each end.
      for id in known.nodes.keys where known.children[id] == nil {
        run.decoder.insert(known.tokens(to: id).map(\.id))
      }
    }
  }

  /// The line that a step from a node continues, or a new one.
  func line(from node: NodeID) -> Int {
    lines.withLock { lines in
      lines.filter { $0.value == node }.keys.min() ?? Self.newLine(at: node, &lines)
    }
  }

  private static func newLine(at node: NodeID, _ lines: inout [Int: NodeID]) -> Int {
    let new = (lines.keys.max() ?? -1) + 1
    lines[new] = node
    return new
  }

  private func moved(_ line: Int, to node: NodeID) { lines.withLock { $0[line] = node } }

  /// The distribution of the next token after a node, ahead of all background work.
  public func distribution(after node: NodeID) async throws -> TokenDistribution {
    try await run.decoder.distribution(after: node)
  }

  /// Takes one token after a node.
  ///
  /// - Parameter distribution: the distribution after the node, when it is at hand.
  /// - Returns: the token's node.
  public func take(
    _ token: TokenID, after node: NodeID, distribution known: TokenDistribution? = nil
  ) async throws -> NodeID {
    let distribution: TokenDistribution
    if let known {
      distribution = known
    } else {
      distribution = try await self.distribution(after: node)
    }
    let line = line(from: node)
    let child = run.decoder.insert([token], after: node)
    moved(line, to: child)
    run.emit(
      .node(
        NodeEvent(
          id: child, parent: node, path: line, token: run.vocabulary.token(token),
          logProbability: distribution.knownLogProbability(of: token),
          candidates: Candidates(
            distribution, detail: run.settings.detail, vocabulary: run.vocabulary))))
    run.emit(.edit(Edit(action: .take, node: child)))
    return child
  }

  /// Puts text in after a node.
  ///
  /// - Returns: the text's last node; the node itself when the text has no tokens.
  public func insert(_ text: String, after node: NodeID) -> NodeID {
    let line = line(from: node)
    let end = run.inject(text, after: node, path: line, role: .user)
    moved(line, to: end)
    run.emit(.edit(Edit(action: .insert, node: end)))
    return end
  }

  /// Puts text in after a node that somebody else has written, with what the model finds of each of its
  /// tokens.
  ///
  /// - Returns: the text's last node; the node itself when the text has no tokens.
  /// - Throws: `LanguageModelError`; `CancellationError` when the task is cancelled first, and then nothing is
  ///   put in.
  public func score(_ text: String, after node: NodeID) async throws -> NodeID {
    let ids = run.vocabulary.tokenize(continuing: text)
    var logProbabilities: [Double] = []
    try await run.decoder.follow(ids, after: node, urgency: .interactive) { token, distribution in
      logProbabilities.append(distribution.logProbability(of: token))
    }
    let line = line(from: node)
    let end = run.inject(
      ids, after: node, path: line, role: .user, logProbabilities: logProbabilities)
    moved(line, to: end)
    run.emit(.edit(Edit(action: .insert, node: end)))
    return end
  }

  /// Goes on from a node with the given sampling settings until the text ends or the task is
  /// cancelled.
  ///
  /// - Parameter seed: together with the line's number it determines what is drawn.
  public func goOn(
    from node: NodeID, sampling: SamplingSettings, seed: UInt64, budget: Int
  ) async throws -> PathResult? {
    let line = line(from: node)
    var path = run.greedyPath(line, from: node, budget: budget)
    path.sampler = sampling.sampler(seed: seed, path: line)
    path.firstStep = run.record(ofPath: line).generated
    let result = try await run.decode([path], urgency: .interactive).first
    if let result { moved(line, to: result.end) }
    return result
  }

  /// Asks for the answer now: puts in the template's answer trigger and decodes a short greedy
  /// answer, on a line of its own.
  ///
  /// - Parameter said: what stands between the prompt and the node: thinking that is still open
  ///   there is closed first.
  /// - Returns: what came of it and the last node.
  public func answerNow(
    after node: NodeID, said: [UInt8] = []
  ) async throws -> (outcome: PathOutcome, end: NodeID)? {
    // Always a new line: the line that is asked goes on undisturbed.
    let line = lines.withLock { Self.newLine(at: node, &$0) }
    let asked = run.inject(
      run.closingTag(after: said) + run.prompt.answerTrigger, after: node, path: line)
    let path = run.greedyPath(line, from: asked, budget: ZeroShotCoT.answerBudget)
    guard let result = try await run.decode([path], urgency: .interactive).first else { return nil }
    moved(line, to: result.end)
    return (run.conclude(line, result.reason), result.end)
  }

  /// Leaves a trace of a move that changes nothing but the place.
  public func note(_ action: Edit.Action, at node: NodeID) {
    run.emit(.edit(Edit(action: action, node: node)))
  }
}

extension Exploration {
  /// The answer in the text of a line that has ended, as a strategy would read it; nil where there
  /// is none.
  ///
  /// - Parameter said: what stands behind the prompt.
  public static func answer(in said: [UInt8], to question: Question) -> String? {
    let prompt = Prompt(text: "", stops: PromptTemplate.usualStops)
    let text = Array(said.prefix(prompt.answerLength(in: said)))
    // Whoever has opened a tag or closed one thinks between tags.
    let thinking = ThinkingTags.known.first { tags in
      [tags.open, tags.close].contains { !text.ranges(of: Array($0.utf8)).isEmpty }
    }
    return AnswerExtractor.extract(from: text, kind: question.kind, thinking: thinking)?.value
  }
}
