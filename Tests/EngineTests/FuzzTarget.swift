import Decoding
import Foundation

@testable import Engine
@testable import EngineFixtures

/// What fuzzed inputs are fed to, and for how long.
enum FuzzTarget {
  /// A whole model of one layer in about 3 kB.
  static func tinyModel() throws -> [UInt8] {
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

  /// How bytes ended: as a model, or as which of the engine's own errors.
  enum Outcome: Hashable {
    case opened
    case refused(String)
  }

  /// Opens bytes as a model, touches everything in it, and runs it on a text.
  ///
  /// - Throws: any error that is not the engine's own.
  @discardableResult
  static func exercise(
    _ bytes: [UInt8], text: [UInt8] = sampleText,
    options: EngineOptions = EngineOptions(threads: 1, cacheLimit: .tokens(64))
  ) throws -> Outcome {
    do {
      let file = try GGUFFile(bytes: bytes)
      for key in file.metadata.keys { _ = file.metadata[key] }
      let store = MappedWeightStore(file, name: "fuzz")
      var sum: UInt64 = 0
      for name in store.tensorNames {
        guard let tensor = store.tensor(named: name) else { continue }
        let data = UnsafeRawBufferPointer(start: tensor.data, count: tensor.byteCount)
        for index in stride(from: 0, to: data.count, by: max(1, data.count / 64)) {
          sum &+= UInt64(data[index])
        }
        if let last = data.last { sum &+= UInt64(last) }
      }
      _ = file.identity()
      let model = try ModelLoader.load(file, name: "fuzz", options: options)
      for handling in SpecialTokenHandling.allCases {
        let tokens = model.vocabulary.tokenize(text, special: handling)
        _ = model.vocabulary.bytes(of: tokens)
        // The text may be longer than a damaged context length, or than the cache.
        do { _ = try model.distribution(after: tokens) } catch is LanguageModelError {}
      }
      return .opened
    } catch let error as GGUFError {
      return .refused(label(error))
    } catch let error as TokenizerError {
      return .refused(label(error))
    } catch let error as ModelError {
      return .refused(label(error))
    }
  }

  static let sampleText = Array("ab <s>\u{e9}b\u{1F600}".utf8) + [0xFF]

  /// An error's case, without what it says of the input.
  private static func label(_ error: any Error) -> String {
    Mirror(reflecting: error).children.first?.label ?? "other"
  }

  /// Calls `body` with a random number generator of its own for each round: as many rounds as
  /// given, or as long as `PONDER_FUZZ_SECONDS` says.
  ///
  /// Long runs begin at `PONDER_FUZZ_SEED` (1 unless given) and leave the seed of the round under
  /// way in the temporary folder, for rounds that end in a trap.
  static func loop(
    _ name: String, rounds: Int, _ body: (inout RepeatableGenerator) throws -> Void
  ) throws {
    let environment = ProcessInfo.processInfo.environment
    let seconds = environment["PONDER_FUZZ_SECONDS"].flatMap(Double.init)
    let first = environment["PONDER_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
    let note = FileManager.default.temporaryDirectory.appending(path: "ponder-fuzz-\(name).seed")
    let start = ContinuousClock.now
    var round = 0
    while seconds.map({ start.duration(to: .now) < .seconds($0) }) ?? (round < rounds) {
      let seed = first &+ UInt64(round)
      if seconds != nil { try "\(seed)".write(to: note, atomically: false, encoding: .utf8) }
      var generator = RepeatableGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15)
      do { try body(&generator) } catch { throw FuzzFailure(seed: seed, error: error) }
      round += 1
    }
    if seconds != nil { print("fuzz \(name): \(round) rounds from seed \(first)") }
  }
}

struct FuzzFailure: Error {
  var seed: UInt64
  var error: any Error
}
