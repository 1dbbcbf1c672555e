/// down(activation(gate(x)) · up(x)) (Shazeer 2020): a feed-forward block, or one expert of it.
struct GatedLinearUnit {
  /// Gate and up, one after another.
  private let gateUp: LinearMap
  private let down: LinearMap
  private let activation: GateActivation
  private let biases: Biases?

  struct Biases {
    /// Of gate and up, one after another.
    var gateUp: Vector
    var down: Vector
  }

  /// - Parameters:
  ///   - gateUp: one tensor with the gate's rows first, or two.
  init(
    gateUp: [Tensor], down: Tensor, biases: Biases? = nil, activation: GateActivation,
    weights: WeightLoader
  ) throws(ModelError) {
    self.gateUp = try weights.map(gateUp)
    self.down = try weights.map([down])
    self.biases = biases
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
    if let biases { compute.add(biases.gateUp, to: both, rows: rows) }
    let hidden = try space.hidden.reserve(rows: rows, width: down.inputs)
    compute.gate(
      both, activation, rows: rows, width: down.inputs, to: hidden, quantized: down.wantsBlocks)
    down.apply(hidden, to: y, batch: rows, accumulate: accumulate, pool: compute.pool)
    if let biases { compute.add(biases.down, to: y, rows: rows) }
  }
}

/// The feed-forward block of one layer, with its norms.
struct FeedForwardBlock {
  private enum Body {
    case dense(GatedLinearUnit)
    case experts(ExpertMixture)
    case both(GatedLinearUnit, ExpertMixture, BesideNorms)
  }

  /// The norms of a plain block and of the experts beside it.
  private struct BesideNorms {
    /// Of the plain block's output.
    let denseOutput: Norm
    /// Of the experts' input and output.
    let input: Norm
    let output: Norm
    /// Of what the router reads.
    let router: Norm
  }

  private let norm: Norm?
  private let body: Body
  private let outputNorm: Norm?
  private let width: Int
  private let residualScale: Float

  init(
    _ configuration: ModelConfiguration, _ design: TransformerDesign, layer: Int,
    weights: WeightLoader
  ) throws(ModelError) {
    width = configuration.embeddingLength
    residualScale = configuration.residualScale
    let ff = configuration.shape(ofLayer: layer).feedForwardLength
    let name = "blk.\(layer)."
    let width = width
    func loadNorm(_ part: String) throws(ModelError) -> Norm {
      try weights.norm(
        name + part + ".weight", count: width, epsilon: configuration.normEpsilon)
    }
    norm = design.normalizesInputs ? try loadNorm(design.feedForwardNorm) : nil
    outputNorm = design.normalizesOutputs ? try loadNorm("post_ffw_norm") : nil
    let standBeside = design.experts.standBesideDense
    if let experts = configuration.experts, !experts.denseLayers.contains(layer), !standBeside {
      body = .experts(
        try ExpertMixture(experts, design, width: width, prefix: name, weights: weights))
      return
    }
    func tensor(_ part: String, _ inputs: Int, _ outputs: Int) throws(ModelError) -> Tensor {
      try weights.tensor(name + part + ".weight", inputs: inputs, outputs: outputs)
    }
    let gateUp =
      design.fusesGateUp
      ? [try tensor("ffn_up", width, 2 * ff)]
      : [try tensor("ffn_gate", width, ff), try tensor("ffn_up", width, ff)]
    let unit = try GatedLinearUnit(
      gateUp: gateUp, down: try tensor("ffn_down", ff, width), activation: design.activation,
      weights: weights)
    guard let experts = configuration.experts, standBeside,
      weights.contains(name + "ffn_gate_inp.weight")
    else {
      body = .dense(unit)
      return
    }
    // The router's input is scaled by 1 / √width beside its weights.
    let scale = try weights.vectors([(name + "ffn_gate_inp.scale", width)])
    for i in 0..<width { scale.values[i] /= Float(width).squareRoot() }
    body = .both(
      unit, try ExpertMixture(experts, design, width: width, prefix: name, weights: weights),
      BesideNorms(
        denseOutput: try loadNorm("post_ffw_norm_1"), input: try loadNorm("pre_ffw_norm_2"),
        output: try loadNorm("post_ffw_norm_2"),
        router: Norm(weight: scale, epsilon: configuration.normEpsilon)))
  }

  /// Adds the block's output to the residual stream.
  ///
  /// - Parameter x: `[rows, width]`.
  func add(
    to x: Compute.Floats, rows: Int, compute: Compute, in space: inout Workspace
  ) throws(ModelError) {
    let h = try space.normed.reserve(rows: rows, width: width)
    var quantized = false
    switch body {
    case .dense(let unit), .both(let unit, _, _): quantized = unit.wantsBlocks
    case .experts: break
    }
    compute.normalize(x, norm, rows: rows, width: width, to: h, quantized: quantized)
    guard outputNorm != nil || residualScale != 1 else {
      return try apply(h, to: x, rows: rows, accumulate: true, compute: compute, in: &space)
    }
    let y = try space.branch.reserve(rows * width)
    try apply(h, to: y, rows: rows, accumulate: false, compute: compute, in: &space)
    if case .both(_, let mixture, let norms) = body {
      compute.normalizeInPlace(y, norms.denseOutput, rows: rows)
      compute.normalize(x, norms.input, rows: rows, width: width, to: h, quantized: false)
      let routed = try space.routed.reserve(rows: rows, width: width)
      compute.normalize(x, norms.router, rows: rows, width: width, to: routed, quantized: false)
      let z = try space.besideBranch.reserve(rows * width)
      z.update(repeating: 0, count: rows * width)
      try mixture.add(h, routedBy: routed, to: z, rows: rows, compute: compute, in: &space)
      compute.add(z, norms.output, rows: rows, width: width, to: y)
    }
    compute.add(y, outputNorm, rows: rows, width: width, scale: residualScale, to: x)
  }

  private func apply(
    _ h: Activations, to y: Compute.Floats, rows: Int, accumulate: Bool, compute: Compute,
    in space: inout Workspace
  ) throws(ModelError) {
    switch body {
    case .dense(let unit), .both(let unit, _, _):
      try unit.apply(h, to: y, rows: rows, accumulate: accumulate, compute: compute, in: &space)
    case .experts(let mixture):
      if !accumulate { y.update(repeating: 0, count: rows * width) }
      try mixture.add(h, to: y, rows: rows, compute: compute, in: &space)
    }
  }
}
