import CKernels
import Decoding
public import Engine

/// A transformer of the llama family, forward and backward, in single precision.
///
/// `forward` tells how likely each target is; an objective turns that into the derivative of its
/// loss by each of these numbers; `backward` turns the derivatives into gradients of all weights,
/// which add up until `clearGradients`.
public final class TrainingPass {
  public let weights: TrainableWeights
  private let configuration: ModelConfiguration
  let compute: LayerCompute
  private var layers: [Layer]
  private var output: OutputLayer
  private var rotary: RotaryTable
  private let gradientMemory: AlignedMemory
  private let embedding: (weight: Floats, gradient: Floats)
  private let space = Space()
  /// The rows of the last forward pass.
  private var rows = PackedRows()

  /// The gradient of every weight, in the order of the weights. [weights.count]
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
  }

  /// One layer, and what its backward pass reads.
  private struct Layer {
    var attentionNorm: NormLayer
    var queryKeyValue: LinearLayer
    var attention: AttentionLayer
    var output: LinearLayer
    var feedForwardNorm: NormLayer
    var gateUp: LinearLayer
    var gate: GateLayer
    var down: LinearLayer

    let input = FloatBuffer()  // [rows, width]
    let qkv = FloatBuffer()  // [rows, attention.stride], turned
    let sums = FloatBuffer()  // [rows, heads]
    let attended = FloatBuffer()  // [rows, attention.width]
    let middle = FloatBuffer()  // [rows, width]
    let both = FloatBuffer()  // [rows, 2, feed forward]
  }

  /// Memory that all layers share.
  private struct Space {
    let norms = FloatBuffer()
    let attention = FloatBuffer()
    let residual = FloatBuffer()
    let normed = FloatBuffer()
    let hidden = FloatBuffer()
    let dresidual = FloatBuffer()
    let dnormed = FloatBuffer()
    let dwide = FloatBuffer()
    let dhidden = FloatBuffer()
  }

  /// - Throws: `ModelError` for an architecture that cannot be trained, weights that are no floats
  ///   or do not fit the configuration, and where memory runs out.
  public init(
    _ configuration: ModelConfiguration, copying store: any WeightStore, name: String,
    threads: Int, instructionSet: InstructionSet? = nil
  ) throws(ModelError) {
    try Self.check(configuration, store)
    let names = Self.tensorNames(configuration)
    weights = try TrainableWeights(copying: store, names: names, name: name)
    let set = instructionSet ?? InstructionSet.available[0]
    guard let kernels = set.kernels else {
      throw .instructionSetUnavailable(
        set.rawValue, available: InstructionSet.available.map(\.rawValue))
    }
    self.configuration = configuration
    compute = LayerCompute(kernels: kernels, pool: ThreadPool(threadCount: threads))
    gradientMemory = try AlignedMemory(byteCount: weights.count * MemoryLayout<Float>.stride)
    let parts = LayerFactory(
      weights: weights, gradients: gradientMemory.start.assumingMemoryBound(to: Float.self),
      configuration: configuration)
    layers = try (0..<configuration.layerCount).map { number throws(ModelError) in
      let name = "blk.\(number)."
      return Layer(
        attentionNorm: try parts.norm(name + "attn_norm"),
        queryKeyValue: try parts.linear(["attn_q", "attn_k", "attn_v"].map { name + $0 }),
        attention: AttentionLayer(
          headCount: configuration.headCount, kvHeadCount: configuration.kvHeadCount,
          headSize: configuration.headSize,
          scale: configuration.attentionScale ?? 1 / Float(configuration.headSize).squareRoot()),
        output: try parts.linear([name + "attn_output"]),
        feedForwardNorm: try parts.norm(name + "ffn_norm"),
        gateUp: try parts.linear(["ffn_gate", "ffn_up"].map { name + $0 }),
        gate: GateLayer(width: configuration.feedForwardLength),
        down: try parts.linear([name + "ffn_down"]))
    }
    output = OutputLayer(
      norm: try parts.norm("output_norm"),
      projection: try parts.linear([configuration.tiedEmbeddings ? "token_embd" : "output"]))
    embedding = try parts.place("token_embd")
    rotary = RotaryTable(configuration.rotary, rotation: .pairs, factors: nil)
  }

  /// Elements of a hidden state.
  public var width: Int { configuration.embeddingLength }

  /// The gradient of a tensor. [rowCount, rowLength]
  public func gradient(of name: String) -> [Float]? {
    weights.parameter(named: name).map {
      Array(UnsafeBufferPointer(start: gradients + $0.offset, count: $0.count))
    }
  }

  /// The Euclidean norm of all gradients.
  public func gradientNorm() -> Double {
    compute.training.square_sum(gradients, weights.count).squareRoot()
  }

  public func clearGradients() { gradients.update(repeating: 0, count: weights.count) }

  // MARK: Forward

  /// How likely each target is.
  ///
  /// - Parameter givesStates: the outcome has the targets' hidden states, which heads read.
  /// - Throws: `ModelError.outOfMemory`, `.invalidConfiguration` for a token that the model does not
  ///   have.
  public func forward(
    _ rows: PackedRows, givesStates: Bool = false
  ) throws(ModelError) -> Outcome {
    let known = 0..<configuration.vocabularySize
    let asked = rows.targets.lazy.map { Int($0.token) }
    guard rows.tokens.allSatisfy({ known.contains(Int($0)) }), asked.allSatisfy(known.contains)
    else { throw .invalidConfiguration("a token is not of the model's vocabulary.") }
    self.rows = rows
    rotary.extend(to: 1 + (rows.positions.max() ?? 0))
    let version = weights.version
    var x = try space.residual.reserve(rows.count * width)
    embed(to: x)
    for index in layers.indices {
      x = try forward(&layers[index], x, version: version)
    }
    var outcome = Outcome()
    try output.forward(
      x, targets: rows.targets, logProbabilities: &outcome.logProbabilities,
      entropies: &outcome.entropies, version: version, compute)
    if givesStates { outcome.states = try output.states(rows.targets) }
    return outcome
  }

  private func embed(to x: Floats) {
    for (row, token) in rows.tokens.enumerated() {
      (x + row * width).update(from: embedding.weight + Int(token) * width, count: width)
    }
  }

  /// - Returns: the residual stream after the layer, which stands in the shared space.
  private func forward(
    _ layer: inout Layer, _ x: Floats, version: UInt64
  ) throws(ModelError) -> Floats {
    let count = rows.count
    let input = try layer.input.reserve(count * width)
    input.update(from: x, count: count * width)
    let h = try space.normed.reserve(count * width)
    layer.attentionNorm.forward(input, to: h, rows: count, compute)
    let qkv = try layer.qkv.reserve(count * layer.attention.stride)
    try layer.queryKeyValue.forward(
      h, to: qkv, rows: count, accumulate: false, version: version, compute)
    turn(qkv, layer.attention, by: compute.kernels.pointee.rotate_pairs)
    let sums = try layer.sums.reserve(count * layer.attention.headCount)
    let attended = try layer.attended.reserve(count * layer.attention.width)
    try layer.attention.forward(
      qkv, to: attended, sums: sums, rows: rows, compute, in: space.attention)
    let middle = try layer.middle.reserve(count * width)
    middle.update(from: input, count: count * width)
    try layer.output.forward(
      attended, to: middle, rows: count, accumulate: true, version: version, compute)

    layer.feedForwardNorm.forward(middle, to: h, rows: count, compute)
    let both = try layer.both.reserve(count * 2 * layer.gate.width)
    try layer.gateUp.forward(
      h, to: both, rows: count, accumulate: false, version: version, compute)
    let hidden = try space.hidden.reserve(count * layer.gate.width)
    layer.gate.forward(both, to: hidden, rows: count, compute)
    let out = try space.residual.reserve(count * width)
    out.update(from: middle, count: count * width)
    try layer.down.forward(
      hidden, to: out, rows: count, accumulate: true, version: version, compute)
    return out
  }

  // MARK: Backward

  /// Adds to the gradients of all weights, for the rows of the last forward pass.
  ///
  /// - Parameters:
  ///   - slopes: the loss's derivative by the log probability of each target. [targets]
  ///   - entropySlopes: by the entropy that each target was told with; nil for none. [targets]
  ///   - stateSlopes: by the hidden state of each target; nil for none. [targets, width]
  public func backward(
    slopes: [Float], entropySlopes: [Float]? = nil, stateSlopes: [Float]? = nil
  ) throws(ModelError) {
    let count = rows.targets.count
    precondition(slopes.count == count, "a slope for each target")
    precondition(entropySlopes?.count ?? count == count, "an entropy slope for each target")
    precondition(stateSlopes?.count ?? (count * width) == count * width, "[targets, width]")
    let version = weights.version
    let dx = try space.dresidual.reserve(rows.count * width)
    dx.update(repeating: 0, count: rows.count * width)
    try output.backward(
      rows.targets, slopes: slopes, entropySlopes: entropySlopes, stateSlopes: stateSlopes, dx: dx,
      version: version, compute, in: space.norms)
    for index in layers.indices.reversed() {
      try backward(layers[index], dx)
    }
    for (row, token) in rows.tokens.enumerated() {
      compute.kernels.pointee.add_scaled(
        dx + row * width, embedding.gradient + Int(token) * width, width, 1)
    }
  }

  /// Turns the gradient of a layer's output into that of its input, in place.
  private func backward(_ layer: Layer, _ dx: Floats) throws(ModelError) {
    let count = rows.count
    let h = try space.normed.reserve(count * width)
    let dh = try space.dnormed.reserve(count * width)
    let wide = max(2 * layer.gate.width, layer.attention.stride)
    let dwide = try space.dwide.reserve(count * wide)
    let dhidden = try space.dhidden.reserve(count * max(layer.gate.width, layer.attention.width))

    let middle = try layer.middle.reserve(count * width)
    let both = try layer.both.reserve(count * 2 * layer.gate.width)
    let hidden = try space.hidden.reserve(count * layer.gate.width)
    layer.gate.forward(both, to: hidden, rows: count, compute)
    layer.down.backward(hidden, dy: dx, dx: dhidden, rows: count, compute)
    layer.gate.backward(both, dy: dhidden, to: dwide, rows: count, compute)
    layer.feedForwardNorm.forward(middle, to: h, rows: count, compute)
    layer.gateUp.backward(h, dy: dwide, dx: dh, rows: count, compute)
    try layer.feedForwardNorm.backward(
      middle, dy: dh, dx: dx, rows: count, compute, in: space.norms)

    let input = try layer.input.reserve(count * width)
    let qkv = try layer.qkv.reserve(count * layer.attention.stride)
    let sums = try layer.sums.reserve(count * layer.attention.headCount)
    let attended = try layer.attended.reserve(count * layer.attention.width)
    layer.output.backward(attended, dy: dx, dx: dhidden, rows: count, compute)
    try layer.attention.backward(
      qkv, y: attended, sums: sums, dy: dhidden, to: dwide, rows: rows, compute,
      in: space.attention)
    turn(dwide, layer.attention, by: compute.training.rotate_pairs_back)
    layer.attentionNorm.forward(input, to: h, rows: count, compute)
    layer.queryKeyValue.backward(h, dy: dwide, dx: dh, rows: count, compute)
    try layer.attentionNorm.backward(
      input, dy: dh, dx: dx, rows: count, compute, in: space.norms)
  }

  /// Turns queries and keys by their positions, or back.
  private func turn(
    _ qkv: Floats, _ attention: AttentionLayer,
    by kernel: @convention(c) (Floats?, UnsafePointer<Float>?, Int) -> Void
  ) {
    let (pairs, stride) = (rotary.pairs, attention.stride)
    let heads = attention.headCount + attention.kvHeadCount
    rotary.withValues { table in
      compute.eachRow(rows.count, nanoseconds: Double(stride)) { row in
        let angles = table + rows.positions[row] * pairs * 2
        for head in 0..<heads {
          kernel(qkv + row * stride + head * attention.headSize, angles, pairs)
        }
      }
    }
  }
}

// MARK: Making the layers

extension TrainingPass {
  /// What can be trained: the llama architecture without biases, experts, windows or caps.
  private static func check(
    _ configuration: ModelConfiguration, _ store: any WeightStore
  ) throws(ModelError) {
    try configuration.validate()
    let extras: [(Bool, String)] = [
      (
        configuration.architecture != LlamaArchitecture.name,
        "the architecture \(configuration.architecture)"
      ),
      (configuration.experts != nil, "a mixture of experts"),
      (configuration.window != nil, "attention within a window"),
      (configuration.attentionSoftCap != nil, "capped scores"),
      (configuration.logitSoftCap != nil, "capped logits"),
      (store.tensorNames.contains { $0.hasSuffix(".bias") }, "biases"),
      (store.tensorNames.contains { $0.hasPrefix("rope_f") }, "frequency factors"),
    ]
    if let (_, what) = extras.first(where: \.0) { throw .untrainable(what) }
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

  func place(_ name: String) throws(ModelError) -> (weight: Floats, gradient: Floats) {
    guard let parameter = weights.parameter(named: name + ".weight") else {
      throw .missingTensor(name + ".weight")
    }
    return (weights.values + parameter.offset, gradients + parameter.offset)
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
    return LinearLayer(
      inputs: inputs, outputs: outputs, weight: first.weight, gradient: first.gradient)
  }
}
