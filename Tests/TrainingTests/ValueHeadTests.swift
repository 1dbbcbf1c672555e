import Decoding
import Engine
import EngineFixtures
import Foundation
import Testing

@testable import Training

/// A head on the hidden states, alone and through the whole model.
@Suite struct ValueHeadTests {
  /// A head that has taken steps along a gradient of its own, so that it says something.
  private static func head(_ width: Int) -> ValueHead {
    var head = ValueHead(width: width)
    let states = (0..<3 * width).map { Float(($0 * 5) % 7 - 3) / 3 }
    for _ in 0..<3 {
      _ = head.backward(states, slopes: [1, -0.5, 0.25])
      head.update(rate: 0.1)
    }
    return head
  }

  private static func states(_ model: ReferenceLlama) -> [[Double]] {
    GradientTests.texts.flatMap { text in
      let states = model.states(text.tokens, at: text.position)
      return (text.prompt..<text.tokens.count).map { states[$0 - 1] }
    }
  }

  @Test("a new head says 0 and leaves the model alone")
  func zero() {
    var head = ValueHead(width: 4)
    let states: [Float] = [1, 2, 3, 4, -1, 0, 1, 0]
    #expect(head.values(states) == [0, 0])
    #expect(head.backward(states, slopes: [1, 2]).allSatisfy { $0 == 0 })
    #expect(head.gradient == [-1, 2, 5, 4, 3])
  }

  @Test("states and values agree with the reference", arguments: GradientTests.cases)
  func forward(_ test: GradientTests.Case) throws {
    let store = try InMemoryWeightStore.llama(test.configuration, format: .f32)
    let pass = try TrainingPass(test.configuration, copying: store, name: "tiny", threads: 2)
    #expect(try pass.forward(GradientTests.rows()).states.isEmpty)
    let outcome = try pass.forward(GradientTests.rows(), givesStates: true)
    let expected = Self.states(ReferenceLlama(test.configuration, store))
    #expect(outcome.states.count == expected.count * pass.width)
    let worst = zip(outcome.states, expected.joined()).map { abs(Double($0) - $1) }.max()
    #expect(worst ?? 1 < 1e-5)
  }

  @Test("gradients through the head agree with central differences", arguments: GradientTests.cases)
  func backward(_ test: GradientTests.Case) throws {
    let store = try InMemoryWeightStore.llama(test.configuration, format: .f32)
    let pass = try TrainingPass(test.configuration, copying: store, name: "tiny", threads: 2)
    let outcome = try pass.forward(GradientTests.rows(), givesStates: true)
    let count = outcome.logProbabilities.count
    var head = Self.head(pass.width)
    let values = head.values(outcome.states)
    // The loss is of both: log p by slopes, and the squared error of the values.
    let slopes = GradientTests.slopes(count, 1)
    let wanted = GradientTests.slopes(count, 2)
    let stateSlopes = head.backward(outcome.states, slopes: zip(values, wanted).map { $0 - $1 })
    try pass.backward(slopes: slopes, stateSlopes: stateSlopes)

    var model = ReferenceLlama(test.configuration, store)
    func loss(_ weights: [Double]) -> Double {
      let logs = GradientTests.reference(model).logs
      let states = Self.states(model)
      return (0..<count).reduce(0) { sum, target in
        let value = zip(states[target], weights).reduce(weights[pass.width]) { $0 + $1.0 * $1.1 }
        let error = value - Double(wanted[target])
        return sum + logs[target] * Double(slopes[target]) + error * error / 2
      }
    }
    let weights = head.numbers.weights.map(Double.init)
    func slope(_ change: (Double) -> [Double]) -> Double {
      (loss(change(1e-5)) - loss(change(-1e-5))) / 2e-5
    }
    for index in weights.indices {
      let expected = slope { step in
        var weights = weights
        weights[index] += step
        return weights
      }
      #expect(abs(expected - Double(head.gradient[index])) < 1e-4 * max(1, abs(expected)))
    }
    for name in ["token_embd.weight", "output_norm.weight", "blk.0.attn_q.weight"] {
      let gradient = try #require(pass.gradient(of: name))
      let scale = gradient.reduce(0) { max($0, abs(Double($1))) }
      for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 23 | 1)) {
        let old = try #require(model.matrices[name]?[index])
        let expected = slope { step in
          model.matrices[name]?[index] = old + step
          return weights
        }
        model.matrices[name]?[index] = old
        #expect(abs(expected - Double(gradient[index])) < 1e-4 * scale, "\(name)")
      }
    }
  }

  @Test("a step is AdamW's, and b does not decay")
  func update() {
    var settings = AdamW.Settings()
    settings.decay = 0.5
    var head = ValueHead(width: 1, settings: settings)
    _ = head.backward([2], slopes: [3])
    #expect(head.gradientNorm == 45.0.squareRoot())
    head.update(rate: 0.1)
    // The first step has the length of the rate, whatever the gradient.
    #expect(abs(head.numbers.weights[0] + 0.1) < 1e-6)
    #expect(abs(head.numbers.weights[1] + 0.1) < 1e-6)
    #expect(head.gradient == [0, 0])
    _ = head.backward([0], slopes: [0])
    let before = head.numbers
    head.update(rate: 0.1)
    // Without a gradient the running means alone move both; w decays beside.
    let moved = zip(before.weights, head.numbers.weights).map { $0 - $1 }
    #expect(abs(moved[0] - moved[1] - before.weights[0] * 0.05) < 1e-6)
  }

  @Test("a restored head goes on as if it had never stopped")
  func restore() throws {
    var head = Self.head(5)
    var other = ValueHead(width: 5)
    let data = try JSONEncoder().encode(head.numbers)
    let fits = other.restore(try JSONDecoder().decode(ValueHead.Numbers.self, from: data))
    #expect(fits)
    for _ in 0..<2 {
      let states: [Float] = [0.1, -0.2, 0.3, 0.7, 1.1]
      _ = head.backward(states, slopes: [0.3])
      _ = other.backward(states, slopes: [0.3])
      head.update(rate: 0.01)
      other.update(rate: 0.01)
    }
    #expect(other.numbers == head.numbers)
    var narrow = ValueHead(width: 4)
    let alsoFits = narrow.restore(head.numbers)
    #expect(!alsoFits)
    #expect(narrow == ValueHead(width: 4))
  }
}
