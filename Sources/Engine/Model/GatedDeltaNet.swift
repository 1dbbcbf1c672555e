import CKernels
import Foundation

/// Linear attention by the gated delta rule (Yang et al. 2024, "Gated Delta Networks"): each head
/// holds a matrix from keys to values, of which a part is forgotten at every token and what it
/// gives for the token's key is moved towards the token's value.
///
/// Its state is the tail of its convolution, then `[value heads, key size, value size]`.
struct GatedDeltaNet: RecurrentBlock {
  private let layer: Int
  private let net: ModelConfiguration.DeltaNet
  private let norm: Norm
  /// Queries, keys and values; the gate of the output; betas; alphas, from which decays come.
  private let input: LinearMap
  private let convolution: CausalConvolution
  /// Divide queries and keys by their lengths, queries by √keySize as well. [keySize]
  private let queryNorm: Norm
  private let keyNorm: Norm
  /// −exp(A_log) of the paper's code. [value heads]
  private let rate: Vector
  /// Added to alphas. [value heads]
  private let alphaBias: Vector
  /// [valueSize]
  private let outputNorm: Norm
  private let output: LinearMap

  /// Columns of a head's matrix that a thread takes at a time.
  private static let chunk = 64

  init(
    _ configuration: ModelConfiguration, _ recurrence: ModelConfiguration.Recurrence,
    _ net: ModelConfiguration.DeltaNet, layer: Int, weights: WeightLoader
  ) throws(ModelError) {
    self.layer = layer
    self.net = net
    let width = configuration.embeddingLength
    let epsilon = configuration.normEpsilon
    let (heads, values) = (net.valueHeadCount, net.valueHeadCount * net.valueSize)
    let name = "blk.\(layer)."
    func tensor(_ part: String, _ inputs: Int, _ outputs: Int) throws(ModelError) -> Tensor {
      try weights.tensor(name + part + ".weight", inputs: inputs, outputs: outputs)
    }
    norm = try weights.norm(name + "attn_norm.weight", count: width, epsilon: epsilon)
    var tensors = [
      try tensor("attn_qkv", width, net.convolutionWidth), try tensor("attn_gate", width, values),
    ]
    if net.fusesBetaAlpha {
      // For each key head the betas of its value heads, then their alphas.
      let both = try tensor("ssm_ba", width, 2 * heads)
      let share = heads / net.keyHeadCount
      for part in [0, share] {
        for head in 0..<net.keyHeadCount {
          let first = 2 * head * share + part
          tensors.append(both.rows(first..<first + share))
        }
      }
    } else {
      tensors += [try tensor("ssm_beta", width, heads), try tensor("ssm_alpha", width, heads)]
    }
    input = try weights.map(tensors)
    convolution = try CausalConvolution(
      name + "ssm_conv1d.weight", channels: net.convolutionWidth,
      length: recurrence.convolutionLength, activates: true, weights: weights)
    // RMSNorm divides by the root of a mean, of which the length is the root of the sum.
    let size = Float(net.keySize)
    keyNorm = Norm(
      weight: try .repeating(1 / size.squareRoot(), count: net.keySize), epsilon: epsilon / size)
    queryNorm = Norm(
      weight: try .repeating(1 / size, count: net.keySize), epsilon: epsilon / size)
    rate = try weights.vectors([(name + "ssm_a", heads)])
    alphaBias = try weights.vectors([(name + "ssm_dt.bias", heads)])
    outputNorm = try weights.norm(
      name + "ssm_norm.weight", count: net.valueSize, epsilon: epsilon)
    output = try weights.map([try tensor("ssm_out", values, width)])
  }

  static func stateSize(
    _ net: ModelConfiguration.DeltaNet, _ recurrence: ModelConfiguration.Recurrence
  ) -> Int {
    tailSize(net, recurrence.convolutionLength)
      + net.valueHeadCount * net.keySize * net.valueSize
  }

  /// Of the convolution's part, in whole cache lines.
  private static func tailSize(_ net: ModelConfiguration.DeltaNet, _ length: Int) -> Int {
    (CausalConvolution.stateSize(channels: net.convolutionWidth, length: length) + 15) / 16 * 16
  }

  var mixedWidth: Int { output.inputs }

  func mix(
    _ pass: ForwardPass, _ x: Compute.Floats, in space: inout Workspace
  ) throws(ModelError) -> Activations {
    let (compute, rows) = (pass.compute, pass.rowCount)
    let h = try space.normed.reserve(rows: rows, width: norm.width)
    compute.normalize(
      x, norm, rows: rows, width: norm.width, to: h, quantized: input.wantsBlocks)
    let projected = try space.projected.reserve(rows * input.outputs)
    input.apply(h, to: projected, batch: rows, accumulate: false, pool: compute.pool)
    let convolved = try space.branch.reserve(rows * net.convolutionWidth)
    let out = try space.attended.reserve(rows: rows, width: output.inputs)
    let steps = pass.stateSteps(layer: layer)
    convolution.divide(pass) { channels in
      for step in steps {
        convolution.apply(
          step, x: projected + step.row * input.outputs,
          out: convolved + step.row * net.convolutionWidth, channels: channels,
          kernels: compute.kernels)
      }
    }
    prepare(convolved, projected, rows: rows, compute)
    advance(steps, convolved, projected, to: out.floats, compute)
    finish(out.floats, projected, rows: rows, compute)
    return out
  }

  /// Where in a projected row the betas and, behind them, the alphas begin.
  private var betaOffset: Int { net.convolutionWidth + net.valueHeadCount * net.valueSize }

  /// Normalises queries and keys, makes betas and decays out of what was projected.
  private func prepare(
    _ convolved: Compute.Floats, _ projected: Compute.Floats, rows: Int, _ compute: Compute
  ) {
    let (heads, size) = (net.keyHeadCount, net.keySize)
    let cost = Double(net.convolutionWidth) * 0.5 + Double(net.valueHeadCount) * 40
    compute.pool.run(count: rows, nanoseconds: cost) { range, _ in
      for row in range {
        let from = convolved + row * net.convolutionWidth
        for head in 0..<2 * heads {
          let norm = head < heads ? queryNorm : keyNorm
          let values = from + head * size
          compute.kernels.pointee.rms_norm(
            values, norm.weight.values, values, size, norm.epsilon)
        }
        let betas = projected + row * input.outputs + betaOffset
        let alphas = betas + net.valueHeadCount
        for head in 0..<net.valueHeadCount {
          betas[head] = 1 / (1 + exp(-betas[head]))
          let alpha = alphas[head] + alphaBias.values[head]
          let softplus = alpha > 20 ? alpha : log1p(exp(alpha))
          alphas[head] = exp(rate.values[head] * softplus)
        }
      }
    }
  }

  /// Takes the heads' matrices through all rows.
  private func advance(
    _ steps: [StateStep], _ convolved: Compute.Floats, _ projected: Compute.Floats,
    to out: Compute.Floats, _ compute: Compute
  ) {
    let (keys, values) = (net.keySize, net.valueSize)
    let chunks = (values + Self.chunk - 1) / Self.chunk
    let matrices = Self.tailSize(net, convolution.length)
    let keyWidth = net.keyHeadCount * keys
    let cost = Double(steps.count * keys * min(values, Self.chunk)) * 0.15
    compute.pool.run(count: net.valueHeadCount * chunks, nanoseconds: cost) { range, _ in
      for unit in range {
        let head = unit / chunks
        let first = unit % chunks * Self.chunk
        let keyHead = net.keyHead(ofValueHead: head)
        let matrix = matrices + head * keys * values
        for step in steps {
          let from = convolved + step.row * net.convolutionWidth
          let betas = projected + step.row * input.outputs + betaOffset
          var job = ck_delta_rule(
            from: step.from.map { $0 + matrix }, to: step.to + matrix,
            query: from + keyHead * keys, key: from + keyWidth + keyHead * keys,
            value: from + 2 * keyWidth + head * values,
            out: out + step.row * output.inputs + head * values,
            decay: betas[net.valueHeadCount + head], beta: betas[head], keys: keys, values: values)
          compute.kernels.pointee.delta_rule(&job, first, min(values, first + Self.chunk))
        }
      }
    }
  }

  /// out = RMSNorm(out) · weight · silu(gate), head by head.
  private func finish(
    _ out: Compute.Floats, _ projected: Compute.Floats, rows: Int, _ compute: Compute
  ) {
    let width = output.inputs
    compute.pool.run(count: rows, nanoseconds: Double(width)) { range, _ in
      for row in range {
        let to = out + row * width
        for head in 0..<net.valueHeadCount {
          let values = to + head * net.valueSize
          compute.kernels.pointee.rms_norm(
            values, outputNorm.weight.values, values, net.valueSize, outputNorm.epsilon)
        }
        let gate = projected + row * input.outputs + net.convolutionWidth
        compute.kernels.pointee.swiglu(gate, to, to, width)
      }
    }
  }

  func add(
    _ mixed: Activations, to x: Compute.Floats, rows: Int, compute: Compute,
    in space: inout Workspace
  ) throws(ModelError) {
    if output.wantsBlocks { compute.quantize(mixed, rows: rows, width: output.inputs) }
    output.apply(mixed, to: x, batch: rows, accumulate: true, pool: compute.pool)
  }
}
