import Engine
import Foundation
import Testing

@testable import EngineFixtures

/// `info`, `tokenize`, `models` and what they say when something is wrong.
@Suite struct ModelCommandTests {
  private struct Info: Decodable, Equatable {
    var architecture: String
    var parameters: Int
    var layers: Int
    var contextLength: Int
    var vocabularySize: Int
    var tokenizer: String
    var fileType: String
    var sha256: String
  }

  private struct Tokens: Decodable, Equatable {
    var ids: [Int]
    var pieces: [String]
  }

  private struct Model: Decodable, Equatable {
    var name: String
    var parameters: Int
    var fileType: String
    var bytes: Int
    var `default`: Bool
  }

  private let vocabulary = Program.fixtures.appending(path: "Tokenizer/bpe.gguf").path

  @Test func info() throws {
    let result = try Program.run(["info", "--model", Program.model("f32-mha-tied")])
    #expect(result.status == 0)
    #expect(result.errors == "")
    let info = try result.json(Info.self)
    #expect(info.architecture == "llama")
    #expect(info.layers == 2)
    #expect(info.contextLength == 128)
    #expect(info.vocabularySize == 133)
    #expect(info.tokenizer == "gpt2")
    #expect(info.fileType == "F32")
    #expect(info.parameters == 22_336)
    #expect(info.sha256.count == 64)
    let text = try Program.run(
      ["info", "--format", "text", "--model", Program.model("f32-mha-tied")])
    #expect(text.output.contains(info.sha256))
  }

  @Test func tokenize() throws {
    func tokens(_ arguments: [String], input: Data = Data()) throws -> Tokens {
      try Program.run(["tokenize", "--model", vocabulary] + arguments, input: input)
        .json(Tokens.self)
    }
    #expect(
      try tokens(["a<|end|>", "--special", "parse"])
        == Tokens(ids: [1, 66, 0], pieces: ["<|begin|>", "a", "<|end|>"]))
    #expect(try tokens(["a<|end|>", "--special", "add"]).ids.prefix(2) == [1, 66])
    #expect(try tokens(["a<|end|>"]).pieces.joined() == "a<|end|>")
    #expect(try tokens([""]) == Tokens(ids: [], pieces: []))
    // A file may hold any bytes; - is standard input.
    let malformed = Data([0x61, 0xFF, 0x00])
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "text")
    try malformed.write(to: file)
    let fromFile = try tokens(["--file", file.path])
    #expect(fromFile.ids.count == 3)
    #expect(fromFile.pieces == ["a", "\u{FFFD}", "\0"])
    #expect(try tokens(["--file", "-"], input: malformed) == fromFile)
  }

  private struct Reference: Decodable {
    var ids: [Int]
    var positions: [Int]
    var logits: [[Double]]
  }

  private struct Logits: Decodable {
    var logits: [[Double]]
  }

  @Test func logits() throws {
    let file = Program.fixtures.appending(path: "Models/f32-gqa-untied.json")
    let reference = try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
    let ids = reference.ids.map(String.init).joined(separator: ",")
    func logits(_ arguments: String...) throws -> [[Double]] {
      let model = ["logits", "--model", Program.model("f32-gqa-untied"), "--ids", ids]
      let result = try Program.run(model + arguments)
      #expect(result.status == 0)
      #expect(result.errors == "")
      return try result.json(Logits.self).logits
    }
    let all = try logits("--all", "--kv", "f32", "--threads", "1")
    #expect(all.count == reference.ids.count)
    let largest = reference.logits.joined().map(abs).max() ?? 0
    for (position, expected) in zip(reference.positions, reference.logits) {
      let error = zip(all[position], expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(all[position].count == expected.count)
      #expect(error <= 1e-4 * largest)
    }
    // The last row alone is the same to the bit, on any number of threads.
    #expect(try logits("--kv", "f32", "--threads", "2") == [all[all.count - 1]])
    #expect(try logits("--kv", "f16") != [all[all.count - 1]])
  }

  @Test func badTokenIDs() throws {
    let model = Program.model("f32-gqa-untied")
    for (ids, fragment) in [
      ("1,x", "'x'"), ("", "--ids"), ("1,,2", "''"), ("133", "133"), ("-1", "-1"),
    ] {
      try Program.expectFailure(
        ["logits", "--model", model, "--ids=\(ids)"], status: 64, saying: fragment)
    }
    let long = Array(repeating: "1", count: 129).joined(separator: ",")
    try Program.expectFailure(
      ["logits", "--model", model, "--ids", long], status: 65, saying: "129")
  }

  @Test func models() throws {
    let home = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: home) }
    let folder = home.appending(path: "Samples/Models")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let environment = ["PONDER_HOME": home.path]
    try Program.expectFailure(
      ["info"], status: 66, saying: "--model", environment: environment)
    for name in ["f16-gqa-tied", "q8_0-mha-untied"] {
      try FileManager.default.copyItem(
        atPath: Program.model(name), toPath: folder.appending(path: "\(name).gguf").path)
    }
    func list() throws -> [Model] {
      try Program.run(["models", "--format", "json"], environment: environment)
        .json([Model].self)
    }
    #expect(try list().map(\.name) == ["f16-gqa-tied", "q8_0-mha-untied"])
    #expect(try list().map(\.fileType) == ["F16", "Q8_0"])
    #expect(try list().map(\.default) == [true, false])
    let type = try Program.run(["info"], environment: environment).json(Info.self).fileType
    #expect(type == "F16")
    // The default can be named.
    try Data("q8_0-mha-untied.gguf\n".utf8).write(to: folder.appending(path: "default.txt"))
    #expect(try list().map(\.default) == [false, true])
    let text = try Program.run(["models"], environment: environment).output
    #expect(text.split(separator: "\n").count == 2)
    #expect(text.contains("* "))
  }

  private struct Member: Decodable {
    var name: String
    var shortName, size, stage: String?
    var tokensSeen: Int?
    var `default`: Bool
    var checkpoints: [Member]?
  }

  /// Sizes on a line each, checkpoints below them, other files last; all by their short names.
  @Test func family() throws {
    let home = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: home) }
    let folder = home.appending(path: "Samples/Models")
    let checkpoints = folder.appending(path: "checkpoints")
    try FileManager.default.createDirectory(at: checkpoints, withIntermediateDirectories: true)
    func write(
      _ name: String, _ size: String, _ stage: String, _ millions: UInt64, in folder: URL
    ) throws {
      try PlaygroundModel.write(
        to: folder, name: "\(name).gguf",
        metadata: [
          "general.basename": .string("Ponder"), "general.finetune": .string(stage),
          "general.size_label": .string(size), "ponder.tokens_seen": .uint64(millions * 1_000_000),
        ])
    }
    try write("ponder-base-2m.F16", "2M", "base", 39, in: folder)
    try write("ponder-base-0.4m.F16", "0.4M", "base", 39, in: folder)
    try write("ponder-think-2m.F16", "2M", "think", 42, in: folder)
    try write("ponder-base-2m-at-8M.F16", "2M", "base", 8, in: checkpoints)
    try write("ponder-base-2m-at-16M.F16", "2M", "base", 16, in: checkpoints)
    try FileManager.default.copyItem(
      atPath: Program.model("f16-gqa-tied"), toPath: folder.appending(path: "a.gguf").path)
    try Data("ponder-base-2m.F16.gguf\n".utf8).write(to: folder.appending(path: "default.txt"))
    let environment = ["PONDER_HOME": home.path]
    let models = try Program.run(["models", "--format", "json"], environment: environment)
      .json([Member].self)
    // The sizes of equal weights stand in the order of their labels.
    #expect(models.map(\.shortName) == ["0.4m", "2m", "2m-think", nil])
    #expect(models.map(\.default) == [false, true, false, false])
    #expect(models.map(\.tokensSeen) == [39_000_000, 39_000_000, 42_000_000, nil])
    #expect(models[1].checkpoints?.map(\.shortName) == ["2m@8M", "2m@16M"])
    #expect(models[0].checkpoints == nil)
    #expect(models[3].name == "a")
    let text = try Program.run(["models"], environment: environment).output
    let lines = text.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[1].hasPrefix("*  2m "))
    #expect(lines[1].hasSuffix("base"))
    #expect(lines[2] == "       2m@8M  2m@16M")
    #expect(lines[3].hasSuffix("thinks between tags"))
    for name in ["0.4m", "2m@8M", "think", "a", "ponder-base-2m-at-16M.F16"] {
      let result = try Program.run(["tokenize", "--model", name, "a"], environment: environment)
      #expect(result.status == 0, "\(name): \(result.errors)")
    }
    try Program.expectFailure(
      ["info", "--model", "7m"], status: 66,
      saying: "0.4m, 2m, 2m@8M, 2m@16M, 2m-think, think", environment: environment)
  }

  @Test func failures() throws {
    try Program.expectFailure(["frobnicate"], status: 64, saying: "frobnicate")
    try Program.expectFailure(["info", "--bogus"], status: 64, saying: "--bogus")
    try Program.expectFailure(["tokenize"], status: 64, saying: "--file")
    try Program.expectFailure(["info", "--threads", "0"], status: 64, saying: "--threads")
    try Program.expectFailure(
      ["info", "--model", "/no/such.gguf"], status: 66, saying: "/no/such.gguf")
    try Program.expectFailure(
      ["tokenize", "--model", vocabulary, "--file", "/no/such"], status: 66, saying: "/no/such")
    try Program.expectFailure(
      ["info", "--model", #filePath], status: 65, saying: "not a GGUF file")
    try Program.expectFailure(
      ["info"], status: 66, saying: "PONDER_HOME", environment: ["PONDER_HOME": "/no/such"])
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let whole = try Data(contentsOf: URL(fileURLWithPath: Program.model("f32-mha-tied")))
    let torn = folder.appending(path: "torn\n.gguf")
    try whole.prefix(whole.count / 2).write(to: torn)
    try Program.expectFailure(["info", "--model", torn.path], status: 65, saying: "ends too early")
  }

  @Test func helpIsNoError() throws {
    for arguments in [["--help"], ["help", "tokenize"], ["info", "--help"]] {
      let result = try Program.run(arguments)
      #expect(result.status == 0)
      #expect(result.errors == "")
      #expect(result.output.contains("USAGE"))
    }
  }
}
