import Foundation

extension ModelConfiguration {
  /// Rotary position embedding (Su et al. 2021, eq. 34): pair i of a head is turned by
  /// `position · frequencyScale · base^(−2i / dimensions)`, divided by the i-th frequency factor
  /// if the weights have such a tensor.
  public struct RotaryEmbedding: Sendable, Hashable {
    /// How many of a head's elements are turned; even.
    var dimensions: Int
    public var base = 10_000.0
    /// Position scaling: 1 / factor.
    var frequencyScale = 1.0
    /// Multiplies cosines and sines, and so the turned part of queries and keys.
    public var magnitude = 1.0
    /// Spares the pairs that turn fast the scaling.
    var yarn: YaRN?
    /// The context the model had before it was extended; it chooses between a model's frequency
    /// factors for long and for short contexts.
    var originalContextLength: Int?
  }

  /// YaRN (Peng et al. 2023, section 3.2, "NTK-by-parts"): a pair keeps its frequency when it turns
  /// more than `fastTurns` times within the original context, is scaled when it turns less than
  /// `slowTurns` times, and something between in between.
  struct YaRN: Sendable, Hashable {
    var originalContextLength: Int
    var fastTurns = 32.0
    var slowTurns = 1.0
    /// 1 spares the fast pairs wholly, 0 scales all alike.
    var strength = 1.0
    /// The pairs at which the ramp begins and ends are whole numbers.
    var roundsBounds = true

    /// By how much attention is sharpened at a context longer by `factor` (section 3.4).
    static func magnitude(factor: Double, multiplier: Double = 1) -> Double {
      factor > 1 ? 1 + 0.1 * multiplier * log(factor) : 1
    }
  }
}

extension ModelConfiguration.RotaryEmbedding {
  /// Radians per position. [dimensions / 2]
  ///
  /// - Parameter factors: divide the frequencies; nil or one for each pair.
  func frequencies(factors: [Float]?) -> [Double] {
    (0..<dimensions / 2).map { pair in
      let exponent = -2 * Double(pair) / Double(dimensions)
      let plain = pow(base, exponent) / Double(factors?[pair] ?? 1)
      let kept = share(ofPair: pair)
      return plain * (frequencyScale * (1 - kept) + kept)
    }
  }

  /// How much of a pair's own frequency is kept, 0 to 1.
  private func share(ofPair pair: Int) -> Double {
    guard let yarn else { return 0 }
    // The pair that turns `turns` times within the original context.
    func place(turns: Double) -> Double {
      let length = Double(yarn.originalContextLength)
      return Double(dimensions) * log(length / (turns * 2 * .pi)) / (2 * log(base))
    }
    let (first, last) = (place(turns: yarn.fastTurns), place(turns: yarn.slowTurns))
    let low = max(0, yarn.roundsBounds ? first.rounded(.down) : first)
    let high = min(Double(dimensions - 1), yarn.roundsBounds ? last.rounded(.up) : last)
    let ramp = (Double(pair) - low) / max(0.001, high - low)
    return (1 - min(1, max(0, ramp))) * yarn.strength
  }

  /// - Throws: `ModelError.invalidConfiguration`.
  func validate(headSize: Int) throws(ModelError) {
    guard dimensions >= 0, dimensions <= headSize, dimensions % 2 == 0 else {
      throw .invalidConfiguration("\(dimensions) rotary dimensions in heads of size \(headSize).")
    }
    guard base > 0, base.isFinite else {
      throw .invalidConfiguration("the rotary base is \(base).")
    }
    guard frequencyScale > 0, frequencyScale.isFinite, magnitude > 0, magnitude.isFinite else {
      throw .invalidConfiguration(
        "rotary embedding is scaled by \(1 / frequencyScale), its magnitude by \(magnitude).")
    }
    guard let yarn else { return }
    guard yarn.originalContextLength > 0, base > 1, yarn.strength.isFinite,
      [yarn.fastTurns, yarn.slowTurns].allSatisfy({ $0 > 0 && $0.isFinite })
    else {
      throw .invalidConfiguration(
        "YaRN from a context of \(yarn.originalContextLength), between \(yarn.fastTurns) and "
          + "\(yarn.slowTurns) turns.")
    }
  }
}
