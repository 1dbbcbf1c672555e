/// Phi 3, 3.5 and 4 (Abdin et al. 2024): fused projections, a window in all layers or none, and,
/// where the context was extended, frequency factors by LongRoPE (Ding et al. 2024).
enum Phi3Architecture: Architecture {
  static let name = "phi3"
  static let mayTurnPartOfHeads = true

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    guard let length = try metadata.optionalSize("attention.sliding_window") else { return }
    configuration.window = .init(
      length: length, layers: Array(repeating: true, count: configuration.layerCount))
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(fusesQueryKeyValue: true, fusesGateUp: true)
  }
}
