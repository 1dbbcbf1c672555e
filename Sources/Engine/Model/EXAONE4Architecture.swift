/// EXAONE 4 (LG AI Research 2025, section 2.1): norms stand behind blocks; where some layers have a
/// window, the others know no positions.
enum EXAONE4Architecture: Architecture {
  static let name = "exaone4"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    let layers = configuration.layerCount
    // Of the two sizes only the larger one has windows, and its first files did not say so.
    let length = try metadata.optionalSize("attention.sliding_window")
    guard let length = length ?? (layers == 64 ? 4096 : nil) else { return }
    let pattern = try metadata.windowPattern(period: 4, layerCount: layers)
    configuration.window = .init(length: length, layers: pattern)
    configuration.nopeLayers = Set(pattern.indices.filter { !pattern[$0] })
    // Without another base frequencies and their factors are the same everywhere.
    if let base = try metadata.optionalNumber("rope.freq_base_swa"),
      base != configuration.rotary.base
    {
      configuration.localRotary = .init(dimensions: configuration.rotary.dimensions, base: base)
    }
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(headNorms: .eachHead, normalizesInputs: false, normalizesOutputs: true)
  }
}
