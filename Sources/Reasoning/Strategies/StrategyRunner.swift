public import Decoding
public import Problems
public import Traces

extension Strategy {
  /// Runs the strategy on a question from its `run` event to its `finished` event.
  ///
  /// Cancelling the surrounding task ends the run with what it has found, as `cancelled`.
  ///
  /// - Parameters:
  ///   - number: the run's number in its trace.
  ///   - previous: what an earlier run of the same number had found, to go on from there.
  ///   - library: where prompt templates are looked up.
  ///   - peers: further models, for strategies that use several.
  ///   - judge: the model that verifiers read with where it is not the run's own.
  ///   - sink: receives every event, in order.
  @discardableResult
  public func run(
    _ question: Question, settings: RunSettings, decoder: Decoder, library: PromptLibrary,
    number: Int = 1, previous: RunTrace? = nil, peers: [Decoder] = [],
    judge: Judge? = nil, sink: @escaping @Sendable (TraceRecord) -> Void
  ) async -> RunEnd {
    let description = Self.description
    var settings = settings
    if !question.isRaw {
      settings.prompting = settings.prompting ?? description.defaultPrompting.description
    }
    // What is taken up again goes on with its own day.
    settings.date = settings.date ?? previous?.start?.settings.date
    settings =
      question.isRaw ? settings : settings.dated(for: ([decoder] + peers).map(\.model))
    // A model that was trained to judge is read as it was trained.
    if let own = judge?.verifier, description.isJudged(settings) {
      settings.verifier = settings.verifier ?? own
    }
    func emit(_ event: TraceEvent) { sink(TraceRecord(run: number, event)) }
    emit(
      .run(
        RunStart(
          description, model: decoder.model.identity, judge: judge?.identity, question: question,
          settings: settings,
          names: RunStart.names(in: decoder.model.vocabulary))))
    // A run that is taken up again has cost what it had cost before, too.
    let before = previous?.end?.tokens ?? TokenCounts()
    var counts = before
    let end: RunEnd
    do {
      if let conflict = description.conflict(in: settings) { throw conflict }
      let run = Run(
        number: number, question: question, settings: settings, decoder: decoder,
        prompt: try library.prompt(
          for: question, settings, otherwise: description.defaultPrompting, model: decoder.model),
        previous: previous,
        peers: try peers.map { peer in
          RunPeer(
            decoder: peer,
            prompt: try library.prompt(
              for: question, settings, otherwise: description.defaultPrompting, model: peer.model))
        }, judge: judge, sink: sink)
      defer { counts = before + run.counts }
      let answer = try await self.answer(run)
      if settings.answerOverTime == true {
        // What was found stays, also when looking back at it is cancelled.
        do { try await run.tellAnswersOverTime() } catch is CancellationError {}
      }
      let isCancelled = Task.isCancelled
      end = RunEnd(
        reason: isCancelled ? .cancelled : .completed, answer: answer,
        // What was stopped before it answered is neither right nor wrong.
        correct: isCancelled && answer == nil ? nil : question.isCorrect(answer),
        tokens: before + run.counts,
        revision: run.revision.map { Revision(of: $0.of, correct: question.isCorrect($0.of)) })
    } catch is CancellationError {
      end = RunEnd(reason: .cancelled, answer: nil, correct: nil, tokens: counts)
    } catch {
      end = RunEnd(reason: .failed, answer: nil, correct: nil, tokens: counts, message: "\(error)")
    }
    emit(.finished(end))
    return end
  }
}

extension PromptLibrary {
  /// A question as a model is given it: with the model's chat template unless the settings say
  /// otherwise; a raw one as it is.
  ///
  /// - Parameter otherwise: how the question is put where the settings do not say.
  /// - Throws: `TextFileError` for a template or example file that is missing or malformed,
  ///   `ChatTemplateError` for a chat template that cannot write the prompt.
  public func prompt(
    for question: Question, _ settings: RunSettings, otherwise: Prompting, model: any LanguageModel
  ) throws -> Prompt {
    guard !question.isRaw else { return Prompt(text: question.text) }
    let prompting = settings.prompting.flatMap { Prompting($0) } ?? otherwise
    let prompt = try prompt(
      prompting, question: question.text, family: question.family, corpus: settings.corpus,
      passages: settings.passages ?? Retrieve.defaultPassages)
    guard let chat = try model.chatTemplate(settings) else {
      for (setting, isSet) in [
        (Setting.system, settings.system != nil), (.thinking, settings.thinking != nil),
      ] where isSet { throw ChatTemplateError.noTemplate(setting: setting.name) }
      return prompt
    }
    return try prompt.inChat(
      chat, system: settings.system, thinking: settings.thinking, date: settings.date)
  }
}
