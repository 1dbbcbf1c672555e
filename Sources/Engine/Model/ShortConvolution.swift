import CKernels

/// A doubly gated short convolution (Liquid AI 2025, LFM2): (B, C, x) = W h, y = C · conv(B · x).
struct ShortConvolution: RecurrentBlock {
  private let layer: Int
  private let norm: Norm
  /// B, C and x, one after another.
  private let input: LinearMap
  private let convolution: CausalConvolution
  private let output: LinearMap

  init(
    _ configuration: ModelConfiguration, _ recurrence: ModelConfiguration.Recurrence, layer: Int,
    weights: WeightLoader
  ) throws(ModelError) {
    self.layer = layer
    let width = configuration.embeddingLength
    let name = "blk.\(layer)."
    norm = try weights.norm(
      name + "attn_norm.weight", count: width, epsilon: configuration.normEpsilon)
    input = try weights.map([
      try weights.tensor(name + "shortconv.in_proj.weight", inputs: width, outputs: 3 * width)
    ])
    convolution = try CausalConvolution(
      name + "shortconv.conv.weight", channels: width, length: recurrence.convolutionLength,
      activates: false, weights: weights)
    output = try weights.map([
      try weights.tensor(name + "shortconv.out_proj.weight", inputs: width, outputs: width)
    ])
  }

  static func stateSize(
    _ configuration: ModelConfiguration, _ recurrence: ModelConfiguration.Recurrence
  ) -> Int {
    CausalConvolution.stateSize(
      channels: configuration.embeddingLength, length: recurrence.convolutionLength)
  }

  var mixedWidth: Int { output.inputs }

  func mix(
    _ pass: ForwardPass, _ x: Compute.Floats, in space: inout Workspace
  ) throws(ModelError) -> Activations {
    let (compute, rows, width) = (pass.compute, pass.rowCount, norm.width)
    let h = try space.normed.reserve(rows: rows, width: width)
    compute.normalize(
      x, norm, rows: rows, width: width, to: h, quantized: input.wantsBlocks)
    let gates = try space.projected.reserve(rows * 3 * width)
    input.apply(h, to: gates, batch: rows, accumulate: false, pool: compute.pool)
    let out = try space.attended.reserve(rows: rows, width: width)
    let steps = pass.stateSteps(layer: layer)
    let kernels = compute.kernels
    convolution.divide(pass) { channels in
      let (first, count) = (channels.lowerBound, channels.count)
      for step in steps {
        let before = gates + step.row * 3 * width
        let (after, values) = (before + width, before + 2 * width)
        let to = out.floats + step.row * width
        kernels.pointee.multiply(before + first, values + first, values + first, count)
        convolution.apply(step, x: values, out: to, channels: channels, kernels: kernels)
        kernels.pointee.multiply(after + first, to + first, to + first, count)
      }
    }
    return out
  }

  func add(
    _ mixed: Activations, to x: Compute.Floats, rows: Int, compute: Compute,
    in space: inout Workspace
  ) throws(ModelError) {
    if output.wantsBlocks { compute.quantize(mixed, rows: rows, width: output.inputs) }
    output.apply(mixed, to: x, batch: rows, accumulate: true, pool: compute.pool)
  }
}
