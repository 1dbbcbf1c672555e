import Engine
import Foundation
import Testing

@testable import EngineFixtures

/// `--template`, and what `info` tells of a model's own template.
@Suite struct ChatTemplateCommandTests {
  private struct Info: Decodable {
    var chatTemplate: String
    var thinking: String?
    var thinkingTags: [String]?
  }

  private static let phi =
    "{% for message in messages %}{{'<|' + message['role'] + '|>\n' + message['content']"
    + " + '<|end|>\n'}}{% endfor %}{{ '<|assistant|>\n' }}"
    + "{% if enable_thinking is false %}{{ '</think>' }}{% endif %}"

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
    #expect(info.thinking == "thinks unless it is off")
    // Of the template's tokens this vocabulary has the end; the others are spelled.
    let asked = try prompt(path, ["--question", "2 + 2?"])
    #expect(asked.text == "<|user|>\n2 + 2?\n<|assistant|>\n")
    #expect(
      try prompt(path, ["--question", "2?", "--thinking", "off"]).text
        == "<|user|>\n2?\n<|assistant|>\n</think>")
    #expect(
      try prompt(path, ["--question", "2?", "--system", "Be brief."]).text
        == "<|system|>\nBe brief.\n<|user|>\n2?\n<|assistant|>\n")
    let told = try Program.run([
      "template", "--model", path, "--message", "user=a<|end|>", "--format", "json",
    ]).json(Written.self)
    #expect(told.text == "<|user|>\na<|end|><|end|>\n<|assistant|>\n")
    #expect(told.parts.filter(\.isInput).map(\.text) == ["a<|end|>"])
    #expect(told.ids?.isEmpty == false)
    #expect(try prompt(path, ["--question", "2 + 2?", "--template", "phi-3"]) == asked)
    #expect(
      try prompt(path, ["--question", "2 + 2?", "--template", "none"]).text == "Q: 2 + 2?\nA:")
    #expect(try prompt(path, ["--prompt", "2 + 2?"]).text == "2 + 2?")
    #expect(
      try prompt(path, ["--question", "2?", "--prompting", "think"]).text
        == "<|user|>\n2?\nLet's think step by step.\n<|assistant|>\n")
  }

  private struct Written: Decodable {
    struct Part: Decodable {
      var text: String
      var isInput: Bool
    }

    var text: String
    var parts: [Part]
    var ids: [Int]?
  }

  @Test func aFileOfOnesOwn() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try PlaygroundModel.write(to: folder)
    let file = folder.appending(path: "mine.jinja").path
    try "Q: {{ messages[-1].content }}\nA:".write(
      toFile: file, atomically: true, encoding: .utf8)
    #expect(try prompt(path, ["--question", "2?", "--template", file]).text == "Q: 2?\nA:")
    let shown = try Program.run([
      "template", file, "--message", "user=a", "--message", "assistant=b", "--message", "user=c",
    ])
    #expect(shown.output == "Q: c\nA:\n")
    let run = ["run", "--model", path, "--max-tokens", "2", "--question", "2?"]
    try Program.expectFailure(run + ["--thinking", "on"], status: 64, saying: "--thinking")
    try Program.expectFailure(run + ["--system", "S"], status: 64, saying: "--system")
    try Program.expectFailure(
      run + ["--template", file, "--thinking", "on"], status: 64, saying: "thinking")
    try Program.expectFailure(
      run + ["--template", file + "x"], status: 66, saying: "mine.jinjax")
    try "a\n{{ 1 + }}".write(toFile: file, atomically: true, encoding: .utf8)
    try Program.expectFailure(run + ["--template", file], status: 65, saying: "line 2")
    try Program.expectFailure(["template", file], status: 65, saying: "line 2")
  }

  @Test func oneThatIsNoProgram() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try PlaygroundModel.write(
      to: folder, metadata: ["tokenizer.chat_template": .string("{{ messages | own }}")])
    #expect(
      try Program.run(["info", "--model", path]).json(Info.self).chatTemplate.contains("“own”"))
    let run = ["run", "--model", path, "--max-tokens", "2"]
    // Nothing else is sent in its place.
    try Program.expectFailure(run + ["--question", "2 + 2?"], status: 65, saying: "line 1")
    try Program.expectFailure(
      ["eval", "--model", path, "--family", "compare", "--count", "1", "--max-tokens", "2"],
      status: 65,
      saying: "line 1")
    #expect(try Program.run(run + ["--question", "2?", "--template", "none"]).errors == "")
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
