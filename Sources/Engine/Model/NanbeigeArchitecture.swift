/// Nanbeige 4 (Nanbeige LLM Lab 2025): a llama, in some sizes run through several times.
enum NanbeigeArchitecture: Architecture {
  static let name = "nanbeige"
  /// Files with more are damaged.
  private static let mostLayers = 4096

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    let loops = try metadata.size("num_loops", default: 1)
    guard loops * configuration.layerCount <= mostLayers else {
      throw ModelError.invalidConfiguration(
        "\(loops) rounds of \(configuration.layerCount) layers.")
    }
    configuration.loops = .init(
      count: loops,
      normalizesBetween: try !metadata.boolean("skip_loop_final_norm", default: false))
    configuration.layerShapes = configuration.layerShapes.map { shapes in
      Array(repeating: shapes, count: loops).flatMap { $0 }
    }
    configuration.layerCount *= loops
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs)
  }
}
