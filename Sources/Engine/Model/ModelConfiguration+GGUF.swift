extension ModelConfiguration {
  /// Larger sizes are damage, and products of them might not fit into an `Int`.
  private static let largestSize = 1 << 24

  /// Reads a model's shape out of a GGUF file.
  ///
  /// - Throws: `ModelError.unsupportedArchitecture`, `.invalidConfiguration`, `.missingTensor`,
  ///   and `GGUFError` when metadata are missing or of a wrong type.
  public init(_ file: GGUFFile, vocabularySize: Int) throws {
    let architecture = try file.metadata.require("general.architecture", "a string") { $0.text }
    guard Architectures.names.contains(architecture) else {
      throw ModelError.unsupportedArchitecture(architecture, supported: Architectures.names)
    }
    let metadata = ArchitectureMetadata(architecture: architecture, metadata: file.metadata)
    let embeddingLength = try metadata.size("embedding_length")
    let headCount = try metadata.size("attention.head_count")
    let headSize = try metadata.size("attention.key_length", default: embeddingLength / headCount)
    self.init(
      architecture: architecture,
      layerCount: try metadata.size("block_count"),
      embeddingLength: embeddingLength,
      headCount: headCount,
      kvHeadCount: try metadata.size("attention.head_count_kv", default: headCount),
      headSize: headSize,
      feedForwardLength: try metadata.size("feed_forward_length"),
      rotary: try RotaryEmbedding(metadata, headSize: headSize),
      normEpsilon: Float(try metadata.number("attention.layer_norm_rms_epsilon")),
      contextLength: try metadata.size("context_length"),
      vocabularySize: vocabularySize,
      tiedEmbeddings: file["output.weight"] == nil)
    try validate()
    try validate(against: file)
    let valueSize = try metadata.size("attention.value_length", default: headSize)
    guard valueSize == headSize else {
      throw ModelError.invalidConfiguration(
        "keys of \(headSize) and values of \(valueSize) elements a head; they must be equal.")
    }
  }

  /// Checks sizes that others are computed from before any memory is taken for them.
  private func validate(against file: GGUFFile) throws(ModelError) {
    guard layerCount <= file.tensors.count else {
      throw .invalidConfiguration("\(layerCount) layers with \(file.tensors.count) tensors.")
    }
    guard let embedding = file["token_embd.weight"] else {
      throw .missingTensor("token_embd.weight")
    }
    let expected = [embeddingLength, vocabularySize]
    guard embedding.shape == expected else {
      throw .wrongShape(
        tensor: embedding.name, expected: expected, found: embedding.shape)
    }
  }

  /// Metadata under an architecture's own prefix.
  fileprivate struct ArchitectureMetadata {
    var architecture: String
    var metadata: GGUFMetadata

    /// A size from 1 to `largestSize`.
    func size(_ name: String, default fallback: Int? = nil) throws -> Int {
      let key = "\(architecture).\(name)"
      guard let value = try metadata.integer(key) ?? fallback else {
        throw GGUFError.missingKey(key)
      }
      guard (1...largestSize).contains(value) else {
        throw GGUFError.valueOutOfRange(
          key: key, value: "\(value)", allowed: "1 to \(largestSize)")
      }
      return value
    }

    func number(_ name: String, default fallback: Double? = nil) throws -> Double {
      let key = "\(architecture).\(name)"
      guard let value = try metadata.number(key) ?? fallback else {
        throw GGUFError.missingKey(key)
      }
      guard value.isFinite else {
        throw GGUFError.valueOutOfRange(key: key, value: "\(value)", allowed: "finite numbers")
      }
      return value
    }

    func text(_ name: String) throws -> String? {
      try metadata.text("\(architecture).\(name)")
    }
  }
}

extension ModelConfiguration.RotaryEmbedding {
  fileprivate init(
    _ metadata: ModelConfiguration.ArchitectureMetadata, headSize: Int
  ) throws {
    let dimensions = try metadata.size("rope.dimension_count", default: headSize)
    let base = try metadata.number("rope.freq_base", default: 10_000)
    let scaling = try metadata.text("rope.scaling.type") ?? "none"
    var factor = try metadata.number("rope.scale_linear", default: 1)
    switch scaling {
    case "none": break
    case "linear": factor = try metadata.number("rope.scaling.factor")
    default:
      throw ModelError.invalidConfiguration(
        "rotary embedding is scaled by \"\(scaling)\"; supported: none, linear.")
    }
    guard factor > 0 else {
      throw ModelError.invalidConfiguration("rotary embedding is scaled by \(factor).")
    }
    self.init(dimensions: dimensions, base: base, frequencyScale: 1 / factor)
  }
}
