/// Qwen 1.5 and 2 with experts (Qwen Team 2024): the experts' weights are the router's
/// probabilities as they are, and every token also goes to one shared expert.
enum Qwen2MoEArchitecture: Architecture {
  static let name = "qwen2moe"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    var experts = try metadata.experts(feedForwardLength: configuration.feedForwardLength)
    experts.sharedFeedForwardLength = try metadata.size(
      "expert_shared_feed_forward_length", default: configuration.feedForwardLength)
    configuration.experts = experts
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(
      requiresBias: true, experts: .init(normalizesWeights: false, gatesSharedExpert: true))
  }
}
