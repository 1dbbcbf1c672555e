/// ERNIE 4.5 (Baidu 2025): a llama.
enum Ernie4_5Architecture: Architecture {
  static let name = "ernie4_5"

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs)
  }
}
