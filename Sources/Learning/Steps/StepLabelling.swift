import Decoding
import Problems
public import Traces

/// Where the labels of steps come from.
public enum StepLabelling: String, Sendable, Codable, CaseIterable, JSONScalar {
  /// The step checker, up to the first wrong step. What it cannot decide has no label.
  case exact
  /// Every step has the label of its solution.
  case outcome
  /// Math-Shepherd (Wang et al. 2024, arXiv 2312.08935), equation 3: 1 where any of N completions from
  /// behind the step comes to the right answer.
  case shepherdHard = "shepherd-hard"
  /// The same, equation 4: the share of the N completions that do.
  case shepherdSoft = "shepherd-soft"
  /// OmegaPRM (Luo et al. 2024, arXiv 2406.06592): all is right before the first step from behind
  /// which no completion comes to the right answer, which binary search finds.
  case omega

  /// Whether completions are sampled for it.
  public var samples: Bool { self == .shepherdHard || self == .shepherdSoft || self == .omega }
}

/// How many of some completions come to the right answer.
public struct SuccessCount: Sendable, Hashable, Codable {
  public var right: Int
  public var count: Int

  public init(right: Int = 0, count: Int = 0) {
    self.right = right
    self.count = count
  }

  /// c / N: an unbiased estimate of the chance p of success. nil of no completions.
  public var soft: Double? { count > 0 ? Double(right) / Double(count) : nil }

  /// 1[c > 0]. Its expectation is 1 − (1 − p)^N, which is above p wherever p is neither 0 nor 1: of
  /// p = .1 eight completions make a 1 in 57 % of all cases. nil of no completions.
  public var hard: Double? { count > 0 ? (right > 0 ? 1 : 0) : nil }

  static func + (a: SuccessCount, b: SuccessCount) -> SuccessCount {
    SuccessCount(right: a.right + b.right, count: a.count + b.count)
  }
}

extension SolutionGroup {
  /// Labels by the step checker of each state. [states]
  var exactLabels: [Double?] {
    let checker = StepChecker(problem)
    var labels: [Double?] = Array(repeating: nil, count: tree.states.count)
    for (solution, path) in zip(solutions, paths) {
      for (state, label) in zip(path, checker.labels(solution.steps)) {
        labels[state] = label.map { $0 ? 1 : 0 }
      }
    }
    return labels
  }

  /// The share of the samples through each state whose answers are right: of every step the label
  /// of its solution. [states]
  var outcomeLabels: [Double?] {
    tree.states.map { $0.parent == nil ? nil : $0.returns / Double(max(1, $0.visits)) }
  }

  /// Whether the solutions that end in each state are right; nil where none ends. [states]
  var solutionLabels: [Double?] {
    tree.states.map { $0.ends > 0 ? $0.reward / Double($0.ends) : nil }
  }

  /// The places from which completions can be sampled, and the states they are of: every state behind
  /// a step but those at which all samples end, for which nothing is left to be said.
  func openStates(_ vocabulary: any Vocabulary) -> [(state: Int, said: [TokenID])] {
    var seen: Set<Int> = []
    return zip(solutions, paths).flatMap { solution, path in
      path.enumerated().compactMap { step, state in
        let node = tree.states[state]
        guard node.ends < node.visits, seen.insert(state).inserted else { return nil }
        return (state, solution.tokens(through: step, vocabulary))
      }
    }
  }

  /// What is known of each state without sampling: where all samples end, whether they are right.
  /// [states]
  var endCounts: [SuccessCount] {
    tree.states.map { state in
      guard state.parent != nil, state.ends == state.visits else { return SuccessCount() }
      return SuccessCount(right: state.reward > 0 ? 1 : 0, count: 1)
    }
  }
}
