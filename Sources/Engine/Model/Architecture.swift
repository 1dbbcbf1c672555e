/// A family of transformers: which tensors it has and how a forward pass runs through them.
///
/// A further architecture is one file with a conforming type, and its name in `Architectures`.
protocol Architecture: AnyObject {
  /// Loads and packs the weights.
  ///
  /// - Throws: `ModelError` when a tensor is missing, misshapen or in a format without kernels.
  init(_ configuration: ModelConfiguration, weights: WeightLoader) throws(ModelError)

  /// Runs a pass through all layers, storing its keys and values.
  ///
  /// - Returns: the logits of the pass's output rows, `[outputRows, vocabulary]`, valid until the
  ///   next pass.
  func forward(_ pass: ForwardPass) throws(ModelError) -> UnsafePointer<Float>
}

/// The architectures there are, by the name GGUF gives them.
enum Architectures {
  private static var all: [(name: String, type: any Architecture.Type)] {
    [("llama", LlamaArchitecture.self)]
  }

  static var names: [String] { all.map(\.name) }

  static func make(
    _ configuration: ModelConfiguration, weights: WeightLoader
  ) throws(ModelError) -> any Architecture {
    guard let entry = all.first(where: { $0.name == configuration.architecture }) else {
      throw .unsupportedArchitecture(configuration.architecture, supported: names)
    }
    return try entry.type.init(configuration, weights: weights)
  }
}
