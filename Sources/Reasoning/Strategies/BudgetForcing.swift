import Decoding
import Problems
import Traces

/// Budget forcing: how long a model thinks is decided from outside. Where it would end its
/// thinking, the end is taken back and "Wait," stands in its place; where the budget is used up,
/// the thinking is cut and the answer asked for (Muennighoff et al. 2025, "s1: Simple test-time
/// scaling", arXiv 2501.19393, section 3.1).
///
/// The budget is counted at the sampler, over all parts of the thinking together: every token
/// chosen before the answer is announced, those of an end that is taken back included. What is
/// put in is counted as injected.
public struct BudgetForcing: Strategy {
  public static let description = StrategyDescription(
    name: "budget-forcing", brief: "budget", title: "Budget forcing",
    summary: "Sets how long the model thinks: \"Wait,\" replaces an early end, and a budget cuts "
      + "off a late one.", paper: "Muennighoff et al. 2025, arXiv 2501.19393",
    cost: "one path of at most the budget, and the answer", shape: .path, defaultPrompting: .think,
    settings: [
      .prompting, .thinkingBudget, .waits, .temperature, .topK, .topP, .minP, .maxTokens, .seed,
    ])

  public static let defaultWaits = RunSettings.Usual.waits

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    let budget = run.settings.thinkingBudget ?? run.settings.maxTokens
    let waits = run.settings.waits ?? Self.defaultWaits
    var (tip, chosen, waited) = (start, 0, 0)
    // A model that thinks between tags is made to, as in s1.
    let tags = try await run.tagsInUse(after: start)
    if let tags, !tags.startsOpen { tip = run.inject(tags.open, after: tip, path: 0) }
    let ends = tags.map { [$0.close] } ?? AnswerMarkers.stops
    func isAnnounced(_ reason: FinishReason) -> Bool {
      if case .stopSequence(let stop) = reason { ends.contains(stop) } else { false }
    }
    while chosen < budget {
      var path = thinking(in: run, from: tip, chosen: chosen, until: ends)
      path.budget = budget - chosen
      if waited > 0 { path.sampler = delayingEnd(of: path, tags, in: run) }
      guard let result = try await run.decode([path]).first else { return nil }
      chosen += result.tokens.count
      tip = result.end
      if result.reason.isCut || result.reason == .contextFull {
        return run.conclude(0, result.reason).answer
      }
      if result.reason == .budget { break }
      let said = run.record(ofPath: 0).bytes
      let hasEnd = Thinking.split(said, tags: tags).boundary != nil
      let isOpen = tags.map { Thinking.isOpen(said, tags: $0) } ?? false
      if !hasEnd, !isOpen {
        // The words that announce an answer went on otherwise: "the answer isn't".
        if isAnnounced(result.reason) { continue }
        // All that was said is answer. "Wait," behind an answer would be no thinking.
        return run.conclude(0, result.reason).answer
      }
      if waited < waits, chosen < budget {
        waited += 1
        let thought = run.endOfThinking(path: 0, start: start, withTag: false)
        tip = run.inject(PromptFormat.wait(behind: thought.bytes), after: thought.end, path: 0)
        continue
      }
      if isOpen { break }
      // The end stands: what is left is the answer, unless that is said already.
      guard isAnnounced(result.reason) else { return conclude(run, result.reason) }
      return try await finish(run, from: tip, chosen: chosen, budget: run.settings.maxTokens)
    }
    let thought = run.endOfThinking(path: 0, start: start)
    tip = run.inject(
      run.closingTag(after: thought.bytes) + run.prompt.answerTrigger, after: thought.end, path: 0)
    return try await finish(run, from: tip, chosen: chosen, budget: ZeroShotCoT.answerBudget)
  }

  private func thinking(
    in run: Run, from node: NodeID, chosen: Int, until ends: [String]
  ) -> Continuation {
    var path = run.sampledPath(0, from: node, temperature: Self.description.defaultTemperature)
    path.stop.stopSequences += ends.map { Array($0.utf8) }
    path.firstStep = chosen
    return path
  }

  /// Behind "Wait," the thinking may not end at once.
  private func delayingEnd(
    of path: Continuation, _ tags: ThinkingTags?, in run: Run
  ) -> any Sampler {
    let close = tags.map { run.vocabulary.tokenize(continuing: $0.close) } ?? []
    return DelayedEndSampler(
      base: path.sampler, step: path.firstStep,
      ends: path.stop.endTokens.union(close.count == 1 ? close : []))
  }

  private func finish(
    _ run: Run, from node: NodeID, chosen: Int, budget: Int
  ) async throws -> String? {
    var path = run.sampledPath(0, from: node, temperature: Self.description.defaultTemperature)
    path.budget = budget
    path.firstStep = chosen
    guard let result = try await run.decode([path]).first else { return nil }
    return conclude(run, result.reason)
  }

  private func conclude(_ run: Run, _ reason: FinishReason) -> String? {
    run.markThinking(ofPath: 0)
    return run.conclude(0, reason).answer
  }
}

/// Keeps a path from ending with its first token, as s1's `min_tokens` of 1 does behind "Wait".
struct DelayedEndSampler: Sampler {
  var base: any Sampler
  /// The step of the first token.
  var step: Int
  var ends: Set<TokenID>

  func choose(from distribution: TokenDistribution, step: Int) -> TokenID {
    guard step == self.step else { return base.choose(from: distribution, step: step) }
    var logits = distribution.logits
    for token in ends where logits.indices.contains(Int(token)) { logits[Int(token)] = -.infinity }
    // A model that can say nothing else ends all the same.
    let rest = TokenDistribution(logits: logits)
    return base.choose(from: rest.isProper ? rest : distribution, step: step)
  }
}

extension Run {
  /// The tags between which the model thinks, if it does. A vocabulary may have tags that the model
  /// was never trained to use (those of one family share theirs), so where no chat template
  /// speaks of them the model is asked: does it open its thinking by itself behind the question?
  func tagsInUse(after promptEnd: NodeID) async throws -> ThinkingTags? {
    guard let tags = thinking, prompt.thinking == nil else { return thinking }
    var node = promptEnd
    if !question.isRaw {
      // Behind a trigger that begins the reasoning, nothing opens it any more.
      let plain = NodeID.root.appending(
        contentsOf: vocabulary.tokenize(PromptFormat.plain(question.text), special: .add))
      if isInPrompt(plain) { node = plain }
    }
    guard let open = vocabulary.tokenize(continuing: tags.open).first,
      let reading = try await decoder.readings(after: [node]).first
    else { return nil }
    bookStart(prefilled: reading.prefilled, reused: reading.reused)
    return reading.distribution.probability(of: open) > 0.5 ? tags : nil
  }

  /// Leaves the span of what a path has thought.
  func markThinking(ofPath path: Int) {
    let thought = Thinking.split(record(ofPath: path).bytes, tags: thinking).thinking
    if let places = places(of: thought, inPath: path) { tellSpan(.thinking, ofPath: path, places) }
  }
}
