/// gpt-oss (OpenAI 2025): experts with biases and a clamped gate, every other layer with a window,
/// and heads that may look at nothing.
enum GptOssArchitecture: Architecture {
  static let name = "gpt-oss"
  static let feedForwardKey: String? = "expert_feed_forward_length"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    configuration.window = .init(
      length: try metadata.size("attention.sliding_window"),
      layers: try metadata.windowPattern(period: 2, layerCount: configuration.layerCount))
    configuration.experts = try metadata.experts(
      feedForwardLength: configuration.feedForwardLength)
    // Its own code leaves the bounds of YaRN's ramp between two pairs.
    configuration.rotary.yarn?.roundsBounds = false
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(
      activation: .clampedSilu, feedForwardNorm: "post_attention_norm", hasAttentionSinks: true,
      experts: .init(hasBias: true))
  }
}
