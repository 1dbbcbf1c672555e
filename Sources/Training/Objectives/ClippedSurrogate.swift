import Foundation

/// The clipped surrogate of one token (Schulman et al. 2017, eq. 7):
/// −min(ρ A, clip(ρ, 1 − ε, 1 + ε′) A), where ρ = π / π_sampled.
///
/// It gives a token no reason to move further once it has moved beyond the range in the direction
/// of its advantage. What has moved the other way keeps its full slope, and comes back.
enum ClippedSurrogate {
  struct Term {
    var loss: Double
    /// ∂ loss / ∂ log π.
    var slope: Double
    var ratio: Double
    var isClipped: Bool
  }

  /// - Parameters:
  ///   - logRatio: log π − log π_sampled.
  ///   - low: ε.
  ///   - high: ε′.
  static func term(logRatio: Double, advantage: Double, low: Double, high: Double) -> Term {
    let ratio = exp(logRatio)
    let clipped = min(max(ratio, 1 - low), 1 + high)
    let isClipped = ratio * advantage > clipped * advantage
    return Term(
      loss: -(isClipped ? clipped : ratio) * advantage,
      slope: isClipped ? 0 : -ratio * advantage, ratio: ratio, isClipped: isClipped)
  }
}
