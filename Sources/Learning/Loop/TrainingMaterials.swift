public import Decoding
public import Reasoning
public import Traces

/// What a training learns from beside its problems: whatever its settings name that has to be opened
/// first.
public struct TrainingMaterials: Sendable {
  /// The model that is learned from.
  public var teacher: (any LanguageModel)?
  /// The model that says what samples are worth, where they are rewarded for that.
  public var judge: Judge?
  /// Pairs of a person's own.
  public var pairs: PreferenceFile?

  public init(
    teacher: (any LanguageModel)? = nil, judge: Judge? = nil, pairs: PreferenceFile? = nil
  ) {
    self.teacher = teacher
    self.judge = judge
    self.pairs = pairs
  }

  /// Opens what a recipe is told to use.
  ///
  /// - Parameters:
  ///   - settings: with the recipe's defaults.
  ///   - model: opens a model by its file or name.
  ///   - judge: opens the model that verifiers read with, as settings name it.
  /// - Throws: `TextFileError`, and what `model` and `judge` throw.
  public init(
    _ settings: TrainingSettings, for recipe: RecipeDescription,
    model: (String) throws -> any LanguageModel,
    judge: (RunSettings) throws -> Judge?
  ) throws {
    if recipe.settings.contains(.pairs), let path = settings.pairs {
      pairs = try PreferenceFile(path: path)
    }
    if recipe.settings.contains(.teacher), let name = settings.teacher {
      teacher = try model(name)
    }
    if settings.reward.contains(.judge), recipe.settings.contains(.reward) {
      self.judge = try judge(settings.used)
    }
  }

  /// Looks whether a recipe can begin with it.
  ///
  /// - Throws: `LearningError.lacksTeacher`, `.otherVocabulary`, `.lacksJudge`.
  func check(
    for recipe: RecipeDescription, _ settings: TrainingSettings, student: any LanguageModel
  ) throws(LearningError) {
    if recipe.settings.contains(.reward), settings.reward.contains(.judge) {
      guard let judge, judge.canReward else { throw .lacksJudge }
    }
    guard recipe.settings.contains(.teacher) else { return }
    guard let teacher else { throw .lacksTeacher(recipe.name) }
    guard settings.from == .logits,
      let token = student.vocabulary.firstDifference(from: teacher.vocabulary)
    else { return }
    throw .otherVocabulary(
      teacher: teacher.identity.name, student: student.identity.name, token: Int(token))
  }

  /// What tells it from other materials, by name: a training goes on with the same only.
  var identity: [String: String] {
    var all: [String: String] = [:]
    all["teacher's weights"] = teacher?.identity.hash
    all["judge's weights"] = judge?.identity.hash
    all["pairs' texts"] = pairs?.digest
    return all
  }
}
