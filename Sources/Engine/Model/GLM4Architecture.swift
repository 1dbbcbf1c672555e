/// GLM 4 and Z1 of 2025 (GLM Team 2024): blocks are normalised on both sides, and the first half of
/// each head is turned.
enum GLM4Architecture: Architecture {
  static let name = "glm4"
  static let mayTurnPartOfHeads = true

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs, fusesGateUp: true, normalizesOutputs: true)
  }
}
