import Foundation
import Testing

/// `ponder grade`, as scripts use it.
@Suite struct GradeCommandTests {
  private func grade(_ lines: [String], _ arguments: String...) throws -> Program.Result {
    try Program.run(
      ["grade", "-"] + arguments, input: Data(lines.map { $0 + "\n" }.joined().utf8))
  }

  @Test func gradesEveryLine() throws {
    let result = try grade(
      [
        #"{"gold": "2√3", "text": "\\boxed{\\sqrt{12}}", "id": "a"}"#,
        #"{"gold": 123456789012345678901234567890123456789012345, "text": "The answer is 123456789012345678901234567890123456789012346.", "id": 7}"#,
        #"{"gold": 5, "text": "We try 5. \\boxed{\\text{no solution}}"}"#,
        #"{"gold": "true", "text": "The answer is yes.", "kind": "yes_no"}"#,
      ], "--format", "jsonl")
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(
      result.output.split(separator: "\n") == [
        #"{"answer":"2√3","correct":true,"id":"a"}"#,
        #"{"answer":"123456789012345678901234567890123456789012346","correct":false,"id":7}"#,
        #"{"answer":null,"correct":false}"#, #"{"answer":"yes","correct":true}"#,
      ])
  }

  @Test func aSummarySaysWhereOthersDisagree() throws {
    let result = try grade([
      #"{"gold": "8", "text": "Answer: 8", "correct": true}"#,
      #"{"gold": "8", "text": "Answer: 9", "correct": true, "id": "odd"}"#,
      #"{"gold": "8", "text": "no idea", "correct": false}"#,
    ])
    #expect(result.status == 0)
    #expect(result.output.contains("3 texts"))
    #expect(result.output.contains("right     1"))
    #expect(result.output.contains("unparsed  1"))
    #expect(result.output.contains("agrees in 2 of 3"))
    #expect(result.output.contains(#"line 2, "odd": says 9, right is 8; graded wrong"#))
  }

  @Test func badLinesAreNamedAndLeftOut() throws {
    let result = try grade(
      [
        "nonsense", #"{"text": "5"}"#, #"{"gold": 5, "text": 5}"#, #"{"gold": [5], "text": "5"}"#,
        #"{"gold": 5, "text": "5", "kind": "pear"}"#, "", #"{"gold": "5", "text": "5"}"#,
      ], "--format", "jsonl")
    #expect(result.status == 65)
    #expect(result.output == "{\"answer\":\"5\",\"correct\":true}\n")
    let errors = result.errors.split(separator: "\n")
    #expect(errors.count == 5)
    #expect(errors.allSatisfy { $0.hasPrefix("ponder: standard input:") })
    #expect(errors[1].contains(":2: “gold” is missing"))
    #expect(errors[4].contains("yes_no"))
  }

  @Test func refusals() throws {
    try Program.expectFailure(["grade", "/no/such.jsonl"], status: 66, saying: "no file")
    try Program.expectFailure(["grade"], status: 64, saying: "file")
    let nothing = try grade([])
    #expect(nothing.status == 65)
  }

  @Test func theCasesOfTheTestsAgree() throws {
    let file = Program.fixtures.appending(path: "answers.jsonl")
    let count = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").count
    let result = try Program.run(["grade", file.path])
    #expect(result.status == 0)
    #expect(result.output.contains("agrees in \(count) of \(count)."))
  }
}
