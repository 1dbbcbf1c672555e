import Foundation

/// How far labels by sampling are from what they estimate, over many steps.
///
/// The chance of success from behind a step is estimated by many more completions than labels are made
/// of. Last steps are left out: there is nothing to be estimated behind them.
public struct StepCalibration: Sendable, Hashable, Encodable {
  /// Steps whose chances are alike.
  public struct Bin: Sendable, Hashable, Encodable {
    /// The chances, the first excluded unless it is 0 itself.
    public var low: Double
    public var high: Double
    public var steps = 0
    /// Sums over the steps: chances, soft labels, hard labels, and the expectation of these.
    fileprivate var sums = Sums()

    public var chance: Double? { mean(sums.chance) }
    public var soft: Double? { mean(sums.soft) }
    public var hard: Double? { mean(sums.hard) }
    /// The mean of 1 − (1 − p)^N: how often a hard label is expected to be 1.
    public var expectedHard: Double? { mean(sums.expectedHard) }

    private func mean(_ sum: Double) -> Double? { steps > 0 ? sum / Double(steps) : nil }

    private enum CodingKeys: CodingKey { case low, high, steps, chance, soft, hard, expectedHard }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(low, forKey: .low)
      try container.encode(high, forKey: .high)
      try container.encode(steps, forKey: .steps)
      try container.encode(chance, forKey: .chance)
      try container.encode(soft, forKey: .soft)
      try container.encode(hard, forKey: .hard)
      try container.encode(expectedHard, forKey: .expectedHard)
    }
  }

  fileprivate struct Sums: Sendable, Hashable {
    var chance = 0.0
    var soft = 0.0
    var hard = 0.0
    var expectedHard = 0.0
  }

  public private(set) var bins: [Bin] = zip(
    [0, 0, 0.1, 0.25, 0.5, 0.75, 0.9], [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]
  ).map { Bin(low: $0, high: $1) }
  /// First wrong steps by the checker, and those of them from behind which some completion is right:
  /// solutions recover, and labels by completions call the step right.
  public private(set) var firstErrors = 0
  public private(set) var recovered = 0
  /// Pairs of steps that follow each other, and those of them at which the chance rises from nothing:
  /// binary search takes for granted that it does not.
  public private(set) var pairs = 0
  public private(set) var risen = 0
  /// Wrong solutions in which both the checker and a binary search name a first wrong step, those in
  /// which they name the same, and in which the search's is later.
  public private(set) var searched = 0
  public private(set) var agreed = 0
  public private(set) var later = 0

  public init() {}

  public mutating func add(_ problem: LabelledProblem) {
    // What several samples share is one step.
    var seen: Set<[String]> = []
    for solution in problem.solutions {
      let texts = solution.steps.map(\.text)
      guard seen.insert(texts).inserted else { continue }
      for (index, step) in solution.steps.enumerated() {
        guard index == texts.count - 1 || seen.insert(Array(texts[...index])).inserted else {
          continue
        }
        if index < texts.count - 1 { add(step) }
        if step.exact == false, let chance = step.reference ?? step.soft {
          firstErrors += 1
          if chance > 0 { recovered += 1 }
        }
        if index > 0, let chance = step.reference ?? step.soft,
          let before = solution.steps[index - 1].reference ?? solution.steps[index - 1].soft
        {
          pairs += 1
          if before == 0, chance > 0 { risen += 1 }
        }
      }
      compare(solution)
    }
  }

  private mutating func add(_ step: LabelledStep) {
    guard let chance = step.reference, let soft = step.soft, let hard = step.hard,
      let count = step.completions, let bin = bins.firstIndex(where: { chance <= $0.high })
    else { return }
    bins[bin].steps += 1
    bins[bin].sums.chance += chance
    bins[bin].sums.soft += soft
    bins[bin].sums.hard += hard
    bins[bin].sums.expectedHard += 1 - pow(1 - chance, Double(count))
  }

  private mutating func compare(_ solution: LabelledSolution) {
    guard !solution.isRight, let exact = solution.steps.firstIndex(where: { $0.exact == false }),
      let found = solution.steps.firstIndex(where: { $0.omega == 0 })
    else { return }
    searched += 1
    if exact == found { agreed += 1 }
    if found > exact { later += 1 }
  }
}
