/// A transformer of any architecture: embedding, layers of attention and feed-forward blocks,
/// output projection of its own or tied to the embedding.
final class Transformer {
  private struct Layer {
    let attention: AttentionBlock
    let feedForward: FeedForwardBlock
  }

  private let configuration: ModelConfiguration
  private let design: TransformerDesign
  private let embedding: RowDecoder
  private let layers: [Layer]
  private let outputNorm: Norm
  private let output: LinearMap
  private var rotary: RotaryTable
  /// Of the layers with a window, where it is another one.
  private var localRotary: RotaryTable?
  private var space = Workspace()

  /// Loads and packs the weights.
  ///
  /// - Throws: `ModelError` when the architecture is unknown, or a tensor is missing, misshapen,
  ///   in a format without kernels or of no use to the architecture.
  init(_ configuration: ModelConfiguration, weights: WeightLoader) throws(ModelError) {
    let architecture = try Architectures.named(configuration.architecture)
    let design = architecture.design(configuration)
    let width = configuration.embeddingLength
    self.configuration = configuration
    self.design = design
    try weights.refuseUnknownBiases(architecture: configuration.architecture)
    let embeddingTensor = try weights.tensor(
      "token_embd.weight", inputs: width, outputs: configuration.vocabularySize)
    embedding = try RowDecoder(embeddingTensor)
    var layers: [Layer] = []
    for number in 0..<configuration.layerCount {
      layers.append(
        Layer(
          attention: try AttentionBlock(configuration, design, layer: number, weights: weights),
          feedForward: try FeedForwardBlock(
            configuration, design, layer: number, weights: weights)))
    }
    self.layers = layers
    outputNorm = try weights.norm(
      "output_norm.weight", count: width, epsilon: configuration.normEpsilon)
    output = try weights.map([
      configuration.tiedEmbeddings
        ? embeddingTensor
        : try weights.tensor("output.weight", inputs: width, outputs: configuration.vocabularySize)
    ])
    rotary = RotaryTable(
      configuration.rotary, rotation: design.rotation,
      factors: try weights.frequencyFactors(configuration))
    localRotary = configuration.localRotary.map {
      RotaryTable($0, rotation: design.rotation, factors: nil)
    }
  }

  /// Runs a pass through all layers, storing its keys and values.
  ///
  /// - Returns: the logits of the pass's output rows, `[outputRows, vocabulary]`, valid until the
  ///   next pass.
  func forward(_ pass: ForwardPass) throws(ModelError) -> UnsafePointer<Float> {
    let width = configuration.embeddingLength
    let x = try space.residual.reserve(pass.rowCount * width)
    embed(pass, to: x)
    let firstLayer = pass.edits?.restart(in: x, rows: pass.rowCount) ?? 0
    pass.recorder?.recordHidden(x, width: width)
    let positions = 1 + Int(pass.plan.positions.max() ?? 0)
    rotary.extend(to: positions)
    localRotary?.extend(to: positions)
    var rows = pass.rowCount
    for (number, layer) in layers.enumerated().dropFirst(firstLayer) {
      let isLast = number == layers.count - 1
      let table = layer.attention.isLocal ? localRotary ?? rotary : rotary
      let attended = try layer.attention.attend(
        pass, x, rotary: table, onlyOutputs: isLast, in: &space)
      pass.edits?.silenceHeads(
        of: number, in: attended.floats, rows: pass.rowCount, headSize: configuration.headSize,
        width: layer.attention.attendedWidth)
      if isLast {
        // Nobody looks at the other rows any more: their keys and values are stored.
        keepOutputRows(pass, x, width: width)
        keepOutputRows(pass, attended.floats, width: layer.attention.attendedWidth)
        rows = pass.outputRows.count
      }
      if pass.edits?.skipsAttention(of: number) != true {
        try layer.attention.add(attended, to: x, rows: rows, compute: pass.compute, in: &space)
      }
      pass.recorder?.recordMiddle(x, width: width)
      if pass.edits?.skipsFeedForward(of: number) != true {
        try layer.feedForward.add(to: x, rows: rows, compute: pass.compute, in: &space)
      }
      pass.recorder?.recordHidden(x, width: width)
    }
    return try project(pass.compute, x, rows: rows)
  }

  /// The logits that states of the residual stream would give if they were the last.
  ///
  /// - Parameters:
  ///   - states: `[rows][width]`.
  ///   - read: is given the numbers of some rows and their logits, `[rows, vocabulary]`, which are
  ///     valid only there.
  func readOut(
    _ states: [[Float]], compute: Compute, _ read: (Range<Int>, UnsafePointer<Float>) -> Void
  ) throws(ModelError) {
    let width = configuration.embeddingLength
    // A large vocabulary should not take much memory.
    let most = max(1, min(32, (1 << 21) / max(1, configuration.vocabularySize)))
    for start in stride(from: 0, to: states.count, by: most) {
      let rows = start..<min(states.count, start + most)
      let x = try space.residual.reserve(rows.count * width)
      for row in rows {
        for (index, value) in states[row].prefix(width).enumerated() {
          x[(row - start) * width + index] = value
        }
      }
      read(rows, try project(compute, x, rows: rows.count))
    }
  }

  private func embed(_ pass: ForwardPass, to x: Compute.Floats) {
    let width = configuration.embeddingLength
    let scale = design.embeddingScale
    pass.compute.pool.run(count: pass.rowCount, nanoseconds: Double(width) * 0.3) { range, _ in
      for row in range {
        let to = x + row * width
        embedding.decode(row: Int(pass.plan.tokens[row]), to: to)
        if scale != 1 { for i in 0..<width { to[i] *= scale } }
      }
    }
  }

  /// Moves the rows that are asked for to the front.
  private func keepOutputRows(_ pass: ForwardPass, _ x: Compute.Floats, width: Int) {
    for (to, from) in pass.outputRows.enumerated() where to != from {
      (x + to * width).update(from: x + from * width, count: width)
    }
  }

  private func project(
    _ compute: Compute, _ x: Compute.Floats, rows: Int
  ) throws(ModelError) -> UnsafePointer<Float> {
    let h = try space.normed.reserve(rows: rows, width: outputNorm.width)
    compute.normalize(x, outputNorm, rows: rows, to: h, quantized: output.wantsBlocks)
    let out = try space.logits.reserve(rows * configuration.vocabularySize)
    output.apply(h, to: out, batch: rows, accumulate: false, pool: compute.pool)
    if let cap = configuration.logitSoftCap {
      compute.softCap(out, rows: rows, width: configuration.vocabularySize, cap: cap)
    }
    return UnsafePointer(out)
  }
}

/// Memory for the activations of a pass, shared by all blocks and reused by the next pass.
struct Workspace {
  var residual = ScratchBuffer<Float>()
  /// What a block reads.
  var normed = ActivationBuffer()
  /// Queries, keys and values; gate and up.
  var projected = ScratchBuffer<Float>()
  var attended = ActivationBuffer()
  var hidden = ActivationBuffer()
  /// What a block puts out, before it is normalised.
  var branch = ScratchBuffer<Float>()
  /// Of attention, and of an expert mixture's router.
  var scores = ScratchBuffer<Float>()
  var expertInput = ActivationBuffer()
  var expertOutput = ScratchBuffer<Float>()
  var logits = ScratchBuffer<Float>()
}
