import Foundation

/// The cosines and sines of rotary position embedding, worked out once for each position.
struct RotaryTable {
  /// Pairs that are turned.
  let pairs: Int
  /// Radians per position. [pairs]
  private let frequencies: [Double]
  /// (cos, sin) for each position and pair. [positions, pairs, 2]
  private var values: [Float] = []

  /// - Parameter factors: divide the frequencies; nil or one for each pair.
  init(_ rotary: ModelConfiguration.RotaryEmbedding, factors: [Float]?) {
    pairs = rotary.dimensions / 2
    frequencies = (0..<rotary.dimensions / 2).map { pair in
      let exponent = -2 * Double(pair) / Double(rotary.dimensions)
      let frequency = pow(rotary.base, exponent) * rotary.frequencyScale
      return frequency / Double(factors?[pair] ?? 1)
    }
  }

  /// Extends the table to positions below `count`.
  mutating func extend(to count: Int) {
    let known = pairs == 0 ? count : values.count / (2 * pairs)
    guard count > known else { return }
    // In steps: growing by one position at each token would copy the table each time.
    let count = (count + 255) / 256 * 256
    values.reserveCapacity(2 * pairs * count)
    for position in known..<count {
      for frequency in frequencies {
        let angle = Double(position) * frequency
        values.append(Float(cos(angle)))
        values.append(Float(sin(angle)))
      }
    }
  }

  func withValues<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
    values.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else {
        var none: Float = 0
        return body(&none)
      }
      return body(start)
    }
  }
}
