extension ModelConfiguration {
  /// Reads a model's shape out of a GGUF file.
  ///
  /// - Throws: `ModelError.unsupportedArchitecture`, `.invalidConfiguration`, `.missingTensor`,
  ///   and `GGUFError` when metadata are missing or of a wrong type.
  public init(_ file: GGUFFile, vocabularySize: Int) throws {
    let name = try file.metadata.require("general.architecture", "a string") { $0.text }
    let architecture = try Architectures.named(name)
    let metadata = ArchitectureMetadata(architecture: name, metadata: file.metadata)
    let embeddingLength = try metadata.size("embedding_length")
    let headCount = try metadata.size("attention.head_count")
    let headSize = try metadata.size("attention.key_length", default: embeddingLength / headCount)
    self.init(
      architecture: name,
      layerCount: try metadata.size("block_count"),
      embeddingLength: embeddingLength,
      headCount: headCount,
      kvHeadCount: try metadata.size("attention.head_count_kv", default: headCount),
      headSize: headSize, feedForwardLength: try metadata.size("feed_forward_length"),
      rotary: try metadata.rotary(headSize: headSize),
      normEpsilon: Float(try metadata.number("attention.layer_norm_rms_epsilon")),
      contextLength: try metadata.size("context_length"), vocabularySize: vocabularySize,
      tiedEmbeddings: file["output.weight"] == nil)
    try validate(against: file)
    try architecture.configure(&self, from: metadata)
    try validate()
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
      throw .wrongShape(tensor: embedding.name, expected: expected, found: embedding.shape)
    }
  }
}
