import CKernels
import Decoding
public import Engine

/// A transformer of the llama family, forward and backward, in single precision.
///
/// `forward` tells how likely each target is; an objective turns that into the derivative of its
/// loss by each of these numbers; `backward` turns the derivatives into gradients of all weights,
/// which add up until `clearGradients`.
///
/// Work alternates between two kinds of loops: blocks of rows go through all that computes each row
/// on its own, so that what is computed is read while it is still in the nearer caches; then come
/// attention, in which rows meet, and the gradients of weights, which are sums over rows.
public final class TrainingPass {
  public let weights: TrainableWeights
  let configuration: ModelConfiguration
  let compute: LayerCompute
  private let layers: [Layer]
  private var output: OutputLayer
  private let norms: NormShares
  private let space: Space
  private var rotary: RotaryTable
  private let gradientMemory: AlignedMemory
  /// Whether there is a backward pass.
  private let isTrained: Bool
  private let embedding: (weight: Floats, gradient: Floats)
  /// The version of the weights that is packed.
  private var packedVersion: UInt64 = 0
  /// The rows of the last forward pass.
  private var rows = PackedRows()

  /// The gradient of every weight, in the order of the weights; none of a pass that is not trained.
  /// [weights.count]
  var gradients: Floats { gradientMemory.start.assumingMemoryBound(to: Float.self) }

  /// What the forward pass tells.
  public struct Outcome: Sendable {
    /// log p of each target. [targets]
    public var logProbabilities: [Float] = []
    /// The entropy in nats of what each target was chosen from. [targets]
    public var entropies: [Float] = []
    /// The hidden state that each target was chosen from, after the last norm, where it was asked
    /// for. [targets, width]
    public var states: [Float] = []
    /// The logits that each target was chosen from, where they were asked for. Targets of one row
    /// have the same ones. [targets, vocabulary]
    public var logits: [Float] = []
  }

  /// One layer, and what its backward pass reads.
  private struct Layer {
    let attentionNorm: NormLayer
    let queryKeyValue: LinearLayer
    let attention: AttentionLayer
    let output: LinearLayer
    let feedForwardNorm: NormLayer
    let gateUp: LinearLayer
    let gate: GateLayer
    let down: LinearLayer

    let kept: Kept

    var input: Activations { kept.input }
    var qkv: Activations { kept.qkv }
    var attended: Activations { kept.attended }
    var middle: Activations { kept.middle }
    var both: Activations { kept.both }
    var linear: [LinearLayer] { [queryKeyValue, output, gateUp, down] }
    var sums: AttentionLayer.Sums {
      .init(peaks: kept.peaks.start, factors: kept.factors.start)
    }
  }

  /// What a layer computes on its way and its backward pass reads.
  private struct Kept {
    let input: Activations  // [rows, width]
    let qkv: Activations  // [rows, attention.stride], turned
    let peaks: Activations  // [heads, rows]
    let factors: Activations  // [heads, rows]
    let attended: Activations  // [rows, attention.width], in groups of columns
    let middle: Activations  // [rows, width]
    let both: Activations  // [rows, 2, feed forward]

    init(_ plan: ActivationPlan, _ configuration: ModelConfiguration) throws(ModelError) {
      input = try Activations(width: plan.width)
      qkv = try Activations(width: plan.stride)
      peaks = try Activations(width: configuration.headCount)
      factors = try Activations(width: configuration.headCount)
      attended = try Activations(width: plan.groupedHeads)
      middle = try Activations(width: plan.width)
      both = try Activations(width: 2 * plan.feedForward)
    }

    var buffers: [Activations] { [input, qkv, peaks, factors, attended, middle, both] }
  }

  /// Each norm's gradient by block of rows. [blocks, width]
  private struct NormShares {
    let attention: Activations
    let feedForward: Activations
  }

  /// Memory that all layers share.
  private struct Space {
    let stream: Activations  // [rows, width], after the last layer
    let attended: Activations  // [rows, attention.width]
    /// What the linear layers read, in groups of columns.
    let attentionInput: Activations  // [rows, width]
    let feedForwardInput: Activations  // [rows, width]
    let hidden: Activations  // [rows, feed forward]
    /// The gradient of the residual stream, of which three are in use at a time. [rows, width]
    let dstream: [Activations]
    let dattended: Activations  // [rows, attention.width]
    /// Of this layer and the one above it. [rows, attention.stride]
    let dqkv: [Activations]
    let dboth: Activations  // [rows, 2, feed forward]

    /// For each thread, a block of rows.
    let normed: Activations  // [threads · block, width]
    let dnormed: Activations  // [threads · block, width]
    let wide: Activations  // [threads · block, feed forward]
    let dwide: Activations  // [threads · block, feed forward]
    /// For each thread, what attention needs.
    let attention: Activations

    var buffers: [Activations] {
      [stream, attended, attentionInput, feedForwardInput, hidden, dattended, dboth] + dstream
        + dqkv
    }
  }

  /// - Parameter isTrained: whether there is a backward pass. Without one there are no gradients, and
  ///   nothing is kept of a layer once the next one has been computed.
  /// - Throws: `ModelError` for an architecture that cannot be trained, weights that are no floats
  ///   or do not fit the configuration, and where memory runs out.
  public init(
    _ configuration: ModelConfiguration, copying store: any WeightStore, name: String,
    threads: Int, instructionSet: InstructionSet? = nil, isTrained: Bool = true
  ) throws(ModelError) {
    try Self.check(configuration, store, isTrained: isTrained)
    self.isTrained = isTrained
    weights = try TrainableWeights(
      copying: store, names: Self.tensorNames(configuration), name: name)
    let set = instructionSet ?? InstructionSet.available[0]
    guard let kernels = set.kernels else {
      throw .instructionSetUnavailable(
        set.rawValue, available: InstructionSet.available.map(\.rawValue))
    }
    self.configuration = configuration
    let compute = LayerCompute(kernels: kernels, pool: ThreadPool(threadCount: threads))
    self.compute = compute
    gradientMemory = try AlignedMemory(
      byteCount: isTrained ? weights.count * MemoryLayout<Float>.stride : 0)
    let parts = LayerFactory(
      weights: weights, gradients: gradientMemory.start.assumingMemoryBound(to: Float.self),
      configuration: configuration, compute: compute)
    let plan = ActivationPlan(configuration, lanes: compute.lanes)
    var kept: Kept?
    layers = try (0..<configuration.layerCount).map { number throws(ModelError) in
      let name = "blk.\(number)."
      // What is not read again is written over by the next layer.
      var activations = try Kept(plan, configuration)
      if !isTrained, let kept { activations = kept }
      kept = activations
      return Layer(
        attentionNorm: try parts.norm(name + "attn_norm"),
        queryKeyValue: try parts.linear(["attn_q", "attn_k", "attn_v"].map { name + $0 }),
        attention: parts.attention,
        output: try parts.linear([name + "attn_output"]),
        feedForwardNorm: try parts.norm(name + "ffn_norm"),
        gateUp: try parts.linear(["ffn_gate", "ffn_up"].map { name + $0 }),
        gate: GateLayer(width: configuration.feedForwardLength),
        down: try parts.linear([name + "ffn_down"]), kept: activations)
    }
    output = try OutputLayer(
      norm: try parts.norm("output_norm"),
      projection: try parts.linear([configuration.tiedEmbeddings ? "token_embd" : "output"]),
      compute)
    embedding = try parts.place("token_embd")
    norms = NormShares(
      attention: try Activations(width: plan.width), feedForward: try Activations(width: plan.width)
    )
    space = Space(
      stream: try Activations(width: plan.width), attended: try Activations(width: plan.heads),
      attentionInput: try Activations(width: plan.groupedWidth),
      feedForwardInput: try Activations(width: plan.groupedWidth),
      hidden: try Activations(width: plan.groupedFeedForward),
      dstream: [
        try Activations(width: plan.width), try Activations(width: plan.width),
        try Activations(width: plan.width),
      ],
      dattended: try Activations(width: plan.heads),
      dqkv: [try Activations(width: plan.stride), try Activations(width: plan.stride)],
      dboth: try Activations(width: 2 * plan.feedForward),
      normed: try Activations(width: plan.width), dnormed: try Activations(width: plan.width),
      wide: try Activations(width: plan.feedForward),
      dwide: try Activations(width: plan.feedForward), attention: try Activations(width: 1))
    rotary = RotaryTable(configuration.rotary, rotation: .pairs, factors: nil)
  }

  /// Elements of a hidden state.
  public var width: Int { configuration.embeddingLength }
  /// Tokens of the vocabulary.
  public var vocabularySize: Int { configuration.vocabularySize }

  /// All that has a row for each row of a pass, but for the output's.
  private var buffers: [Activations] {
    isTrained
      ? layers.flatMap(\.kept.buffers) + space.buffers
      : (layers.first?.kept.buffers ?? []) + [space.stream, space.attended]
  }

  /// Bytes of all that has been reserved for rows.
  var rowBytes: Int { buffers.reduce(output.byteCount) { $0 + $1.byteCount } }

  // MARK: Gradients

  /// The gradient of a tensor. [rowCount, rowLength]
  public func gradient(of name: String) -> [Float]? {
    weights.parameter(named: name).map {
      Array(UnsafeBufferPointer(start: gradients + $0.offset, count: $0.count))
    }
  }

  /// Weights whose squares are summed on their own; the sums are added in order.
  private static let normPart = 1 << 16

  /// The Euclidean norm of all gradients.
  public func gradientNorm() -> Double {
    let parts = (weights.count + Self.normPart - 1) / Self.normPart
    var sums = Array(repeating: 0.0, count: parts)
    sums.withUnsafeMutableBufferPointer { buffer in
      guard let sums = buffer.baseAddress else { return }
      compute.pool.run(chunks: parts) { part, _ in
        let first = part * Self.normPart
        sums[part] = compute.training.square_sum(
          gradients + first, min(Self.normPart, weights.count - first))
      }
    }
    return sums.reduce(0, +).squareRoot()
  }

  public func clearGradients() { gradients.update(repeating: 0, count: weights.count) }

  // MARK: Forward

  /// How likely each target is.
  ///
  /// - Parameters:
  ///   - givesStates: the outcome has the targets' hidden states, which heads read.
  ///   - givesLogits: it has their logits. Beside the slopes that come back that takes
  ///     8 · targets · vocabulary bytes; `targetsWithLogits` tells how many targets are reasonable.
  /// - Throws: `ModelError.outOfMemory`, `.invalidConfiguration` for a token that the model does not
  ///   have.
  public func forward(
    _ rows: PackedRows, givesStates: Bool = false, givesLogits: Bool = false
  ) throws(ModelError) -> Outcome {
    let known = 0..<configuration.vocabularySize
    let asked = rows.targets.lazy.map { Int($0.token) }
    guard rows.tokens.allSatisfy({ known.contains(Int($0)) }), asked.allSatisfy(known.contains)
    else { throw .invalidConfiguration("a token is not of the model's vocabulary.") }
    try prepare(rows, targetsWithLogits: givesLogits ? rows.targets.count : 0)
    compute.eachBlock(of: rows.count) { block, worker in
      embed(block)
      if let layer = layers.first { project(layer, block, worker) }
    }
    for (index, layer) in layers.enumerated() {
      compute.run([
        layer.attention.forward(
          layer.qkv.start, to: space.attended.start, sums: layer.sums, rows: rows, compute,
          in: space.attention)
      ])
      let next = index + 1 < layers.count ? layers[index + 1] : nil
      compute.eachBlock(of: rows.count) { block, worker in
        forward(layer, block, to: next?.input ?? space.stream, worker)
        if let next { project(next, block, worker) }
      }
    }
    var outcome = Outcome()
    output.forward(
      layers.isEmpty ? stream(0) : space.stream, rows.targets, givesLogits: givesLogits,
      to: &outcome, compute)
    if givesStates { outcome.states = output.states(rows.targets) }
    return outcome
  }

  /// The residual stream before a layer.
  private func stream(_ layer: Int) -> Activations {
    layer < layers.count ? layers[layer].input : space.stream
  }

  /// Makes room for rows, and packs weights that have changed.
  private func prepare(_ rows: PackedRows, targetsWithLogits: Int) throws(ModelError) {
    let needed = Self.bytes(
      configuration, rows: rows.count, targetsWithLogits: targetsWithLogits, isTrained: isTrained)
    guard needed <= CacheLimit.machineMemory else { throw .outOfMemory(bytes: needed) }
    self.rows = rows
    rotary.extend(to: 1 + (rows.positions.max() ?? 0))
    for buffer in buffers { try buffer.reserve(rows.count) }
    let blocks = LayerCompute.blocks(rows.count)
    for buffer in [norms.attention, norms.feedForward] { try buffer.reserve(blocks) }
    let threads = compute.pool.threadCount
    for buffer in [space.normed, space.dnormed, space.wide, space.dwide] {
      try buffer.reserve(threads * LayerCompute.blockRows)
    }
    try space.attention.reserve(
      threads * (layers.first?.attention.space(longest: rows.longest) ?? 0))
    try output.prepare(rows)
    let version = weights.version
    if packedVersion != version {
      compute.run(
        layers.flatMap(\.linear).map { $0.packing(compute) } + [output.packing(compute)])
      packedVersion = version
    }
  }

  private func embed(_ block: Range<Int>) {
    let x = stream(0)
    for row in block {
      x[row].update(from: embedding.weight + Int(rows.tokens[row]) * width, count: width)
    }
  }

  /// From the residual stream to queries, keys and values.
  private func project(_ layer: Layer, _ block: Range<Int>, _ worker: Int) {
    let (first, count) = (block.lowerBound, block.count)
    let h = space.normed[worker * LayerCompute.blockRows]
    layer.attentionNorm.forward(layer.input[first], to: h, rows: count, compute)
    layer.queryKeyValue.forward(h, to: layer.qkv[first], rows: count, compute)
    turn(layer.qkv, block, layer.attention, by: compute.kernels.pointee.rotate_pairs)
  }

  /// From what was attended to the residual stream after the layer.
  private func forward(
    _ layer: Layer, _ block: Range<Int>, to out: Activations, _ worker: Int
  ) {
    let (first, count) = (block.lowerBound, block.count)
    let h = space.normed[worker * LayerCompute.blockRows]
    let hidden = space.wide[worker * LayerCompute.blockRows]
    let attended = space.attended[first]
    compute.group(
      attended, columns: layer.attention.width, rows: block, of: rows.count,
      to: layer.attended.start)
    layer.output.forward(
      attended, base: layer.input[first], to: layer.middle[first], rows: count, compute)
    layer.feedForwardNorm.forward(layer.middle[first], to: h, rows: count, compute)
    layer.gateUp.forward(h, to: layer.both[first], rows: count, compute)
    layer.gate.forward(layer.both[first], to: hidden, rows: count, compute)
    layer.down.forward(
      hidden, base: layer.middle[first], to: out[first], rows: count, compute)
  }

  // MARK: Backward

  /// Adds to the gradients of all weights, for the rows of the last forward pass.
  ///
  /// - Parameters:
  ///   - slopes: the loss's derivative by the log probability of each target. [targets]
  ///   - entropySlopes: by the entropy that each target was told with; nil for none. [targets]
  ///   - stateSlopes: by the hidden state of each target; nil for none. [targets, width]
  ///   - logitSlopes: by the logits of each target; nil for none. [targets, vocabulary]
  public func backward(
    slopes: [Float], entropySlopes: [Float]? = nil, stateSlopes: [Float]? = nil,
    logitSlopes: [Float]? = nil
  ) throws(ModelError) {
    let count = rows.targets.count
    precondition(isTrained, "a pass that is not trained has no gradients")
    precondition(slopes.count == count, "a slope for each target")
    precondition(entropySlopes?.count ?? count == count, "an entropy slope for each target")
    precondition(stateSlopes?.count ?? (count * width) == count * width, "[targets, width]")
    let logits = count * vocabularySize
    precondition(logitSlopes?.count ?? logits == logits, "[targets, vocabulary]")
    var flow = Flow(space.dstream, space.dqkv)
    output.backward(
      rows.targets,
      .init(
        logProbabilities: slopes, entropies: entropySlopes, states: stateSlopes,
        logits: logitSlopes),
      to: flow.output, rows: rows.count, compute)
    // The layer above, whose queries, keys and values have their gradients by now.
    var above: Layer?
    for layer in layers.reversed() {
      compute.eachBlock(of: rows.count) { block, worker in
        if let above { backwardProjection(above, block, flow, worker) }
        backward(layer, block, above == nil ? flow : flow.next, worker)
      }
      if above != nil { flow = flow.next }
      compute.run(
        [
          layer.attention.backward(
            layer.qkv.start, sums: layer.sums, dy: space.dattended.start, to: flow.dqkv.start,
            rows: rows, compute, in: space.attention)
        ] + gradients(of: layer, flow)
          + (above.map { projectionGradients(of: $0, flow.last) } ?? []))
      above = layer
    }
    if let above {
      compute.eachBlock(of: rows.count) { block, worker in
        backwardProjection(above, block, flow, worker)
      }
      compute.run(projectionGradients(of: above, flow) + [embeddingGradient(flow.input)])
    } else {
      compute.run([embeddingGradient(flow.output)])
    }
  }

  /// Where the gradients of a layer are. The residual stream's take three buffers in turn, since
  /// weights' gradients are still summed from a buffer while the next layer down writes to others.
  private struct Flow {
    /// Of the residual stream after the layer, between its parts, and before it. [rows, width]
    let output, middle, input: Activations
    let dqkv: Activations
    private let dstream: [Activations]
    private let dqkvs: [Activations]
    private let number: Int

    init(_ dstream: [Activations], _ dqkvs: [Activations], number: Int = 0) {
      // The input's gradient of one layer is the output's of the next one down.
      output = dstream[(2 * number) % 3]
      middle = dstream[(2 * number + 1) % 3]
      input = dstream[(2 * number + 2) % 3]
      dqkv = dqkvs[number % 2]
      (self.dstream, self.dqkvs, self.number) = (dstream, dqkvs, number)
    }

    /// Of the next layer down.
    var next: Flow { Flow(dstream, dqkvs, number: number + 1) }
    /// Of the layer above.
    var last: Flow { Flow(dstream, dqkvs, number: number - 1) }
  }

  /// From the gradient of the residual stream after a layer to that of what was attended.
  private func backward(_ layer: Layer, _ block: Range<Int>, _ flow: Flow, _ worker: Int) {
    let (first, count) = (block.lowerBound, block.count)
    let place = worker * LayerCompute.blockRows
    let (h, dh) = (space.normed[place], space.dnormed[place])
    let (hidden, dhidden) = (space.wide[place], space.dwide[place])
    let dboth = space.dboth[first]
    layer.down.backward(dy: flow.output[first], to: dhidden, rows: count, compute)
    layer.gate.backward(
      layer.both[first], dy: dhidden, to: dboth, y: hidden, rows: count, compute)
    compute.group(
      hidden, columns: layer.gate.width, rows: block, of: rows.count, to: space.hidden.start)
    layer.feedForwardNorm.forward(layer.middle[first], to: h, rows: count, compute)
    compute.group(h, columns: width, rows: block, of: rows.count, to: space.feedForwardInput.start)
    layer.gateUp.backward(dy: dboth, to: dh, rows: count, compute)
    backward(
      layer.feedForwardNorm, layer.middle, dy: dh, base: flow.output, to: flow.middle,
      norms.feedForward, block)
    layer.output.backward(
      dy: flow.middle[first], to: space.dattended[first], rows: count, compute)
  }

  /// From the gradient of queries, keys and values to that of the residual stream before a layer.
  private func backwardProjection(
    _ layer: Layer, _ block: Range<Int>, _ flow: Flow, _ worker: Int
  ) {
    let (first, count) = (block.lowerBound, block.count)
    let place = worker * LayerCompute.blockRows
    let (h, dh) = (space.normed[place], space.dnormed[place])
    turn(flow.dqkv, block, layer.attention, by: compute.training.rotate_pairs_back)
    layer.attentionNorm.forward(layer.input[first], to: h, rows: count, compute)
    compute.group(h, columns: width, rows: block, of: rows.count, to: space.attentionInput.start)
    layer.queryKeyValue.backward(dy: flow.dqkv[first], to: dh, rows: count, compute)
    backward(
      layer.attentionNorm, layer.input, dy: dh, base: flow.middle, to: flow.input,
      norms.attention, block)
  }

  private func backward(
    _ norm: NormLayer, _ x: Activations, dy: Floats, base: Activations, to dx: Activations,
    _ shares: Activations, _ block: Range<Int>
  ) {
    let (first, share) = (block.lowerBound, shares[block.lowerBound / LayerCompute.blockRows])
    share.update(repeating: 0, count: width)
    norm.backward(
      x[first], dy: dy, base: base[first], to: dx[first], dweight: share, rows: block.count,
      compute)
  }

  /// The gradients of all weights that come after a layer's attention.
  private func gradients(of layer: Layer, _ flow: Flow) -> [LayerCompute.Loop] {
    let count = rows.count
    return [
      layer.gateUp.gradient(
        x: space.feedForwardInput.start, dy: space.dboth.start, rows: count, compute),
      layer.down.gradient(x: space.hidden.start, dy: flow.output.start, rows: count, compute),
      layer.output.gradient(x: layer.attended.start, dy: flow.middle.start, rows: count, compute),
      layer.feedForwardNorm.gradient(
        norms.feedForward, blocks: LayerCompute.blocks(count), compute),
    ]
  }

  /// The gradients of all weights that come before a layer's attention.
  private func projectionGradients(of layer: Layer, _ flow: Flow) -> [LayerCompute.Loop] {
    [
      layer.queryKeyValue.gradient(
        x: space.attentionInput.start, dy: flow.dqkv.start, rows: rows.count, compute),
      layer.attentionNorm.gradient(
        norms.attention, blocks: LayerCompute.blocks(rows.count), compute),
    ]
  }

  /// Adds to the embeddings' gradient; each token is one chunk's, which adds in the order of rows.
  private func embeddingGradient(_ dx: Activations) -> LayerCompute.Loop {
    let chunks = 16
    return .init(count: chunks) { [self] chunk, _ in
      for (row, token) in rows.tokens.enumerated() where Int(token) % chunks == chunk {
        compute.kernels.pointee.add_scaled(
          dx[row], embedding.gradient + Int(token) * width, width, 1)
      }
    }
  }

  /// Turns queries and keys by their positions, or back.
  private func turn(
    _ qkv: Activations, _ block: Range<Int>, _ attention: AttentionLayer,
    by kernel: @convention(c) (Floats?, UnsafePointer<Float>?, Int) -> Void
  ) {
    let pairs = rotary.pairs
    let heads = attention.headCount + attention.kvHeadCount
    rotary.withValues { table in
      for row in block {
        let (line, angles) = (qkv[row], table + rows.positions[row] * pairs * 2)
        for head in 0..<heads { kernel(line + head * attention.headSize, angles, pairs) }
      }
    }
  }
}

// MARK: Making the layers

extension TrainingPass {
  /// What can be trained: the llama architecture without biases, experts, windows or caps.
  /// Looks whether a model can be trained.
  ///
  /// - Throws: `ModelError`.
  static func check(
    _ configuration: ModelConfiguration, _ store: any WeightStore, isTrained: Bool = true
  ) throws(ModelError) {
    try configuration.validate()
    let extras: [(Bool, String)] = [
      (
        configuration.architecture != LlamaArchitecture.name,
        "the architecture \(configuration.architecture)"
      ),
      (configuration.experts != nil, "a mixture of experts"),
      (configuration.layerShapes != nil, "layers of different sizes"),
      (configuration.window != nil, "attention within a window"),
      (configuration.attentionSoftCap != nil, "capped scores"),
      (configuration.logitSoftCap != nil, "capped logits"),
      (store.tensorNames.contains { $0.hasSuffix(".bias") }, "biases"),
      (store.tensorNames.contains { $0.hasPrefix("rope_f") }, "frequency factors"),
    ]
    if let (_, what) = extras.first(where: \.0) {
      throw .untrainable("that works for plain models of the llama architecture, not for \(what).")
    }
    for name in tensorNames(configuration) {
      guard let format = store.tensor(named: name)?.format,
        !TrainableWeights.trainable.contains(format)
      else { continue }
      let formats = TrainableWeights.trainable.map(\.name).joined(separator: ", ")
      throw .untrainable(
        "its weights are quantised (\(format.name)); take a file that has them in one of \(formats)."
      )
    }
    let needed = bytes(configuration, rows: 1, isTrained: isTrained)
    guard needed <= CacheLimit.machineMemory else { throw .outOfMemory(bytes: needed) }
  }

  /// All tensors, those that read the same input one after another.
  private static func tensorNames(_ configuration: ModelConfiguration) -> [String] {
    var names = ["token_embd"]
    for layer in 0..<configuration.layerCount {
      names += [
        "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up",
        "ffn_down",
      ].map { "blk.\(layer).\($0)" }
    }
    names.append("output_norm")
    if !configuration.tiedEmbeddings { names.append("output") }
    return names.map { $0 + ".weight" }
  }
}

/// Makes layers over places in the weights and their gradients.
private struct LayerFactory {
  let weights: TrainableWeights
  let gradients: Floats
  let configuration: ModelConfiguration
  let compute: LayerCompute

  func place(_ name: String) throws(ModelError) -> (weight: Floats, gradient: Floats) {
    guard let parameter = weights.parameter(named: name + ".weight") else {
      throw .missingTensor(name + ".weight")
    }
    return (weights.values + parameter.offset, gradients + parameter.offset)
  }

  var attention: AttentionLayer {
    AttentionLayer(
      headCount: configuration.headCount, kvHeadCount: configuration.kvHeadCount,
      headSize: configuration.headSize,
      scale: configuration.attentionScale ?? 1 / Float(configuration.headSize).squareRoot())
  }

  func norm(_ name: String) throws(ModelError) -> NormLayer {
    let place = try place(name)
    return NormLayer(
      width: configuration.embeddingLength, epsilon: configuration.normEpsilon,
      weight: place.weight, gradient: place.gradient)
  }

  /// One layer of matrices that stand one after another.
  func linear(_ names: [String]) throws(ModelError) -> LinearLayer {
    var (inputs, outputs) = (0, 0)
    for name in names {
      guard let parameter = weights.parameter(named: name + ".weight") else {
        throw .missingTensor(name + ".weight")
      }
      inputs = parameter.rowLength
      outputs += parameter.rowCount
    }
    let first = try place(names[0])
    return try LinearLayer(
      inputs: inputs, outputs: outputs, weight: first.weight, gradient: first.gradient, compute)
  }
}
