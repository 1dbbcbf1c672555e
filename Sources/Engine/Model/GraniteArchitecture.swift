/// Granite 3 and 4 (IBM 2024): a llama with constants on embeddings, attention, the residual stream
/// and logits, which let one learning rate do for all sizes (Yang et al. 2022, µP).
enum GraniteArchitecture: Architecture {
  static let name = "granite"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    // Files write 0 for what is not scaled.
    func scale(_ name: String) throws -> Double? {
      guard let scale = try metadata.optionalNumber(name), scale != 0 else { return nil }
      return scale
    }
    configuration.logitScale = Float(1 / (try scale("logit_scale") ?? 1))
    configuration.residualScale = Float(try scale("residual_scale") ?? 1)
    configuration.embeddingScale = Float(try scale("embedding_scale") ?? 1)
    configuration.attentionScale = try scale("attention.scale").map { Float($0) }
    if try !metadata.boolean("rope.scaling.finetuned", default: true) {
      configuration.nopeLayers = Set(0..<configuration.layerCount)
    }
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs)
  }
}
