import Decoding
import Foundation
import Traces
import Training

/// The completions of a step as they are learned from: packed into passes that fit into memory, with
/// a question's tokens computed once for all that was said to it.
///
/// Gradients of passes add up, and what is averaged is averaged over the whole batch, so that it does
/// not matter how many passes there are.
struct PolicyUpdate {
  /// A completion's place: its group, its number in it, and its targets in the pass.
  struct Place {
    var group: Int
    var number: Int
    var targets: Range<Int>
  }

  struct Pass {
    var rows: PackedRows
    var places: [Place]
  }

  let groups: [CompletionGroup]
  let passes: [Pass]
  /// log p of each completion's tokens under the weights that sampled it. [groups][completions][tokens]
  private(set) var sampled: [[[Float]]]
  /// The same under the weights now, as of the last pass. [groups][completions][tokens]
  private(set) var current: [[[Float]]]
  /// −∂ loss / ∂ log p of each token, in the last update.
  private(set) var pushes: [[[Float]]]
  /// Whether the ratio of each token was clipped in the last update; empty where nothing is.
  private(set) var isClipped: [[[Bool]]]
  private(set) var reference: [[[Float]]]?
  private var entropySum = 0.0
  let tokenCount: Int
  let completionCount: Int
  /// Tokens of all completions, each with its prompt: what TRL counts as seen.
  let seenCount: Int

  private let rowLimit: Int
  private let temperature: Double

  /// - Parameters:
  ///   - rowLimit: how many rows a pass has at most, where no single text is longer.
  ///   - temperature: what the completions were sampled at.
  ///   - isLive: whether anything is learned from a group. Groups from which nothing is learned are
  ///     in passes of their own, which need no backward pass.
  init(
    _ groups: [CompletionGroup], rowLimit: Int, temperature: Double = 1, isLive: (Int) -> Bool
  ) {
    self.rowLimit = rowLimit
    self.temperature = temperature
    self.groups = groups
    tokenCount = groups.reduce(0) { $0 + $1.completions.reduce(0) { $0 + $1.tokens.count } }
    completionCount = groups.reduce(0) { $0 + $1.completions.count }
    seenCount = groups.reduce(tokenCount) { $0 + $1.completions.count * $1.prompt.count }
    sampled = groups.map { $0.completions.map { _ in [] } }
    current = sampled
    pushes = sampled
    isClipped = sampled.map { $0.map { _ in [] } }
    let live = groups.indices.filter(isLive)
    let dead = groups.indices.filter { !isLive($0) }
    passes = [live, dead].flatMap { Self.passes($0, of: groups, rowLimit: rowLimit) }
  }

  /// Packs what was said; an empty completion has nothing to learn from.
  private static func passes(
    _ numbers: [Int], of groups: [CompletionGroup], rowLimit: Int
  ) -> [Pass] {
    let said = numbers.map { group in
      let completions = groups[group].completions
      return (group: group, numbers: completions.indices.filter { !completions[$0].tokens.isEmpty })
    }.filter { !$0.numbers.isEmpty }
    let texts = said.map { group, numbers in
      TextGroup(
        prompt: groups[group].prompt,
        continuations: numbers.map { groups[group].completions[$0].tokens })
    }
    return PackedRows.passes(texts, atMost: rowLimit).map { packed in
      Pass(
        rows: packed.rows,
        places: packed.texts.map { text in
          let (group, numbers) = said[text.group]
          return Place(group: group, number: numbers[text.continuation], targets: text.targets)
        })
    }
  }

  /// What a pass asks: how likely its tokens are for the policy that sampled them.
  private func rows(of pass: Pass) -> PackedRows {
    var rows = pass.rows
    rows.temperature = Float(temperature)
    return rows
  }

  // MARK: Parts

  /// Some of the groups as a batch of their own, with what is known of how they were sampled.
  func part(_ numbers: [Int]) -> PolicyUpdate {
    var part = PolicyUpdate(
      numbers.map { groups[$0] }, rowLimit: rowLimit, temperature: temperature
    ) { _ in true }
    part.sampled = numbers.map { sampled[$0] }
    part.reference = reference.map { all in numbers.map { all[$0] } }
    return part
  }

  /// Takes over what the last update of a part made of its groups.
  mutating func take(_ part: PolicyUpdate, of numbers: [Int]) {
    for (place, group) in numbers.enumerated() {
      current[group] = part.current[place]
      pushes[group] = part.pushes[place]
      isClipped[group] = part.isClipped[place]
    }
  }

  // MARK: Learning

  /// Asks the model that training began with, too.
  mutating func refer(to trainee: any Trainee) throws {
    var all = groups.map { $0.completions.map { _ in [Float]() } }
    for pass in passes {
      let outcome = try trainee.forwardAtStart(rows(of: pass))
      for place in pass.places {
        all[place.group][place.number] = Array(outcome.logProbabilities[place.targets])
      }
    }
    reference = all
  }

  /// Adds the gradients of the whole batch.
  ///
  /// - Parameters:
  ///   - isFirst: whether the weights are still those that sampled.
  ///   - objective: what a pass makes of its completions' log probabilities.
  /// - Returns: what `objective` told of each pass.
  /// - Throws: `LearningError.notFinite`, `ModelError`.
  mutating func accumulate<Told>(
    _ trainee: any Trainee, step: Int, isFirst: Bool,
    _ objective: (Pass, TrainingPass.Outcome, PolicyUpdate) throws -> (ObjectiveValue, Told)
  ) throws -> [Told] {
    try passes.map { pass in
      let (value, told, _) = try value(
        of: pass, try trainee.forward(rows(of: pass)), step: step, isFirst: isFirst, objective)
      if value.slopes.contains(where: { $0 != 0 }) {
        try trainee.backward(slopes: value.slopes, entropySlopes: nil)
      }
      return told
    }
  }

  /// The same with a head, which reads hidden states.
  ///
  /// - Parameter head: takes the slopes by what the head says, and gives those by the states.
  mutating func accumulate<Told>(
    _ trainee: any HeadedTrainee, step: Int, isFirst: Bool,
    head: (_ states: [Float], _ slopes: [Float]) -> [Float],
    objective: (Pass, TrainingPass.Outcome, PolicyUpdate) throws -> (ObjectiveValue, Told)
  ) throws -> [Told] {
    try passes.map { pass in
      let (value, told, outcome) = try value(
        of: pass, try trainee.forwardWithStates(rows(of: pass)), step: step, isFirst: isFirst,
        objective)
      if let slopes = value.valueSlopes {
        let stateSlopes = head(outcome.states, slopes)
        try trainee.backward(slopes: value.slopes, stateSlopes: stateSlopes)
      }
      return told
    }
  }

  private mutating func value<Told>(
    of pass: Pass, _ outcome: TrainingPass.Outcome, step: Int, isFirst: Bool,
    _ objective: (Pass, TrainingPass.Outcome, PolicyUpdate) throws -> (ObjectiveValue, Told)
  ) throws -> (ObjectiveValue, Told, TrainingPass.Outcome) {
    guard outcome.logProbabilities.allSatisfy(\.isFinite) else {
      throw LearningError.notFinite(step: step, .probabilities)
    }
    for place in pass.places {
      current[place.group][place.number] = Array(outcome.logProbabilities[place.targets])
      if isFirst {
        sampled[place.group][place.number] = current[place.group][place.number]
      }
    }
    if isFirst { entropySum += outcome.entropies.reduce(0) { $0 + Double($1) } }
    let (value, told) = try objective(pass, outcome, self)
    for place in pass.places {
      pushes[place.group][place.number] = value.slopes[place.targets].map { -$0 }
      if !value.isClipped.isEmpty {
        isClipped[place.group][place.number] = Array(value.isClipped[place.targets])
      }
    }
    guard value.loss.isFinite, value.slopes.allSatisfy(\.isFinite) else {
      throw LearningError.notFinite(step: step, .loss)
    }
    return (value, told, outcome)
  }

  /// A pass's completions as objectives see them.
  ///
  /// - Parameter advantages: of each token of a completion.
  func completions(
    of pass: Pass, advantages: (_ group: Int, _ number: Int) -> [Double]
  ) -> [SampledCompletion] {
    pass.places.map { place in
      SampledCompletion(
        targets: place.targets, sampled: sampled[place.group][place.number],
        reference: reference.map { $0[place.group][place.number] },
        advantages: advantages(place.group, place.number))
    }
  }

  /// The mean entropy in nats of what the batch's tokens were chosen from.
  var entropy: Double { tokenCount > 0 ? entropySum / Double(tokenCount) : 0 }

  // MARK: For the trace

  /// What is told of every batch of samples, by TRL's names and with its arithmetic.
  var metrics: [TrainingMetric: Double] {
    let completions = groups.flatMap(\.completions)
    func share(_ condition: (Completion) -> Bool) -> Double {
      Double(completions.count(where: condition)) / Double(max(1, completions.count))
    }
    let rewards = completions.map(\.reward)
    let mean = rewards.reduce(0, +) / Double(max(1, rewards.count))
    // Over all rewards of the batch, with Bessel's correction.
    let squares = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return [
      .reward: mean,
      .rewardDeviation: (squares / Double(max(1, rewards.count - 1))).squareRoot(),
      .deadGroups: Double(groups.count(where: \.isDead)) / Double(max(1, groups.count)),
      .meanLength: Double(tokenCount) / Double(max(1, completions.count)),
      .cutOff: share(\.isCut), .exact: share(\.isRight), .reasoned: share(\.reasons),
      .entropy: entropy,
    ]
  }

  /// The samples of some problems with what they were given to learn: groups from which something is
  /// learned before others.
  func samples(
    step: Int, count: Int = 3, vocabulary: any Vocabulary,
    advantage: (_ group: Int, _ number: Int) -> Double?
  ) -> [TrainingSamples] {
    let shown =
      groups.indices.filter { !groups[$0].isDead } + groups.indices.filter { groups[$0].isDead }
    return shown.prefix(count).map { group in
      let greatest = pushes[group].joined().map { abs($0) }.max() ?? 0
      let samples = groups[group].completions.indices.map { number in
        sample(
          group, number, greatest: greatest, vocabulary, advantage: advantage(group, number))
      }
      return TrainingSamples(step: step, question: groups[group].question, samples: samples)
    }
  }

  private func sample(
    _ group: Int, _ number: Int, greatest: Float, _ vocabulary: any Vocabulary,
    advantage: Double?
  ) -> TrainingSample {
    let completion = groups[group].completions[number]
    // Only what is clipped reads ratios.
    let isClipped = isClipped[group][number]
    let ratios = zip(current[group][number], sampled[group][number]).map { exp(Double($0 - $1)) }
    let divergences = reference.map { reference in
      zip(reference[group][number], current[group][number]).map { reference, current in
        let below = Double(reference - current)
        return exp(below) - below - 1
      }
    }
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    return TrainingSample(
      said: SaidTokens(completion.tokens.map { vocabulary.token($0) }),
      push: pushes[group][number].map { greatest > 0 ? Double($0 / greatest) : 0 },
      answer: completion.answer, reward: completion.reward, isRight: completion.isRight,
      reasons: completion.reasons, advantage: advantage,
      ratio: isClipped.isEmpty ? nil : mean(ratios),
      clipped: mean(isClipped.map { $0 ? 1 : 0 }), divergence: divergences.flatMap(mean))
  }
}
