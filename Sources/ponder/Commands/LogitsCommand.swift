import ArgumentParser
import Decoding

struct LogitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logits", abstract: "Print the raw logits of the next token.")

  @OptionGroup var options: ModelOptions

  @Option(help: ArgumentHelp("Token ids, separated by commas.", valueName: "ids"))
  var ids: String

  @Flag(help: "Print a row for every position, not only for the last.")
  var all = false

  func run() throws {
    let tokens = try parsedIDs()
    let model = try options.open()
    var tree = TokenTree()
    let last = tree.extend(.root, with: tokens)
    let nodes = all ? tree.path(to: last) : [last]
    let rows = try model.distributions(at: nodes, in: tree).map {
      // Of a server's list the numbers are log-probabilities, and what it does not list is null.
      row($0.logits)
    }
    try StandardOutput.writeLine("{\"logits\":[\(rows.joined(separator: ","))]}")
  }

  private func parsedIDs() throws -> [TokenID] {
    let parts = ids.split(separator: ",", omittingEmptySubsequences: false)
    return try parts.map { part in
      guard let id = TokenID(part.trimmingPrefix { $0 == " " }) else {
        throw UserError.usage(
          "--ids takes whole numbers separated by commas, such as 1,2,3; found '\(part)'.")
      }
      return id
    }
  }

  /// A row as JSON, each number with as many digits as tell it from its neighbours; JSON has no
  /// infinity, so −∞ becomes null.
  private func row(_ logits: [Float]) -> String {
    "[" + logits.map { $0.isFinite ? $0.description : "null" }.joined(separator: ",") + "]"
  }
}
