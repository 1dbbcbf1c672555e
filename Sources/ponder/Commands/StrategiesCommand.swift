import ArgumentParser
import Reasoning

struct StrategiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "strategies", abstract: "List the strategies.")

  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .text

  private struct Row: Encodable {
    var name, title, summary, paper, cost, prompting: String
    var temperature: Double
    var settings: [String]

    init(_ description: StrategyDescription) {
      name = description.name
      title = description.title
      summary = description.summary
      paper = description.paper
      cost = description.cost
      prompting = description.defaultPrompting.description
      temperature = description.defaultTemperature
      settings = description.settings.map(\.rawValue)
    }
  }

  func run() throws {
    let rows = StrategyRegistry.all.map { Row($0.description) }
    if format == .json { return try StandardOutput.writeJSON(rows) }
    let text = rows.map { row in
      """
      \(row.name)
        \(row.summary)
        paper     \(row.paper)
        cost      \(row.cost)
        prompt    \(row.prompting)
        settings  \(row.settings.map { "--\($0)" }.joined(separator: " "))
      """
    }
    try StandardOutput.writeLine(text.joined(separator: "\n\n"))
  }
}
