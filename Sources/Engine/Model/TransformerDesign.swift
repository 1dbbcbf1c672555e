/// What the blocks of an architecture are made of, beside their sizes.
///
/// Common to all: RMSNorm, rotary positions, grouped-query attention, a gated feed-forward block,
/// each block's output added to the residual stream.
struct TransformerDesign {
  var rotation = Rotation.halves
  var activation = GateActivation.silu
  /// Queries, keys and values come as one tensor. Without this they may.
  var fusesQueryKeyValue = false
  /// Gate and up come as one tensor.
  var fusesGateUp = false
  /// Queries, keys and values have a bias; without this they may have one.
  var requiresBias = false
  /// How queries and keys are normalised.
  var headNorms = HeadNorms.none
  /// Each head's values are divided by their root mean square.
  var normalizesValues = false
  /// Each block's input is normalised.
  var normalizesInputs = true
  /// Each block's output is normalised before it is added.
  var normalizesOutputs = false
  /// What heads put out is weighed by sigmoids of a map of the block's input, whose rows stand with
  /// those of the queries: for each head its query, then its gate (Qiu et al. 2025).
  var gatesAttention = false
  /// How files name the norm behind the last layer.
  var outputNorm = "output_norm"
  /// How files name the norm before the feed-forward block.
  var feedForwardNorm = "ffn_norm"
  /// Each head has a score of its own that nothing is looked at for (Xiao et al. 2023, attention
  /// sinks).
  var hasAttentionSinks = false
  var experts = ExpertDesign()
  /// What a layer leaves is multiplied by a number of its own, where the file has one.
  var scalesLayers = false
}

/// How queries and keys are normalised (Henry et al. 2020), and when.
enum HeadNorms {
  case none
  /// Each head on its own, by weights that all heads share, before it is turned.
  case eachHead
  /// The same after it is turned.
  case eachHeadAfterRotation
  /// All heads together, before they are turned.
  case allHeads
}

/// What architectures vary about mixtures of experts.
struct ExpertDesign {
  /// The weights of the chosen experts are made to sum to 1.
  var normalizesWeights = true
  var gating = ExpertGating.softmax
  /// The router adds a bias to the scores by which it chooses, not to the weights.
  var mayBiasChoice = false
  /// Router and experts have biases.
  var hasBias = false
  /// The expert of all tokens is weighed by a sigmoid of its own.
  var gatesSharedExpert = false
  /// Experts stand beside the plain block, each with norms of its own, and the router reads the
  /// residual stream.
  var standBesideDense = false
}

/// How a router turns its scores into weights.
enum ExpertGating {
  case softmax
  case sigmoid
}

/// The function of the gate in a gated feed-forward block (Shazeer 2020).
enum GateActivation {
  /// x / (1 + e^−x)
  case silu
  /// The Gaussian error linear unit in its form with the hyperbolic tangent.
  case gelu
  /// gate / (1 + e^(−1.702 gate)) · (up + 1), the gate at most 7, up within ±7 (gpt-oss).
  case clampedSilu
}
