import Reasoning
import Traces

/// The sensible values of a setting, which the arrow keys step through.
extension RunSettings {
  /// Changes a setting by `steps` sensible steps.
  mutating func step(_ setting: Setting, by steps: Int) {
    switch setting {
    case .temperature:
      let current = temperature ?? SelfConsistency.description.defaultTemperature
      temperature = min(20, max(0, (current * 10).rounded() + Double(steps))) / 10
    case .topK:
      let next = Self.next(topK.map { Double($0) }, in: Self.topKs, by: steps, offAtEnd: true)
      topK = next.map { Int($0) }
    case .topP: topP = Self.next(topP, in: Self.topPs, by: steps, offAtEnd: true)
    case .minP: minP = Self.next(minP, in: Self.minPs, by: steps, offAtEnd: false)
    case .samples:
      samples = Self.next(
        samples ?? SelfConsistency.defaultSamples, in: Self.sampleCounts, by: steps)
    case .branches:
      branches = Self.next(
        branches ?? CoTDecoding.defaultBranches, in: Self.branchCounts, by: steps)
    case .maxTokens: maxTokens = Self.next(maxTokens, in: Self.tokenCounts, by: steps)
    case .seed:
      if steps > 0 {
        seed = seed == .max ? seed : seed + 1
      } else {
        seed = seed == 0 ? 0 : seed - 1
      }
    case .prompting:
      prompting = Self.cycled(prompting, in: [nil, "plain", "think", "few-shot"], by: steps)
    case .template:
      template = Self.cycled(
        template, in: [nil] + TemplateChoice.names.dropFirst().map { $0 }, by: steps)
    case .aggregate: aggregate = Self.cycled(aggregate, in: [nil] + Aggregate.allCases, by: steps)
    case .verifier: verifier = Self.cycled(verifier, in: [nil] + VerifierName.allCases, by: steps)
    case .vote: vote = Self.cycled(vote, in: [nil] + RankedVote.allCases, by: steps)
    case .rationales:
      rationales = Self.next(
        rationales ?? GenerativeVerifier.defaultRationales, in: Self.rationaleCounts, by: steps)
    case .thinkingBudget:
      let next = Self.next(
        thinkingBudget.map { Double($0) }, in: Self.thinkingBudgets, by: steps, offAtEnd: true)
      thinkingBudget = next.map { Int($0) }
    case .waits: waits = min(100, max(0, (waits ?? BudgetForcing.defaultWaits) + steps))
    case .lookahead:
      lookahead = Self.next(lookahead ?? Lookahead.defaultDepth, in: Self.depths, by: steps)
    case .exploration:
      exploration =
        Self.next(
          exploration ?? TreeSearchRule.defaultExploration, in: Self.explorations, by: steps,
          offAtEnd: true) ?? Self.explorations.last
    case .leaves:
      leaves = Self.next(leaves ?? MCTS.defaultLeaves, in: Self.leafCounts, by: steps)
    case .answerOverTime: answerOverTime = answerOverTime == nil ? true : nil
    case .earlyStop: earlyStop = Self.cycled(earlyStop, in: [nil] + EarlyStop.allCases, by: steps)
    case .passages:
      passages = Self.next(
        passages ?? Retrieve.defaultPassages, in: Self.passageCounts, by: steps)
    // Paths are typed.
    case .corpus, .with: break
    case .combine: combine = Self.cycled(combine, in: [nil, .mixture], by: steps)
    case .weighting: weighting = Self.cycled(weighting, in: Self.weightings, by: steps)
    }
  }

  private static let topKs: [Double] = [1, 2, 3, 5, 10, 20, 40, 80, 160]
  private static let topPs = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98]
  private static let minPs = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5]
  private static let sampleCounts = [1, 5, 10, 20, 40, 80, 160, 320]
  private static let rationaleCounts = [1, 2, 4, 8, 16, 32]
  private static let thinkingBudgets: [Double] = [0, 8, 16, 32, 64, 128, 256, 512, 1024, 4096]
  private static let depths = [0, 1, 2, 3, 4, 6, 8]
  private static let explorations = [0.1, 0.25, 0.5, 1, 1.25, 1.5, 2, 3, 5, 10]
  private static let leafCounts = [1, 2, 4, 8, 16, 32]
  private static let passageCounts = [1, 2, 3, 4, 5, 6, 8, 10]
  private static let branchCounts = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 30, 50]
  private static let tokenCounts = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096]

  /// The neighbour of a value on a ladder with "off" (nil) at one end.
  private static func next(
    _ value: Double?, in ladder: [Double], by steps: Int, offAtEnd: Bool
  ) -> Double? {
    guard let value else {
      // "off" is past the last rung, or before the first.
      if offAtEnd { return steps < 0 ? ladder.last : nil }
      return steps > 0 ? ladder.first : nil
    }
    if steps > 0 {
      return ladder.first { $0 > value + 1e-9 } ?? (offAtEnd ? nil : value)
    }
    return ladder.last { $0 < value - 1e-9 } ?? (offAtEnd ? value : nil)
  }

  private static func next(_ value: Int, in ladder: [Int], by steps: Int) -> Int {
    (steps > 0 ? ladder.first { $0 > value } : ladder.last { $0 < value }) ?? value
  }

  private static func cycled<Value: Equatable>(
    _ value: Value, in values: [Value], by steps: Int
  ) -> Value {
    // A template file is none of them; stepping away from it starts at an end.
    guard let index = values.firstIndex(of: value) else {
      return values[steps > 0 ? 0 : values.count - 1]
    }
    return values[((index + steps) % values.count + values.count) % values.count]
  }
}
