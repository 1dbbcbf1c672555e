/// Qwen 3 (Qwen Team 2025): each head's queries and keys are normalised, no biases.
enum Qwen3Architecture: Architecture {
  static let name = "qwen3"

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(headNorms: .eachHead)
  }
}
