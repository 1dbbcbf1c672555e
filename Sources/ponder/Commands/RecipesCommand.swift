import ArgumentParser
import Learning
import Traces

struct RecipesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipes",
    abstract: "List the recipes of training, or print the guide to one of them.")

  @Argument(help: "A recipe: prints its page of the guide.") var name: String?

  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .text

  func validate() throws {
    if name != nil, format == .json {
      throw ValidationError("A guide page is text: leave out --format json, or the name.")
    }
  }

  private struct Row: Encodable {
    var name, title, summary, paper, cost: String
    var steps: Int
    var samples: Bool
    var settings: [String]
    /// By setting, as it would be typed.
    var defaults: [String: String]

    init(_ recipe: RecipeDescription) {
      name = recipe.name
      title = recipe.title
      summary = recipe.summary
      paper = recipe.paper
      cost = recipe.cost
      steps = recipe.defaultSteps
      samples = recipe.samples
      settings = recipe.settings.map(\.name)
      defaults = Dictionary(
        recipe.settings.compactMap { setting in
          Self.usual(setting, of: recipe).map { (setting.name, $0) }
        }, uniquingKeysWith: { first, _ in first })
    }

    /// What holds where nothing is given; nil where that has no name.
    private static func usual(_ setting: Setting, of recipe: RecipeDescription) -> String? {
      if let known = recipe.usual(setting) { return known }
      // What is on or off has no value to give.
      guard setting.form != .onOff else { return nil }
      let unset = setting.text(of: recipe.defaults)
      return setting.names.contains(unset) ? unset : nil
    }
  }

  func run() throws {
    if let name {
      let recipe = try TrainingOptions.recipe(named: name)
      return try StandardOutput.writeLine(try GuidePage.text(on: recipe.name))
    }
    let rows = RecipeRegistry.all.map { Row($0.description) }
    if format == .json { return try StandardOutput.writeJSON(rows) }
    let text = rows.map { row in
      let defaults = row.settings.compactMap { name in
        row.defaults[name].map { "--\(name) \($0)" }
      }
      let others = row.settings.filter { row.defaults[$0] == nil }.map { "--\($0)" }
      let lines =
        [
          row.name
        ] + "\(row.title): \(row.summary)".wrapped(indent: 0, width: 78).map { "  \($0)" }
        + ["  paper     \(row.paper)", "  cost      \(row.cost)", "  defaults"]
        + (["--steps \(row.steps)"] + defaults).folded(indent: 4)
      return
        (lines + (others.isEmpty ? [] : ["  settings without a default"])
        + others.folded(indent: 4)).joined(separator: "\n")
    }
    try StandardOutput.writeLine(text.joined(separator: "\n\n"))
  }
}
