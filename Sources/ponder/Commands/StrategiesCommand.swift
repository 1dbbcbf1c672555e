import ArgumentParser
import Reasoning
import Traces

struct StrategiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "strategies", abstract: "List the strategies, or print the guide to one of them.")

  @Argument(help: "A strategy: prints its page of the guide.") var name: String?

  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .text

  func validate() throws {
    if name != nil, format == .json {
      throw ValidationError("A guide page is text: leave out --format json, or the name.")
    }
  }

  private struct Row: Encodable {
    var name, title, summary, paper, cost, prompting: String
    var temperature: Double
    var samples, branches: Int?
    var verifier, vote: String?
    var settings: [String]

    init(_ description: StrategyDescription) {
      name = description.name
      title = description.title
      summary = description.summary
      paper = description.paper
      cost = description.cost
      prompting = description.defaultPrompting.description
      temperature = description.defaultTemperature
      samples = description.settings.contains(.samples) ? description.defaultSamples : nil
      branches = description.defaultBranches
      verifier = description.defaultVerifier?.rawValue
      vote = description.defaultVote?.rawValue
      settings = description.settings.map(\.name)
    }
  }

  /// What holds where nothing else is said.
  private static func defaults(_ description: StrategyDescription) -> String {
    let known = description.settings.filter { $0 != .prompting }.compactMap { setting in
      setting.usual(of: description).map { "--\(setting.name) \($0)" }
    }
    return known.isEmpty ? "—" : known.joined(separator: " ")
  }

  func run() throws {
    if let name {
      _ = try StrategyRegistry.strategy(named: name)
      return try StandardOutput.writeLine(try GuidePage.text(on: name))
    }
    let rows = StrategyRegistry.all.map { Row($0.description) }
    if format == .json { return try StandardOutput.writeJSON(rows) }
    let text = zip(rows, StrategyRegistry.all).map { row, strategy in
      """
      \(row.name)
        \(row.summary)
        paper     \(row.paper)
        cost      \(row.cost)
        prompt    \(row.prompting)
        settings  \(row.settings.map { "--\($0)" }.joined(separator: " "))
        defaults  \(Self.defaults(strategy.description))
      """
    }
    try StandardOutput.writeLine(text.joined(separator: "\n\n"))
  }
}
