import CKernels

/// The llama family (Touvron et al. 2023): RMSNorm before each block, rotary positions on
/// neighbouring pairs, grouped-query attention, SwiGLU; output projection of its own or tied to
/// the embedding. SmolLM, TinyLlama and Mistral share it.
final class LlamaArchitecture: Architecture {
  private struct Layer {
    let attentionNorm: AlignedMemory
    /// Queries, keys and values, one after another.
    let queryKeyValue: LinearMap
    let attentionOutput: LinearMap
    let feedForwardNorm: AlignedMemory
    /// Gate and up, one after another.
    let gateUp: LinearMap
    let down: LinearMap
  }

  private let configuration: ModelConfiguration
  private let embedding: RowDecoder
  private let layers: [Layer]
  private let outputNorm: AlignedMemory
  private let output: LinearMap
  private var rotary: RotaryTable

  // Activations of a pass, planned once and reused.
  private var residual = ScratchBuffer<Float>()
  private var normed = ActivationBuffer()
  private var projected = ScratchBuffer<Float>()
  private var attended = ActivationBuffer()
  private var hidden = ActivationBuffer()
  private var logits = ScratchBuffer<Float>()
  private var attentionScratch = ScratchBuffer<Float>()

  init(_ configuration: ModelConfiguration, weights: WeightLoader) throws(ModelError) {
    let width = configuration.embeddingLength
    let queryWidth = configuration.headCount * configuration.headSize
    let kvWidth = configuration.kvHeadCount * configuration.headSize
    let ff = configuration.feedForwardLength
    self.configuration = configuration
    let embeddingTensor = try weights.tensor(
      "token_embd.weight", inputs: width, outputs: configuration.vocabularySize)
    embedding = try RowDecoder(embeddingTensor)
    var layers: [Layer] = []
    for number in 0..<configuration.layerCount {
      let name = "blk.\(number)."
      func tensor(_ part: String, _ inputs: Int, _ outputs: Int) throws(ModelError) -> Tensor {
        try weights.tensor(name + part + ".weight", inputs: inputs, outputs: outputs)
      }
      layers.append(
        Layer(
          attentionNorm: try weights.vector(name + "attn_norm.weight", count: width),
          queryKeyValue: try weights.map([
            try tensor("attn_q", width, queryWidth), try tensor("attn_k", width, kvWidth),
            try tensor("attn_v", width, kvWidth),
          ]),
          attentionOutput: try weights.map([try tensor("attn_output", queryWidth, width)]),
          feedForwardNorm: try weights.vector(name + "ffn_norm.weight", count: width),
          gateUp: try weights.map([
            try tensor("ffn_gate", width, ff), try tensor("ffn_up", width, ff),
          ]),
          down: try weights.map([try tensor("ffn_down", ff, width)])))
    }
    self.layers = layers
    outputNorm = try weights.vector("output_norm.weight", count: width)
    output = try weights.map([
      configuration.tiedEmbeddings
        ? embeddingTensor
        : try weights.tensor(
          "output.weight", inputs: width, outputs: configuration.vocabularySize)
    ])
    rotary = RotaryTable(
      configuration.rotary, factors: try Self.frequencyFactors(configuration, weights))
  }

  private static func frequencyFactors(
    _ configuration: ModelConfiguration, _ weights: WeightLoader
  ) throws(ModelError) -> [Float]? {
    let name = "rope_freqs.weight"
    guard weights.store.tensor(named: name) != nil else { return nil }
    let count = configuration.rotary.dimensions / 2
    let memory = try weights.vector(name, count: count)
    let values = memory.start.assumingMemoryBound(to: Float.self)
    return (0..<count).map { values[$0] }
  }

  func forward(_ pass: ForwardPass) throws(ModelError) -> UnsafePointer<Float> {
    let width = configuration.embeddingLength
    let x = try residual.reserve(pass.rowCount * width)
    embed(pass, to: x)
    rotary.extend(to: 1 + Int(pass.plan.positions.max() ?? 0))
    var rows = pass.rowCount
    for (number, layer) in layers.enumerated() {
      let attention = try attend(pass, x, layer, number: number)
      if number == layers.count - 1 {
        // Nobody looks at the other rows any more: their keys and values are stored.
        keepOutputRows(pass, x, width: width)
        keepOutputRows(pass, attention.floats, width: layer.attentionOutput.inputs)
        rows = pass.outputRows.count
      }
      try finish(pass.compute, layer, x, attention, rows: rows)
    }
    return try project(pass.compute, x, rows: rows)
  }

  private func embed(_ pass: ForwardPass, to x: UnsafeMutablePointer<Float>) {
    let width = configuration.embeddingLength
    pass.compute.pool.run(count: pass.rowCount, nanoseconds: Double(width) * 0.3) { range, _ in
      for row in range { embedding.decode(row: Int(pass.plan.tokens[row]), to: x + row * width) }
    }
  }

  /// Attention of one layer, before its output projection. [rows, heads · headSize]
  private func attend(
    _ pass: ForwardPass, _ x: UnsafeMutablePointer<Float>, _ layer: Layer, number: Int
  ) throws(ModelError) -> Activations {
    let compute = pass.compute
    let rows = pass.rowCount
    let heads = configuration.headCount
    let headSize = configuration.headSize
    let h = try normed.reserve(rows: rows, width: configuration.embeddingLength)
    compute.normalize(
      x, weight: layer.attentionNorm.start.assumingMemoryBound(to: Float.self),
      epsilon: configuration.normEpsilon, rows: rows, width: configuration.embeddingLength,
      to: h, quantized: layer.queryKeyValue.wantsBlocks)
    let stride = layer.queryKeyValue.outputs
    let qkv = try projected.reserve(rows * max(stride, 2 * configuration.feedForwardLength))
    layer.queryKeyValue.apply(h, to: qkv, batch: rows, accumulate: false, pool: compute.pool)
    rotateAndStore(pass, qkv, stride: stride, layer: number)
    let scratchSize = pass.attentionScratch(headCount: heads)
    let scratch = try attentionScratch.reserve(scratchSize * compute.pool.threadCount)
    let out = try attended.reserve(rows: rows, width: heads * headSize)
    pass.attend(
      .init(
        layer: number, headCount: heads, queries: qkv, queryStride: stride, out: out.floats,
        scratch: scratch, scratchPerWorker: scratchSize,
        onlyOutputs: number == layers.count - 1))
    return out
  }

  private func rotateAndStore(
    _ pass: ForwardPass, _ qkv: UnsafeMutablePointer<Float>, stride: Int, layer: Int
  ) {
    let rotate = pass.compute.kernels.pointee.rotate_pairs
    let headSize = configuration.headSize
    let turned = configuration.headCount + configuration.kvHeadCount
    let pairs = rotary.pairs
    rotary.withValues { table in
      pass.compute.pool.run(count: pass.rowCount, nanoseconds: Double(stride) * 1.2) { range, _ in
        for row in range {
          let from = qkv + row * stride
          let angles = table + Int(pass.plan.positions[row]) * pairs * 2
          for head in 0..<turned { rotate?(from + head * headSize, angles, pairs) }
          pass.store(
            row: row, layer: layer, keys: from + configuration.headCount * headSize,
            values: from + turned * headSize)
        }
      }
    }
  }

  /// Moves the rows that are asked for to the front.
  private func keepOutputRows(
    _ pass: ForwardPass, _ x: UnsafeMutablePointer<Float>, width: Int
  ) {
    for (to, from) in pass.outputRows.enumerated() where to != from {
      (x + to * width).update(from: x + from * width, count: width)
    }
  }

  /// The rest of a layer: output projection and feed-forward block, each added to the residual.
  private func finish(
    _ compute: Compute, _ layer: Layer, _ x: UnsafeMutablePointer<Float>,
    _ attention: Activations, rows: Int
  ) throws(ModelError) {
    let width = configuration.embeddingLength
    let ff = configuration.feedForwardLength
    if layer.attentionOutput.wantsBlocks {
      compute.quantize(attention, rows: rows, width: layer.attentionOutput.inputs)
    }
    layer.attentionOutput.apply(
      attention, to: x, batch: rows, accumulate: true, pool: compute.pool)
    let h = try normed.reserve(rows: rows, width: width)
    compute.normalize(
      x, weight: layer.feedForwardNorm.start.assumingMemoryBound(to: Float.self),
      epsilon: configuration.normEpsilon, rows: rows, width: width, to: h,
      quantized: layer.gateUp.wantsBlocks)
    let gateUp = try projected.reserve(rows * 2 * ff)
    layer.gateUp.apply(h, to: gateUp, batch: rows, accumulate: false, pool: compute.pool)
    let act = try hidden.reserve(rows: rows, width: ff)
    compute.gate(gateUp, rows: rows, width: ff, to: act, quantized: layer.down.wantsBlocks)
    layer.down.apply(act, to: x, batch: rows, accumulate: true, pool: compute.pool)
  }

  private func project(
    _ compute: Compute, _ x: UnsafeMutablePointer<Float>, rows: Int
  ) throws(ModelError) -> UnsafePointer<Float> {
    let width = configuration.embeddingLength
    let h = try normed.reserve(rows: rows, width: width)
    compute.normalize(
      x, weight: outputNorm.start.assumingMemoryBound(to: Float.self),
      epsilon: configuration.normEpsilon, rows: rows, width: width, to: h,
      quantized: output.wantsBlocks)
    let out = try logits.reserve(rows * configuration.vocabularySize)
    output.apply(h, to: out, batch: rows, accumulate: false, pool: compute.pool)
    return UnsafePointer(out)
  }
}
