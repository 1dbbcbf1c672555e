import Foundation
import Testing

/// `ponder label`, as users run it.
@Suite struct LabelCommandTests {
  private struct Labelled: Decodable {
    struct Step: Decodable {
      var text: String
      var exact: Bool?
      var right: Int?
      var completions: Int?
      var soft: Double?
      var hard: Double?
      var omega: Double?
    }

    struct Solution: Decodable {
      var steps: [Step]
      var isRight: Bool
    }

    var problem: String
    var solutions: [Solution]
  }

  private static let arguments = [
    "label", "--problem", "story@1/91/3", "--model", "0.4m", "--samples", "2", "--rollouts", "4",
    "--threads", "1", "--max-completion-length", "64",
  ]

  @Test func labelsAreCountsOfCompletions() throws {
    let result = try Program.run(Self.arguments + ["--format", "jsonl"])
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 2)
    let first = try #require(lines.first)
    let labelled = try Program.Result(status: 0, output: first, errors: "")
      .json(Labelled.self)
    #expect(labelled.solutions.count == 2)
    for solution in labelled.solutions {
      #expect(!solution.steps.isEmpty)
      for step in solution.steps {
        let (right, count) = (try #require(step.right), try #require(step.completions))
        #expect([1, 4].contains(count))
        #expect(step.soft == Double(right) / Double(count))
        #expect(step.hard == (right > 0 ? 1 : 0))
      }
      // A right solution can be reached from each of its steps.
      if solution.isRight { #expect(solution.steps.allSatisfy { $0.omega == 1 }) }
    }
    #expect(lines.last?.contains(#""spent""#) == true)
    // The same again, to the byte.
    #expect(try Program.run(Self.arguments + ["--format", "jsonl"]).output == result.output)
  }

  @Test func textShowsStepsAndWhatTheyCost() throws {
    let result = try Program.run(Self.arguments + ["--method", "shepherd"])
    #expect(result.status == 0)
    #expect(result.output.contains("solution 1: "))
    #expect(result.output.contains("c/N"))
    #expect(!result.output.contains("omega"))
    #expect(result.output.contains("tokens sampled: "))
  }

  @Test func whatIsToBeLabelledMustBeSaid() throws {
    try Program.expectFailure(
      ["label"], status: 64, saying: "Give one of --problem ID, --family NAME|all")
    try Program.expectFailure(
      ["label", "--problem", "apples", "--reference", "-1"], status: 64, saying: "--reference")
  }
}
