/// The text of Qwen 2 and 2.5 VL (Wang et al. 2024): Qwen 2. Its three kinds of positions, by time,
/// height and width, are one for text.
enum Qwen2VLArchitecture: Architecture {
  static let name = "qwen2vl"

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    Qwen2Architecture.design(configuration)
  }
}
