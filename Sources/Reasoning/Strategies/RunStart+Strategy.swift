import Decoding
import Problems
public import Traces

/// How a run was made: by what it says itself, else by its strategy as it is today.
extension RunStart {
  /// The start of a run of a strategy, with what it uses where the settings say nothing.
  init(
    _ description: StrategyDescription, model: ModelIdentity, judge: ModelIdentity? = nil,
    question: Question, settings: RunSettings, names: [String: String]? = nil
  ) {
    self.init(
      strategy: description.name, model: model, seed: settings.seed, question: question,
      settings: settings, used: description.effective(settings), names: names, judge: judge)
    // What is sent as it is, is not put in any way.
    if question.isRaw { used?.prompting = settings.prompting }
  }

  /// What the strategy is; nil for an exploration and for what this version does not know.
  public var description: StrategyDescription? { StrategyRegistry.description(of: strategy) }

  /// What stands for a strategy in runs whose samples another program has drawn. Nothing starts it; its runs
  /// are shown like votes.
  public static let imported = StrategyDescription(
    name: "imported", title: "Others' samples",
    summary: "Samples that another program has drawn, read from a file.",
    paper: "", cost: "none here", shape: .votes, defaultPrompting: .plain, settings: [])

  /// Whether its samples were read from a file of another program's.
  public var isImported: Bool { strategy == Self.imported.name }

  /// The shape of its strategy; nil where there is no description.
  public var shape: StrategyShape? { description?.shape }

  /// Whether the strategy has a trait.
  public func has(_ trait: StrategyTraits) -> Bool { description?.traits.contains(trait) ?? false }

  /// Whether it is a person's walk through the tree.
  public var isExploration: Bool { strategy == Exploration.strategyName }

  /// All settings as the run used them.
  public var effective: RunSettings { used ?? description?.effective(settings) ?? settings }

  public var temperature: Double { effective.temperature ?? usualTemperature }

  /// The temperature that a run of the strategy with these settings has today where none is given.
  public var usualTemperature: Double {
    (description ?? SelfConsistency.description).usualTemperature(settings)
  }

  /// How many paths it samples; of an ensemble, each model.
  public var samples: Int { effective.samples ?? description?.defaultSamples ?? 1 }

  /// How many branches it grows; nil where it has none.
  public var branches: Int? { effective.branches }

  /// What ranks its candidates; nil where nothing does.
  public var verifier: VerifierName? { effective.verifier }

  /// How many rationales a generative verifier samples for each candidate.
  public var rationales: Int { effective.rationales ?? GenerativeVerifier.defaultRationales }

  /// How a process verifier's steps become one score.
  public var aggregate: StepAggregate {
    effective.aggregate?.ofSteps ?? StepVerifier.defaultAggregate
  }

  /// How ranked candidates become an answer; nil where nothing is ranked.
  public var vote: RunSettings.RankedVote? { effective.vote }
}
