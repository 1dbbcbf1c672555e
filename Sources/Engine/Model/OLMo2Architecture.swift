/// OLMo 2 (OLMo Team 2024, section 3): norms stand behind blocks, and those of queries and keys go
/// over all heads. OLMo 3 (2025) has windows in three of four layers; YaRN scales the others only.
enum OLMo2Architecture: Architecture {
  static let name = "olmo2"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    let layers = configuration.layerCount
    guard let length = try metadata.optionalSize("attention.sliding_window") else { return }
    configuration.window = .init(
      length: length, layers: try metadata.windowPattern(period: 4, layerCount: layers))
    configuration.localRotary = .init(
      dimensions: configuration.rotary.dimensions,
      base: try metadata.number("rope.freq_base_swa", default: configuration.rotary.base))
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(headNorms: .allHeads, normalizesInputs: false, normalizesOutputs: true)
  }
}
