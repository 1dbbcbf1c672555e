import Foundation
import Testing

/// `ponder sample` and what `ponder curriculum` makes of its file.
@Suite struct SampleCommandTests {
  private func arguments(_ file: URL, _ more: String...) -> [String] {
    [
      "sample", "--model", "0.2m", "--family", "coin,letters", "--count", "3", "--samples", "4",
      "--seed", "5", "--output", file.path,
    ] + more
  }

  private struct Line: Decodable {
    var problem: String
    var completions: [String]
    var correct: [Bool]
    var logProbabilities: [Double]
  }

  private func lines(_ data: Data) throws -> [Line] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try data.split(separator: 0x0A).map { try decoder.decode(Line.self, from: $0) }
  }

  /// What is cut off in the middle of a line goes on to the same bytes.
  @Test func anInterruptedFileIsGoneOnWith() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (file, other) = (folder.appending(path: "a.jsonl"), folder.appending(path: "b.jsonl"))
    #expect(try Program.run(arguments(file)).status == 0)
    let whole = try Data(contentsOf: file)
    let read = try lines(whole)
    #expect(read.count == 6)
    #expect(read.allSatisfy { $0.problem.contains(".train/5/") })
    #expect(read.allSatisfy { $0.completions.count == 4 })
    #expect(read.allSatisfy { $0.correct.count == 4 })
    #expect(read.allSatisfy { $0.logProbabilities.allSatisfy { $0 < 0 } })

    let part = folder.appending(path: "b.jsonl.part")
    try whole.prefix(whole.count * 2 / 5).write(to: part)
    #expect(try Program.run(arguments(other, "--threads", "1")).status == 0)
    #expect(try Data(contentsOf: other) == whole)
    #expect(!FileManager.default.fileExists(atPath: part.path))

    // Neither what is there nor what others have begun is overwritten.
    try Program.expectFailure(arguments(file), status: 64, saying: "is there already")
    try whole.prefix(whole.count / 2).write(to: folder.appending(path: "c.jsonl.part"))
    try Program.expectFailure(
      arguments(folder.appending(path: "c.jsonl"), "--temperature", "0.5"), status: 64,
      saying: "beginning of other samples")

    let documents = try Program.run([
      "curriculum", "--recipe", "judging", "--candidates", file.path, "--documents", "200",
    ])
    #expect(documents.status == 0)
    #expect(documents.errors.contains("24 solutions of 6 problems"))
    let said = Set(read.flatMap(\.completions).map { $0.trimmingCharacters(in: .whitespaces) })
    #expect(said.contains { documents.output.contains(" \($0)\"") })
  }

  @Test func whatIsNotForTrainingIsNotJudged() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "a.jsonl")
    try Data(#"{"problem": "coin/1/0", "solutions": ["The answer is yes."]}"#.utf8).write(to: file)
    try Program.expectFailure(
      ["curriculum", "--recipe", "judging", "--candidates", file.path], status: 65,
      saying: "training split")
    try Program.expectFailure(
      ["curriculum", "--candidates", folder.appending(path: "none").path], status: 66,
      saying: "none")
  }
}
