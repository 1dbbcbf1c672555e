import Engine
import Foundation
import Testing

/// `info` of several files, models of other programs, and what `pull` refuses.
@Suite struct StoreCommandTests {
  private struct Facts: Decodable {
    struct Memory: Decodable {
      var context, weights, cache, total: Int
      var states: Int?
    }
    var file: String
    var runs: Bool
    var obstacles: [String]
    var warnings: [String]
    var fileType: String
    var sha256: String?
    var memory: Memory?
  }

  private struct Listed: Decodable {
    var name: String
    var store: String?
    var runs: Bool?
    var obstacle: String?
    var fileType: String
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  /// A fixture that claims another architecture.
  private func foreign(in folder: URL) throws -> String {
    let file = try GGUFFile(path: Program.model("f32-mha-tied"))
    var writer = GGUFWriter()
    for key in file.metadata.keys {
      if let value = file.metadata[key] { writer.set(key, to: value) }
    }
    writer.set("general.architecture", to: .string("xlstm"))
    try writer.add(
      tensor: "token_embd.weight", shape: [4, 5], values: .init(repeating: 0, count: 20))
    let path = folder.appending(path: "foreign.gguf").path
    try writer.write(to: path)
    return path
  }

  @Test("info tells of one file that does not run what it knows, and fails with the reason")
  func oneThatDoesNotRun() throws {
    try withFolder { folder in
      let path = try foreign(in: folder)
      let text = try Program.run(["info", path])
      #expect(text.status == 65)
      #expect(text.output.contains("runs             no\n"))
      #expect(text.errors.contains("\"xlstm\""))
      #expect(text.errors.filter { $0 == "\n" }.count == 1)
      let json = try Program.run(["info", "--model", path])
      let facts = try json.json(Facts.self)
      #expect(!facts.runs)
      #expect(facts.obstacles.count == 1)
      #expect(facts.memory == nil)
    }
  }

  @Test("info makes a table of several files, broken ones among them")
  func several() throws {
    try withFolder { folder in
      let broken = folder.appending(path: "broken.gguf")
      try Data("GGUF".utf8).write(to: broken)
      let files = [
        Program.model("q8_0-gqa-tied"), try foreign(in: folder), broken.path,
        Program.model("gemma3"),
      ]
      let table = try Program.run(["info"] + files)
      #expect(table.status == 65)
      #expect(table.errors.contains("2 of 4"))
      let lines = table.output.split(separator: "\n")
      #expect(lines[0].hasPrefix("MODEL"))
      #expect(lines[1].hasSuffix("yes"))
      #expect(lines[2].hasSuffix("no"))
      #expect(lines[3].hasSuffix("no"))
      #expect(lines[4].hasSuffix("yes"))
      #expect(table.output.contains("foreign: The model has the architecture \"xlstm\""))
      let facts = try Program.run(["info", "--format", "json"] + files).json([Facts].self)
      #expect(facts.map(\.runs) == [true, false, false, true])
      #expect(facts.map(\.file) == files)
    }
  }

  @Test("Memory grows with the context, and with the precision of keys and values")
  func memory() throws {
    func memory(_ more: String...) throws -> Facts.Memory {
      let result = try Program.run(["info", "--model", Program.model("f16-gqa-tied")] + more)
      return try #require(try result.json(Facts.self).memory)
    }
    let usual = try memory()
    #expect(usual.total == usual.weights + usual.cache)
    let short = try memory("--context", "32")
    #expect(short.context == 32)
    #expect(short.cache < usual.cache)
    #expect(try memory("--context", "32", "--kv", "f32").cache > short.cache)
    try Program.expectFailure(["info", "--context", "0"], status: 64, saying: "--context")
  }

  @Test("The states of recurrent layers are counted, in words and as JSON")
  func states() throws {
    let path = Program.model("qwen35")
    let memory = try #require(
      try Program.run(["info", "--model", path]).json(Facts.self).memory)
    let states = try #require(memory.states)
    #expect(states > 0)
    #expect(memory.total == memory.weights + memory.cache + states)
    #expect(try Program.run(["info", path]).output.contains(" for their states\n"))
    #expect(try !Program.run(["info", Program.model("qwen3")]).output.contains("states"))
  }

  @Test("Metadata that nothing reads is a warning of info, in words and as JSON")
  func unheardMetadata() throws {
    try withFolder { folder in
      let file = try GGUFFile(path: Program.model("f32-mha-tied"))
      var writer = GGUFWriter()
      for key in file.metadata.keys {
        if let value = file.metadata[key] { writer.set(key, to: value) }
      }
      writer.set("llama.flux", to: .uint32(3))
      for tensor in file.tensors {
        try writer.add(
          tensor: tensor.name, shape: tensor.shape,
          values: .init(repeating: 0, count: tensor.shape.reduce(1, *)))
      }
      let path = folder.appending(path: "flux.gguf").path
      try writer.write(to: path)
      let facts = try Program.run(["info", "--model", path]).json(Facts.self)
      #expect(facts.runs)
      #expect(facts.warnings == ["Metadata that nothing here reads: llama.flux."])
      let text = try Program.run(["info", path])
      #expect(text.errors.contains("llama.flux"))
    }
  }

  @Test("A model of another program is listed and opened by its name")
  func otherPrograms() throws {
    try withFolder { folder in
      let snapshot = folder.appending(
        path: "models--user--repo/snapshots/\(String(repeating: "a", count: 40))")
      try FileManager.default.createDirectory(at: snapshot, withIntermediateDirectories: true)
      for (from, to) in [
        (Program.model("q8_0-gqa-tied"), "tiny-Q8_0.gguf"), (try foreign(in: folder), "b-F32.gguf"),
      ] {
        try FileManager.default.copyItem(atPath: from, toPath: snapshot.appending(path: to).path)
      }
      let environment = ["HF_HUB_CACHE": folder.path, "XDG_CACHE_HOME": folder.path]
      // The second time from what the first has remembered.
      for _ in 0..<2 {
        let listed = try Program.run(["models", "--format", "json"], environment: environment)
          .json([Listed].self).filter { $0.store != nil }
        #expect(listed.map(\.name) == ["hf:user/repo:F32", "hf:user/repo:Q8_0"])
        #expect(listed.map(\.runs) == [false, true])
        #expect(listed.map(\.fileType) == ["F32", "Q8_0"])
        #expect(listed[0].obstacle?.contains("xlstm") == true)
      }
      for name in ["hf:user/repo", "hf:user/repo:q8_0", "hf:user/repo/tiny-Q8_0.gguf"] {
        let result = try Program.run(["info", "--model", name], environment: environment)
        #expect(try result.json(Facts.self).file.hasSuffix("tiny-Q8_0.gguf"))
      }
      try Program.expectFailure(
        ["info", "--model", "hf:user/other"], status: 66, saying: "ponder pull hf:user/other",
        environment: environment)
      try Program.expectFailure(
        ["info", "--model", "ollama:none"], status: 66, saying: "not on this machine",
        environment: environment)
      try Program.expectFailure(
        ["info", "--model", "hf:../x"], status: 64, saying: "hf:USER", environment: environment)
    }
  }

  @Test("What names nothing that can be fetched is refused before the network is used")
  func refusedPulls() throws {
    for name in ["ollama:qwen3", "hf:user", "hf:../x", "model", "/a/b.gguf"] {
      try Program.expectFailure(["pull", name], status: 64, saying: "hf:USER")
    }
    try Program.expectFailure(["pull"], status: 64, saying: "name")
  }
}
