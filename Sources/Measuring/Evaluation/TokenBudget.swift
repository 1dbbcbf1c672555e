public import Problems
public import Reasoning
public import Traces

/// Lets strategies spend about the same, so that their accuracies compare.
public enum TokenBudget {
  /// How many questions are tried to learn what a setting costs.
  public static let trials = 120

  /// A strategy's settings within the budget.
  public struct Fit: Sendable, Hashable {
    public var settings: RunSettings
    /// What was turned, and to what; nil where nothing can be.
    public var knob: StrategyKnob?
    public var value: Int?
    /// What it cost on the questions that were tried.
    public var meanTokens: Double
  }
}

extension Evaluation {
  /// Turns a strategy up as far as its mean cost stays within the budget. Of the questions only a
  /// few, evenly spread, are tried, and only what they cost is looked at, never whether they are
  /// right. A strategy that costs more at its least setting keeps that.
  ///
  /// - Parameter budget: tokens of a problem beyond its prompt: those that are generated, and those
  ///   that are put in, for a verifier to read too.
  /// - Returns: nil when cancelled.
  /// - Throws: `StrategyError` when the model cannot go on.
  public func fit(
    _ strategy: any Strategy, to questions: [Question], within budget: Int
  ) async throws -> TokenBudget.Fit? {
    let trials = min(TokenBudget.trials, questions.count)
    let tried = (0..<trials).map { questions[$0 * questions.count / trials] }
    func cost(_ settings: RunSettings) async throws -> Double? {
      var evaluation = self
      evaluation.settings = settings
      evaluation.comparesVote = false
      let results = try await evaluation.results(of: strategy, on: tried)
      guard results.count == tried.count, !results.isEmpty else { return nil }
      let spent = results.reduce(0) { $0 + $1.end.tokens.spent }
      return Double(spent) / Double(results.count)
    }
    guard let knob = type(of: strategy).description.knob(settings) else {
      return try await cost(settings).map { TokenBudget.Fit(settings: settings, meanTokens: $0) }
    }
    func fit(at value: Int) async throws -> TokenBudget.Fit? {
      let turned = knob.turned(to: value, in: settings)
      return try await cost(turned).map {
        TokenBudget.Fit(settings: turned, knob: knob, value: value, meanTokens: $0)
      }
    }
    var best: TokenBudget.Fit?
    var tooMuch: Int?
    for value in knob.values(upTo: knob.most) {
      guard let fit = try await fit(at: value) else { return nil }
      if fit.meanTokens > Double(budget) {
        if best == nil { return fit }
        tooMuch = value
        break
      }
      // What costs the same as half of it has nothing left to spend on.
      if let last = best, fit.meanTokens == last.meanTokens { break }
      best = fit
    }
    // Between what fits and twice that, by halves, until no more than an eighth is left open.
    while let low = best?.value, let high = tooMuch, high - low > max(knob.step, low / 8) {
      let middle = low + max(1, (high - low) / (2 * knob.step)) * knob.step
      guard let fit = try await fit(at: middle) else { return nil }
      if fit.meanTokens > Double(budget) { tooMuch = middle } else { best = fit }
    }
    return best
  }
}
