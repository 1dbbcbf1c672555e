import Decoding
import Foundation

/// Normally distributed numbers from a seed (Box and Muller 1958).
package struct NormalRandom {
  private var generator: SplitMix64
  private var spare: Float?

  package init(seed: UInt64) { generator = SplitMix64(state: seed) }

  package mutating func next() -> Float {
    if let value = spare {
      spare = nil
      return value
    }
    let first = Double.random(in: 0..<1, using: &generator)
    let radius = (-2 * log(1 - first)).squareRoot()
    let angle = 2 * Double.pi * Double.random(in: 0..<1, using: &generator)
    spare = Float(radius * sin(angle))
    return Float(radius * cos(angle))
  }
}
