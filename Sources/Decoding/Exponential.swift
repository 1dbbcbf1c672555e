import Foundation

/// e to the x. One definition for the whole module, so that every probability is computed alike.
@inline(__always)
func exponential(_ x: Double) -> Double { Foundation.exp(x) }

/// The natural logarithm.
@inline(__always)
func logarithm(_ x: Double) -> Double { Foundation.log(x) }

/// Σ exp((x − shift) · scale), to Float's precision, for values not above `shift`.
///
/// Eight values at a time, in one fixed order, so that the sum is the same everywhere. Saving a
/// node sums the tail of the vocabulary at every temperature of the grid; with the library's
/// `exp` that would cost more than the forward pass of a small model.
func sumOfExponentials(_ values: [Float], shift: Float, scale: Float) -> Double {
  var total = 0.0
  values.withUnsafeBufferPointer { values in
    var index = 0
    while index < values.count {
      // Partial sums stay short, so that adding in Float loses nothing that matters.
      let end = min(values.count, index + 512)
      var sum = SIMD8<Float>.zero
      while index + 8 <= end {
        var x = SIMD8<Float>()
        for lane in 0..<8 { x[lane] = values[index + lane] }
        sum += exponentials((x - shift) * scale)
        index += 8
      }
      total += Double(sum.sum())
      while index < end {
        let x = SIMD8<Float>(repeating: (values[index] - shift) * scale)
        total += Double(exponentials(x)[0])
        index += 1
      }
    }
  }
  return total
}

/// e to the power of each x ≤ 0: 2^n · 2^f with n whole and |f| ≤ ½, 2^f by its Taylor series.
@inline(__always)
private func exponentials(_ x: SIMD8<Float>) -> SIMD8<Float> {
  // Adding 1.5 · 2²³ rounds to a whole number and leaves it in the low bits.
  let magic: Float = 12_582_912
  let clamped = (x * 1.442_695_04).replacing(with: -126, where: x .< -87.3)
  let shifted = clamped + magic
  let f = clamped - (shifted - magic)
  let n = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- 0x4B40_0000
  var p = f * 1.540_353e-4 + 1.333_355_8e-3
  p = p * f + 9.618_129e-3
  p = p * f + 5.550_410_9e-2
  p = p * f + 2.402_265_07e-1
  p = p * f + 6.931_471_8e-1
  p = p * f + 1
  let power = unsafeBitCast((n &+ 127) &<< 23, to: SIMD8<Float>.self)
  return p * power
}
