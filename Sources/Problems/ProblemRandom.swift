/// A small seedable generator (SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", 2014), so that a problem's id reproduces it on every machine.
public struct ProblemRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A stream of its own for each family, seed and index; streams share no state, so the
  /// seventeenth problem is made without making the sixteen before it.
  init(stream: String, seed: UInt64, index: UInt64) {
    self.init(seed: Self.mixed(Self.hash(stream) ^ Self.mixed(seed) ^ Self.mixed(~index)))
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  /// FNV-1a over the text's UTF-8: unlike `Hasher`, the same in every run of the program.
  static func hash(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return mixed(hash)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  mutating func chance(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &self) < probability
  }

  /// One of the choices, which must not be empty.
  mutating func pick<T>(_ choices: [T]) -> T { choices[int(0...(choices.count - 1))] }

  /// An index, drawn in proportion to the weights.
  mutating func weighted(_ weights: [Double]) -> Int {
    var rest = Double.random(in: 0..<weights.reduce(0, +), using: &self)
    for (index, weight) in weights.enumerated() {
      if rest < weight { return index }
      rest -= weight
    }
    return weights.count - 1
  }

  /// Different choices in random order.
  mutating func sample<T>(_ count: Int, from choices: [T]) -> [T] {
    Array(choices.shuffled(using: &self).prefix(count))
  }
}
