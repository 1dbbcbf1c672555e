/// ERNIE 4.5 with experts (Baidu 2025): the first layers are plain, a bias balances which experts are
/// chosen, and experts that every token goes to are one that nothing weighs.
enum Ernie4_5MoEArchitecture: Architecture {
  static let name = "ernie4_5-moe"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    var experts = try metadata.experts(feedForwardLength: configuration.feedForwardLength)
    experts.sharedFeedForwardLength = try metadata.optionalSize(
      "expert_shared_feed_forward_length")
    let first = try metadata.optionalSize("leading_dense_block_count") ?? 0
    let step = try metadata.optionalSize("interleave_moe_layer_step") ?? 1
    experts.denseLayers = Set(
      (0..<configuration.layerCount).filter { $0 < first || ($0 + 1) % step != 0 })
    configuration.experts = experts
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs, experts: .init(mayBiasChoice: true))
  }
}
