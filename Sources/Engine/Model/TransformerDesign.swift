/// What the blocks of an architecture are made of, beside their sizes.
///
/// Common to all: RMSNorm before each block, rotary positions, grouped-query attention, a gated
/// feed-forward block, each block's output added to the residual stream.
struct TransformerDesign {
  var rotation = Rotation.halves
  var activation = GateActivation.silu
  /// Queries, keys and values come as one tensor, and so do gate and up.
  var fusesProjections = false
  /// Queries, keys and values have a bias; without this they may have one.
  var requiresBias = false
  /// Each head's queries and keys are normalised before they are turned.
  var normalizesHeads = false
  /// Each block's output is normalised before it is added.
  var normalizesOutputs = false
  /// Multiplies token embeddings.
  var embeddingScale: Float = 1
  /// The weights of the chosen experts are made to sum to 1.
  var normalizesExpertWeights = true
}

/// The function of the gate in a gated feed-forward block (Shazeer 2020).
enum GateActivation {
  /// x / (1 + e^−x)
  case silu
  /// The Gaussian error linear unit in its form with the hyperbolic tangent.
  case gelu
}
