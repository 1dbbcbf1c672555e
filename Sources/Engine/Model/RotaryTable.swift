import CKernels
import Foundation

/// Which elements of a head rotary position embedding turns together.
package enum Rotation {
  /// Neighbours (x[2i], x[2i+1]), as in the paper.
  case pairs
  /// Those half the turned part apart (x[i], x[i + dimensions/2]), as in GPT-NeoX.
  case halves
}

/// The cosines and sines of rotary position embedding, worked out once for each position.
package struct RotaryTable {
  /// Pairs that are turned.
  package let pairs: Int
  let rotation: Rotation
  /// Radians per position. [pairs]
  private let frequencies: [Double]
  private let magnitude: Double
  /// For each position (cos, sin) of each pair, or all cosines and then all sines, as the
  /// rotation's kernel wants it. [positions, 2 · pairs]
  private var values: [Float] = []

  /// - Parameter factors: divide the frequencies; nil or one for each pair.
  package init(
    _ rotary: ModelConfiguration.RotaryEmbedding, rotation: Rotation = .pairs, factors: [Float]?
  ) {
    pairs = rotary.dimensions / 2
    self.rotation = rotation
    frequencies = rotary.frequencies(factors: factors)
    magnitude = rotary.magnitude
  }

  /// Extends the table to positions below `count`.
  package mutating func extend(to count: Int) {
    let known = pairs == 0 ? count : values.count / (2 * pairs)
    guard count > known else { return }
    // In steps: growing by one position at each token would copy the table each time.
    let count = (count + 255) / 256 * 256
    values.reserveCapacity(2 * pairs * count)
    for position in known..<count {
      let angles = frequencies.map { Double(position) * $0 }
      switch rotation {
      case .pairs:
        for angle in angles {
          values.append(Float(cos(angle) * magnitude))
          values.append(Float(sin(angle) * magnitude))
        }
      case .halves:
        for angle in angles { values.append(Float(cos(angle) * magnitude)) }
        for angle in angles { values.append(Float(sin(angle) * magnitude)) }
      }
    }
  }

  /// The kernel that turns a head by a position's entry in the table.
  func kernel(
    _ kernels: UnsafePointer<ck_kernels>
  ) -> @convention(c) (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int) -> Void {
    switch rotation {
    case .pairs: kernels.pointee.rotate_pairs
    case .halves: kernels.pointee.rotate_halves
    }
  }

  /// - Parameter body: receives the table, `[positions, 2 · pairs]`.
  package func withValues<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
    values.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else {
        var none: Float = 0
        return body(&none)
      }
      return body(start)
    }
  }
}
