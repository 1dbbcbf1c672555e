/// The llama family (Touvron et al. 2023), turning neighbouring pairs: Llama 1 to 3 with all their
/// scalings of positions, SmolLM, TinyLlama, Mistral; Mixtral (Jiang et al. 2024) has experts.
enum LlamaArchitecture: Architecture {
  static let name = "llama"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    guard try metadata.optionalSize("expert_count") != nil else { return }
    configuration.experts = try metadata.experts(
      feedForwardLength: configuration.feedForwardLength)
    // Mixtral's feed-forward length is that of one expert.
    configuration.experts?.feedForwardLength = configuration.feedForwardLength
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs)
  }
}
