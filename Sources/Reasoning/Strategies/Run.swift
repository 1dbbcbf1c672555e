public import Decoding
public import Problems
import Synchronization
public import Traces

/// One run of a strategy: what it was asked, what it may use, and the events it leaves behind.
public final class Run: Sendable {
  /// The run's number in its trace.
  public let number: Int
  public let question: Question
  public let settings: RunSettings
  public let decoder: Decoder
  /// The question as the model is given it, and where its continuation ends.
  public let prompt: Prompt
  /// What an earlier, unfinished run of the same number had found, when it is taken up again.
  public let previous: RunTrace?
  /// Further models, for strategies that use several.
  public let peers: [RunPeer]
  /// The model that verifiers read with where it is not the run's own.
  public let judge: Judge?
  /// The tags between which the model thinks, when its chat template or its vocabulary has them.
  public let thinking: ThinkingTags?
  private let sink: @Sendable (TraceRecord) -> Void
  private let state = Mutex(State())

  private struct State {
    var counts = TokenCounts()
    var prompt: [TokenID] = []
    /// How many of the prompt's tokens have been booked as computed.
    var promptBooked = 0
    var paths: [Int: PathRecord] = [:]
    /// The paths of verifiers, which do not follow the prompt.
    var reviews: Set<Int> = []
    /// The questions that were put in for verifiers to read.
    var readQuestions: Set<[TokenID]> = []
    /// The paths that have come to an answer.
    var answered: Set<Int> = []
    var revision: Revision?
    /// How traces name the places of the judge's texts.
    var judged: [NodeID: NodeID] = [:]
    var reviewer: VerifierName?
  }

  public init(
    number: Int, question: Question, settings: RunSettings, decoder: Decoder,
    prompt: Prompt, previous: RunTrace? = nil, peers: [RunPeer] = [],
    judge: Judge? = nil, sink: @escaping @Sendable (TraceRecord) -> Void
  ) {
    self.number = number
    self.question = question
    self.settings = settings
    self.decoder = decoder
    self.prompt = prompt
    self.previous = previous
    self.peers = peers
    self.judge = judge
    thinking = prompt.thinking ?? ThinkingTags(declaredBy: decoder.model.vocabulary)
    self.sink = sink
  }

  public var vocabulary: any Vocabulary { decoder.model.vocabulary }

  /// What the run has cost so far.
  public var counts: TokenCounts { state.withLock { $0.counts } }

  func emit(_ event: TraceEvent) { sink(TraceRecord(run: number, event)) }
  func emit(_ score: Score) {
    var score = score
    if let reviewer { (score.verifier, score.judge) = (reviewer, judge?.identity.name) }
    emit(.score(score))
  }

  /// The verifier that looks at the run after it has ended: then each score says who gave it.
  var reviewer: VerifierName? {
    get { state.withLock { $0.reviewer } }
    set { state.withLock { $0.reviewer = newValue } }
  }

  func emit(_ span: Span) { emit(.span(span)) }
  func emit(_ end: PathEnd) { emit(.pathFinished(end)) }

  /// Tells of tokens that were put in behind a node, up to another; nil is the path of what belongs
  /// to none.
  func tellInjected(
    _ ids: [TokenID], after node: NodeID, to end: NodeID, path: Int? = nil,
    role: Injection.Role = .strategy, logProbabilities: [Double] = []
  ) {
    let tokens = ids.map { vocabulary.token($0) }
    emit(
      .injected(
        Injection(
          role: role, path: path, parent: node, end: end, tokens: tokens,
          logProbabilities: logProbabilities)))
  }

  /// Leaves an event of another run that is part of this one.
  func forward(_ record: TraceRecord) { sink(record) }

  /// When a path of this run ends by itself: at the model's end tokens or where the prompt says
  /// the answer is over.
  var stopRule: StopRule { StopRule(endTokens: vocabulary.endOfText, stopSequences: prompt.stops) }

  // MARK: Text that is put in

  /// Puts in the prompt and returns its last node.
  public func insertPrompt() throws -> NodeID {
    let ids = try prompt.tokens(of: question, for: decoder.model)
    let end = decoder.insert(ids)
    state.withLock { $0.prompt = ids }
    tellInjected(ids, after: .root, to: end, role: .prompt)
    return end
  }

  /// Puts text into a path after a node, which is the path's last or an earlier one, and returns
  /// the text's last node.
  @discardableResult
  func inject(
    _ text: String, after node: NodeID, path: Int, role: Injection.Role = .strategy
  ) -> NodeID {
    inject(vocabulary.tokenize(continuing: text), after: node, path: path, role: role)
  }

  /// The same for tokens.
  ///
  /// - Parameter logProbabilities: what the model finds of them, where it was asked; else empty.
  @discardableResult
  func inject(
    _ ids: [TokenID], after node: NodeID, path: Int, role: Injection.Role,
    logProbabilities: [Double] = []
  ) -> NodeID {
    let end = decoder.insert(ids, after: node)
    state.withLock { state in
      state.counts.injected += ids.count
      state.paths[path, default: PathRecord()].rewind(to: node)
      var current = node
      for id in ids {
        current = current.appending(id)
        state.paths[path, default: PathRecord()].append(
          .init(node: current, token: id, bytes: vocabulary.bytes(of: id)))
      }
    }
    tellInjected(
      ids, after: node, to: end, path: path, role: role, logProbabilities: logProbabilities)
    return end
  }

  // MARK: Decoding

  /// Decodes paths, leaving a `node` event for every token.
  ///
  /// - Parameter onFinished: called for each path as it ends, on the decoding thread.
  /// - Returns: the results in the order of `continuations`; those that were cut short by a
  ///   cancellation have the reason `cancelled`.
  /// - Throws: `StrategyError.decoding` when the model cannot go on.
  public func decode(
    _ continuations: [Continuation], urgency: Urgency = .background,
    onFinished: @escaping @Sendable (PathResult) -> Void = { _ in }
  ) async throws -> [PathResult] {
    try await decode(continuations, by: nil, urgency: urgency, onFinished: onFinished)
  }

  /// - Parameter judge: who decodes where it is not the run's own model.
  func decode(
    _ continuations: [Continuation], by judge: Judge?, urgency: Urgency = .background,
    onFinished: @escaping @Sendable (PathResult) -> Void = { _ in }
  ) async throws -> [PathResult] {
    let decoder = judge?.decoder ?? decoder
    let results = await decoder.decode(continuations, urgency: urgency) { [self] event in
      switch event {
      case .chosen(let chosen): note(chosen, by: judge)
      case .finished(let result):
        note(result)
        onFinished(result)
      }
    }
    for result in results {
      if case .failed(let why) = result.reason { throw StrategyError.decoding(why) }
    }
    return results
  }

  /// Books a chosen token and tells of it.
  func note(_ chosen: ChosenToken, by judge: Judge? = nil) {
    let vocabulary = judge?.decoder.model.vocabulary ?? vocabulary
    let bytes = vocabulary.bytes(of: chosen.token)
    let entry = PathRecord.Entry(
      node: chosen.node, token: chosen.token, bytes: bytes, margin: chosen.distribution.margin,
      logProbability: chosen.logProbability)
    state.withLock { state in
      state.counts.generated += 1
      state.paths[chosen.path, default: PathRecord()].rewind(to: chosen.parent)
      state.paths[chosen.path, default: PathRecord()].append(entry)
    }
    if judge != nil { noteRead([chosen.token], after: chosen.parent) }
    let isRead = judge != nil
    emit(
      .node(
        NodeEvent(
          id: isRead ? read(chosen.node) : chosen.node,
          parent: isRead ? read(chosen.parent) : chosen.parent, path: chosen.path,
          token: Token(id: chosen.token, bytes: bytes), logProbability: chosen.logProbability,
          candidates: Candidates(
            chosen.distribution, detail: settings.detail, vocabulary: vocabulary))))
  }

  private func note(_ result: PathResult) {
    bookStart(
      prefilled: result.prefilled, reused: result.reused,
      isReview: state.withLock { $0.reviews.contains(result.path) })
  }

  /// Books what a path's start cost. The tokens computed for a path are always the deepest
  /// before its start; of these only prompt tokens count as prompt, and each only once: what was
  /// evicted and computed again is no new prompt.
  func bookStart(prefilled: Int, reused: Int, isReview: Bool = false) {
    state.withLock { state in
      state.counts.reused += reused
      if isReview { return }
      let depth = prefilled + reused
      let length = state.prompt.count
      let prompt = min(depth, length) - (depth - prefilled)
      let booked = min(max(0, prompt), length - state.promptBooked)
      state.promptBooked += booked
      state.counts.prompt += booked
    }
  }

  /// Whether a node is one of the prompt's.
  func isInPrompt(_ node: NodeID) -> Bool {
    var current = NodeID.root
    return state.withLock { $0.prompt }.contains { id in
      current = current.appending(id)
      return current == node
    }
  }

  // MARK: What is known of it

  /// The prompt's tokens.
  var promptTokens: [TokenID] { state.withLock { $0.prompt } }

  /// The last node of the prompt.
  var promptEnd: NodeID { .root.appending(contentsOf: promptTokens) }

  /// What a strategy revised on its way; nil when it did not.
  var revision: Revision? { state.withLock { $0.revision } }

  /// Tells that the run's answer is a revision of an earlier one.
  func noteRevision(of answer: String?) { state.withLock { $0.revision = Revision(of: answer) } }

  func noteAnswer(ofPath path: Int) { state.withLock { _ = $0.answered.insert(path) } }

  /// The paths that have come to an answer, in order.
  var answered: [Int] { state.withLock { $0.answered.sorted() } }

  // MARK: Reviews

  /// Marks paths as a verifier's, so that what is computed before them is no prompt.
  func noteReviews(_ paths: [Int]) { state.withLock { $0.reviews.formUnion(paths) } }

  /// Whether a path is a verifier's.
  func isReview(_ path: Int) -> Bool { state.withLock { $0.reviews.contains(path) } }

  /// Knows how traces name the places of a text that the judge reads.
  func noteRead(_ ids: [TokenID], after node: NodeID) {
    guard let judge else { return }
    state.withLock { state in
      var (own, told) = (node, state.judged[node] ?? (node == .root ? judge.root : node))
      for id in ids {
        (own, told) = (own.appending(id), told.appending(id))
        state.judged[own] = told
      }
    }
  }

  /// How traces name a place of a text that verifiers read.
  func read(_ node: NodeID) -> NodeID {
    guard let judge else { return node }
    return node == .root ? judge.root : state.withLock { $0.judged[node] } ?? node
  }

  /// The first number above which no path has been begun.
  func freePath(above path: Int) -> Int {
    max(path, state.withLock { $0.paths.keys.max() } ?? -1) + 1
  }

  /// Books what was spent beside the run's own paths, as by a part of it that is a run of its own.
  func book(_ counts: TokenCounts) { state.withLock { $0.counts = $0.counts + counts } }

  /// Whether a question that verifiers read is put in for the first time, and does not begin the
  /// prompt; then its tokens are booked as injected.
  func isNewReviewQuestion(_ ids: [TokenID]) -> Bool {
    state.withLock { state in
      let isKnown = judge == nil && state.prompt.starts(with: ids)
      guard !state.readQuestions.contains(ids), !isKnown else { return false }
      state.readQuestions.insert(ids)
      state.counts.injected += ids.count
      return true
    }
  }

  /// Lets a path begin as another one does, up to a node.
  func fork(_ path: Int, from origin: Int, at node: NodeID) {
    state.withLock { state in
      var record = state.paths[origin] ?? PathRecord()
      record.rewind(to: node)
      state.paths[path] = record
    }
    emit(.fork(PathFork(path: path, from: origin, node: node)))
  }

  /// Knows what an earlier run of the same number had found, to look at its paths once more.
  func takeUp(_ known: RunTrace) {
    let prompt = known.tokens(to: known.promptEnd).map(\.id)
    // Parents come before their children: whole texts are put in, one for each end.
    for path in known.paths.values {
      if let tip = path.tip { decoder.insert(known.tokens(to: tip).map(\.id)) }
    }
    decoder.insert(prompt)
    state.withLock { state in
      state.prompt = prompt
      for number in known.paths.keys { state.paths[number] = PathRecord(ofPath: number, in: known) }
    }
  }

  /// What a path consists of so far, after the prompt.
  func record(ofPath path: Int) -> PathRecord { state.withLock { $0.paths[path] } ?? PathRecord() }
}
