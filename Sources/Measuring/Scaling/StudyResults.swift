public import Traces

/// A sampled solution of a problem, as far as estimates need it.
public struct StudySample: Sendable, Hashable, Codable {
  /// The normalised answer; nil when there is none.
  public var answer: String?
  public var isCorrect: Bool
  /// Tokens chosen for it.
  public var generated: Int
  /// What the verifier ranks it by; nil when it could not be judged.
  public var score: Double?
  /// What the verifier lets its vote count.
  public var weight: Double = 0

  private enum CodingKeys: String, CodingKey {
    case answer, generated, score, weight
    case isCorrect = "correct"
  }
}

/// What came of one problem under one arm of a study.
public struct StudyRecord: Sendable, Hashable, Codable {
  public var isCorrect: Bool
  /// What it cost in all: tokens chosen and put in. What was computed of the prompt and what came
  /// from the cache is left at 0, for it depends on what was done before.
  public var tokens: TokenCounts
  /// The solutions, where a study samples them to see what k of them would give.
  public var samples: [StudySample]?
  /// What of `tokens` a verifier chose or put in.
  var verifierTokens: Int?

  init(
    isCorrect: Bool, tokens: TokenCounts, samples: [StudySample]? = nil, verifierTokens: Int? = nil
  ) {
    self.isCorrect = isCorrect
    self.tokens = TokenCounts(generated: tokens.generated, injected: tokens.injected)
    self.samples = samples
    self.verifierTokens = verifierTokens
  }

  private enum CodingKeys: String, CodingKey {
    case tokens, samples
    case isCorrect = "correct"
    case verifierTokens = "verifier_tokens"
  }
}

/// A study with what is known of it so far.
public struct StudyResults: Sendable, Hashable, Codable {
  public let study: Study
  /// [arm][problem]
  public private(set) var records: [[Int: StudyRecord]]

  init(_ study: Study) {
    self.study = study
    records = Array(repeating: [:], count: study.arms.count)
  }

  /// Takes a record in; one of no arm or problem of the study is left out.
  public mutating func add(_ record: StudyRecord, arm: Int, problem: Int) {
    guard records.indices.contains(arm), study.problems.indices.contains(problem) else { return }
    records[arm][problem] = record
  }

  /// The problems that an arm has not answered yet.
  public func missing(arm: Int) -> [Int] {
    guard records.indices.contains(arm) else { return [] }
    return study.problems.indices.filter { records[arm][$0] == nil }
  }

  /// How many answers have been found.
  public var done: Int { records.reduce(0) { $0 + $1.count } }

  /// How many answers there are to find.
  public var total: Int { study.total }

  public var isComplete: Bool { done == total }

  /// Tokens spent on what is done.
  public var spent: Int { records.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.tokens.spent } } }

  /// Whether what was read from a file belongs together.
  var isSound: Bool {
    records.count == study.arms.count
      && study.arms.allSatisfy { study.models.indices.contains($0.model) }
      && records.allSatisfy { $0.keys.allSatisfy(study.problems.indices.contains) }
  }
}
