/// Seed-OSS (ByteDance 2025): Qwen 2 with another name for a norm.
enum SeedOSSArchitecture: Architecture {
  static let name = "seed_oss"

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(feedForwardNorm: "post_attention_norm")
  }
}
