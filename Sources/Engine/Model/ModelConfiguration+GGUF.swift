extension ModelConfiguration {
  /// Reads a model's shape out of a GGUF file.
  ///
  /// - Throws: `ModelError.unsupportedArchitecture`, `.invalidConfiguration`, `.missingTensor`,
  ///   `.unsupportedMetadata`, and `GGUFError` when metadata are missing or of a wrong type.
  public init(_ file: GGUFFile, vocabularySize: Int) throws {
    let name = try file.metadata.require("general.architecture", "a string") { $0.text }
    let architecture = try Architectures.named(name)
    let metadata = ArchitectureMetadata(architecture: name, metadata: file.metadata)
    let embeddingLength = try metadata.size("embedding_length")
    let predictionLayers = try metadata.predictionLayers
    let blocks = try metadata.size("block_count")
    guard predictionLayers < blocks, blocks <= file.tensors.count else {
      throw ModelError.invalidConfiguration(
        "\(blocks) layers with \(file.tensors.count) tensors, \(predictionLayers) of them to guess "
          + "ahead.")
    }
    let layers = blocks - predictionLayers
    let heads = try metadata.sizes("attention.head_count", layerCount: layers)
    let kvHeads = try metadata.sizes("attention.head_count_kv", layerCount: layers) ?? heads
    let lengths = try metadata.sizes("feed_forward_length", layerCount: layers)
    let headCount = try metadata.largest(of: heads, "attention.head_count")
    let headSize = try metadata.size("attention.key_length", default: embeddingLength / headCount)
    self.init(
      architecture: name, layerCount: layers, embeddingLength: embeddingLength,
      headCount: headCount,
      kvHeadCount: try metadata.largest(of: kvHeads, "attention.head_count_kv"),
      headSize: headSize,
      feedForwardLength: try metadata.largest(
        of: lengths, "feed_forward_length", default: architecture.feedForwardKey),
      rotary: try metadata.rotary(headSize: headSize),
      normEpsilon: Float(try metadata.number("attention.layer_norm_rms_epsilon")),
      contextLength: try metadata.size("context_length"), vocabularySize: vocabularySize,
      tiedEmbeddings: file["output.weight"] == nil)
    predictionLayerCount = predictionLayers
    let shapes = (0..<layers).map { layer in
      LayerShape(
        headCount: heads?[layer] ?? headCount, kvHeadCount: kvHeads?[layer] ?? kvHeadCount,
        headSize: headSize, feedForwardLength: lengths?[layer] ?? feedForwardLength)
    }
    if Set(shapes).count > 1 { layerShapes = shapes }
    try validate(against: file)
    try architecture.configure(&self, from: metadata)
    try validate()
    try validateSizes(architecture, metadata)
    try metadata.refuseUnsupported()
    unheardMetadata = metadata.unheard
  }

  /// Checks sizes that others are computed from before any memory is taken for them.
  private func validate(against file: GGUFFile) throws(ModelError) {
    guard let embedding = file["token_embd.weight"] else {
      throw .missingTensor("token_embd.weight")
    }
    let expected = [embeddingLength, vocabularySize]
    guard embedding.shape == expected else {
      throw .wrongShape(tensor: embedding.name, expected: expected, found: embedding.shape)
    }
  }

  private func validateSizes(
    _ architecture: any Architecture.Type, _ metadata: ArchitectureMetadata
  ) throws {
    let keySize = try metadata.size("attention.key_length", default: headSize)
    let valueSize = try metadata.size("attention.value_length", default: keySize)
    guard valueSize == keySize else {
      throw ModelError.invalidConfiguration(
        "keys of \(keySize) and values of \(valueSize) elements a head; they must be equal.")
    }
    guard architecture.mayTurnPartOfHeads || rotary.dimensions == headSize else {
      throw ModelError.invalidConfiguration(
        "\(rotary.dimensions) rotary dimensions in heads of size \(headSize); models of the "
          + "architecture \(architecture.name) turn whole heads.")
    }
  }
}

extension ArchitectureMetadata {
  /// The largest of the layers' sizes, which must be there and not all 0.
  ///
  /// - Parameter fallback: the key of files that do not state this one.
  fileprivate func largest(
    of sizes: [Int]?, _ name: String, default fallback: String? = nil
  ) throws(GGUFError) -> Int {
    guard let sizes else {
      guard let fallback else { return try size(name) }
      return try size(name, default: try size(fallback))
    }
    guard let largest = sizes.max(), largest > 0 else {
      throw .valueOutOfRange(key: "\(architecture).\(name)", value: "0", allowed: "1 or more")
    }
    return largest
  }
}
