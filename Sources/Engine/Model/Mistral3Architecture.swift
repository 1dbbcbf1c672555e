/// Ministral 3 (Mistral AI 2025): a llama whose queries grow by the logarithm of the position past
/// its original context, so that attention stays sharp; positions are scaled by YaRN.
enum Mistral3Architecture: Architecture {
  static let name = "mistral3"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    guard let scale = try metadata.optionalNumber("attention.temperature_scale"), scale != 0 else {
      return
    }
    configuration.attentionTemperature = .init(
      scale: scale,
      interval: configuration.rotary.originalContextLength ?? configuration.contextLength)
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs)
  }
}
