import CKernels

/// Embeddings that every layer has of its own for each token (Gemma Team 2025, Gemma 3n): a table's
/// row beside a projection of the token's usual embedding.
struct PerLayerEmbedding {
  /// [vocabulary, layers · length]
  private let table: RowDecoder
  /// From the width to `layers · length`.
  private let projection: LinearMap
  private let norm: Norm
  private let layerCount: Int

  init(_ configuration: ModelConfiguration, length: Int, weights: WeightLoader) throws(ModelError) {
    layerCount = configuration.layerCount
    let (width, outputs) = (configuration.embeddingLength, layerCount * length)
    table = try RowDecoder(
      weights.tensor(
        "per_layer_token_embd.weight", inputs: outputs, outputs: configuration.vocabularySize))
    projection = try weights.map([
      try weights.tensor("per_layer_model_proj.weight", inputs: width, outputs: outputs)
    ])
    norm = try weights.norm(
      "per_layer_proj_norm.weight", count: length, epsilon: configuration.normEpsilon)
  }

  /// The width of a row of `inputs`.
  var width: Int { layerCount * norm.width }

  /// What the layers add of their own.
  ///
  /// - Parameter x: the scaled embeddings, `[rows, width]`.
  /// - Returns: `[rows, layers, length]`, in the workspace.
  func inputs(
    _ pass: ForwardPass, _ x: Compute.Floats, in space: inout Workspace
  ) throws(ModelError) -> Compute.Floats {
    let compute = pass.compute
    let (rows, inputs) = (pass.rowCount, projection.inputs)
    let h = try space.normed.reserve(rows: rows, width: inputs)
    compute.normalize(x, nil, rows: rows, width: inputs, to: h, quantized: projection.wantsBlocks)
    let out = try space.perLayer.reserve(rows * width)
    projection.apply(h, to: out, batch: rows, accumulate: false, pool: compute.pool)
    let own = try space.perLayerRows.reserve(rows * width)
    let tableScale = Float(norm.width).squareRoot()
    let scale = 1 / Float(inputs).squareRoot()
    let half = Float(0.5).squareRoot()
    compute.pool.run(count: rows, nanoseconds: Double(width)) { range, _ in
      for row in range {
        let (to, from) = (out + row * width, own + row * width)
        table.decode(row: Int(pass.plan.tokens[row]), to: from)
        for i in 0..<width { to[i] *= scale }
        for layer in 0..<layerCount {
          let part = to + layer * norm.width
          compute.kernels.pointee.rms_norm(
            part, norm.weight.values, part, norm.width, norm.epsilon)
        }
        for i in 0..<width { to[i] = (to[i] + from[i] * tableScale) * half }
      }
    }
    return out
  }
}

/// Adds to the residual stream what a layer's own embedding says, gated by the stream.
struct PerLayerBlock {
  private let gate: LinearMap
  private let projection: LinearMap
  private let norm: Norm
  private let layer: Int

  init(
    _ configuration: ModelConfiguration, length: Int, layer: Int, weights: WeightLoader
  ) throws(ModelError) {
    self.layer = layer
    let width = configuration.embeddingLength
    let name = "blk.\(layer)."
    gate = try weights.map([
      try weights.tensor(name + "inp_gate.weight", inputs: width, outputs: length)
    ])
    projection = try weights.map([
      try weights.tensor(name + "proj.weight", inputs: length, outputs: width)
    ])
    norm = try weights.norm(
      name + "post_norm.weight", count: width, epsilon: configuration.normEpsilon)
  }

  /// - Parameters:
  ///   - inputs: `[rows, stride]`, what `PerLayerEmbedding.inputs` returned.
  ///   - x: `[rows, width]`.
  func add(
    _ inputs: Compute.Floats, stride: Int, to x: Compute.Floats, rows: Int, compute: Compute,
    in space: inout Workspace
  ) throws(ModelError) {
    let (width, length) = (gate.inputs, gate.outputs)
    let h = try space.normed.reserve(rows: rows, width: width)
    compute.normalize(x, nil, rows: rows, width: width, to: h, quantized: gate.wantsBlocks)
    let gated = try space.projected.reserve(rows * length)
    gate.apply(h, to: gated, batch: rows, accumulate: false, pool: compute.pool)
    let hidden = try space.hidden.reserve(rows: rows, width: length)
    for row in 0..<rows {
      compute.kernels.pointee.geglu(
        gated + row * length, inputs + row * stride + layer * length,
        hidden.floats + row * length, length)
    }
    if projection.wantsBlocks { compute.quantize(hidden, rows: rows, width: length) }
    let y = try space.branch.reserve(rows * width)
    projection.apply(hidden, to: y, batch: rows, accumulate: false, pool: compute.pool)
    compute.add(y, norm, rows: rows, width: width, to: x)
  }
}
