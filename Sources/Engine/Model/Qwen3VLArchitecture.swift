/// The text of Qwen 3 VL (Qwen Team 2025): Qwen 3. Its three kinds of positions are one for text.
enum Qwen3VLArchitecture: Architecture {
  static let name = "qwen3vl"

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    Qwen3Architecture.design(configuration)
  }
}
