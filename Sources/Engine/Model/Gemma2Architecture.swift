/// Gemma 2 (Gemma Team 2024): every other layer sees a window only, attention scores and logits
/// are capped, blocks are normalised on both sides. The 1 that its norms add to their weights is
/// in the file's weights already.
enum Gemma2Architecture: Architecture {
  static let name = "gemma2"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    let layers = configuration.layerCount
    configuration.embeddingScale = Float(configuration.embeddingLength).squareRoot()
    configuration.window = .init(
      length: try metadata.size("attention.sliding_window", default: 4096),
      layers: try metadata.windowPattern(period: 2, layerCount: layers))
    configuration.attentionSoftCap = Float(
      try metadata.number("attn_logit_softcapping", default: 50))
    configuration.logitSoftCap = Float(try metadata.number("final_logit_softcapping", default: 30))
    // Files do not state the scale of queries: only the 27B model, the one with 46 layers, has
    // another than the rest.
    if layers == 46 { configuration.scaleByWidthPerHead() }
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(
      activation: .gelu, normalizesOutputs: true)
  }
}

extension ModelConfiguration {
  /// Scores are scaled as if the heads shared the width evenly, as in the 27B Gemmas.
  mutating func scaleByWidthPerHead() {
    attentionScale = 1 / Float(embeddingLength / headCount).squareRoot()
  }
}
