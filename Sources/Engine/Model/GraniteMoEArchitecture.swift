/// Granite 3 with experts (IBM 2024), and with one for all tokens that nothing weighs.
enum GraniteMoEArchitecture: Architecture {
  static let name = "granitemoe"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    try GraniteArchitecture.configure(&configuration, from: metadata)
    // The feed-forward length is that of one expert.
    configuration.experts = .init(
      count: try metadata.size("expert_count"), used: try metadata.size("expert_used_count"),
      feedForwardLength: configuration.feedForwardLength,
      sharedFeedForwardLength: try metadata.optionalSize("expert_shared_feed_forward_length"))
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    GraniteArchitecture.design(configuration)
  }
}
