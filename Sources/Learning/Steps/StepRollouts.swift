import Decoding
import Problems

/// Completions from behind steps, as many as one likes: how often they come to the right answer says
/// how good the steps are.
struct StepRollouts {
  let rollouts: Rollouts
  let sampling: SamplingSettings
  let seed: UInt64
  /// N: completions of each state.
  let count: Int
  /// The number of the next path: no two draw the same random numbers.
  private(set) var nextPath = 0
  /// Tokens that were sampled so far.
  private(set) var tokens = 0
  /// Completions that were sampled so far.
  private(set) var completions = 0

  /// Completions draw other random numbers than the solutions whose steps they judge.
  static let seedOffset: UInt64 = 0x7374_6570

  init(_ rollouts: Rollouts, sampling: SamplingSettings, seed: UInt64, count: Int, firstPath: Int) {
    self.rollouts = rollouts
    self.sampling = sampling
    self.seed = seed &+ Self.seedOffset
    self.count = max(1, count)
    nextPath = firstPath
  }

  /// Samples completions from behind many places, of many problems, in one batch of the decoder, in which
  /// what they share is computed once.
  ///
  /// - Returns: the completions of each place, from the first token of the answer on.
  /// - Throws: as `Rollouts.answer`.
  mutating func complete(
    _ places: [(question: Question, said: [TokenID])]
  ) async throws -> [[Completion]] {
    guard !places.isEmpty else { return [] }
    let groups = try await rollouts.complete(
      places.map { .init(question: $0.question, said: $0.said) }, count: count,
      .init(sampling: sampling, seed: seed, firstPath: nextPath))
    nextPath += places.count * count
    completions += places.count * count
    tokens += groups.reduce(0) { $0 + $1.completions.reduce(0) { $0 + $1.sampled } }
    return groups.map(\.completions)
  }

  /// Math-Shepherd: of every state of the groups how many completions from behind it come to the right
  /// answer. Where a solution is over, whether it is right.
  ///
  /// - Returns: counts of each group's states; the question itself is not counted.
  /// - Throws: as `Rollouts.answer`.
  mutating func successes(of groups: [SolutionGroup]) async throws -> [[SuccessCount]] {
    var counts = groups.map(\.endCounts)
    var places: [(group: Int, state: Int, said: [TokenID])] = []
    for (index, group) in groups.enumerated() {
      for (state, said) in group.openStates(rollouts.model.vocabulary) {
        places.append((index, state, said))
      }
    }
    let completed = try await complete(
      places.map { (Question(groups[$0.group].problem), $0.said) })
    for (place, completions) in zip(places, completed) {
      counts[place.group][place.state] = SuccessCount(
        right: completions.count(where: \.isRight), count: completions.count)
    }
    return counts
  }
}
