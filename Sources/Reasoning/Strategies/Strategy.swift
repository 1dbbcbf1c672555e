import Problems
public import Traces

/// What a strategy is: all that lists, help, the settings panel and screens need to know of it.
public struct StrategyDescription: Sendable, Hashable {
  /// The name on the command line.
  public var name: String
  /// A name of a word for lists with little room, where that is another.
  var brief: String?
  /// A title of a few words.
  public var title: String
  /// One sentence on what it does.
  public var summary: String
  /// The paper, as "Wang and Zhou 2024, arXiv 2402.10200".
  public var paper: String
  /// What it costs, in words ("k greedy paths").
  public var cost: String
  /// What its runs look like.
  public var shape: StrategyShape
  /// What sets it apart from others of its shape.
  public var traits: StrategyTraits = []
  public var defaultPrompting: Prompting
  /// The temperature where none is given; 0 is greedy.
  public var defaultTemperature = 0.0
  /// The temperature where none is given and several samples are asked for, if that is another.
  public var temperatureOfSeveral: Double?
  /// How many paths it samples where no number is given.
  public var defaultSamples = 1
  /// How many branches it follows where no number is given; nil where it has none.
  public var defaultBranches: Int?
  /// What ranks its candidates where no verifier is named; nil where nothing does.
  public var defaultVerifier: VerifierName?
  /// What ranks its candidates and cannot be chosen.
  public var ownVerifier: VerifierName?
  /// How many rationales a generative verifier samples for it where no number is given.
  public var defaultRationales = GenerativeVerifier.defaultRationales
  /// How a process verifier's steps become one score where no way is named.
  public var defaultAggregate = StepVerifier.defaultAggregate
  /// How its candidates become an answer where no way is named; nil where nothing is ranked.
  public var defaultVote: RunSettings.RankedVote?
  /// The settings it uses.
  public var settings: [Setting]

  /// A name of a word or two, for lists with little room.
  public var shortName: String { brief ?? name }
}

/// A way to get an answer out of a model: a policy over the decoder.
///
/// A strategy describes paths and reads what comes of them. It never calls the model, and never
/// sees the right answer.
public protocol Strategy: Sendable {
  static var description: StrategyDescription { get }

  /// Runs to the end, or until the task is cancelled: then it returns what it has.
  ///
  /// - Returns: the answer, nil when there is none.
  /// - Throws: whatever keeps it from going on.
  func answer(_ run: Run) async throws -> String?
}

extension Strategy {
  /// What the strategy is.
  public var description: StrategyDescription { Self.description }
}

/// All strategies, by name.
public enum StrategyRegistry {
  /// Adding a strategy is one file, one test and one line here.
  public static let all: [any Strategy] = [
    Greedy(),
    Sample(),
    ZeroShotCoT(),
    FewShotCoT(),
    CoTDecoding(),
    SelfConsistency(),
    BestOfN(),
    Beam(),
    StepBeam(),
    DiverseTreeSearch(),
    Lookahead(),
    MCTS(),
    BudgetForcing(),
    GenRM(),
    SelfCorrect(),
    Analogical(),
    StepBack(),
    Retrieve(),
    Ensemble(),
  ]

  public static var names: [String] { all.map { $0.description.name } }

  /// What a strategy is, or what stands for one in runs of others' samples; nil for an unknown name.
  public static func description(of name: String) -> StrategyDescription? {
    if name == RunStart.imported.name { return RunStart.imported }
    return all.first { $0.description.name == name }?.description
  }

  /// - Throws: `StrategyError.unknown`.
  public static func strategy(named name: String) throws -> any Strategy {
    guard let strategy = all.first(where: { $0.description.name == name }) else {
      throw StrategyError.unknown(name)
    }
    return strategy
  }
}

public enum StrategyError: Error, Equatable, CustomStringConvertible {
  case unknown(String)
  case decoding(String)
  case changedPrompt
  case uncountedVotes
  case unjudgedVotes
  case unjudgedSamples
  /// With the families that can be checked.
  case uncheckable([String])
  case oneModel
  /// A verifier that reads with a model of its own has none.
  case noJudge
  /// What was judged by one model cannot be judged further by another.
  case otherJudge(String)
  case sameModel
  /// Settings that do not fit each other: what they are, and what would do.
  case unfit(String)

  public var description: String {
    switch self {
    case .unknown(let name):
      "There is no strategy \"\(name)\"; "
        + Suggestion.remedy(for: name, among: StrategyRegistry.names) + "."
    case .decoding(let why), .unfit(let why): why
    case .uncountedVotes:
      "--early-stop likely counts votes: leave --weighting at majority, or use --early-stop decided."
    case .unjudgedVotes:
      "--weighting verifier judges all samples: leave --early-stop out, or --weighting at majority."
    case .unjudgedSamples:
      "A vote weighted by a verifier cannot continue an earlier one; start a new run."
    case .uncheckable(let families):
      "--verifier exact checks answers to problems of \(families.joined(separator: ", ")) only; "
        + "choose another verifier for this question."
    case .noJudge:
      "--verifier implicit reads with a model that was trained for it: name one with "
        + "--verifier-model (ponder train --recipe implicit makes one)."
    case .otherJudge(let name):
      "This run was judged by \(name); name that model with --verifier-model."
    case .oneModel: "An ensemble needs at least two models: name others with --with FILE,FILE."
    case .sameModel:
      "Two models of the ensemble have the same weights; name different ones with --with."
    case .changedPrompt:
      "The prompt has changed since this run began, so the samples cannot be combined; start a new run."
    }
  }
}
