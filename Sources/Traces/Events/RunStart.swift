public import Decoding
public import Problems

/// `run`: a strategy starts.
public struct RunStart: Sendable, Hashable, Codable {
  public var strategy: String
  public var model: ModelIdentity
  public var seed: UInt64
  public var question: Question
  /// What was asked for.
  public var settings: RunSettings
  /// What the run used: the settings, with the strategy's defaults of its time where nothing was
  /// asked for. nil in traces of versions that did not say so, and for an exploration.
  public var used: RunSettings?

  public init(
    strategy: String, model: ModelIdentity, seed: UInt64, question: Question,
    settings: RunSettings, used: RunSettings? = nil
  ) {
    self.strategy = strategy
    self.model = model
    self.seed = seed
    self.question = question
    self.settings = settings
    self.used = used
  }
}
