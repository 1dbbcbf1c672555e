import CKernels
import EngineFixtures
import Foundation
import Testing

@testable import Engine

/// The kernels between matrix products against their formulas.
@Suite struct ElementwiseKernelTests {
  private static let counts = [1, 3, 4, 5, 8, 15, 16, 17, 31, 64, 100]

  private func inputs(_ count: Int, seed: UInt64) -> [Float] {
    var random = NormalRandom(seed: seed)
    return (0..<count).map { _ in random.next() }
  }

  @Test("The gated Gaussian unit", arguments: InstructionSet.available)
  func gaussian(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    for count in Self.counts {
      let gate = inputs(count, seed: 1).map { $0 * 4 }
      let up = inputs(count, seed: 2)
      var out = [Float](repeating: 0, count: count)
      kernels.pointee.geglu(gate, up, &out, count)
      for i in 0..<count {
        let x = Double(gate[i])
        let inner = (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
        let expected = x / 2 * (1 + tanh(inner)) * Double(up[i])
        #expect(abs(Double(out[i]) - expected) <= 1e-6 * (1 + abs(expected)))
      }
    }
    for extreme: Float in [-1e30, -200, -20, 20, 200, 1e30] {
      var out: Float = 0
      kernels.pointee.geglu([extreme], [1], &out, 1)
      #expect(abs(out - max(extreme, 0)) <= 1e-30)
    }
  }

  @Test("The gate of gpt-oss clamps and shifts", arguments: InstructionSet.available)
  func clampedGates(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    for count in Self.counts {
      let gate = inputs(count, seed: 7).map { $0 * 9 }
      let up = inputs(count, seed: 8).map { $0 * 9 }
      var out = [Float](repeating: 0, count: count)
      kernels.pointee.clamped_swiglu(gate, up, &out, count)
      for i in 0..<count {
        let g = min(Double(gate[i]), 7)
        let u = min(max(Double(up[i]), -7), 7)
        let expected = g / (1 + exp(-1.702 * g)) * (u + 1)
        #expect(abs(Double(out[i]) - expected) <= 2e-6 * (1 + abs(expected)))
      }
    }
  }

  @Test("Soft caps", arguments: InstructionSet.available)
  func softCaps(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    for count in Self.counts {
      let x = inputs(count, seed: 3)
      for (cap, scale): (Float, Float) in [(30, 20), (3, 10), (50, 0.01)] {
        let scaled = x.map { $0 * scale }
        var out = scaled
        kernels.pointee.soft_cap(&out, count, cap)
        for (value, from) in zip(out, scaled) {
          let expected = Double(cap) * tanh(Double(from) / Double(cap))
          #expect(abs(Double(value) - expected) <= 1e-6 * abs(expected))
        }
      }
    }
    var extremes: [Float] = [-.infinity, -1e30, 0, 1e30, .infinity]
    kernels.pointee.soft_cap(&extremes, extremes.count, 30)
    #expect(extremes == [-30, -30, 0, 30, 30])
  }

  @Test("Scaled sums", arguments: InstructionSet.available)
  func scaledSums(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    for count in Self.counts {
      let x = inputs(count, seed: 4)
      let start = inputs(count, seed: 5)
      var out = start
      kernels.pointee.add_scaled(x, &out, count, 0.3)
      for i in 0..<count {
        #expect(abs(out[i] - (start[i] + 0.3 * x[i])) <= 1e-6)
      }
      out = start
      kernels.pointee.add_scaled(x, &out, count, 1)
      #expect(out == zip(start, x).map(+))
    }
  }

  @Test("Both rotations turn pairs by their angles", arguments: InstructionSet.available)
  func rotations(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    for pairs in Self.counts {
      for rotation in [Rotation.pairs, .halves] {
        var rotary = ModelConfiguration.RotaryEmbedding(dimensions: 2 * pairs, base: 100)
        rotary.magnitude = 1.25
        var table = RotaryTable(rotary, rotation: rotation, factors: nil)
        table.extend(to: 8)
        // What lies behind the turned part stays.
        let x = inputs(2 * pairs + 3, seed: 6)
        var out = x
        table.withValues { table.kernel(kernels)(&out, $0 + 7 * 2 * pairs, pairs) }
        #expect(out[(2 * pairs)...] == x[(2 * pairs)...])
        for pair in 0..<pairs {
          let angle = 7 * pow(100, -Double(pair) / Double(pairs))
          let (low, high) =
            switch rotation {
            case .pairs: (2 * pair, 2 * pair + 1)
            case .halves: (pair, pair + pairs)
            }
          let (a, b) = (Double(x[low]), Double(x[high]))
          #expect(abs(Double(out[low]) - 1.25 * (a * cos(angle) - b * sin(angle))) < 1e-5)
          #expect(abs(Double(out[high]) - 1.25 * (a * sin(angle) + b * cos(angle))) < 1e-5)
        }
      }
    }
  }
}
