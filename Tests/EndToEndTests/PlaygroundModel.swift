import Decoding
import Foundation

@testable import Engine
@testable import EngineFixtures

/// A tiny llama model for the playground's tests: random weights, but a vocabulary that holds every
/// byte and a context that long votes need.
enum PlaygroundModel {
  private static let width = 32
  private static let feedForward = 48
  private static let layers = 2

  /// Writes the model into a folder, with further metadata.
  /// - Returns: its path.
  @discardableResult
  static func write(
    to folder: URL, name: String = "random.gguf", metadata: [String: GGUFValue] = [:]
  ) throws -> String {
    let vocabulary = try GGUFFile(
      path: Program.fixtures.appending(path: "Tokenizer/bpe.gguf").path)
    var writer = GGUFWriter()
    for key in vocabulary.metadata.keys {
      writer.set(key, to: vocabulary.metadata[key] ?? .uint8(0))
    }
    let settings: [(String, Int)] = [
      ("block_count", layers), ("embedding_length", width), ("feed_forward_length", feedForward),
      ("context_length", 1024), ("attention.head_count", 2),
    ]
    for (key, value) in settings { writer.set("llama.\(key)", to: .uint32(UInt32(value))) }
    writer.set("llama.attention.layer_norm_rms_epsilon", to: .float32(1e-5))
    for (key, value) in metadata { writer.set(key, to: value) }
    let tokens = try vocabulary.vocabulary().count
    var random = SplitMix64(state: 7)
    try add("token_embd", [width, tokens], &writer, &random)
    for layer in 0..<layers {
      for (name, shape) in [
        ("attn_q", [width, width]), ("attn_k", [width, width]), ("attn_v", [width, width]),
        ("attn_output", [width, width]), ("ffn_gate", [width, feedForward]),
        ("ffn_up", [width, feedForward]), ("ffn_down", [feedForward, width]),
        ("attn_norm", [width]), ("ffn_norm", [width]),
      ] { try add("blk.\(layer).\(name)", shape, &writer, &random) }
    }
    try add("output_norm", [width], &writer, &random)
    let path = folder.appending(path: name).path
    try writer.write(to: path)
    return path
  }

  private static func add(
    _ name: String, _ shape: [Int], _ writer: inout GGUFWriter, _ random: inout SplitMix64
  ) throws {
    let count = shape.reduce(1, *)
    let scale = shape.count == 1 ? 1 : 3 / Float(shape[0]).squareRoot()
    let values = (0..<count).map { _ in
      shape.count == 1 ? 1 : scale * Float.random(in: -1...1, using: &random)
    }
    try writer.add(tensor: "\(name).weight", shape: shape, values: values)
  }
}
