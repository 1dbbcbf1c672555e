public import Decoding
import Problems
public import Reasoning
import Synchronization
import Traces

/// What a study tells of while it is done.
public enum StudyEvent: Sendable {
  /// What was known before it goes on; comes first.
  case began(StudyResults)
  case found(StudyRecord, arm: Int, problem: Int)
  /// Something went wrong that does not keep the study from going on.
  case notice(String)
}

/// Runs studies on decoders. Results are reported as they come; the clock and screens are the
/// caller's.
public struct StudyRunner: Sendable {
  /// Gives the decoder of a study's model. Models are asked for one after another, and the one
  /// before is let go of.
  public typealias Opening = @Sendable (StudyModel) async throws -> Decoder
  /// Is told of what happens, one thing at a time.
  public typealias Observer = @Sendable (StudyEvent) -> Void

  public var prompts: PromptLibrary
  public var open: Opening
  /// The model that verifiers read with where it is not the study's.
  public var judge: Judge?

  public init(prompts: PromptLibrary, judge: Judge? = nil, open: @escaping Opening) {
    self.prompts = prompts
    self.judge = judge
    self.open = open
  }

  /// Takes up what is kept of a study, finds what is missing, and keeps that: now and then on the
  /// way, and however it ends.
  ///
  /// - Parameter store: nil keeps nothing.
  /// - Returns: what is known then: all of it, or less when the task is cancelled.
  /// - Throws: what keeps the study from going on.
  @discardableResult
  public func run(
    _ study: Study, in store: StudyStore?, observer: @escaping Observer
  ) async throws -> StudyResults {
    var known = StudyResults(study)
    do {
      known = try store?.results(of: study) ?? known
    } catch {
      observer(.notice("\(error)"))
    }
    observer(.began(known))
    return try await run(known, in: store, observer: observer)
  }

  /// Finds the answers that are missing. Every answer is the same whenever it is found, so that a
  /// study that was stopped and taken up again ends as one that was not.
  func run(
    _ known: StudyResults, in store: StudyStore? = nil, observer: @escaping Observer = { _ in }
  ) async throws -> StudyResults {
    let study = known.study
    let found = Mutex(known)
    // A crash costs a twentieth of the work at most.
    let interval = max(1, study.total / 20)
    @Sendable func keep(_ results: StudyResults) {
      do {
        try store?.keep(results)
      } catch {
        observer(.notice("\(error)"))
      }
    }
    // However it ends, what was found is kept.
    defer {
      let results = found.withLock { $0 }
      if results.done > known.done { keep(results) }
    }
    for (index, model) in study.models.enumerated() {
      let arms = study.arms.indices.filter {
        study.arms[$0].model == index && !known.missing(arm: $0).isEmpty
      }
      guard !arms.isEmpty, !Task.isCancelled else { continue }
      let decoder = try await open(model)
      for arm in arms where !Task.isCancelled {
        let answer = { @Sendable (problem: Int) async throws -> Bool? in
          guard
            let record = try await record(
              of: study.problems[problem].question, study.kind, study.arms[arm], decoder)
          else { return nil }
          found.withLock { results in
            results.add(record, arm: arm, problem: problem)
            observer(.found(record, arm: arm, problem: problem))
            if results.done % interval == 0, !results.isComplete { keep(results) }
          }
          return true
        }
        _ = try await Evaluation.concurrently(
          known.missing(arm: arm), width: width(of: study.arms[arm], decoder),
          progress: { _ in }, answer)
      }
    }
    return found.withLock { $0 }
  }

  /// How many problems are worked on at once: as many as fill a batch, and one more.
  private func width(of arm: StudyArm, _ decoder: Decoder) -> Int {
    let description = StrategyRegistry.description(of: arm.strategy)
    let usual =
      description?.settings.contains(.samples) == true
      ? description?.defaultSamples : description?.defaultBranches
    let paths = max(1, arm.settings.samples ?? arm.settings.branches ?? usual ?? 1)
    return decoder.slots / paths + 1
  }

  /// - Returns: nil when the task was cancelled before the end.
  private func record(
    of question: Question, _ kind: StudyKind, _ arm: StudyArm, _ decoder: Decoder
  ) async throws -> StudyRecord? {
    guard kind != .samples else {
      do {
        return try await sampled(question, arm, decoder)
      } catch is CancellationError {
        return nil
      }
    }
    let strategy = try StrategyRegistry.strategy(named: arm.strategy)
    let evaluation = Evaluation(
      decoder: decoder, prompts: prompts, settings: arm.settings, judge: judge)
    return try await evaluation.trace(of: strategy, on: question)?.runs[1]?.end.map {
      StudyRecord(isCorrect: $0.correct ?? false, tokens: $0.tokens)
    }
  }

  /// Samples solutions as best-of-n does, has the verifier judge them all, and keeps each.
  private func sampled(
    _ question: Question, _ arm: StudyArm, _ decoder: Decoder
  ) async throws -> StudyRecord {
    let settings = arm.settings
    let run = try Run.sampling(question, settings, decoder, prompts, judge: judge)
    let outcomes = try await run.sampledOutcomes(settings.samples ?? BestOfN.defaultSamples)
    let before = run.counts.spent
    let verifier = (settings.verifier ?? BestOfN.defaultVerifier).verifier(
      settings, judge: judge)
    let assessments = try await verifier.assess(
      outcomes.map { run.solution(ofPath: $0.path) }, in: run)
    let samples = zip(outcomes, assessments).map { outcome, assessment in
      StudySample(
        answer: outcome.answer, isCorrect: question.isCorrect(outcome.answer) ?? false,
        generated: outcome.generated, score: assessment.value.flatMap { $0.isFinite ? $0 : nil },
        weight: assessment.weight.isFinite ? assessment.weight : 0)
    }
    let top = BestOfN.top(outcomes, samples.map(\.score))
    return StudyRecord(
      isCorrect: question.isCorrect(top?.answer) ?? false, tokens: run.counts, samples: samples,
      verifierTokens: run.counts.spent - before)
  }
}

/// Solutions that are sampled to be judged, as best-of-n samples them.
extension Run {
  /// - Throws: `TextFileError` for a template or example file that is missing or malformed.
  static func sampling(
    _ question: Question, _ settings: RunSettings, _ decoder: Decoder, _ prompts: PromptLibrary,
    judge: Judge? = nil
  ) throws -> Run {
    Run(
      number: 1, question: question, settings: settings, decoder: decoder,
      prompt: try prompts.prompt(
        for: question, settings, otherwise: BestOfN.description.defaultPrompting,
        model: decoder.model), judge: judge
    ) { _ in }
  }

  /// Samples solutions of the run's question, all in one batch.
  ///
  /// - Returns: what became of them, in path order.
  /// - Throws: `CancellationError` when some of them are missing.
  func sampledOutcomes(_ count: Int) async throws -> [PathOutcome] {
    let start = try insertPrompt()
    let temperature = BestOfN.description.defaultTemperature
    let results = try await decode(
      (0..<max(1, count)).map { sampledPath($0, from: start, temperature: temperature) })
    try Task.checkCancellation()
    return results.map { conclude($0.path, $0.reason) }
  }
}
