public import Decoding

/// What a run can be told besides the question. What is nil is the strategy's own default.
///
/// How each is named, read and written is said by its row of the `SettingTable`, its JSON included.
///
/// The number of parallel slots is not here: it changes when work is done, never what comes out.
public struct RunSettings: Sendable, Hashable {
  public var seed: UInt64 = 1
  /// `plain`, `think`, `few-shot` or the path of a template file.
  public var prompting: String?
  /// The chat template: `auto`, `none`, a family's name or the path of a file; nil means `auto`.
  public var template: String?
  /// What the system says before the question; nil leaves that to the chat template.
  public var system: String?
  /// Whether the chat template has the model think; nil leaves that to the template.
  public var thinking: ThinkingChoice?
  /// The day that a chat template is told; nil for the day of the run.
  public var date: CalendarDay?
  /// Paths that are sampled.
  public var samples: Int?
  /// First-token branches; in a search how many ways each beam or node goes on, and how wide a
  /// beam over tokens is.
  public var branches: Int?
  public var temperature: Double?
  public var topK: Int?
  public var topP: Double?
  public var minP: Double?
  /// Tokens each path may have.
  public var maxTokens = 256
  /// What single scores are put together by: CoT-decoding uses `sum` and `max`, the rest is how
  /// a process verifier's steps become one score.
  public var aggregate: Aggregate?
  /// Which votes decide.
  public var weighting = Tally.Method.majority
  /// Which verifier ranks the candidates.
  public var verifier: VerifierName?
  /// The model that verifiers read with: a file or a name; nil for the run's own.
  public var verifierModel: String?
  /// How much a vote heeds the scores of an implicit reward: it counts exp(β s).
  public var sharpness: Double?
  /// What the writer's own Σ log p counts beside an implicit reward.
  public var ownWeight: Double?
  /// How many rationales a generative verifier samples for each candidate.
  public var rationales: Int?
  /// How ranked candidates become an answer.
  public var vote: RankedVote?
  /// How many steps a search simulates before it scores one.
  public var lookahead: Int?
  /// The exploration constant of a tree search.
  public var exploration: Double?
  /// How many leaves of a tree search are in flight at once.
  public var leaves: Int?
  /// How many tokens budget forcing lets a model think; nil is `maxTokens`.
  public var thinkingBudget: Int?
  /// How often budget forcing takes back the end of the thinking.
  public var waits: Int?
  /// Whether every path that has answered is asked for its answer again behind each of its steps;
  /// nil means not.
  public var answerOverTime: Bool?
  /// When a vote ends before all its samples are drawn; nil means never.
  public var earlyStop: EarlyStop?
  /// Where passages are looked up: a file or a folder; nil for the worked examples.
  public var corpus: String?
  /// How many passages stand before the question.
  public var passages: Int?
  /// The further models of an ensemble, with commas between; nil for companions of the model.
  public var with: String?
  /// How the models of an ensemble come to one answer; nil means by votes.
  public var combine: Combination?
  /// How many candidates each node event lists; 0 leaves them out.
  public var detail = 5
  /// Settings that have no property here, by their keys in a trace: rows of a longer table than the
  /// standard one, and what a later version has saved.
  public var extra: [String: JSONValue] = [:]

  public enum Aggregate: String, Sendable, Codable, CaseIterable {
    /// The answer with the greatest ΣΔ.
    case sum
    /// The answer of the single path with the greatest Δ.
    case max
    case min, last, prod, mean

    /// The aggregate of a process verifier's steps that has this name.
    public var ofSteps: StepAggregate? { StepAggregate(rawValue: rawValue) }
  }

  /// How models of an ensemble come to one answer.
  public enum Combination: String, Sendable, Codable, CaseIterable {
    /// Their answers vote.
    case votes
    /// Each token is chosen from the mean of their distributions.
    case mixture
  }

  /// How ranked candidates become an answer.
  public enum RankedVote: String, Sendable, Codable, CaseIterable {
    /// The answer of the candidate that ranks first.
    case top
    /// The answer whose candidates' scores have the greatest sum.
    case weighted
  }

  /// What holds where nothing is set and a strategy has no number of its own.
  public enum Usual {
    /// As in the self-consistency paper.
    public static let temperature = 0.7
    /// As in the self-consistency paper.
    public static let samples = 40
    /// As in the CoT-decoding paper.
    public static let branches = 10
    public static let rationales = 4
    /// The best of .5 to 4 on dev problems of the bundled model (Samples/Guide/implicit.md).
    public static let sharpness = 0.5
    public static let ownWeight = 0.0
    public static let lookahead = 1
    public static let exploration = 1.25
    public static let leaves = 8
    public static let waits = 1
    public static let passages = 3
  }
}

extension RunSettings {
  /// All at their defaults, but for the seed.
  public init(seed: UInt64 = 1) { self.init(seed: seed, prompting: nil) }

  /// The sampling settings with a strategy's own temperature where none is given.
  public func sampling(temperature fallback: Double) -> SamplingSettings {
    SamplingSettings(temperature: temperature ?? fallback, topK: topK, topP: topP, minP: minP)
  }
}
