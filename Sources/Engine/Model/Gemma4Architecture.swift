/// Gemma 4 (Gemma Team 2026): layers with a window have smaller heads than the others, of which only
/// a part turns; values are normalised; the last layers use the keys and values of earlier ones;
/// small sizes have embeddings for every layer, and one has experts beside its plain blocks.
enum Gemma4Architecture: Architecture {
  static let name = "gemma4"
  static let mayTurnPartOfHeads = true

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    let layers = configuration.layerCount
    let pattern = try metadata.windowPattern(period: 6, layerCount: layers)
    configuration.window = .init(
      length: try metadata.size("attention.sliding_window"), layers: pattern)
    let localSize = try metadata.size(
      "attention.key_length_swa", default: configuration.headSize)
    guard try metadata.size("attention.value_length_swa", default: localSize) == localSize,
      localSize <= configuration.headSize, pattern.count == layers
    else {
      throw ModelError.invalidConfiguration(
        "heads of \(localSize) elements in layers with a window.")
    }
    configuration.layerShapes = (0..<layers).map { layer in
      var shape = configuration.shape(ofLayer: layer)
      if pattern[layer] { shape.headSize = localSize }
      return shape
    }
    configuration.localRotary = .init(
      dimensions: try metadata.size("rope.dimension_count_swa", default: localSize),
      base: try metadata.number("rope.freq_base_swa", default: 10_000))
    configuration.sharedKVLayers = shared(
      last: try metadata.optionalSize("attention.shared_kv_layers") ?? 0, pattern)
    configuration.embeddingScale = Float(configuration.embeddingLength).squareRoot()
    configuration.attentionScale = 1
    configuration.perLayerEmbeddingLength = try metadata.optionalSize(
      "embedding_length_per_layer_input")
    if let count = try metadata.optionalSize("expert_count") {
      configuration.experts = .init(
        count: count, used: try metadata.size("expert_used_count"),
        feedForwardLength: try metadata.size("expert_feed_forward_length"))
    }
    if let cap = try metadata.optionalNumber("final_logit_softcapping"), cap != 0 {
      configuration.logitSoftCap = Float(cap)
    }
  }

  /// Each of the last layers uses the last layer of its kind before them.
  private static func shared(last count: Int, _ pattern: [Bool]) -> [Int: Int] {
    let first = pattern.count - min(count, pattern.count)
    var sources: [Int: Int] = [:]
    for layer in first..<pattern.count {
      sources[layer] = pattern[..<first].lastIndex(of: pattern[layer])
    }
    return sources
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(
      activation: .gelu, headNorms: .eachHead, normalizesValues: true, normalizesOutputs: true,
      experts: .init(standBesideDense: true), scalesLayers: true)
  }
}
