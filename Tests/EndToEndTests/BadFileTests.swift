import Foundation
import Testing

/// Files that are not what they should be, on the command line.
@Suite struct BadFileTests {
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  @Test(arguments: ["info", "tokenize x", "logits --ids 1", "run --prompt x", "eval --family coin"])
  func models(_ command: String) throws {
    let words = command.split(separator: " ").map(String.init)
    try withFolder { folder in
      let whole = try Data(contentsOf: URL(fileURLWithPath: Program.model("q8_0-gqa-tied")))
      let path = folder.appending(path: "broken.gguf").path
      func refuse(_ content: Data, saying fragment: String) throws {
        try content.write(to: URL(fileURLWithPath: path))
        try Program.expectFailure(words + ["--model", path], status: 65, saying: fragment)
      }
      // Torn in the tensors, in the metadata, in the first number; nothing; another format.
      for length in [whole.count - 1, whole.count / 2, 200, 6] {
        try refuse(whole.prefix(length), saying: "ends too early")
      }
      try refuse(Data(), saying: "not a GGUF file")
      try refuse(Data(repeating: 0x5A, count: 10_000), saying: "not a GGUF file")
      try Program.expectFailure(
        words + ["--model", folder.path], status: 66, saying: "regular file")
      try Program.expectFailure(
        words + ["--model", folder.path + "/none"], status: 66, saying: "none")
    }
  }

  @Test func traces() throws {
    try withFolder { folder in
      let trace = folder.appending(path: "trace.jsonl")
      let run = try Program.run([
        "run", "--model", Program.model("q8_0-gqa-tied"), "--prompt", "abc", "--max-tokens", "9",
        "--trace", trace.path,
      ])
      #expect(run.status == 0)
      #expect(run.errors == "")
      let whole = try Data(contentsOf: trace)
      let lines = try Program.run(["replay", trace.path, "--format", "jsonl"])
      #expect(Data(lines.output.utf8) == whole)
      #expect(lines.errors == "")
      // A torn trace gives what is there, and says so.
      try whole.dropLast(20).write(to: trace)
      let torn = try Program.run(["replay", trace.path, "--format", "jsonl"])
      #expect(torn.status == 0)
      #expect(lines.output.hasPrefix(torn.output))
      #expect(torn.output != "")
      #expect(torn.output.last == "\n")
      #expect(torn.errors.contains("torn"))
      try Data("{\"a\":1}\nnot a trace\n".utf8).write(to: trace)
      try Program.expectFailure(["replay", trace.path], status: 65, saying: "trace.jsonl")
      try Program.expectFailure(["replay", folder.path], status: 66, saying: "a folder")
      try Program.expectFailure(["replay", "/no/such"], status: 66, saying: "/no/such")
    }
  }

  @Test func problems() throws {
    try withFolder { folder in
      let file = folder.appending(path: "problems.jsonl")
      let arguments = [
        "eval", "--model", Program.model("q8_0-gqa-tied"), "--problems", file.path,
      ]
      try Program.expectFailure(arguments, status: 66, saying: "problems.jsonl")
      try Data("{\"question\":\"a\"}\n".utf8).write(to: file)
      try Program.expectFailure(arguments, status: 65, saying: "problems.jsonl:1")
      try Data().write(to: file)
      try Program.expectFailure(arguments, status: 65, saying: "problems.jsonl")
    }
  }
}
