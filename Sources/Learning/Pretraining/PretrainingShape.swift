import Decoding
import Engine
import Foundation

/// The sizes of a model that is trained from nothing: a llama with tied embeddings, and as many key
/// heads as query heads.
public struct PretrainingShape: Sendable, Hashable, Codable {
  public var width: Int
  public var layers: Int
  public var heads: Int
  public var feedForward: Int
  /// The longest row there may be.
  public var context: Int

  public init(width: Int, layers: Int, heads: Int, feedForward: Int, context: Int = 1024) {
    self.width = width
    self.layers = layers
    self.heads = heads
    self.feedForward = feedForward
    self.context = context
  }

  /// The sizes of the bundled family, by name, the smallest first.
  public static let named: KeyValuePairs<String, PretrainingShape> = [
    "0.2m": PretrainingShape(width: 64, layers: 2, heads: 2, feedForward: 192),
    "0.4m": PretrainingShape(width: 96, layers: 3, heads: 3, feedForward: 256),
    "0.9m": PretrainingShape(width: 128, layers: 4, heads: 4, feedForward: 352),
    "2m": PretrainingShape(width: 160, layers: 6, heads: 5, feedForward: 448),
    "5m": PretrainingShape(width: 256, layers: 6, heads: 8, feedForward: 704),
    "14m": PretrainingShape(width: 384, layers: 8, heads: 12, feedForward: 1024),
  ]

  /// What is wrong with the sizes; nil for sizes that make a model.
  public var fault: String? {
    let sizes = [
      ("width", width), ("layers", layers), ("heads", heads), ("feed-forward length", feedForward),
      ("context", context),
    ]
    for (name, size) in sizes where !(1...1 << 16).contains(size) {
      return "the \(name) is \(size); it must be from 1 to 65536"
    }
    guard width % heads == 0, width / heads % 2 == 0 else {
      return "a width of \(width) does not divide into \(heads) heads of even size"
    }
    return nil
  }

  /// Weights of a model with so many tokens.
  public func parameterCount(vocabularySize: Int) -> Int {
    vocabularySize * width + width
      + layers * (4 * width * width + 3 * width * feedForward + 2 * width)
  }

  // MARK: A model before its first step

  private static let ropeBase: Float = 10_000
  private static let normEpsilon: Float = 1e-5

  /// A model that has learned nothing: matrices that read are random, those that write are zero, so
  /// that at first every block passes on what it gets.
  ///
  /// - Parameter vocabulary: a file whose vocabulary the model has.
  /// - Throws: `GGUFError`, `TokenizerError` where there is none that can be used.
  func untrained(vocabulary: GGUFFile, seed: UInt64) throws -> GGUFFile {
    let vocabularySize = try vocabulary.vocabulary().count
    var writer = GGUFWriter()
    let sizes: KeyValuePairs = [
      "block_count": layers, "context_length": context, "embedding_length": width,
      "feed_forward_length": feedForward, "attention.head_count": heads,
      "attention.head_count_kv": heads,
    ]
    writer.set("general.architecture", to: .string("llama"))
    for (key, size) in sizes { writer.set("llama.\(key)", to: .uint32(UInt32(size))) }
    writer.set("llama.attention.layer_norm_rms_epsilon", to: .float32(Self.normEpsilon))
    writer.set("llama.rope.dimension_count", to: .uint32(UInt32(width / heads)))
    writer.set("llama.rope.freq_base", to: .float32(Self.ropeBase))
    writer.set("llama.vocab_size", to: .uint32(UInt32(vocabularySize)))
    for key in vocabulary.metadata.keys where key.hasPrefix("tokenizer.") {
      if let value = vocabulary.metadata[key] { writer.set(key, to: value) }
    }
    var random = NormalNumbers(seed: seed)
    func add(_ name: String, _ inputs: Int, _ outputs: Int, deviation: Float) throws {
      let values = (0..<inputs * outputs).map { _ in
        deviation > 0 ? random.next() * deviation : 0
      }
      try writer.add(tensor: name + ".weight", shape: [inputs, outputs], values: values)
    }
    func addNorm(_ name: String) throws {
      try writer.add(
        tensor: name + ".weight", shape: [width], values: Array(repeating: 1, count: width))
    }
    let deviation = 1 / Float(width).squareRoot()
    try add("token_embd", width, vocabularySize, deviation: 0.02)
    try addNorm("output_norm")
    for layer in 0..<layers {
      let block = "blk.\(layer)."
      try addNorm(block + "attn_norm")
      for part in ["attn_q", "attn_k", "attn_v"] {
        try add(block + part, width, width, deviation: deviation)
      }
      try add(block + "attn_output", width, width, deviation: 0)
      try addNorm(block + "ffn_norm")
      for part in ["ffn_gate", "ffn_up"] {
        try add(block + part, width, feedForward, deviation: deviation)
      }
      try add(block + "ffn_down", feedForward, width, deviation: 0)
    }
    return try GGUFFile(bytes: writer.encoded())
  }
}

/// Numbers of the standard normal distribution (Box & Muller 1958).
private struct NormalNumbers {
  private var source: SplitMix64

  init(seed: UInt64) { source = SplitMix64(state: seed) }

  mutating func next() -> Float {
    let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &source))).squareRoot()
    return Float(radius * cos(2 * .pi * Double.random(in: 0..<1, using: &source)))
  }
}
