import ArgumentParser
import Reasoning

struct StrategiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "strategies", abstract: "List the strategies.")

  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .text

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
      settings = description.settings.map(\.rawValue)
    }

    /// What holds where nothing else is said.
    var defaults: String {
      let values: [(String, String?)] = [
        ("samples", samples.map { String($0) }), ("branches", branches.map { String($0) }),
        ("verifier", verifier), ("vote", vote),
        ("temperature", settings.contains("temperature") ? String(temperature) : nil),
      ]
      let known = values.compactMap { name, value in value.map { "--\(name) \($0)" } }
      return known.isEmpty ? "—" : known.joined(separator: " ")
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
        defaults  \(row.defaults)
      """
    }
    try StandardOutput.writeLine(text.joined(separator: "\n\n"))
  }
}
