import Decoding
import Problems
import Reasoning
import Synchronization
import Traces

/// Works on the exploration that Decode shows.
final class DecodeWorker: Worker {
  enum Kind: Hashable { case fetch, take, stream, ask, score, beside }

  /// What there is to work on.
  private enum Place {
    case none
    case exploration(Exploration)
    /// It could not begin, and why.
    case failed(String)
  }

  let jobs: Jobs<Kind>
  private let bench: Workbench
  private let place = Mutex(Place.none)
  /// The model that was last read beside the one at hand, and where it is.
  private let beside = Mutex<(path: String, decoder: Decoder)?>(nil)

  init(_ bench: Workbench) {
    self.bench = bench
    jobs = Jobs(bench.inbox)
  }

  func forgetModel() { place.withLock { $0 = .none } }

  func perform(_ work: DecodeEffect) {
    switch work {
    case .explore(let run, let question, let settings):
      explore(run, question, settings, ending: DecodeNews.explored) { try $0.begin() }
    case .resume(let run, let question, let settings, let trace, let others):
      explore(run, question, settings, ending: DecodeNews.resumed) {
        $0.resume(trace, visiting: others)
      }
    case .fetch(let node):
      // An earlier one is of no interest any more.
      start(.fetch, isOvertaking: true) {
        try await $0.distribution(after: node)
      } ending: {
        .fetched(node, $0)
      }
    case .take(let token, let node, let distribution):
      start(.take) {
        _ = try await $0.take(token, after: node, distribution: distribution)
      } ending: {
        .taken(node.appending(token), $0)
      }
    case .insert(let text, let node):
      let run = exploration?.run.number
      let ending = Ending { try hand().insert(text, after: node) }
      bench.post(.decode(run: run, .inserted(ending)))
    case .score(let text, let node):
      start(.score) {
        try await $0.score(text, after: node)
      } ending: {
        .scored($0)
      }
    case .stream(let node, let sampling, let budget):
      start(.stream, isOvertaking: true) {
        let result = try await $0.goOn(
          from: node, sampling: sampling, seed: $0.run.settings.seed, budget: budget)
        guard let result, result.reason != .cancelled else { throw CancellationError() }
        return result.reason
      } ending: {
        .streamed($0)
      }
    case .stopStream:
      jobs.cancel(.stream)
      jobs.cancel(.ask)
      jobs.cancel(.score)
      bench.post(.decode(run: exploration?.run.number, .streamStopped))
    case .answerNow(let node, let said):
      start(.ask) {
        let answer = try await $0.answerNow(after: node, said: said)
        // What was cut short is no answer.
        try Task.checkCancellation()
        guard let answer else { throw CancellationError() }
        return answer
      } ending: {
        .answered($0)
      }
    case .wait(let start, let depth, let said): wait(behind: start, depth, said)
    case .readBeside(let path, let tokens, let node): read(path, tokens, node)
    case .note(let action, let node):
      exploration?.note(action, at: node)
      bench.post(.decode(run: exploration?.run.number, .noted))
    }
  }

  // MARK: The exploration

  private var exploration: Exploration? {
    place.withLock { if case .exploration(let exploration) = $0 { exploration } else { nil } }
  }

  /// The exploration at hand.
  ///
  /// - Throws: why there is none: `CancellationError` when a newer model has taken it away.
  private func hand() throws -> Exploration {
    switch place.withLock({ $0 }) {
    case .exploration(let exploration): return exploration
    case .failed(let why): throw StrategyError.decoding(why)
    case .none: throw bench.model == nil ? NoModel() : CancellationError()
    }
  }

  /// Begins another exploration. What is under way in the one before is given up.
  ///
  /// This happens at once and not in a job: what is asked for next goes on from it.
  private func explore<Value>(
    _ number: Int, _ question: Question, _ settings: RunSettings,
    ending: (Ending<Value>) -> DecodeNews, _ begin: (Exploration) throws -> Value
  ) {
    jobs.cancel()
    let end = Ending {
      guard let model = bench.model else { throw NoModel() }
      let exploration = Exploration(
        try bench.run(number, question, settings, otherwise: .plain, on: model))
      let value = try begin(exploration)
      place.withLock { $0 = .exploration(exploration) }
      return value
    }
    if case .failed(let why) = end { place.withLock { $0 = .failed(why) } }
    bench.post(.decode(run: number, ending(end)))
  }

  /// Starts a job on the exploration at hand.
  private func start<Value: Sendable>(
    _ kind: Kind, isOvertaking: Bool = false,
    _ work: @escaping @Sendable (Exploration) async throws -> Value,
    ending: @escaping @Sendable (Ending<Value>) -> DecodeNews
  ) {
    let run = exploration?.run.number
    let hand = Result { try self.hand() }
    jobs.start(kind, isOvertaking: isOvertaking) {
      try await work(try hand.get())
    } ending: {
      .decode(run: run, ending($0))
    }
  }

  private func wait(behind start: NodeID, _ depth: Int, _ said: [Token]) {
    self.start(.ask) { [bench] exploration in
      try await exploration.wait(behind: start, depth: depth, said: said) {
        bench.post(.decode(run: exploration.run.number, .waitInserted($0)))
      }
    } ending: {
      .waited($0)
    }
  }

  // MARK: Another model

  private func read(_ path: String, _ tokens: [Token], _ node: NodeID) {
    let own = bench.model
    let run = exploration?.run.number
    jobs.start(.beside, isOvertaking: true) { [self] in
      guard let own else { throw NoModel() }
      let decoder = try await decoder(beside: own, path)
      let ids = tokens.map(\.id)
      guard ids.count < decoder.model.contextLength else {
        throw StrategyError.decoding("The text is longer than what the other model can read.")
      }
      decoder.insert(ids)
      guard let reading = try await decoder.readings(after: [node]).first else {
        throw CancellationError()
      }
      return reading.distribution
    } ending: {
      .decode(run: run, .besideRead(path: path, node, $0))
    }
  }

  /// A model with the same tokens as the one at hand.
  ///
  /// - Throws: whatever keeps it from being opened; `StrategyError` for other tokens.
  private func decoder(beside own: Workbench.Model, _ path: String) async throws -> Decoder {
    var known = beside.withLock { $0?.path == path ? $0?.decoder : nil }
    if known == nil {
      let opener = bench.configuration.opener
      let model = try await onThread { _ in try opener.teacher(named: path) }
      known = Decoder(model: model, slots: 1)
    }
    guard let decoder = known else { throw NoModel() }
    let (vocabulary, other) = (own.decoder.model.vocabulary, decoder.model.vocabulary)
    guard vocabulary.firstDifference(from: other) == nil else {
      throw StrategyError.decoding(
        "\(decoder.model.identity.name) has other tokens than the model at hand: their chances "
          + "cannot be compared.")
    }
    beside.withLock { $0 = (path, decoder) }
    return decoder
  }
}
