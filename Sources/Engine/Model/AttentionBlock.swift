import CKernels

/// Grouped-query attention (Ainslie et al. 2023) of one layer with all that architectures vary of
/// it: biases, normalised heads, partial rotation, windows, caps, a norm on its output.
struct AttentionBlock {
  private let norm: Norm
  /// Queries, keys and values, one after another.
  private let queryKeyValue: LinearMap
  private let bias: Vector?
  private let queryNorm: Norm?
  private let keyNorm: Norm?
  private let output: LinearMap
  private let outputBias: Vector?
  private let outputNorm: Norm?

  private let layer: Int
  private let headCount: Int
  private let kvHeadCount: Int
  private let headSize: Int
  private let scale: Float
  private let softCap: Float
  /// How many positions a token sees; 0 for all.
  private let window: Int
  /// The layer's positions are turned as in layers with a window.
  let isLocal: Bool

  init(
    _ configuration: ModelConfiguration, _ design: TransformerDesign, layer: Int,
    weights: WeightLoader
  ) throws(ModelError) {
    self.layer = layer
    headCount = configuration.headCount
    kvHeadCount = configuration.kvHeadCount
    headSize = configuration.headSize
    scale = configuration.attentionScale ?? 1 / Float(configuration.headSize).squareRoot()
    softCap = configuration.attentionSoftCap ?? 0
    isLocal = configuration.window?.layers[layer] ?? false
    window = isLocal ? configuration.window?.length ?? 0 : 0

    let width = configuration.embeddingLength
    let (queries, keys) = (headCount * headSize, kvHeadCount * headSize)
    let name = "blk.\(layer).attn_"
    func loadNorm(_ name: String, count: Int) throws(ModelError) -> Norm {
      try weights.norm(name + ".weight", count: count, epsilon: configuration.normEpsilon)
    }
    norm = try loadNorm(name + "norm", count: width)
    let parts: [(name: String, outputs: Int)] =
      design.fusesProjections
      ? [("qkv", queries + 2 * keys)] : [("q", queries), ("k", keys), ("v", keys)]
    var tensors: [Tensor] = []
    for part in parts {
      tensors.append(
        try weights.tensor(name + part.name + ".weight", inputs: width, outputs: part.outputs))
    }
    queryKeyValue = try weights.map(tensors)
    let hasBias = parts.contains { weights.contains(name + $0.name + ".bias") }
    bias =
      design.requiresBias || hasBias
      ? try weights.vectors(parts.map { (name + $0.name + ".bias", $0.outputs) }) : nil
    queryNorm = design.normalizesHeads ? try loadNorm(name + "q_norm", count: headSize) : nil
    keyNorm = design.normalizesHeads ? try loadNorm(name + "k_norm", count: headSize) : nil
    output = try weights.map([
      try weights.tensor(name + "output.weight", inputs: queries, outputs: width)
    ])
    outputBias =
      weights.contains(name + "output.bias")
      ? try weights.vectors([(name + "output.bias", width)]) : nil
    outputNorm =
      design.normalizesOutputs
      ? try loadNorm("blk.\(layer).post_attention_norm", count: width) : nil
  }

  /// The width of what `attend` returns.
  var attendedWidth: Int { output.inputs }

  /// Stores the rows' keys and values, and lets the rows attend.
  ///
  /// - Parameters:
  ///   - x: `[rows, width]`.
  ///   - onlyOutputs: other rows than the output rows may be left out.
  /// - Returns: the heads' outputs, `[rows, heads · headSize]`, in the workspace.
  func attend(
    _ pass: ForwardPass, _ x: Compute.Floats, rotary: RotaryTable, onlyOutputs: Bool,
    in space: inout Workspace
  ) throws(ModelError) -> Activations {
    let compute = pass.compute
    let rows = pass.rowCount
    let h = try space.normed.reserve(rows: rows, width: queryKeyValue.inputs)
    compute.normalize(x, norm, rows: rows, to: h, quantized: queryKeyValue.wantsBlocks)
    let stride = queryKeyValue.outputs
    let qkv = try space.projected.reserve(rows * stride)
    queryKeyValue.apply(h, to: qkv, batch: rows, accumulate: false, pool: compute.pool)
    finishAndStore(pass, qkv, rotary)
    let scratchSize = pass.attentionScratch(headCount: headCount)
    let scratch = try space.scores.reserve(scratchSize * compute.pool.threadCount)
    let out = try space.attended.reserve(rows: rows, width: output.inputs)
    pass.attend(
      .init(
        layer: layer, headCount: headCount, queries: qkv, queryStride: stride, out: out.floats,
        scale: scale, softCap: softCap, window: window, scratch: scratch,
        scratchPerWorker: scratchSize, onlyOutputs: onlyOutputs))
    return out
  }

  /// Adds biases, normalises heads, turns them by their positions, and stores keys and values.
  private func finishAndStore(_ pass: ForwardPass, _ qkv: Compute.Floats, _ rotary: RotaryTable) {
    let kernels = pass.compute.kernels
    let rotate = rotary.kernel(kernels)
    let (pairs, stride) = (rotary.pairs, queryKeyValue.outputs)
    let turned = headCount + kvHeadCount
    rotary.withValues { table in
      pass.compute.pool.run(count: pass.rowCount, nanoseconds: Double(stride) * 1.2) { range, _ in
        for row in range {
          let from = qkv + row * stride
          if let bias { kernels.pointee.add_scaled(bias.values, from, stride, 1) }
          let angles = table + Int(pass.plan.positions[row]) * pairs * 2
          for head in 0..<turned {
            let values = from + head * headSize
            if let norm = head < headCount ? queryNorm : keyNorm {
              kernels.pointee.rms_norm(values, norm.weight.values, values, headSize, norm.epsilon)
            }
            rotate(values, angles, pairs)
          }
          pass.store(
            row: row, layer: layer, keys: from + headCount * headSize,
            values: from + turned * headSize)
        }
      }
    }
  }

  /// Adds the heads' outputs, projected, to the residual stream.
  ///
  /// - Parameter attended: what `attend` returned; only the first `rows`.
  func add(
    _ attended: Activations, to x: Compute.Floats, rows: Int, compute: Compute,
    in space: inout Workspace
  ) throws(ModelError) {
    if output.wantsBlocks { compute.quantize(attended, rows: rows, width: output.inputs) }
    if let outputNorm {
      let y = try space.branch.reserve(rows * output.outputs)
      output.apply(attended, to: y, batch: rows, accumulate: false, pool: compute.pool)
      if let outputBias { compute.add(outputBias, to: y, rows: rows) }
      compute.addNormalized(y, outputNorm, rows: rows, to: x)
    } else {
      output.apply(attended, to: x, batch: rows, accumulate: true, pool: compute.pool)
      if let outputBias { compute.add(outputBias, to: x, rows: rows) }
    }
  }
}
