public import Traces
import Training

/// Continued pre-training: the model reads whole documents of a domain, questions and all, as it did
/// when it was made.
///
/// What it does not read any more it may forget. Documents of all that it has read before, mixed in,
/// keep it from that.
public final class ContinuedPretrainingRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "continue", title: "Continued pre-training",
    summary: "Reads worked problems from the first word to the last, among documents of all kinds.",
    paper: "Lewkowycz et al. 2022, arXiv 2206.14858",
    cost: "80 documents a step, as many for replay; nothing is sampled", settings: .ofTexts,
    defaults: {
      var settings = RunSettings.ofTexts
      settings[extra: "batch"] = 80
      settings[extra: "replay"] = 0.5
      return settings
    }(), defaultSteps: 10, samples: false)

  public init() {}

  public func step(_ run: TrainingRun) throws -> TrainingStep {
    let tokenizer = LearningTextTokenizer(run.trainee.model)
    let problems = try run.batch()
    let texts = try run.goldTexts(problems).map { try tokenizer.whole($0) }
    let step = try run.learn(texts)
    run.tell(texts, of: problems)
    return step
  }
}
