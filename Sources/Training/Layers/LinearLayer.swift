import CKernels
import Engine

/// y = W x, for one matrix or several that read the same input.
///
/// Forward  y  = x Wᵀ
/// Backward dx = dy W,  dW += dyᵀ x
struct LinearLayer {
  let inputs: Int
  let outputs: Int
  /// `[outputs, inputs]`.
  private let weight: Floats
  /// `[outputs, inputs]`.
  private let gradient: Floats
  /// W, and its transpose, as the kernels take them.
  private let forwardPacked = FloatBuffer()
  private let backwardPacked = FloatBuffer()
  /// The weights' version that each was packed from.
  private var forwardVersion: UInt64 = 0
  private var backwardVersion: UInt64 = 0

  /// - Parameters:
  ///   - weight: `[outputs, inputs]`.
  ///   - gradient: `[outputs, inputs]`.
  init(inputs: Int, outputs: Int, weight: Floats, gradient: Floats) {
    self.inputs = inputs
    self.outputs = outputs
    self.weight = weight
    self.gradient = gradient
  }

  /// - Parameters:
  ///   - x: `[rows, inputs]`.
  ///   - y: `[rows, outputs]`.
  ///   - accumulate: adds to what `y` holds.
  mutating func forward(
    _ x: Floats, to y: Floats, rows: Int, accumulate: Bool, version: UInt64, _ compute: LayerCompute
  ) throws(ModelError) {
    let packed = try forwardPacked.reserve(compute.packedCount(rows: outputs, inputs: inputs))
    if forwardVersion != version {
      let kernel = compute.training.pack_rows
      compute.pool.run(
        count: compute.groups(outputs), nanoseconds: Double(inputs * compute.group)
      ) { range, _ in
        kernel?(weight, outputs, inputs, inputs, range.lowerBound, range.upperBound, packed)
      }
      forwardVersion = version
    }
    compute.product(
      x, packed, to: y, batch: rows, inputs: inputs, outputs: outputs, stride: outputs,
      accumulate: accumulate)
  }

  /// Adds to the gradient of the weights, and computes that of the input.
  ///
  /// - Parameters:
  ///   - x: what `forward` read. `[rows, inputs]`
  ///   - dy: `[rows, outputs]`.
  ///   - dx: `[rows, inputs]`; nil where nobody asks for it.
  mutating func backward(
    _ x: Floats, dy: Floats, dx: Floats?, rows: Int, accumulate: Bool, version: UInt64,
    _ compute: LayerCompute, in space: LinearSpace
  ) throws(ModelError) {
    if let dx {
      let packed = try backwardPacked.reserve(compute.packedCount(rows: inputs, inputs: outputs))
      if backwardVersion != version {
        let kernel = compute.training.pack_columns
        compute.pool.run(
          count: compute.groups(inputs), nanoseconds: Double(outputs * compute.group)
        ) { range, _ in
          kernel?(weight, outputs, inputs, inputs, range.lowerBound, range.upperBound, packed)
        }
        backwardVersion = version
      }
      compute.product(
        dy, packed, to: dx, batch: rows, inputs: outputs, outputs: inputs, stride: inputs,
        accumulate: accumulate)
    }
    try addGradient(x, dy: dy, rows: rows, compute, in: space)
  }

  /// dW += dyᵀ x, a block of rows at a time, so that a block's inputs stay in the nearest caches.
  private func addGradient(
    _ x: Floats, dy: Floats, rows: Int, _ compute: LayerCompute, in space: LinearSpace
  ) throws(ModelError) {
    let block = LinearSpace.blockRows
    let packed = try space.inputs.reserve(compute.packedCount(rows: inputs, inputs: block))
    let turned = try space.outputs.reserve(outputs * block)
    let (packColumns, transpose) = (compute.training.pack_columns, compute.training.transpose)
    for start in stride(from: 0, to: rows, by: block) {
      let count = min(block, rows - start)
      let (from, errors) = (x + start * inputs, dy + start * outputs)
      compute.pool.run(
        count: compute.groups(inputs), nanoseconds: Double(count * compute.group) / 8
      ) { range, _ in
        packColumns?(from, count, inputs, inputs, range.lowerBound, range.upperBound, packed)
      }
      let tile = 32
      compute.pool.run(
        count: (outputs + tile - 1) / tile, nanoseconds: Double(count * tile)
      ) { range, _ in
        for index in range {
          let first = index * tile
          transpose?(
            errors + first, count, min(tile, outputs - first), outputs, turned + first * count)
        }
      }
      compute.product(
        turned, packed, to: gradient, batch: outputs, inputs: count, outputs: inputs,
        stride: inputs, accumulate: true)
    }
  }
}

/// Memory that linear layers share.
struct LinearSpace {
  /// Rows whose share of a gradient is computed together.
  static let blockRows = 512

  let inputs = FloatBuffer()
  let outputs = FloatBuffer()
}
