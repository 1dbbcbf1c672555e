import CKernels
import EngineFixtures
import Foundation
import Testing

@testable import Engine

/// The kernels of recurrent layers against their formulas, and what the order of their work may
/// not change.
@Suite struct RecurrenceKernelTests {
  private func numbers(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
    var random = NormalRandom(seed: seed)
    return (0..<count).map { _ in random.next() * scale }
  }

  // MARK: Convolution

  /// Some tokens of a convolution, one after another.
  ///
  /// - Parameters:
  ///   - cuts: where the channels are divided between calls.
  ///   - inPlace: each state is written over the one before.
  /// - Returns: outputs and the last state.
  private func convolve(
    _ kernels: UnsafePointer<ck_kernels>, channels: Int, taps: Int, tokens: Int, silu: Bool,
    cuts: [Int] = [], inPlace: Bool
  ) -> (out: [Float], state: [Float]) {
    let weights = numbers(taps * channels, seed: 1)
    let x = numbers(tokens * channels, seed: 2)
    var out = [Float](repeating: .nan, count: tokens * channels)
    let size = (taps - 1) * channels
    var states = [Float](repeating: .nan, count: (tokens + 1) * size)
    states.withUnsafeMutableBufferPointer { states in
      out.withUnsafeMutableBufferPointer { out in
        guard let states = states.baseAddress, let out = out.baseAddress else { return }
        for token in 0..<tokens {
          let from = states + (inPlace ? 0 : token * size)
          x.withUnsafeBufferPointer { x in
            weights.withUnsafeBufferPointer { weights in
              guard let x = x.baseAddress, let weights = weights.baseAddress else { return }
              var job = ck_convolution(
                from: token == 0 ? nil : UnsafePointer(from),
                to: states + (inPlace ? 0 : (token + 1) * size), x: x + token * channels,
                weights: weights, out: out + token * channels, channels: channels, taps: taps,
                silu: silu)
              let ends = [0] + cuts + [channels]
              for (first, end) in zip(ends, ends.dropFirst()) {
                kernels.pointee.convolve(&job, first, end)
              }
            }
          }
        }
      }
    }
    let last = inPlace ? 0 : tokens * size
    return (out, Array(states[last..<last + size]))
  }

  @Test("A convolution over the last inputs", arguments: InstructionSet.available, [2, 3, 4])
  func convolution(_ isa: InstructionSet, _ taps: Int) throws {
    let kernels = try #require(isa.kernels)
    let tokens = 7
    for channels in [1, 5, 16, 33, 70] {
      for silu in [false, true] {
        let found = convolve(
          kernels, channels: channels, taps: taps, tokens: tokens, silu: silu, inPlace: false)
        let weights = numbers(taps * channels, seed: 1)
        let x = numbers(tokens * channels, seed: 2)
        for token in 0..<tokens {
          for channel in 0..<channels {
            var sum = 0.0
            for tap in 0..<taps where token + tap - taps + 1 >= 0 {
              let input = x[(token + tap - taps + 1) * channels + channel]
              sum += Double(weights[tap * channels + channel]) * Double(input)
            }
            if silu { sum /= 1 + exp(-sum) }
            #expect(abs(Double(found.out[token * channels + channel]) - sum) <= 1e-5)
          }
        }
        // The state is the last inputs as they are.
        #expect(found.state == Array(x[((tokens - taps + 1) * channels)...]))
      }
    }
  }

  @Test(
    "A convolution is the same in place and with its channels divided",
    arguments: InstructionSet.available)
  func convolutionIsExact(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    let whole = convolve(kernels, channels: 77, taps: 4, tokens: 9, silu: true, inPlace: false)
    for cuts in [[], [64], [3, 35, 36]] {
      let found = convolve(
        kernels, channels: 77, taps: 4, tokens: 9, silu: true, cuts: cuts, inPlace: true)
      #expect(found.out == whole.out)
      #expect(found.state == whole.state)
    }
  }

  // MARK: Delta rule

  private struct DeltaInputs {
    var keys: Int
    var values: Int
    var tokens: Int
    var query: [Float]
    var key: [Float]
    var value: [Float]
    /// In (0, 1), as the rates that tokens learn and forget by are.
    var beta: [Float]
    var decay: [Float]
  }

  private func inputs(keys: Int, values: Int, tokens: Int) -> DeltaInputs {
    func share(_ seed: UInt64) -> [Float] {
      numbers(tokens, seed: seed).map { 1 / (1 + exp(-$0)) }
    }
    let scale = 1 / Float(keys).squareRoot()
    return DeltaInputs(
      keys: keys, values: values, tokens: tokens,
      query: numbers(tokens * keys, seed: 3, scale: scale),
      key: numbers(tokens * keys, seed: 4, scale: scale),
      value: numbers(tokens * values, seed: 5), beta: share(6), decay: share(7))
  }

  private func deltaRule(
    _ kernels: UnsafePointer<ck_kernels>, _ inputs: DeltaInputs, cuts: [Int] = [], inPlace: Bool
  ) -> (out: [Float], state: [Float]) {
    let (keys, values, tokens) = (inputs.keys, inputs.values, inputs.tokens)
    var out = [Float](repeating: .nan, count: tokens * values)
    let size = keys * values
    var states = [Float](repeating: .nan, count: (tokens + 1) * size)
    states.withUnsafeMutableBufferPointer { states in
      out.withUnsafeMutableBufferPointer { out in
        guard let states = states.baseAddress, let out = out.baseAddress else { return }
        for token in 0..<tokens {
          let query = Array(inputs.query[token * keys..<(token + 1) * keys])
          let key = Array(inputs.key[token * keys..<(token + 1) * keys])
          let value = Array(inputs.value[token * values..<(token + 1) * values])
          query.withUnsafeBufferPointer { query in
            key.withUnsafeBufferPointer { key in
              value.withUnsafeBufferPointer { value in
                var job = ck_delta_rule(
                  from: token == 0 ? nil : UnsafePointer(states + (inPlace ? 0 : token * size)),
                  to: states + (inPlace ? 0 : (token + 1) * size), query: query.baseAddress,
                  key: key.baseAddress, value: value.baseAddress, out: out + token * values,
                  decay: inputs.decay[token], beta: inputs.beta[token], keys: keys,
                  values: values)
                let ends = [0] + cuts + [values]
                for (first, end) in zip(ends, ends.dropFirst()) {
                  kernels.pointee.delta_rule(&job, first, end)
                }
              }
            }
          }
        }
      }
    }
    let last = inPlace ? 0 : tokens * size
    return (out, Array(states[last..<last + size]))
  }

  @Test("The gated delta rule", arguments: InstructionSet.available)
  func delta(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    for (keys, values) in [(1, 1), (5, 3), (12, 18), (16, 64), (7, 131)] {
      let inputs = inputs(keys: keys, values: values, tokens: 6)
      let found = deltaRule(kernels, inputs, inPlace: true)
      var state = [[Double]](repeating: [Double](repeating: 0, count: values), count: keys)
      for token in 0..<inputs.tokens {
        let key = inputs.key[token * keys..<(token + 1) * keys].map(Double.init)
        let query = inputs.query[token * keys..<(token + 1) * keys].map(Double.init)
        for column in 0..<values {
          for k in 0..<keys { state[k][column] *= Double(inputs.decay[token]) }
          let known = (0..<keys).reduce(0) { $0 + state[$1][column] * key[$1] }
          let change =
            Double(inputs.beta[token]) * (Double(inputs.value[token * values + column]) - known)
          for k in 0..<keys { state[k][column] += key[k] * change }
          let read = (0..<keys).reduce(0) { $0 + state[$1][column] * query[$1] }
          #expect(abs(Double(found.out[token * values + column]) - read) <= 1e-5)
        }
      }
      for (place, value) in found.state.enumerated() {
        #expect(abs(Double(value) - state[place / values][place % values]) <= 1e-5)
      }
    }
  }

  @Test(
    "The delta rule is the same in place and with its columns divided",
    arguments: InstructionSet.available)
  func deltaIsExact(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    let inputs = inputs(keys: 12, values: 150, tokens: 5)
    let whole = deltaRule(kernels, inputs, inPlace: false)
    for cuts in [[], [64, 128], [1, 17, 90]] {
      let found = deltaRule(kernels, inputs, cuts: cuts, inPlace: true)
      #expect(found.out == whole.out)
      #expect(found.state == whole.state)
    }
  }

  @Test("A gate opens by its sigmoid; a product is a product", arguments: InstructionSet.available)
  func gates(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    for count in [1, 7, 16, 45] {
      let (a, b) = (numbers(count, seed: 8, scale: 4), numbers(count, seed: 9))
      var gated = b
      kernels.pointee.sigmoid_gate(a, &gated, count)
      var product = [Float](repeating: 0, count: count)
      kernels.pointee.multiply(a, b, &product, count)
      for i in 0..<count {
        #expect(abs(Double(gated[i]) - Double(b[i]) / (1 + exp(-Double(a[i])))) <= 1e-6)
        #expect(product[i] == a[i] * b[i])
      }
    }
  }
}
