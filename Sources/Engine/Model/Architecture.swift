/// A family of transformers: what its files say and what its blocks are made of.
///
/// `Transformer` runs every one of them. A further architecture is one file with a conforming
/// type, and its place in `Architectures`.
protocol Architecture {
  /// The name GGUF gives it.
  static var name: String { get }

  /// Adds to a configuration what only this architecture's files say, or leave unsaid.
  ///
  /// - Throws: `GGUFError`, `ModelError.invalidConfiguration`.
  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata) throws

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign

  /// Rotary embedding may turn a part of a head only.
  static var mayTurnPartOfHeads: Bool { get }

  /// What states the width of feed-forward blocks where `feed_forward_length` is missing.
  static var feedForwardKey: String? { get }
}

extension Architecture {
  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {}

  static var mayTurnPartOfHeads: Bool { false }

  static var feedForwardKey: String? { nil }
}

/// The architectures there are.
enum Architectures {
  private static var all: [any Architecture.Type] {
    [
      LlamaArchitecture.self, Qwen2Architecture.self, Qwen2MoEArchitecture.self,
      Qwen2VLArchitecture.self, Qwen3Architecture.self, Qwen3MoEArchitecture.self,
      Qwen3VLArchitecture.self, Gemma2Architecture.self, Gemma3Architecture.self,
      Gemma4Architecture.self, Phi3Architecture.self, Mistral3Architecture.self,
      SmolLM3Architecture.self, GraniteArchitecture.self, GraniteMoEArchitecture.self,
      MiniCPMArchitecture.self, Ernie4_5Architecture.self, Ernie4_5MoEArchitecture.self,
      DeciArchitecture.self, NanbeigeArchitecture.self, OLMo2Architecture.self,
      EXAONE4Architecture.self, HunYuanDenseArchitecture.self, SeedOSSArchitecture.self,
      GLM4Architecture.self, GptOssArchitecture.self,
      Lfm2Architecture.self, Lfm2MoEArchitecture.self, Qwen35Architecture.self,
      Qwen35MoEArchitecture.self, Qwen3NextArchitecture.self,
    ]
  }

  static var names: [String] { all.map { $0.name } }

  /// - Throws: `ModelError.unsupportedArchitecture`, which names the supported ones.
  static func named(_ name: String) throws(ModelError) -> any Architecture.Type {
    guard let architecture = all.first(where: { $0.name == name }) else {
      throw .unsupportedArchitecture(name, supported: names)
    }
    return architecture
  }
}
