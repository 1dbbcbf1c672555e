public import Decoding
public import Problems
public import Traces

/// What a study varies to see what it does for accuracy.
public enum StudyKind: String, Sendable, Codable, CaseIterable {
  /// How many solutions are sampled.
  case samples
  /// How long the model is made to think.
  case thinking
  /// How large the model is, and how long it was trained.
  case size
  /// Which strategy spends the tokens.
  case strategies
  /// How hard the problem is: what is spent on it by itself.
  case difficulty
}

/// A model that takes part in a study.
public struct StudyModel: Sendable, Hashable, Codable {
  /// What it is called where models are told apart, such as `2m@8M`.
  public var name: String
  public var identity: ModelIdentity
  public var parameters: Int
  /// How keys and values are kept, such as `f16`: it moves logits a little.
  public var kvFormat: String
  /// Tokens it was trained on, where its file says so.
  public var tokensSeen: Int?
  /// Whether a study of sizes shows it beside other sizes, and as a stage of its own training.
  public var isFinal: Bool

  public init(
    name: String, identity: ModelIdentity, parameters: Int, kvFormat: String = "",
    tokensSeen: Int? = nil, isFinal: Bool = true
  ) {
    self.name = name
    self.identity = identity
    self.parameters = parameters
    self.kvFormat = kvFormat
    self.tokensSeen = tokensSeen
    self.isFinal = isFinal
  }
}

/// A question of a study with how hard it is.
public struct StudyProblem: Sendable, Hashable, Codable {
  public var question: Question
  /// Its level within its family; nil for a file's problem.
  public var level: Int?

  public init(question: Question, level: Int? = nil) {
    self.question = question
    self.level = level
  }
}

/// One way to answer all problems of a study.
public struct StudyArm: Sendable, Hashable, Codable {
  /// The curves that have a point of it.
  public var curves: [String]
  /// What is turned from point to point, such as a number of samples; nil where nothing is.
  public var knob: Int?
  /// The model's place in the study's list.
  public var model: Int = 0
  public var strategy: String
  public var settings: RunSettings
}

/// Everything that decides what comes out of a study, and nothing else: two equal studies have equal
/// results, so that a result that was kept stands for the study itself.
public struct Study: Sendable, Hashable, Codable {
  public var kind: StudyKind
  /// What the problems are of, such as `compare`, for titles.
  public var subject: String
  public var problems: [StudyProblem]
  /// A digest of the texts that prompts are made of, which a user can edit.
  public var texts: String = ""
  public var models: [StudyModel]
  /// In the order in which they are done, those of one model together.
  public var arms: [StudyArm]

  /// How many answers there are to find.
  public var total: Int { arms.count * problems.count }

  /// The numbers of samples at which a study of `samples` has points: powers of two, and all.
  public static func sampleCounts(upTo samples: Int) -> [Int] {
    var counts = powers(from: 1, upTo: samples)
    if let last = counts.last, last < samples { counts.append(samples) }
    return counts
  }

  /// A number and its doubles, up to a limit.
  static func powers(from first: Int, upTo limit: Int) -> [Int] {
    var powers: [Int] = []
    var next = max(1, first)
    while next <= limit {
      powers.append(next)
      next *= 2
    }
    return powers
  }
}
