/// Models that a search has thinned out (Bercovich et al. 2024, Puzzle): llamas, such as
/// Llama-3.1-Nemotron, whose layers differ in heads and width, and of which some have a linear map in
/// the place of attention, or no attention, or no feed-forward block.
enum DeciArchitecture: Architecture {
  static let name = "deci"

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(rotation: .pairs)
  }
}
