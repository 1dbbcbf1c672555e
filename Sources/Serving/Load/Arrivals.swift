import Decoding
import Foundation

/// When requests come.
public enum Arrivals: Sendable, Hashable {
  /// All at once.
  case together
  /// Independently of each other, so many a second in the mean: a Poisson process.
  case poisson(rate: Double)
  /// Gaps of a gamma distribution with the shape `burstiness`: 1 is a Poisson process, less comes in
  /// bursts, more comes evenly. As vLLM's benchmark has it.
  case gamma(rate: Double, burstiness: Double)
  /// Evenly.
  case even(rate: Double)

  /// The times of some requests, ascending, in seconds.
  ///
  /// - Parameter rescales: whether gaps are stretched so that the last request comes exactly at
  ///   count / rate, which takes the chance out of a comparison of rates.
  public func times(_ count: Int, seed: UInt64, rescales: Bool = false) -> [Double] {
    var random = LoadRandom(seed: seed)
    var time = 0.0
    var times: [Double] = []
    for _ in 0..<count {
      time += gap(&random)
      times.append(time)
    }
    guard rescales, let rate, let last = times.last, last > 0 else { return times }
    let scale = Double(count) / rate / last
    return times.map { $0 * scale }
  }

  /// Requests a second in the mean; nil where they come together.
  public var rate: Double? {
    switch self {
    case .together: nil
    case .poisson(let rate), .gamma(let rate, _), .even(let rate): rate
    }
  }

  private func gap(_ random: inout LoadRandom) -> Double {
    switch self {
    case .together: 0
    case .even(let rate): 1 / rate
    case .poisson(let rate): random.exponential() / rate
    case .gamma(let rate, let shape): random.gamma(shape: shape) / (rate * shape)
    }
  }
}

/// Random numbers for arrivals, the same for a seed on every machine.
struct LoadRandom {
  private var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(state: seed) }

  /// In [0, 1).
  mutating func uniform() -> Double { Double(generator.next() >> 11) * 0x1p-53 }

  /// Of mean 1.
  mutating func exponential() -> Double { -log(1 - uniform()) }

  /// Of mean 0 and deviation 1 (Box and Muller 1958).
  mutating func normal() -> Double {
    (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform())
  }

  /// Of scale 1 (Marsaglia and Tsang 2000, "A simple method for generating gamma variables").
  mutating func gamma(shape: Double) -> Double {
    guard shape >= 1 else {
      // Section 6: one shape higher, and taken down again.
      return gamma(shape: shape + 1) * pow(1 - uniform(), 1 / shape)
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = pow(1 + c * x, 3)
      guard v > 0 else { continue }
      if log(1 - uniform()) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
  }
}
