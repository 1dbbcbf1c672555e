import ArgumentParser
import Foundation
import Learning
import Problems
import Reasoning
import Traces

/// How a model is trained and on what.
struct TrainingOptions: ParsableArguments {
  @Option(help: "How to train; 'ponder recipes' lists the recipes.")
  var recipe = "grpo"

  @Option(
    help: ArgumentHelp(
      "Families of problems to learn from, separated by commas; all means every core family "
        + "(default: \(TrainingPlan.defaultFamilies.joined(separator: ",")); for judges "
        + "\(TrainingPlan.judgedFamilies.joined(separator: ","))).", valueName: "a,b"))
  var family: String?

  @Option(
    help: ArgumentHelp(
      "Problems to learn from instead, as JSON Lines, Ponder's or GSM8K's. Of ten or more questions a "
        + "tenth is kept to measure on; of fewer, those that are learned are measured on.",
      valueName: "file"))
  var problems: String?

  @Option(
    help: ArgumentHelp("The levels of the families' problems, as 2 or 1-3.", valueName: "a-b"))
  var level: LevelRange?

  @Option(help: "How many steps to take (default: as many as the recipe says).")
  var steps: Int?

  @OptionGroup var asked: SettingOptions<RecipeSettings>

  func validate() throws {
    guard family == nil || problems == nil else {
      throw ValidationError("Give either --family NAME|all or --problems FILE.")
    }
    guard problems == nil || level == nil else {
      throw ValidationError("Problems from a file have no levels: use --family.")
    }
    if let steps, !(1...1_000_000).contains(steps) {
      throw ValidationError("--steps must be from 1 to 1000000.")
    }
  }

  /// What a recipe is.
  ///
  /// - Throws: `UserError.usage` for an unknown one, with what was probably meant.
  static func recipe(named name: String) throws -> RecipeDescription {
    guard let recipe = RecipeRegistry.description(of: name) else {
      let remedy = Suggestion.remedy(for: name, among: RecipeRegistry.names)
      throw UserError.usage("There is no recipe “\(name)”; \(remedy).")
    }
    return recipe
  }

  /// What is asked for.
  ///
  /// - Throws: `UserError.usage` for an unknown recipe and for a setting that it does not use;
  ///   `LearningError` for what the recipe cannot do; `ProblemError`, `TextFileError`.
  func plan() throws -> TrainingPlan {
    let recipe = try Self.recipe(named: recipe)
    let plan = TrainingPlan(
      recipe: recipe.name, source: try source(for: recipe), steps: steps ?? recipe.defaultSteps,
      settings: asked.settings)
    try plan.check()
    let used = Set(recipe.settings.map(\.name))
    if let unused = asked.given.keys.sorted().first(where: { !used.contains($0) }) {
      let users = RecipeRegistry.all.map { $0.description }.filter {
        $0.settings.contains { $0.name == unused }
      }
      throw UserError.usage(
        "\(recipe.name) does not use --\(unused)"
          + (users.isEmpty ? "." : ", which is for \(users.map(\.name).joined(separator: ", ")).")
          + " 'ponder recipes' lists what each recipe uses.")
    }
    guard !used.contains("teacher") || asked.given["teacher"] != nil else {
      throw UserError.usage(
        "\(recipe.name) learns from a teacher: give --teacher MODEL, such as --teacher 2m.")
    }
    return plan
  }

  private func source(for recipe: RecipeDescription) throws -> TrainingPlan.Source {
    if let problems {
      return .problems(
        try ProblemFile.read(problems), name: URL(fileURLWithPath: problems).lastPathComponent)
    }
    var names =
      family == "all"
      ? ProblemLibrary.coreFamilies.map(\.name)
      : family?.listed ?? recipe.families
    // Each family is learned from alike, however often it is named.
    var seen: Set<String> = []
    names = names.filter { seen.insert($0).inserted }
    guard !names.isEmpty else { throw UserError.usage("--family is empty.") }
    for name in names {
      let levels = try ProblemLibrary.family(name).levels
      if let level, !level.range.overlaps(levels) {
        throw ProblemError.unknownLevel(level.range.lowerBound, family: name, levels: levels)
      }
    }
    return .families(names, levels: level?.range)
  }
}

/// Levels of problems: `2`, or `1-3`.
struct LevelRange: ExpressibleByArgument {
  var range: ClosedRange<Int>

  init?(argument: String) {
    let ends = argument.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard let first = ends.first, let low = first, low >= 0 else { return nil }
    guard ends.count == 2 else {
      guard ends.count == 1 else { return nil }
      range = low...low
      return
    }
    guard let high = ends[1], high >= low else { return nil }
    range = low...high
  }
}
