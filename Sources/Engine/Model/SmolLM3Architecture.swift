/// SmolLM3 (Bakouch et al. 2025): a llama in which every fourth layer knows no positions.
enum SmolLM3Architecture: Architecture {
  static let name = "smollm3"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    configuration.nopeLayers = Set((0..<configuration.layerCount).filter { $0 % 4 == 3 })
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs)
  }
}
