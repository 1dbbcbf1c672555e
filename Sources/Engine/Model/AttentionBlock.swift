import CKernels

/// Grouped-query attention (Ainslie et al. 2023) of one layer with all that architectures vary of
/// it: biases, norms, partial rotation or none, windows, caps, sinks, gates, keys and values of an
/// earlier layer.
struct AttentionBlock {
  private let norm: Norm?
  /// Queries, keys, values and gates, one after another; only queries where another layer has the
  /// rest.
  private let queryKeyValue: LinearMap
  private let bias: Vector?
  private let headNorms: HeadNorms
  private let queryNorm: Norm?
  private let keyNorm: Norm?
  private let valueNorm: Norm?
  private let sinks: Vector?
  private let output: LinearMap
  private let outputBias: Vector?
  private let outputNorm: Norm?

  private var layer: Int
  /// The layer whose keys and values it looks at.
  private var kvLayer: Int
  private let headCount: Int
  /// Of those that it computes: 0 where another layer does.
  private let kvHeadCount: Int
  let headSize: Int
  private let scale: Float
  private let softCap: Float
  /// How many positions a token sees; 0 for all.
  private let window: Int
  /// The layer's positions are turned as in layers with a window.
  let isLocal: Bool
  /// Queries and keys are turned by their positions.
  private let isTurned: Bool
  /// The heads' outputs are weighed by what stands behind the values.
  private let isGated: Bool
  private let temperature: ModelConfiguration.AttentionTemperature?
  private let residualScale: Float

  /// - Parameter layer: whose number its tensors have.
  init(
    _ configuration: ModelConfiguration, _ design: TransformerDesign, layer: Int,
    weights: WeightLoader
  ) throws(ModelError) {
    let shape = configuration.shape(ofLayer: layer)
    let source = configuration.sharedKVLayers[layer]
    self.layer = layer
    kvLayer = source ?? layer
    headCount = shape.headCount
    kvHeadCount = source == nil ? shape.kvHeadCount : 0
    headSize = shape.headSize
    scale = configuration.attentionScale ?? 1 / Float(shape.headSize).squareRoot()
    softCap = configuration.attentionSoftCap ?? 0
    isLocal = configuration.window?.layers[layer] ?? false
    window = isLocal ? configuration.window?.length ?? 0 : 0
    isTurned = !configuration.nopeLayers.contains(layer)
    isGated = design.gatesAttention
    temperature = configuration.attentionTemperature
    residualScale = configuration.residualScale

    let width = configuration.embeddingLength
    let (queries, keys) = (headCount * headSize, kvHeadCount * headSize)
    let name = "blk.\(layer).attn_"
    func loadNorm(_ name: String, count: Int) throws(ModelError) -> Norm {
      try weights.norm(name + ".weight", count: count, epsilon: configuration.normEpsilon)
    }
    norm = design.normalizesInputs ? try loadNorm(name + "norm", count: width) : nil
    var parts: [(name: String, outputs: Int)] = [("q", queries), ("k", keys), ("v", keys)]
    if source != nil {
      parts = [("q", queries)]
    } else if design.fusesQueryKeyValue || weights.contains(name + "qkv.weight") {
      parts = [("qkv", queries + 2 * keys)]
    } else if design.normalizesValues, !weights.contains(name + "v.weight") {
      // Keys before their norm and their rotation are the values.
      parts[2].name = "k"
    }
    var tensors: [Tensor] = []
    var gates: [Tensor] = []
    for part in parts {
      let holdsGates = design.gatesAttention && part.name == "q"
      let tensor = try weights.tensor(
        name + part.name + ".weight", inputs: width, outputs: part.outputs * (holdsGates ? 2 : 1))
      guard holdsGates else {
        tensors.append(tensor)
        continue
      }
      for head in 0..<headCount {
        let first = 2 * head * headSize
        tensors.append(tensor.rows(first..<first + headSize))
        gates.append(tensor.rows(first + headSize..<first + 2 * headSize))
      }
    }
    tensors += gates
    queryKeyValue = try weights.map(tensors)
    let hasBias = parts.contains { weights.contains(name + $0.name + ".bias") }
    bias =
      design.requiresBias || hasBias
      ? try weights.vectors(parts.map { (name + $0.name + ".bias", $0.outputs) }) : nil
    headNorms = design.headNorms
    let together = design.headNorms == .allHeads
    let normalizes = design.headNorms != .none
    queryNorm =
      normalizes ? try loadNorm(name + "q_norm", count: together ? queries : headSize) : nil
    keyNorm =
      normalizes && source == nil
      ? try loadNorm(name + "k_norm", count: together ? keys : headSize) : nil
    valueNorm =
      design.normalizesValues
      ? Norm(weight: try .ones(count: headSize), epsilon: configuration.normEpsilon) : nil
    sinks =
      design.hasAttentionSinks
      ? try weights.vectors([(name + "sinks.weight", headCount)]) : nil
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

  /// The same weights with keys and values of their own, for a further round of a looped model.
  func again(asLayer layer: Int) -> AttentionBlock {
    var block = self
    block.layer = layer
    block.kvLayer = layer
    return block
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
    compute.normalize(
      x, norm, rows: rows, width: queryKeyValue.inputs, to: h,
      quantized: queryKeyValue.wantsBlocks)
    let stride = queryKeyValue.outputs
    let qkv = try space.projected.reserve(rows * stride)
    queryKeyValue.apply(h, to: qkv, batch: rows, accumulate: false, pool: compute.pool)
    finishAndStore(pass, qkv, rotary)
    let scratchSize = pass.attentionScratch(kvLayer: kvLayer, headCount: headCount)
    let scratch = try space.scores.reserve(scratchSize * compute.pool.threadCount)
    let out = try space.attended.reserve(rows: rows, width: output.inputs)
    pass.attend(
      .init(
        layer: layer, kvLayer: kvLayer, headCount: headCount,
        sinks: sinks.map { UnsafePointer($0.values) }, queries: qkv, queryStride: stride,
        out: out.floats, scale: scale, softCap: softCap, window: window, scratch: scratch,
        scratchPerWorker: scratchSize, onlyOutputs: onlyOutputs))
    if isGated { openGates(qkv, out.floats, rows: rows, compute) }
    return out
  }

  /// Weighs the heads' outputs.
  private func openGates(
    _ projected: Compute.Floats, _ out: Compute.Floats, rows: Int, _ compute: Compute
  ) {
    let (stride, width) = (queryKeyValue.outputs, output.inputs)
    compute.pool.run(count: rows, nanoseconds: Double(width)) { range, _ in
      for row in range {
        let gates = projected + (row + 1) * stride - width
        compute.kernels.pointee.sigmoid_gate(gates, out + row * width, width)
      }
    }
  }

  /// Adds biases, normalises heads, turns them by their positions, and stores keys and values.
  private func finishAndStore(_ pass: ForwardPass, _ qkv: Compute.Floats, _ rotary: RotaryTable) {
    let kernels = pass.compute.kernels
    let stride = queryKeyValue.outputs
    rotary.withValues { table in
      pass.compute.pool.run(count: pass.rowCount, nanoseconds: Double(stride) * 1.2) { range, _ in
        for row in range {
          let from = qkv + row * stride
          let position = Int(pass.plan.positions[row])
          if let bias { kernels.pointee.add_scaled(bias.values, from, stride, 1) }
          if headNorms == .allHeads {
            normalize(from, queryNorm, kernels)
            normalize(from + headCount * headSize, keyNorm, kernels)
          }
          let angles = table + position * rotary.pairs * 2
          finishHeads(from, angles, rotary, kernels)
          if let factor = temperature?.factor(position: position), factor != 1 {
            for i in 0..<headCount * headSize { from[i] *= factor }
          }
          guard kvHeadCount > 0 else { continue }
          pass.store(
            row: row, layer: layer, keys: from + headCount * headSize,
            values: from + (headCount + kvHeadCount) * headSize)
        }
      }
    }
  }

  private func normalize(
    _ x: Compute.Floats, _ norm: Norm?, _ kernels: UnsafePointer<ck_kernels>
  ) {
    guard let norm else { return }
    kernels.pointee.rms_norm(x, norm.weight.values, x, norm.width, norm.epsilon)
  }

  /// Normalises and turns each head of a row on its own.
  private func finishHeads(
    _ row: Compute.Floats, _ angles: UnsafePointer<Float>, _ rotary: RotaryTable,
    _ kernels: UnsafePointer<ck_kernels>
  ) {
    let rotate = rotary.kernel(kernels)
    for head in 0..<headCount + kvHeadCount {
      let values = row + head * headSize
      let norm = head < headCount ? queryNorm : keyNorm
      if headNorms == .eachHead { normalize(values, norm, kernels) }
      if isTurned { rotate(values, angles, rotary.pairs) }
      if headNorms == .eachHeadAfterRotation { normalize(values, norm, kernels) }
    }
    guard valueNorm != nil else { return }
    for head in 0..<kvHeadCount {
      normalize(row + (headCount + kvHeadCount + head) * headSize, valueNorm, kernels)
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
    let goesBeside = outputNorm != nil || residualScale != 1
    let y = goesBeside ? try space.branch.reserve(rows * output.outputs) : x
    output.apply(attended, to: y, batch: rows, accumulate: !goesBeside, pool: compute.pool)
    if let outputBias { compute.add(outputBias, to: y, rows: rows) }
    guard goesBeside else { return }
    compute.add(
      y, outputNorm, rows: rows, width: output.outputs, scale: residualScale, to: x)
  }
}

/// A linear map in the place of attention (Bercovich et al. 2024, Puzzle): each token's own.
struct LinearBlock {
  private let norm: Norm
  private let map: LinearMap
  private let residualScale: Float

  init(
    _ configuration: ModelConfiguration, layer: Int, weights: WeightLoader
  ) throws(ModelError) {
    let width = configuration.embeddingLength
    norm = try weights.norm(
      "blk.\(layer).attn_norm.weight", count: width, epsilon: configuration.normEpsilon)
    map = try weights.map([
      try weights.tensor("blk.\(layer).attn_output.weight", inputs: width, outputs: width)
    ])
    residualScale = configuration.residualScale
  }

  /// Adds the block's output to the residual stream.
  func add(
    to x: Compute.Floats, rows: Int, compute: Compute, in space: inout Workspace
  ) throws(ModelError) {
    let h = try space.normed.reserve(rows: rows, width: norm.width)
    compute.normalize(
      x, norm, rows: rows, width: norm.width, to: h, quantized: map.wantsBlocks)
    let y = try space.branch.reserve(rows * norm.width)
    map.apply(h, to: y, batch: rows, accumulate: false, pool: compute.pool)
    compute.add(y, nil, rows: rows, width: norm.width, scale: residualScale, to: x)
  }
}
