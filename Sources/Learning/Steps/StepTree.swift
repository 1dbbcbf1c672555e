public import Traces

/// What the value of a state is learned from.
public enum ValueTarget: String, Sendable, Codable, CaseIterable, JSONScalar {
  /// V*: as much as the best that can be said next, V(s) = r(s) + max_a V(s + a).
  case optimal
  /// V^π: as much as what the policy says next is worth on average, V(s) = r(s) + E_a V(s + a).
  case policy
}

/// The solutions of one problem as a tree: a state is the steps said so far, and what is said alike
/// is one state. State 0 is the question.
///
/// This is the Markov decision process of a solution: a state, the next step as the action, and the
/// reward where the solution is over.
struct StepTree: Sendable, Hashable {
  struct State: Sendable, Hashable {
    /// nil for the question.
    var parent: Int?
    /// The last step said; empty for the question.
    var step: String
    /// How many steps were said.
    var depth: Int
    /// By their first visit.
    var children: [Int] = []
    /// Samples that come through, or end, here.
    var visits = 0
    /// Samples that end here, and the sum of their rewards, and the best.
    var ends = 0
    var reward = 0.0
    var bestReward = 0.0
    /// The sum of the rewards of all samples that come through.
    var returns = 0.0
  }

  private(set) var states = [State(parent: nil, step: "", depth: 0)]

  /// Adds a sampled solution.
  ///
  /// - Returns: the states behind each of its steps.
  @discardableResult
  mutating func add(_ steps: [String], reward: Double) -> [Int] {
    var path: [Int] = []
    var state = 0
    visit(state, reward)
    for step in steps {
      state = child(step, of: state)
      visit(state, reward)
      path.append(state)
    }
    states[state].bestReward =
      states[state].ends > 0 ? max(states[state].bestReward, reward) : reward
    states[state].ends += 1
    states[state].reward += reward
    return path
  }

  private mutating func visit(_ state: Int, _ reward: Double) {
    states[state].visits += 1
    states[state].returns += reward
  }

  private mutating func child(_ step: String, of state: Int) -> Int {
    if let known = states[state].children.first(where: { states[$0].step == step }) {
      return known
    }
    states.append(State(parent: state, step: step, depth: states[state].depth + 1))
    states[state].children.append(states.count - 1)
    return states.count - 1
  }

  // MARK: Values

  /// The target of each state for one step of temporal differences: from the rewards of what ends there
  /// and the values that the states behind it are said to have now. [states]
  ///
  /// Over samples, the best next step is the best that was sampled: the greatest of n estimates is
  /// above the greatest value where they err, and above V^π in any case.
  ///
  /// - Parameter values: of each state. [states]
  func targets(_ target: ValueTarget, values: [Double]) -> [Double] {
    states.map { state in
      let next = state.children.map { (visits: states[$0].visits, value: values[$0]) }
      switch target {
      case .optimal:
        let ends = state.ends > 0 ? [state.bestReward] : []
        return (next.map(\.value) + ends).max() ?? 0
      case .policy:
        let sum = next.reduce(state.reward) { $0 + Double($1.visits) * $1.value }
        return state.visits > 0 ? sum / Double(state.visits) : 0
      }
    }
  }

  /// The values that are their own targets, by backward induction. [states]
  func values(_ target: ValueTarget) -> [Double] {
    var values = Array(repeating: 0.0, count: states.count)
    // A state comes before those behind it; each sweep settles one depth more.
    for _ in 0...(states.map(\.depth).max() ?? 0) { values = targets(target, values: values) }
    return values
  }
}
