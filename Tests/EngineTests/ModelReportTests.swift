import Decoding
import Foundation
import Testing

@testable import Engine

/// What a check says of a file is what loading it would have shown.
@Suite struct ModelReportTests {
  private static let models = [
    "f16-gqa-tied", "f32-rope-factors", "gemma2", "gemma3", "llama-experts", "phi3-long",
    "q8_0-mha-untied", "qwen2", "qwen2moe", "qwen3", "qwen3moe",
  ]

  @Test("A model that runs takes the memory that the check counts", arguments: models)
  func memory(_ name: String) throws {
    let path = Fixture.path("Models/\(name).gguf")
    let report = try ModelLoader.check(path: path)
    #expect(report.obstacles == [])
    let model = try ModelLoader.load(path: path)
    #expect(report.weightBytes == model.memoryUse.weightBytes)
    _ = try model.distribution(after: [1, 2, 3])
    // A path of up to 32 tokens takes one block of the cache.
    #expect(report.cacheBytes(context: 3) == model.cacheBytesPerToken * KVLayout.positions)
    #expect(report.cacheBytes(context: 33) == 2 * model.cacheBytesPerToken * KVLayout.positions)
    #expect(report.contextLength == model.contextLength)
    #expect(report.vocabularySize == model.vocabulary.count)
  }

  @Test(
    "States are counted as a path of so many tokens leaves them",
    arguments: ["qwen35", "lfm2"], [3, 32, 33, 100])
  func states(_ name: String, _ context: Int) throws {
    let path = Fixture.path("Models/\(name).gguf")
    let report = try ModelLoader.check(path: path)
    let states = try #require(report.stateBytes(context: context))
    #expect(states > 0)
    let model = try ModelLoader.load(path: path)
    _ = try model.distribution(after: (0..<context).map { TokenID($0 % 7) })
    let cache = try #require(report.cacheBytes(context: context))
    #expect(model.memoryUse.cacheBytes == cache + states)
  }

  @Test("A model that looks back only has no states")
  func noStates() throws {
    let report = try ModelLoader.check(path: Fixture.path("Models/qwen3.gguf"))
    #expect(report.stateBytes(context: 100) == nil)
  }

  @Test("Metadata that nothing reads is told, and nothing else is")
  func unheardMetadata() throws {
    #expect(ModelReport(try changed()).warnings == [])
    let report = ModelReport(try changed(["llama.flux": .uint32(3), "llama.tide": .uint32(1)]))
    #expect(report.runs)
    #expect(report.warnings.count == 1)
    #expect(report.warnings.first?.hasSuffix("llama.flux, llama.tide.") == true)
  }

  @Test("Keys and values of 8 bits take less memory")
  func keyFormats() throws {
    let path = Fixture.path("Models/f16-gqa-tied.gguf")
    let bytes = try [KVFormat.f32, .f16, .q8_0].map {
      try ModelLoader.check(path: path, kvFormat: $0).cacheBytes(context: 1) ?? 0
    }
    #expect(bytes[0] > bytes[1])
    #expect(bytes[1] > bytes[2])
    #expect(bytes[2] > 0)
  }

  /// A fixture with other metadata, without some tensors, or with other formats in place of its own.
  private func changed(
    _ metadata: [String: GGUFValue] = [:], without dropped: String? = nil,
    formats: [String: TensorFormat] = [:]
  ) throws -> GGUFFile {
    let file = try GGUFFile(path: Fixture.path("Models/f32-mha-tied.gguf"))
    var writer = GGUFWriter()
    for key in file.metadata.keys {
      if let value = metadata[key] ?? file.metadata[key] { writer.set(key, to: value) }
    }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where file.metadata[key] == nil {
      writer.set(key, to: value)
    }
    for tensor in file.tensors where tensor.name != dropped {
      let format = formats[tensor.name] ?? tensor.format
      let size = try #require(format.byteCount(shape: tensor.shape))
      try writer.add(
        tensor: tensor.name, shape: tensor.shape, format: format,
        data: [UInt8](repeating: 0, count: size))
    }
    return try GGUFFile(bytes: writer.encoded())
  }

  @Test("An unknown architecture is told with what the file says of its shape")
  func unknownArchitecture() throws {
    let report = ModelReport(
      try changed([
        "general.architecture": .string("xlstm"), "xlstm.block_count": .uint32(7),
        "xlstm.context_length": .uint32(4096),
      ]))
    #expect(!report.runs)
    #expect(report.obstacles.count == 1)
    #expect(report.obstacles.first?.contains("\"xlstm\"") == true)
    #expect(report.layerCount == 7)
    #expect(report.contextLength == 4096)
    #expect(report.weightBytes == nil)
    #expect(report.cacheBytes(context: 100) == nil)
  }

  @Test("Architecture, tokenizer and format are each told")
  func severalObstacles() throws {
    let report = ModelReport(
      try changed(
        [
          "general.architecture": .string("xlstm"),
          "tokenizer.ggml.model": .string("rwkv"),
        ], formats: ["blk.0.attn_q.weight": .i16]))
    #expect(report.obstacles.count == 3)
    #expect(report.obstacles.contains { $0.contains("xlstm") })
    #expect(report.obstacles.contains { $0.contains("rwkv") })
    #expect(report.obstacles.contains { $0.contains("I16") })
  }

  @Test("A tensor that is missing or stored in a way without kernels is named")
  func tensors() throws {
    #expect(
      ModelReport(try changed(without: "blk.1.ffn_down.weight")).obstacles
        == ["\(ModelError.missingTensor("blk.1.ffn_down.weight"))"])
    let report = ModelReport(try changed(formats: ["blk.1.ffn_up.weight": .i8]))
    #expect(report.obstacles.count == 1)
    #expect(report.obstacles.first?.contains("blk.1.ffn_up.weight") == true)
    #expect(report.obstacles.first?.contains("I8") == true)
  }

  @Test("What is strange and runs all the same is a warning")
  func warnings() throws {
    let report = ModelReport(try changed(["tokenizer.ggml.eos_token_id": .uint32(1 << 30)]))
    #expect(report.runs)
    #expect(report.warnings.count == 1)
  }
}
