/// down(activation(gate(x)) · up(x)) (Shazeer 2020): a feed-forward block, or one expert of it.
struct GatedLinearUnit {
  /// Gate and up, one after another.
  private let gateUp: LinearMap
  private let down: LinearMap
  private let activation: GateActivation

  /// - Parameters:
  ///   - gateUp: one tensor with the gate's rows first, or two.
  init(
    gateUp: [Tensor], down: Tensor, activation: GateActivation, weights: WeightLoader
  ) throws(ModelError) {
    self.gateUp = try weights.map(gateUp)
    self.down = try weights.map([down])
    self.activation = activation
  }

  /// Whether it wants its input quantised.
  var wantsBlocks: Bool { gateUp.wantsBlocks }

  /// - Parameters:
  ///   - h: `[rows, inputs]`.
  ///   - y: `[rows, outputs]`.
  ///   - accumulate: adds to what `y` holds.
  func apply(
    _ h: Activations, to y: Compute.Floats, rows: Int, accumulate: Bool, compute: Compute,
    in space: inout Workspace
  ) throws(ModelError) {
    let both = try space.projected.reserve(rows * gateUp.outputs)
    gateUp.apply(h, to: both, batch: rows, accumulate: false, pool: compute.pool)
    let hidden = try space.hidden.reserve(rows: rows, width: down.inputs)
    compute.gate(
      both, activation, rows: rows, width: down.inputs, to: hidden, quantized: down.wantsBlocks)
    down.apply(hidden, to: y, batch: rows, accumulate: accumulate, pool: compute.pool)
  }
}

/// The feed-forward block of one layer, with its norms.
struct FeedForwardBlock {
  private enum Body {
    case dense(GatedLinearUnit)
    case experts(ExpertMixture)
  }

  private let norm: Norm
  private let body: Body
  private let outputNorm: Norm?

  init(
    _ configuration: ModelConfiguration, _ design: TransformerDesign, layer: Int,
    weights: WeightLoader
  ) throws(ModelError) {
    let (width, ff) = (configuration.embeddingLength, configuration.feedForwardLength)
    let name = "blk.\(layer)."
    let epsilon = configuration.normEpsilon
    norm = try weights.norm(name + "ffn_norm.weight", count: width, epsilon: epsilon)
    outputNorm =
      design.normalizesOutputs
      ? try weights.norm(name + "post_ffw_norm.weight", count: width, epsilon: epsilon) : nil
    if let experts = configuration.experts {
      body = .experts(
        try ExpertMixture(experts, design, width: width, prefix: name, weights: weights))
      return
    }
    func tensor(_ part: String, _ inputs: Int, _ outputs: Int) throws(ModelError) -> Tensor {
      try weights.tensor(name + part + ".weight", inputs: inputs, outputs: outputs)
    }
    let gateUp =
      design.fusesProjections
      ? [try tensor("ffn_up", width, 2 * ff)]
      : [try tensor("ffn_gate", width, ff), try tensor("ffn_up", width, ff)]
    body = .dense(
      try GatedLinearUnit(
        gateUp: gateUp, down: try tensor("ffn_down", ff, width), activation: design.activation,
        weights: weights))
  }

  /// Adds the block's output to the residual stream.
  ///
  /// - Parameter x: `[rows, width]`.
  func add(
    to x: Compute.Floats, rows: Int, compute: Compute, in space: inout Workspace
  ) throws(ModelError) {
    let h = try space.normed.reserve(rows: rows, width: norm.width)
    var quantized = false
    if case .dense(let unit) = body { quantized = unit.wantsBlocks }
    compute.normalize(x, norm, rows: rows, to: h, quantized: quantized)
    guard let outputNorm else {
      return try apply(h, to: x, rows: rows, accumulate: true, compute: compute, in: &space)
    }
    let y = try space.branch.reserve(rows * norm.width)
    try apply(h, to: y, rows: rows, accumulate: false, compute: compute, in: &space)
    compute.addNormalized(y, outputNorm, rows: rows, to: x)
  }

  private func apply(
    _ h: Activations, to y: Compute.Floats, rows: Int, accumulate: Bool, compute: Compute,
    in space: inout Workspace
  ) throws(ModelError) {
    switch body {
    case .dense(let unit):
      try unit.apply(h, to: y, rows: rows, accumulate: accumulate, compute: compute, in: &space)
    case .experts(let mixture):
      if !accumulate { y.update(repeating: 0, count: rows * norm.width) }
      try mixture.add(h, to: y, rows: rows, compute: compute, in: &space)
    }
  }
}
