import ArgumentParser
import Foundation
import Reasoning

/// `ponder problems`: problems as JSON Lines.
struct ProblemsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "problems", abstract: "Print problems of a family as JSON Lines.")

  @Option(help: "The family of problems; list names them.")
  var family: String

  @Option(help: "How many problems.")
  var count = 10

  @Option(help: "The seed that the problems are drawn from.")
  var seed: UInt64 = 1

  @Option(
    help: "train, dev or heldout.",
    transform: { text in
      guard let split = ProblemSplit(rawValue: text) else {
        throw ValidationError("there is no split “\(text)”; choose train, dev or heldout")
      }
      return split
    })
  var split = ProblemSplit.heldout

  @Option(help: "One level only.")
  var level: Int?

  func run() throws {
    guard family != "list" else { return try list() }
    let problems = try ProblemLibrary.problems(
      family: family, split: split, level: level, count: count, seed: seed)
    for problem in problems { try StandardOutput.writeJSON(problem) }
  }

  private func list() throws {
    for family in ProblemLibrary.families {
      let levels = "\(family.levels.lowerBound)-\(family.levels.upperBound)"
      let mark = family.isCore ? "" : " (extra, not in all)"
      try StandardOutput.writeLine(
        "\(family.name)\tlevels \(levels)\t\(family.summary)\(mark)")
    }
  }
}
