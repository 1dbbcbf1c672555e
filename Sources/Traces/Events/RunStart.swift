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
  /// How the tokens that stand for no text are spelled, by id, for showing the trace without its
  /// model. nil in traces of versions that did not say so.
  public var names: [String: String]?
  /// The model that verifiers read with where it is not the run's own.
  public var judge: ModelIdentity?

  public init(
    strategy: String, model: ModelIdentity, seed: UInt64, question: Question,
    settings: RunSettings, used: RunSettings? = nil, names: [String: String]? = nil,
    judge: ModelIdentity? = nil
  ) {
    self.strategy = strategy
    self.model = model
    self.seed = seed
    self.question = question
    self.settings = settings
    self.used = used
    self.names = names
    self.judge = judge
  }
}

extension RunStart {
  /// The name of the model that gave a score of the run; nil where that is the run's own.
  public func judge(of score: Score) -> String? {
    score.judge ?? (score.review == nil ? judge?.name : nil)
  }

  /// The names of a vocabulary's tokens that stand for no text.
  public static func names(in vocabulary: any Vocabulary) -> [String: String]? {
    var names: [String: String] = [:]
    for token in 0..<TokenID(clamping: vocabulary.count)
    where vocabulary.isControl(token) && vocabulary.bytes(of: token).isEmpty {
      names[String(token)] = vocabulary.name(of: token)
    }
    return names.isEmpty ? nil : names
  }
}
