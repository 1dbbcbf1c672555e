public import Decoding
public import Problems

/// `run`: a strategy starts.
public struct RunStart: Sendable, Hashable, Codable {
  public var strategy: String
  public var model: ModelIdentity
  public var seed: UInt64
  public var question: Question
  public var settings: RunSettings

  public init(
    strategy: String, model: ModelIdentity, seed: UInt64, question: Question,
    settings: RunSettings
  ) {
    self.strategy = strategy
    self.model = model
    self.seed = seed
    self.question = question
    self.settings = settings
  }
}
