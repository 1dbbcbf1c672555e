import ArgumentParser
import Foundation
import Problems

/// `ponder problems`: problems as JSON Lines.
struct ProblemsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "problems",
    abstract: "Print a family's problems as JSON Lines, print what they cost, or check an answer.")

  @Option(help: "The family of problems; 'list' names them all.")
  var family: String?

  @Option(help: "One problem, by its id, such as countdown/1/3.")
  var problem: String?

  @Option(help: "Check this answer to the problem of --problem, and say why it is wrong.")
  var check: String?

  @Flag(
    help: """
      Print what a puzzle costs: how many nodes a solver visits to propose an answer, and how many \
      operations the checker needs to verify it.
      """) var costs = false

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
    }) var split = ProblemSplit.heldout

  @Option(help: "One level only.")
  var level: Int?

  func validate() throws {
    guard (family == nil) != (problem == nil) else {
      throw ValidationError("give either --family NAME or --problem ID")
    }
    guard count >= 0 else { throw ValidationError("--count must be 0 or more") }
    if check != nil, problem == nil {
      throw ValidationError("--check needs a problem to check against; give --problem ID")
    }
  }

  func run() throws {
    guard family != "list" else { return try list() }
    if let problem, let check { return try judge(check, of: ProblemLibrary.problem(id: problem)) }
    let problems =
      try problem.map { [try ProblemLibrary.problem(id: $0)] }
      ?? ProblemLibrary.problems(
        family: family ?? "", split: split, level: level, count: count, seed: seed)
    for problem in problems {
      guard costs else {
        try StandardOutput.writeJSON(problem)
        continue
      }
      guard let cost = problem.puzzleCost else {
        throw ValidationError(
          "\(problem.family) is answered by following steps, not by a search; --costs is for "
            + ProblemLibrary.puzzleFamilies.map(\.name).joined(separator: ", "))
      }
      try StandardOutput.writeJSON(
        CostLine(
          id: problem.id, level: problem.level, question: problem.question,
          proposalNodes: cost.proposalNodes, verificationOperations: cost.verificationOperations))
    }
  }

  private struct CostLine: Encodable {
    var id: String
    var level: Int
    var question: String
    var proposalNodes: Int
    var verificationOperations: Int
  }

  private func judge(_ answer: String, of problem: Problem) throws {
    switch problem.verdict(on: answer) {
    case .right: try StandardOutput.writeLine("right")
    case .wrong(let reason):
      try StandardOutput.writeLine("wrong: \(reason)")
      throw ExitCode.failure
    }
  }

  private func list() throws {
    for family in ProblemLibrary.families {
      let levels = "\(family.levels.lowerBound)-\(family.levels.upperBound)"
      let mark = family.isCore ? "" : " (extra, not in all)"
      try StandardOutput.writeLine("\(family.name)\tlevels \(levels)\t\(family.summary)\(mark)")
    }
  }
}
