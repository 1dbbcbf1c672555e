/// Qwen 1.5, 2 and 2.5 (Qwen Team 2024): queries, keys and values have biases.
enum Qwen2Architecture: Architecture {
  static let name = "qwen2"

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(requiresBias: true)
  }
}
