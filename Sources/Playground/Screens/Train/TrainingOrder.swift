import Learning
import Problems
public import Traces

/// What a person asks of a training on the screen Train, before any file is read.
public struct TrainingOrder: Sendable, Hashable {
  /// What is learned from.
  public enum Source: Sendable, Hashable {
    /// Families of the library, of these levels; nil for all levels.
    case families([String], levels: ClosedRange<Int>?)
    /// The path of a file of problems.
    case file(String)
  }

  /// A name of `RecipeRegistry`.
  public var recipe: String
  public var source: Source
  public var steps: Int
  /// What differs from the recipe's defaults.
  public var settings: RunSettings

  public init(recipe: String, source: Source, steps: Int, settings: RunSettings = RunSettings()) {
    self.recipe = recipe
    self.source = source
    self.steps = steps
    self.settings = settings
  }

  /// What is offered first: what shows most in the shortest time.
  public static var usual: TrainingOrder {
    let recipe = RecipeRegistry.description(of: "grpo") ?? RecipeRegistry.all.first?.description
    return TrainingOrder(
      recipe: recipe?.name ?? "grpo",
      source: .families(TrainingPlan.defaultFamilies, levels: nil),
      steps: recipe?.defaultSteps ?? usualSteps)
  }

  private static let usualSteps = 10

  /// What the recipe is; nil for one that this version does not have.
  var description: RecipeDescription? { RecipeRegistry.description(of: recipe) }

  /// Takes another recipe, with its own number of steps and its own settings.
  mutating func choose(recipe name: String) {
    guard recipe != name else { return }
    let usual = description?.families ?? TrainingPlan.defaultFamilies
    recipe = name
    if source == .families(usual, levels: nil), let families = description?.families {
      source = .families(families, levels: nil)
    }
    settings = RunSettings(seed: settings.seed)
    steps = description?.defaultSteps ?? steps
  }

  /// The settings that the recipe uses, in the order in which lists show them.
  var table: SettingTable { SettingTable(description?.settings ?? []) }

  /// What the training would use.
  var used: RunSettings {
    guard let description else { return settings }
    var used = settings
    for setting in description.settings { setting.fill(&used, from: description.defaults) }
    return used
  }

  /// What is learned from, in words.
  var problems: String {
    switch source {
    case .families(let names, let levels):
      TrainingPlan.Source.families(names, levels: levels).text
    case .file(let path): path
    }
  }

  /// The plan, with the problems of its file.
  ///
  /// - Throws: `TextFileError`.
  func plan() throws -> TrainingPlan {
    let source: TrainingPlan.Source =
      switch self.source {
      case .families(let names, let levels): .families(names, levels: levels)
      case .file(let path):
        .problems(try ProblemFile.read(UserFolder.expanded(path)), name: path)
      }
    return TrainingPlan(recipe: recipe, source: source, steps: steps, settings: settings)
  }
}

extension TrainingOrder {
  /// What was asked of a training of the trace, to go on with it.
  init(_ start: TrainingStart) {
    self.init(
      recipe: start.recipe, source: Source(start.problems), steps: start.steps,
      settings: start.settings)
  }
}

extension TrainingOrder.Source {
  /// Reads what `TrainingOrder.problems` says in words: what is no list of families is a file.
  init(_ text: String) {
    var parts = text.split(separator: ",").map { $0.trimmed }
    var levels: ClosedRange<Int>?
    if let last = parts.last, let range = Self.levels(last) {
      levels = range
      parts.removeLast()
    }
    let known = Set(ProblemLibrary.families.map(\.name))
    self =
      !parts.isEmpty && parts.allSatisfy(known.contains)
      ? .families(parts, levels: levels) : .file(text)
  }

  /// Reads `level 2` and `levels 1–3`.
  private static func levels(_ text: String) -> ClosedRange<Int>? {
    guard text.hasPrefix("level") else { return nil }
    let numbers = text.split { !$0.isASCII || !$0.isNumber }.compactMap { Int($0) }
    guard let low = numbers.first, let high = numbers.last, low <= high else { return nil }
    return low...high
  }
}

extension Substring {
  /// Without the blanks at both ends.
  fileprivate var trimmed: String {
    var text = drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
