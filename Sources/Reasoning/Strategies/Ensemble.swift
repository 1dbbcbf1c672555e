public import Decoding
import Problems
public import Traces

/// An ensemble of different models: either the answers of all of them vote, or their next-token
/// distributions are mixed and one path is decoded from the mixture (the votes are the ensemble of
/// Wang et al. 2022, arXiv 2203.11171, section 3.5, which did worse there than many samples of the
/// best model).
///
/// Every member is a run of its own in the trace, with its own model's hash; this run has the votes
/// and what all of it cost. A mixture is a model (`MixtureModel`) with the hashes of its members.
public struct Ensemble: Strategy {
  public static let description = StrategyDescription(
    name: "ensemble", title: "Ensemble of models",
    summary: "Different models answer and vote, or decode together from the mean of their "
      + "distributions.", paper: "Wang et al. 2022, arXiv 2203.11171, section 3.5",
    cost: "one path for each model and sample", shape: .votes, traits: .usesSeveralModels,
    defaultPrompting: .think, temperatureOfSeveral: samplingTemperature,
    settings: [
      .prompting, .with, .combine, .samples, .temperature, .topK, .topP, .minP, .maxTokens, .seed,
    ])

  /// Where there are several samples of each model.
  public static let samplingTemperature = 0.7
  /// How far apart the numbers of a run and of its members are: no other run comes between.
  static let memberStride = 1000
  /// As what members run: with one sample each, or with several.
  static let memberStrategies = [Greedy.description.name, Sample.description.name]

  public func answer(_ run: Run) async throws -> String? {
    let votes = OrderedVote(methods: [.majority], emit: run.emit)
    if run.decoder.model is MixtureModel {
      try await sample(run, into: votes, from: 0)
      return votes.winner(.majority)
    }
    let members = [RunPeer(decoder: run.decoder, prompt: run.prompt)] + run.peers
    let hashes = members.map(\.decoder.model.identity.hash)
    guard members.count > 1 else { throw StrategyError.oneModel }
    // The same weights under two names would vote twice.
    guard Set(hashes).count == hashes.count else { throw StrategyError.sameModel }
    for (index, member) in members.enumerated() where !Task.isCancelled {
      let own = Run(
        number: run.number + Self.memberStride * (index + 1), question: run.question,
        settings: run.settings, decoder: member.decoder, prompt: member.prompt, sink: run.forward)
      own.emit(
        .run(
          RunStart(
            strategy: (run.settings.samples ?? 1) > 1
              ? Sample.description.name : Greedy.description.name,
            model: member.decoder.model.identity, seed: run.settings.seed, question: run.question,
            settings: run.settings, used: Self.description.effective(run.settings),
            names: RunStart.names(in: own.vocabulary))))
      let mine = OrderedVote(methods: [.majority], emit: own.emit)
      do {
        try await sample(own, into: votes, mine, from: index)
      } catch {
        own.emit(.finished(end(own, .failed, nil, message: "\(error)")))
        throw error
      }
      run.book(own.counts)
      own.emit(
        .finished(end(own, Task.isCancelled ? .cancelled : .completed, mine.winner(.majority))))
    }
    return votes.winner(.majority)
  }

  private func end(
    _ run: Run, _ reason: RunEnd.Reason, _ answer: String?, message: String? = nil
  ) -> RunEnd {
    RunEnd(
      reason: reason, answer: answer, correct: run.question.isCorrect(answer), tokens: run.counts,
      message: message)
  }

  /// Draws a member's samples and counts them, after those of the members before it.
  private func sample(
    _ run: Run, into votes: OrderedVote, _ own: OrderedVote? = nil, from index: Int
  ) async throws {
    let start = try run.insertPrompt()
    let count = max(1, run.settings.samples ?? 1)
    let paths = (0..<count).map {
      run.sampledPath($0, from: start, temperature: count > 1 ? Self.samplingTemperature : 0)
    }
    _ = try await run.decode(paths) { result in
      var outcome = run.conclude(result.path, result.reason)
      own?.add(outcome)
      outcome.path += index * count
      votes.add(outcome)
    }
  }
}

extension Trace {
  /// The runs of an ensemble's members, in order; empty for any other run, and for a mixture.
  public func members(of ensemble: Int) -> [Int] {
    guard let start = runs[ensemble]?.start, start.strategy == Ensemble.description.name else {
      return []
    }
    var members: [Int] = []
    // A damaged file may claim any number.
    var next = ensemble &+ Ensemble.memberStride
    while let member = runs[next]?.start, Ensemble.memberStrategies.contains(member.strategy),
      member.question.text == start.question.text, member.settings == start.settings
    {
      members.append(next)
      next &+= Ensemble.memberStride
    }
    return members
  }

  /// From which number on a member's paths count in its ensemble.
  public func firstPath(ofMember member: Int) -> Int {
    guard let ensemble = ensemble(of: member) else { return 0 }
    return (members(of: ensemble).firstIndex(of: member) ?? 0) &* pathsOfEachMember(of: ensemble)
  }

  /// The run of its own in which a path of an ensemble was sampled, and its number there; for any
  /// other run the path itself.
  public func origin(ofPath path: Int, in run: Int) -> (run: Int, path: Int) {
    let (members, each) = (members(of: run), pathsOfEachMember(of: run))
    guard path >= 0, members.indices.contains(path / each) else { return (run, path) }
    return (members[path / each], path % each)
  }

  private func pathsOfEachMember(of ensemble: Int) -> Int {
    max(1, runs[ensemble]?.start?.settings.samples ?? 1)
  }

  /// The ensemble that a run is a member's part of; nil for a run of its own.
  public func ensemble(of member: Int) -> Int? {
    runs.keys.first { $0 < member && members(of: $0).contains(member) }
  }
}

/// A further model of a run, with the question as it is put to it.
public struct RunPeer: Sendable {
  public var decoder: Decoder
  public var prompt: Prompt
}
