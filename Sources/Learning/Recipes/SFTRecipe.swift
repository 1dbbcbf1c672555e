public import Traces

/// Supervised fine-tuning: what a teacher would answer becomes likelier, token by token.
///
/// The loss is −Σ log p(y_t | x, y_<t) over the answer's tokens; the question x is masked
/// (`CrossEntropy`).
public final class SFTRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "sft", title: "Supervised fine-tuning",
    summary: "Learns right solutions, word by word, behind the question.",
    paper: "Cobbe et al. 2021, arXiv 2110.14168",
    cost: "64 solutions a step; nothing is sampled", settings: .ofTexts + [.meanOver],
    defaults: {
      var settings = RunSettings.ofTexts
      settings[extra: "batch"] = 64
      return settings
    }(), defaultSteps: 8, samples: false)

  public init() {}

  public func step(_ run: TrainingRun) throws -> TrainingStep {
    let problems = try run.batch()
    let texts = try run.goldTexts(problems)
    let step = try run.learn(texts)
    run.tell(texts, of: problems)
    return step
  }
}

extension [Setting] {
  /// What every training on texts can be told.
  static let ofTexts: [Setting] = .ofEveryTraining + [.batch, .replay]
}

extension RunSettings {
  /// What recipes that learn from texts use where nothing else is asked for.
  static let ofTexts: RunSettings = {
    var settings = RunSettings()
    settings.prompting = "plain"
    settings[extra: "rate"] = 3e-4
    return settings
  }()
}
