import Decoding
import Testing
import Traces

@testable import Learning

/// Values on the tree of a problem's samples: card 15's golden checks.
@Suite struct StepTreeTests {
  /// Eight samples: behind Good two of five are right, behind Bad none.
  static func tree() -> StepTree {
    var tree = StepTree()
    for (steps, reward, count) in [
      (["Good.", "Fine.", "8."], 1.0, 2), (["Good.", "Fine.", "5."], 0, 1),
      (["Good.", "Odd.", "5."], 0, 2), (["Bad.", "Odd.", "5."], 0, 3),
    ] {
      for _ in 0..<count { tree.add(steps, reward: reward) }
    }
    return tree
  }

  static func state(_ steps: [String], of tree: StepTree) throws -> Int {
    var state = 0
    for step in steps {
      state = try #require(tree.states[state].children.first { tree.states[$0].step == step })
    }
    return state
  }

  @Test func whatIsSaidAlikeIsOneState() throws {
    let tree = Self.tree()
    // The question, two first steps, three second ones, four answers.
    #expect(tree.states.count == 10)
    #expect(tree.states[0].visits == 8)
    #expect(tree.states[try Self.state(["Good.", "Fine."], of: tree)].visits == 3)
  }

  @Test func theBestAndTheUsualValueAreToldApart() throws {
    let tree = Self.tree()
    let (best, usual) = (tree.values(.optimal), tree.values(.policy))
    let good = try Self.state(["Good."], of: tree)
    let bad = try Self.state(["Bad."], of: tree)
    #expect(best[good] == 1)
    #expect(abs(usual[good] - 2 / 5.0) < 1e-12)
    #expect(best[bad] == 0)
    #expect(usual[bad] == 0)
    #expect(best[0] == 1)
    #expect(abs(usual[0] - 2 / 8.0) < 1e-12)
  }

  /// V^π of a state is the share of its samples that are right, V* whether any is: whatever the tree.
  @Test func valuesAreWhatCameOfTheSamples() {
    var random = SplitMix64(state: 8)
    for _ in 0..<50 {
      var tree = StepTree()
      for _ in 0..<12 {
        let depth = Int.random(in: 0...4, using: &random)
        tree.add(
          (0..<depth).map { _ in "\(Int.random(in: 0...2, using: &random))." },
          reward: Bool.random(using: &random) ? 1 : 0)
      }
      let (best, usual) = (tree.values(.optimal), tree.values(.policy))
      for (index, state) in tree.states.enumerated() {
        #expect(abs(usual[index] - state.returns / Double(state.visits)) < 1e-12)
        #expect(best[index] == (state.returns > 0 ? 1 : 0))
      }
    }
  }

  /// TD in a table, a little of the way at a time, comes to what backward induction says.
  @Test(arguments: ValueTarget.allCases) func smallStepsComeToBackwardInduction(
    target: ValueTarget
  ) {
    let tree = Self.tree()
    var values = Array(repeating: 0.5, count: tree.states.count)
    for _ in 0..<400 {
      values = zip(values, tree.targets(target, values: values)).map { $0 + 0.2 * ($1 - $0) }
    }
    for (value, exact) in zip(values, tree.values(target)) { #expect(abs(value - exact) < 1e-6) }
  }

  /// The best of n samples is above what one is worth: of V^π = .30 two, four and eight samples make
  /// .51, .76 and .94.
  @Test(arguments: [(2, 0.51), (4, 0.7599), (8, 0.94235199)])
  func theSampledMaximumInflates(count: Int, expected: Double) {
    var sum = (best: 0.0, usual: 0.0)
    for outcome in 0..<(1 << count) {
      var tree = StepTree()
      var chance = 1.0
      for sample in 0..<count {
        let isRight = outcome >> sample & 1 == 1
        chance *= isRight ? 0.3 : 0.7
        tree.add(["\(sample)."], reward: isRight ? 1 : 0)
      }
      sum.best += chance * tree.values(.optimal)[0]
      sum.usual += chance * tree.values(.policy)[0]
    }
    #expect(abs(sum.best - expected) < 1e-8)
    #expect(abs(sum.usual - 0.3) < 1e-12)
  }

  /// A step that is said twice changes a product, and not the weakest step.
  @Test func aProductFavoursShortSolutions() throws {
    let (once, twice) = ([0.8, 0.9], [0.8, 0.9, 0.9])
    let products = try [once, twice].map { try #require(StepAggregate.prod.of($0)) }
    #expect(products[1] < products[0])
    #expect(StepAggregate.min.of(once) == StepAggregate.min.of(twice))
  }
}
