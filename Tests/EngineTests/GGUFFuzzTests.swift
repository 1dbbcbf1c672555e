import Decoding
import Foundation
import Testing

@testable import Engine

/// Damaged files give a named error or load as something valid; they never trap.
@Suite struct GGUFFuzzTests {
  /// A whole model of one layer in about 3 kB.
  private static func tinyModel() throws -> [UInt8] {
    var writer = GGUFWriter()
    writer.set("general.architecture", to: .string("llama"))
    let sizes = [
      "block_count": 1, "embedding_length": 4, "feed_forward_length": 6, "context_length": 16,
      "attention.head_count": 2, "attention.head_count_kv": 1, "rope.dimension_count": 2,
    ]
    for (key, value) in sizes.sorted(by: { $0.key < $1.key }) {
      writer.set("llama.\(key)", to: .uint32(UInt32(value)))
    }
    writer.set("llama.attention.layer_norm_rms_epsilon", to: .float32(1e-5))
    let tokens = ["<s>", "a", "b", "ab", "Ġ"]
    writer.set("tokenizer.ggml.model", to: .string("gpt2"))
    writer.set("tokenizer.ggml.pre", to: .string("gpt-2"))
    writer.set("tokenizer.ggml.tokens", to: .array(tokens))
    writer.set("tokenizer.ggml.token_type", to: .array([3, 1, 1, 1, 1] as [Int32]))
    writer.set("tokenizer.ggml.merges", to: .array(["a b"]))
    writer.set("tokenizer.ggml.bos_token_id", to: .uint32(0))
    writer.set("tokenizer.ggml.add_bos_token", to: .bool(true))
    let tensors: [(String, [Int])] = [
      ("token_embd", [4, 5]), ("blk.0.attn_norm", [4]), ("blk.0.attn_q", [4, 4]),
      ("blk.0.attn_k", [4, 2]), ("blk.0.attn_v", [4, 2]), ("blk.0.attn_output", [4, 4]),
      ("blk.0.ffn_norm", [4]), ("blk.0.ffn_gate", [4, 6]), ("blk.0.ffn_up", [4, 6]),
      ("blk.0.ffn_down", [6, 4]), ("output_norm", [4]),
    ]
    for (name, shape) in tensors {
      let values = (0..<shape.reduce(1, *)).map { Float($0 % 7) / 8 }
      try writer.add(tensor: "\(name).weight", shape: shape, values: values)
    }
    return writer.encoded()
  }

  private let options = EngineOptions(threads: 1, cacheLimit: .tokens(64))

  /// Opens bytes as a model and touches everything in it. Returns whether it was valid.
  @discardableResult
  private func exercise(_ bytes: [UInt8]) throws -> Bool {
    do {
      let file = try GGUFFile(bytes: bytes)
      for key in file.metadata.keys { _ = file.metadata[key] }
      let store = MappedWeightStore(file, name: "fuzz")
      var sum: UInt64 = 0
      for name in store.tensorNames {
        guard let tensor = store.tensor(named: name) else { continue }
        let data = UnsafeRawBufferPointer(start: tensor.data, count: tensor.byteCount)
        for byte in data { sum &+= UInt64(byte) }
      }
      let model = try ModelLoader.load(file, name: "fuzz", options: options)
      let text = Array("ab <s>\u{e9}b\u{1F600}".utf8) + [0xFF]
      for handling in SpecialTokenHandling.allCases {
        let tokens = model.vocabulary.tokenize(text, special: handling)
        _ = model.vocabulary.bytes(of: tokens)
        // The text may be longer than a damaged context length.
        do { _ = try model.distribution(after: tokens) } catch is LanguageModelError {}
      }
      return true
    } catch is GGUFError {
    } catch is TokenizerError {
    } catch is ModelError {
    }
    return false
  }

  @Test func undamaged() throws {
    #expect(try exercise(Self.tinyModel()))
    #expect(try !exercise([]))
  }

  @Test func everyTruncationIsAnError() throws {
    let whole = try Self.tinyModel()
    let file = try GGUFFile(bytes: whole)
    let end = try #require(file.tensors.map(\.range.upperBound).max())
    for length in 0..<end {
      #expect(throws: GGUFError.self) { try GGUFFile(bytes: Array(whole[..<length])) }
    }
    // Only the padding after the last tensor may be missing.
    #expect(try exercise(Array(whole[..<end])))
  }

  @Test func everyByteChanged() throws {
    let whole = try Self.tinyModel()
    var generator = RepeatableGenerator(seed: 4)
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= UInt8.random(in: 1...255, using: &generator)
      try exercise(bytes)
      bytes[index] = 0xFF
      try exercise(bytes)
    }
  }

  @Test func hugeNumbersAnywhere() throws {
    let whole = try Self.tinyModel()
    let numbers: [UInt64] = [
      .max, .max >> 1, 1 << 63, 1 << 32, (1 << 32) - 1, 1 << 31, UInt64(whole.count), 0,
    ]
    for start in stride(from: 0, to: whole.count - 8, by: 3) {
      for number in numbers {
        var bytes = whole
        bytes.replaceSubrange(start..<start + 8, with: GGUFFileTests.little(number))
        try exercise(bytes)
      }
    }
  }

  @Test func manyBytesChanged() throws {
    var generator = RepeatableGenerator(seed: 5)
    let sources = [try Self.tinyModel(), try Fixture.bytes("Tokenizer/bpe.gguf")]
    for round in 0..<400 {
      var bytes = sources[round % 2]
      for _ in 0..<Int.random(in: 1...12, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8.random(in: 0...8, using: &generator), at: index)
        default:
          let end = min(bytes.count, index + Int.random(in: 1...64, using: &generator))
          let to = Int.random(in: 0..<bytes.count, using: &generator)
          bytes.insert(contentsOf: Array(bytes[index..<end]), at: to)
        }
      }
      try exercise(bytes)
    }
  }
}
