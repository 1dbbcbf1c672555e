/// The llama family (Touvron et al. 2023), turning neighbouring pairs: Llama 1 to 3 with all their
/// scalings of positions, SmolLM, TinyLlama, Mistral; Mixtral (Jiang et al. 2024) has experts.
package enum LlamaArchitecture: Architecture {
  package static let name = "llama"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    guard let count = try metadata.optionalSize("expert_count") else { return }
    // The feed-forward length is that of one expert.
    configuration.experts = .init(
      count: count, used: try metadata.size("expert_used_count"),
      feedForwardLength: configuration.feedForwardLength)
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs)
  }
}
