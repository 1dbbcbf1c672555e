/// The random numbers of one path.
///
/// A draw is a pure function of (seed, path number, step): paths can be decoded in any order, in
/// any batch, stopped and continued, and still sample the same tokens.
public struct PathRandom: Sendable, Hashable {
  private let key: UInt64

  public init(seed: UInt64, path: Int) {
    var mixer = SplitMix64(state: seed)
    mixer = SplitMix64(state: mixer.next() ^ UInt64(bitPattern: Int64(path)))
    key = mixer.next()
  }

  /// A number in [0, 1) for the path's `step`-th draw, a multiple of 2⁻⁵³.
  public func uniform(at step: Int) -> Double {
    var mixer = SplitMix64(state: key ^ UInt64(bitPattern: Int64(step)) &* 0xD6E8_FEB8_6659_FD93)
    return Double(mixer.next() >> 11) * 0x1p-53
  }
}

/// The splitmix64 generator (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(state: UInt64) { self.state = state }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  /// The output function: a bijection in which every input bit reaches every output bit.
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
