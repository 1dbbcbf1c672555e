import Foundation
import Testing

/// `ponder vote`: samples of other programs.
@Suite struct VoteCommandTests {
  private func vote(_ lines: [String], _ arguments: String...) throws -> Program.Result {
    try Program.run(
      ["vote", "-"] + arguments, input: Data(lines.map { $0 + "\n" }.joined().utf8))
  }

  private static let searched = [
    #"{"problem": "3 + 5?", "answer": "8", "completions": ["\\boxed{7}", "\\boxed{7}", "\\boxed{8}"], "scores": [[0.1], [0.2], [0.8]]}"#,
    #"{"problem": "1 + 1?", "answer": "2", "completions": ["\\boxed{2}", "I do not know."], "scores": [[0.5], [0.5]]}"#,
  ]

  @Test func everyWayOfVotingIsGraded() throws {
    let result = try vote(Self.searched, "--each")
    #expect(result.status == 0)
    #expect(result.errors == "")
    let output = result.output
    #expect(output.hasPrefix("search-and-learn: 2 questions, 5 samples, 1 without an answer"))
    #expect(output.contains("3 + 5?   right is 8"))
    #expect(output.contains("7 2, 8 1 ✓"))
    // 8 has .8 of 1.1.
    #expect(output.contains("8 0.727 ✓, 7 0.273"))
    #expect(output.contains("majority              0.500  [0.095, 0.905]          2"))
    #expect(output.contains("weighted by scores    1.000"))
    #expect(output.contains("any sample is right"))
  }

  @Test func linesOfJSONTellEverything() throws {
    let result = try vote(Self.searched, "--format", "jsonl")
    #expect(
      result.output.split(separator: "\n").first
        == #"{"answers":["7","7","8"],"correct":[false,false,true],"gold":"8","line":1,"votes":{"majority":[{"answer":"7","weight":2},{"answer":"8","weight":1}],"verifier":[{"answer":"7","weight":0.30000000000000004},{"answer":"8","weight":0.8}]},"winners":{"majority":"7","verifier":"8"}}"#
    )
  }

  @Test func badLinesAreNamedAndCounted() throws {
    let result = try vote(["nonsense"] + Self.searched + [#"{"a": 1}"#])
    #expect(result.status == 65)
    #expect(result.output.contains("2 bad lines"))
    let errors = result.errors.split(separator: "\n")
    #expect(errors.count == 2)
    #expect(errors.first?.hasPrefix("ponder: standard input:1: ") == true)
    #expect(errors.last?.hasPrefix("ponder: standard input:4: ") == true)
  }

  @Test func withoutARightAnswerNothingIsGraded() throws {
    let result = try vote([#"{"choices": [{"text": "It is 8."}, {"text": "8"}]}"#])
    #expect(result.status == 0)
    #expect(result.output.contains("8 2"))
    #expect(result.output.contains("nothing is graded"))
  }

  @Test func refusals() throws {
    try Program.expectFailure(["vote", "/no/such.jsonl"], status: 66, saying: "no file")
    try Program.expectFailure(["vote"], status: 64, saying: "file")
    let empty = try vote([])
    #expect(empty.status == 65)
    #expect(empty.errors.contains("empty"))
  }
}
