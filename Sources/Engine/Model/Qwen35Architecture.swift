/// Qwen 3.5 (Qwen Team 2026): gated delta nets, and in every fourth layer attention whose output is
/// gated, with normalised heads of which a part is turned.
enum Qwen35Architecture: Architecture {
  static let name = "qwen35"
  static let mayTurnPartOfHeads = true

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    let heads = try metadata.size("ssm.time_step_rank")
    let inner = try metadata.size("ssm.inner_size")
    let keySize = try metadata.size("ssm.state_size")
    guard inner % heads == 0 else {
      throw ModelError.invalidConfiguration("\(heads) value heads of together \(inner) elements.")
    }
    let count = configuration.layerCount
    let interval = try metadata.size("full_attention_interval", default: 4)
    configuration.setRecurrence(
      .init(
        layers: try metadata.truthValues("attention.recurrent_layers", layerCount: count)
          ?? (0..<count).map { ($0 + 1) % interval != 0 },
        convolutionLength: try metadata.size("ssm.conv_kernel"),
        kind: .gatedDeltaNet(
          .init(
            keyHeadCount: try metadata.size("ssm.group_count"), valueHeadCount: heads,
            keySize: keySize, valueSize: inner / heads))))
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(
      headNorms: .eachHead, gatesAttention: true, feedForwardNorm: "post_attention_norm")
  }
}

/// Qwen 3.5 with experts (Qwen Team 2026) and one expert for all tokens, weighed by a sigmoid.
enum Qwen35MoEArchitecture: Architecture {
  static let name = "qwen35moe"
  static let mayTurnPartOfHeads = true
  static let feedForwardKey: String? = "expert_feed_forward_length"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    try Qwen35Architecture.configure(&configuration, from: metadata)
    var experts = try metadata.experts(feedForwardLength: configuration.feedForwardLength)
    experts.sharedFeedForwardLength = try metadata.size(
      "expert_shared_feed_forward_length", default: configuration.feedForwardLength)
    configuration.experts = experts
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    var design = Qwen35Architecture.design(configuration)
    design.experts = ExpertDesign(gatesSharedExpert: true)
    return design
  }
}

/// Qwen3-Next (Qwen Team 2025): as Qwen 3.5 with experts, but neighbouring value heads share a key
/// head, and betas and alphas come as one tensor.
enum Qwen3NextArchitecture: Architecture {
  static let name = "qwen3next"
  static let mayTurnPartOfHeads = true
  static let feedForwardKey: String? = "expert_feed_forward_length"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    try Qwen35MoEArchitecture.configure(&configuration, from: metadata)
    guard case .gatedDeltaNet(var net)? = configuration.recurrence?.kind else { return }
    net.tilesKeyHeads = false
    net.fusesBetaAlpha = true
    configuration.recurrence?.kind = .gatedDeltaNet(net)
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    Qwen35MoEArchitecture.design(configuration)
  }
}
