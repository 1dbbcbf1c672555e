/// LFM2 and LFM2.5 (Liquid AI 2025): short convolutions in most layers, attention with normalised
/// heads in the others. A layer without key and value heads is a convolution.
enum Lfm2Architecture: Architecture {
  static let name = "lfm2"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    configuration.setRecurrence(
      .init(
        layers: (0..<configuration.layerCount).map {
          configuration.shape(ofLayer: $0).kvHeadCount == 0
        }, convolutionLength: try metadata.size("shortconv.l_cache"), kind: .shortConvolution))
    if let length = try metadata.optionalSize("attention.sliding_window") {
      configuration.window = .init(
        length: length, layers: Array(repeating: true, count: configuration.layerCount))
    }
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(headNorms: .eachHead, outputNorm: "token_embd_norm")
  }
}

/// LFM2 with experts (Liquid AI 2025), whose weights are sigmoids; a bias takes part in choosing
/// them. The first layers have plain feed-forward blocks.
enum Lfm2MoEArchitecture: Architecture {
  static let name = "lfm2moe"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    try Lfm2Architecture.configure(&configuration, from: metadata)
    // 2 is the sigmoid.
    let gating = try metadata.optionalSize("expert_gating_func") ?? 2
    guard gating == 2 else {
      throw ModelError.unsupportedMetadata(key: "lfm2moe.expert_gating_func", value: "\(gating)")
    }
    var experts = try metadata.experts(feedForwardLength: configuration.feedForwardLength)
    let dense = try metadata.optionalSize("leading_dense_block_count") ?? 0
    experts.denseLayers = Set(0..<min(dense, configuration.layerCount))
    configuration.experts = experts
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    var design = Lfm2Architecture.design(configuration)
    design.experts = ExpertDesign(gating: .sigmoid, mayBiasChoice: true)
    return design
  }
}
