public import Problems
public import Traces

/// What a person asks of a training.
public struct TrainingPlan: Sendable, Hashable {
  /// What is learned from.
  public enum Source: Sendable, Hashable {
    /// Problems of the train split, drawn from each family alike; of these levels, nil for all.
    case families([String], levels: ClosedRange<Int>? = nil)
    /// A user's problems, from a file of that name. A tenth of their questions, at least one, is kept
    /// for measuring where there are ten or more; of fewer, those that are learned are measured on.
    case problems([Problem], name: String)

    /// In words, for titles.
    public var text: String {
      switch self {
      case .families(let names, let levels):
        names.joined(separator: ", ")
          + (levels.map {
            $0.count == 1
              ? ", level \($0.lowerBound)" : ", levels \($0.lowerBound)–\($0.upperBound)"
          } ?? "")
      case .problems(_, let name): name
      }
    }
  }

  /// The name of a recipe of `RecipeRegistry`.
  public var recipe: String
  public var source: Source
  public var steps: Int
  /// What was asked for; the recipe's defaults hold for what is nil.
  public var settings: RunSettings

  public init(recipe: String, source: Source, steps: Int, settings: RunSettings) {
    self.recipe = recipe
    self.source = source
    self.steps = steps
    self.settings = settings
  }

  /// Looks whether the recipe can do what is asked for.
  ///
  /// - Throws: `LearningError.unknownRecipe`, `.tooManyIterations`, `.offPolicy`.
  public func check() throws(LearningError) {
    guard let description = RecipeRegistry.description(of: recipe) else {
      throw .unknownRecipe(recipe)
    }
    let used = TrainingSettings(settings, for: description)
    if description.hasIterations, used.iterations > steps {
      throw .tooManyIterations(used.iterations, steps: steps)
    }
    guard description.isOnPolicy else { return }
    if used.temperature <= 0 {
      throw .offPolicy(recipe: recipe, setting: Setting.temperature.name)
    }
    let filters = [Setting.topK, .topP, .minP].first { $0.value(in: used.used) != nil }
    if let filters { throw .offPolicy(recipe: recipe, setting: filters.name) }
  }

  /// Families that the bundled models answer much better with reasoning than without: what
  /// training on shows most.
  public static let defaultFamilies = [
    "compare", "story", "expr", "coin", "permutation", "lookup",
  ]

  /// Families whose votes leave room for a judge: the bundled models' majority is not nearly always
  /// right.
  public static let judgedFamilies = [
    "expr", "letters", "decimals", "price", "permutation", "countdown",
  ]
}
