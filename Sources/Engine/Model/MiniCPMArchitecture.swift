import Foundation

/// MiniCPM (Hu et al. 2024, section 3): a llama with constants on embeddings, the residual stream
/// and logits. Older files leave them to be worked out from the sizes, as the paper does.
enum MiniCPMArchitecture: Architecture {
  static let name = "minicpm"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    let depth = Double(configuration.layerCount).squareRoot()
    configuration.embeddingScale = Float(try metadata.number("embedding_scale", default: 12))
    configuration.residualScale = Float(
      try metadata.number("residual_scale", default: 1.4 / depth))
    // The width over the width of the model on which constants were tuned.
    let width = try metadata.number(
      "logit_scale", default: Double(configuration.embeddingLength) / 256)
    configuration.logitScale = Float(1 / width)
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs)
  }
}
