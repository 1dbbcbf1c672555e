import Engine
import Foundation
import Testing

@testable import EngineFixtures

/// `--template`, and what `info` tells of a model's own template.
@Suite struct ChatTemplateCommandTests {
  private struct Info: Decodable {
    var chatTemplate: String
    var thinkingTags: [String]?
  }

  private static let phi =
    "{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{{ '<|assistant|>\n' }}"

  /// The prompt that a run begins with.
  private func prompt(_ path: String, _ arguments: [String]) throws -> (tokens: Int, text: String) {
    let result = try Program.run(
      ["run", "--model", path, "--format", "jsonl", "--max-tokens", "2"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors == "")
    for line in result.output.split(separator: "\n") {
      let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard event?["event"] as? String == "injected", event?["role"] as? String == "prompt",
        let text = event?["text"] as? String, let tokens = event?["tokens"] as? [Int]
      else { continue }
      return (tokens.count, text)
    }
    Issue.record("There is no prompt in the trace.")
    return (0, "")
  }

  @Test func theModelsOwnTemplate() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try PlaygroundModel.write(
      to: folder, metadata: ["tokenizer.chat_template": .string(Self.phi)])
    let info = try Program.run(["info", "--model", path]).json(Info.self)
    #expect(info.chatTemplate == "phi-3")
    // The vocabulary has them, whatever the template says.
    #expect(info.thinkingTags == ["<think>", "</think>"])
    // Of the template's tokens this vocabulary has the end; the others are spelled.
    let asked = try prompt(path, ["--question", "2 + 2?"])
    #expect(asked.text == "<|user|>\n2 + 2?<|assistant|>\n")
    #expect(try prompt(path, ["--question", "2 + 2?", "--template", "phi-3"]) == asked)
    #expect(
      try prompt(path, ["--question", "2 + 2?", "--template", "none"]).text == "Q: 2 + 2?\nA:")
    #expect(try prompt(path, ["--prompt", "2 + 2?"]).text == "2 + 2?")
    #expect(
      try prompt(path, ["--question", "2?", "--prompting", "think"]).text
        == "<|user|>\n2?\nLet's think step by step.<|assistant|>\n")
  }

  @Test func oneThatIsNotKnown() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try PlaygroundModel.write(
      to: folder, metadata: ["tokenizer.chat_template": .string("{{ messages | own }}")])
    #expect(
      try Program.run(["info", "--model", path]).json(Info.self).chatTemplate == "unknown")
    let run = ["run", "--model", path, "--max-tokens", "2"]
    let warned = try Program.run(run + ["--question", "2 + 2?"])
    #expect(warned.status == 0)
    #expect(warned.errors.contains("raw text"))
    #expect(warned.errors.filter { $0 == "\n" }.count == 1)
    #expect(warned.errors.contains("chatml"))
    #expect(try Program.run(run + ["--prompt", "2 + 2?"]).errors == "")
    #expect(try Program.run(run + ["--question", "2?", "--template", "gemma"]).errors == "")
    try Program.expectFailure(
      run + ["--question", "2?", "--template", "jinja"], status: 64, saying: "mistral-tekken")
  }

  @Test func theBundledModelsHaveNone() throws {
    #expect(try Program.run(["info"]).json(Info.self).chatTemplate == "none")
    let thinks = try Program.run(["info", "--model", "think"]).json(Info.self)
    #expect(thinks.thinkingTags == ["<think>", "</think>"])
  }
}
