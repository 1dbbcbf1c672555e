import ArgumentParser
import Foundation
import Playground

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Show what the playground starts with, and where that is kept.",
    discussion: """
      The file has lines such as 'theme = ponder-light', 'model = 0.9m', 'samples = 20' (any setting \
      by its name) and 'key.votes.run = v' (another key for a command; --keys lists all); '#' begins \
      a comment. Options of the command line win. In the playground, choosing a theme keeps it, and \
      ':set-default NAME' keeps a setting, the model or the theme as it is.
      """)

  @Flag(help: "List the commands whose keys can be changed, with their usual keys.")
  var keys = false
  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .text

  private struct Report: Encodable {
    struct Value: Encodable {
      var name: String
      var value: String
    }

    struct Key: Encodable {
      var name: String
      var keys: String
      var help: String
    }

    var path: String
    var values: [Value]
    var problems: [String]
    /// Left out unless they are asked for.
    var keys: [Key]?
  }

  func run() throws {
    let file = try UserConfig.read()
    let problems = file.map { Preferences($0).problems } ?? []
    let report = Report(
      path: UserConfig.file.path,
      values: (file?.entries ?? []).map { Report.Value(name: $0.name, value: $0.value) },
      problems: problems,
      keys: keys
        ? Preferences.commands.map { Report.Key(name: $0.name, keys: $0.keys, help: $0.help) }
        : nil)
    switch format {
    case .json: try StandardOutput.writeJSON(report)
    case .text:
      try StandardOutput.writeLine(report.path + (file == nil ? " (not there yet)" : ""))
      for value in report.values { try StandardOutput.writeLine("\(value.name) = \(value.value)") }
      for problem in problems { try StandardOutput.writeLine("✗ \(problem)") }
      let width = report.keys?.map(\.name.count).max() ?? 0
      for key in report.keys ?? [] {
        try StandardOutput.writeLine(
          "\(key.name.padded(to: width))  \(key.keys.padded(to: 16))  \(key.help)")
      }
    }
    if !problems.isEmpty { throw ExitCode.badData }
  }
}
