/// Qwen 3 with experts (Qwen Team 2025), whose weights are made to sum to 1.
enum Qwen3MoEArchitecture: Architecture {
  static let name = "qwen3moe"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    configuration.experts = try metadata.experts(feedForwardLength: configuration.feedForwardLength)
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(headNorms: .eachHead)
  }
}
