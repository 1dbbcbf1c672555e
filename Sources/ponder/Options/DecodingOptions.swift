import ArgumentParser
import Decoding

/// How tokens are chosen and how much is decoded; nil leaves the choice to the strategy.
struct DecodingOptions: ParsableArguments {
  @Option(help: "Paths that are decoded at once.")
  var parallel: Int = 8

  @Option(help: "The same seed gives the same paths.")
  var seed: UInt64 = 1

  @Option(help: "Paths to sample; in mcts simulations.")
  var samples: Int?

  @Option(help: "Branches at the first token; in a search ways on from each place, or beams.")
  var branches: Int?

  @Option(help: "Logits are divided by this; 0 always takes the likeliest token.")
  var temperature: Double?

  @Option(help: "Keeps the k likeliest tokens.")
  var topK: Int?

  @Option(help: "Keeps the likeliest tokens up to this probability.")
  var topP: Double?

  @Option(help: "Keeps tokens with at least this share of the likeliest one's probability.")
  var minP: Double?

  @Option(help: "The most tokens generated in one path.")
  var maxTokens: Int?

  func validate() throws {
    try require(1...4096, parallel, "--parallel")
    try require(1...1_000_000, samples, "--samples")
    try require(1...10_000, branches, "--branches")
    try require(1...1_000_000, topK, "--top-k")
    try require(1...10_000_000, maxTokens, "--max-tokens")
    try require(0...1000, temperature, "--temperature")
    try require(0...1, topP, "--top-p")
    try require(0...1, minP, "--min-p")
  }

  private func require<T: Comparable>(
    _ allowed: ClosedRange<T>, _ value: T?, _ option: String
  ) throws {
    guard let value, !allowed.contains(value) else { return }
    throw ValidationError(
      "\(option) must be from \(allowed.lowerBound) to \(allowed.upperBound).")
  }

  /// A strategy's own sampling settings with what the user asked for put in.
  func sampling(over settings: SamplingSettings) -> SamplingSettings {
    SamplingSettings(
      temperature: temperature ?? settings.temperature, topK: topK ?? settings.topK,
      topP: topP ?? settings.topP, minP: minP ?? settings.minP)
  }
}
