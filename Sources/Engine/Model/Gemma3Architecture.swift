/// Gemma 3 (Gemma Team 2025): five of six layers see a window only and turn positions by a base of
/// their own; heads are normalised, which makes caps needless.
enum Gemma3Architecture: Architecture {
  static let name = "gemma3"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    let layers = configuration.layerCount
    configuration.embeddingScale = Float(configuration.embeddingLength).squareRoot()
    if let length = try metadata.optionalSize("attention.sliding_window") {
      configuration.window = .init(
        length: length, layers: try metadata.windowPattern(period: 6, layerCount: layers))
      configuration.localRotary = .init(
        dimensions: configuration.rotary.dimensions,
        base: try metadata.number("rope.freq_base_swa", default: 10_000))
    }
    if let cap = try metadata.optionalNumber("final_logit_softcapping"), cap != 0 {
      configuration.logitSoftCap = Float(cap)
    }
    // As with Gemma 2, only the 27B model, the one with 62 layers, has a scale of its own.
    if layers == 62 { configuration.scaleByWidthPerHead() }
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(
      activation: .gelu, headNorms: .eachHead, normalizesOutputs: true)
  }
}
