public import Decoding
import Traces

/// What a training learns from beside its problems: whatever its settings name that has to be opened
/// first.
public struct TrainingMaterials: Sendable {
  /// The model that is learned from.
  public var teacher: (any LanguageModel)?
  /// Pairs of a person's own.
  public var pairs: PreferenceFile?

  public init(teacher: (any LanguageModel)? = nil, pairs: PreferenceFile? = nil) {
    self.teacher = teacher
    self.pairs = pairs
  }

  /// Opens what a recipe is told to use.
  ///
  /// - Parameters:
  ///   - settings: with the recipe's defaults.
  ///   - model: opens a model by its file or name.
  /// - Throws: `TextFileError`, and what `model` throws.
  public init(
    _ settings: TrainingSettings, for recipe: RecipeDescription,
    model: (String) throws -> any LanguageModel
  ) throws {
    if recipe.settings.contains(.pairs), let path = settings.pairs {
      pairs = try PreferenceFile(path: path)
    }
    if recipe.settings.contains(.teacher), let name = settings.teacher {
      teacher = try model(name)
    }
  }

  /// Looks whether a recipe can begin with it.
  ///
  /// - Throws: `LearningError.lacksTeacher`, `.otherVocabulary`.
  func check(
    for recipe: RecipeDescription, _ settings: TrainingSettings, student: any LanguageModel
  ) throws(LearningError) {
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
    all["pairs' texts"] = pairs?.digest
    return all
  }
}
