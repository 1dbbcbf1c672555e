/// A transformer of any architecture: embedding, layers of attention and feed-forward blocks,
/// output projection of its own or tied to the embedding.
final class Transformer {
  fileprivate struct Layer {
    let mixer: Mixer
    /// Nil for a layer without one.
    let feedForward: FeedForwardBlock?
    var perLayer: PerLayerBlock?
    /// Multiplies what the layer leaves; nil without one.
    var scale: Float?
  }

  /// What brings tokens together.
  fileprivate enum Mixer {
    case attention(AttentionBlock)
    case recurrent(any RecurrentBlock)
    case linear(LinearBlock)
    case none
  }

  private let configuration: ModelConfiguration
  private let design: TransformerDesign
  private let embedding: RowDecoder
  private let perLayerEmbedding: PerLayerEmbedding?
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
    let embeddingTensor = try weights.tensor(
      "token_embd.weight", inputs: width, outputs: configuration.vocabularySize)
    embedding = try RowDecoder(embeddingTensor)
    perLayerEmbedding =
      if let length = configuration.perLayerEmbeddingLength {
        try PerLayerEmbedding(configuration, length: length, weights: weights)
      } else { nil }
    let distinct = configuration.layerCount / configuration.loops.count
    var layers: [Layer] = []
    for number in 0..<distinct {
      layers.append(try Self.layer(number, configuration, design, weights))
    }
    for number in distinct..<max(distinct, configuration.layerCount) {
      layers.append(layers[number - distinct].again(asLayer: number))
    }
    self.layers = layers
    outputNorm = try weights.norm(
      design.outputNorm + ".weight", count: width, epsilon: configuration.normEpsilon)
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
    try weights.refuseUnused(configuration)
  }

  private static func layer(
    _ number: Int, _ configuration: ModelConfiguration, _ design: TransformerDesign,
    _ weights: WeightLoader
  ) throws(ModelError) -> Layer {
    let shape = configuration.shape(ofLayer: number)
    let mixer: Mixer
    if let recurrence = configuration.recurrence, recurrence.layers[number] {
      mixer = .recurrent(
        try recurrentBlock(recurrence, configuration, layer: number, weights))
    } else if shape.headCount == 0 {
      mixer = .none
    } else if shape.kvHeadCount == 0 {
      mixer = .linear(try LinearBlock(configuration, layer: number, weights: weights))
    } else {
      mixer = .attention(
        try AttentionBlock(configuration, design, layer: number, weights: weights))
    }
    var layer = Layer(
      mixer: mixer,
      feedForward: shape.feedForwardLength > 0
        ? try FeedForwardBlock(configuration, design, layer: number, weights: weights) : nil)
    if let length = configuration.perLayerEmbeddingLength {
      layer.perLayer = try PerLayerBlock(
        configuration, length: length, layer: number, weights: weights)
    }
    let scale = "blk.\(number).layer_output_scale.weight"
    if design.scalesLayers, weights.contains(scale) {
      layer.scale = try weights.vectors([(scale, 1)]).array.first
    }
    return layer
  }

  private static func recurrentBlock(
    _ recurrence: ModelConfiguration.Recurrence, _ configuration: ModelConfiguration, layer: Int,
    _ weights: WeightLoader
  ) throws(ModelError) -> any RecurrentBlock {
    switch recurrence.kind {
    case .shortConvolution:
      try ShortConvolution(configuration, recurrence, layer: layer, weights: weights)
    case .gatedDeltaNet(let net):
      try GatedDeltaNet(configuration, recurrence, net, layer: layer, weights: weights)
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
    pass.recorder?.recordHidden(x, width: width)
    let positions = 1 + Int(pass.plan.positions.max() ?? 0)
    rotary.extend(to: positions)
    localRotary?.extend(to: positions)
    let perLayer = try perLayerEmbedding?.inputs(pass, x, in: &space)
    let perLayerWidth = perLayerEmbedding?.width ?? 0
    let firstLayer = pass.edits?.restart(in: x, rows: pass.rowCount) ?? 0
    var rows = pass.rowCount
    for (number, layer) in layers.enumerated().dropFirst(firstLayer) {
      let isLast = number == layers.count - 1
      let skips = pass.edits?.skipsAttention(of: number) ?? false
      switch layer.mixer {
      case .attention(let attention):
        let table = attention.isLocal ? localRotary ?? rotary : rotary
        let attended = try attention.attend(
          pass, x, rotary: table, onlyOutputs: isLast, in: &space)
        pass.edits?.silenceHeads(
          of: number, in: attended.floats, rows: pass.rowCount, headSize: attention.headSize,
          width: attention.attendedWidth)
        if isLast {
          // Nobody looks at the other rows any more: their keys and values are stored.
          rows = keepOutputRows(pass, x, width: width)
          _ = keepOutputRows(pass, attended.floats, width: attention.attendedWidth)
        }
        if !skips {
          try attention.add(attended, to: x, rows: rows, compute: pass.compute, in: &space)
        }
      case .recurrent(let block):
        let mixed = try block.mix(pass, x, in: &space)
        if isLast {
          rows = keepOutputRows(pass, x, width: width)
          _ = keepOutputRows(pass, mixed.floats, width: block.mixedWidth)
        }
        if !skips { try block.add(mixed, to: x, rows: rows, compute: pass.compute, in: &space) }
      case .linear(let block):
        if isLast { rows = keepOutputRows(pass, x, width: width) }
        if !skips { try block.add(to: x, rows: rows, compute: pass.compute, in: &space) }
      case .none:
        if isLast { rows = keepOutputRows(pass, x, width: width) }
      }
      pass.recorder?.recordMiddle(x, width: width)
      if pass.edits?.skipsFeedForward(of: number) != true {
        try layer.feedForward?.add(to: x, rows: rows, compute: pass.compute, in: &space)
      }
      if let block = layer.perLayer, let perLayer {
        if isLast { _ = keepOutputRows(pass, perLayer, width: perLayerWidth) }
        try block.add(
          perLayer, stride: perLayerWidth, to: x, rows: rows, compute: pass.compute, in: &space)
      }
      if let scale = layer.scale { for i in 0..<rows * width { x[i] *= scale } }
      if isEndOfRound(number), !isLast { pass.compute.normalizeInPlace(x, outputNorm, rows: rows) }
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
    let scale = configuration.embeddingScale
    pass.compute.pool.run(count: pass.rowCount, nanoseconds: Double(width) * 0.3) { range, _ in
      for row in range {
        let to = x + row * width
        embedding.decode(row: Int(pass.plan.tokens[row]), to: to)
        if scale != 1 { for i in 0..<width { to[i] *= scale } }
      }
    }
  }

  /// Moves the rows that are asked for to the front.
  ///
  /// - Returns: how many they are.
  private func keepOutputRows(_ pass: ForwardPass, _ x: Compute.Floats, width: Int) -> Int {
    for (to, from) in pass.outputRows.enumerated() where to != from {
      (x + to * width).update(from: x + from * width, count: width)
    }
    return pass.outputRows.count
  }

  /// Whether the last norm stands behind a layer because a round of a looped model ends there.
  private func isEndOfRound(_ layer: Int) -> Bool {
    let loops = configuration.loops
    return loops.count > 1 && loops.normalizesBetween
      && (layer + 1) % (configuration.layerCount / loops.count) == 0
  }

  private func project(
    _ compute: Compute, _ x: Compute.Floats, rows: Int
  ) throws(ModelError) -> UnsafePointer<Float> {
    let h = try space.normed.reserve(rows: rows, width: outputNorm.width)
    compute.normalize(
      x, outputNorm, rows: rows, width: outputNorm.width, to: h, quantized: output.wantsBlocks)
    let out = try space.logits.reserve(rows * configuration.vocabularySize)
    output.apply(h, to: out, batch: rows, accumulate: false, pool: compute.pool)
    if configuration.logitScale != 1 {
      for i in 0..<rows * configuration.vocabularySize { out[i] *= configuration.logitScale }
    }
    if let cap = configuration.logitSoftCap {
      compute.softCap(out, rows: rows, width: configuration.vocabularySize, cap: cap)
    }
    return UnsafePointer(out)
  }
}

extension Transformer.Layer {
  /// The same weights for a further round of a looped model.
  fileprivate func again(asLayer layer: Int) -> Self {
    guard case .attention(let attention) = mixer else { return self }
    return Self(mixer: .attention(attention.again(asLayer: layer)), feedForward: feedForward)
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
  /// What experts put out that stand beside a plain block, and what their router reads.
  var besideBranch = ScratchBuffer<Float>()
  var routed = ActivationBuffer()
  /// Of attention, and of an expert mixture's router.
  var scores = ScratchBuffer<Float>()
  var expertInput = ActivationBuffer()
  var expertOutput = ScratchBuffer<Float>()
  var logits = ScratchBuffer<Float>()
  /// What layers add of their own for each token, and the table's rows that it is made of.
  var perLayer = ScratchBuffer<Float>()
  var perLayerRows = ScratchBuffer<Float>()
}
