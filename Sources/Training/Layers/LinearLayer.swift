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
  private let packed = FloatBuffer()
  /// The weights' version that was packed.
  private var version: UInt64 = 0

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
    let packed = try packed.reserve(compute.packedCount(rows: outputs, inputs: inputs))
    if self.version != version {
      compute.pool.run(count: compute.groups(outputs), nanoseconds: Double(inputs * 16)) {
        range, _ in
        compute.pack(
          weight, rows: outputs, inputs: inputs, stride: inputs, to: packed, groups: range)
      }
      self.version = version
    }
    compute.multiply(
      .init(
        w: compute.packed(packed, inputs: inputs), x: x, xStride: inputs, y: y, yStride: outputs,
        columns: rows, outputs: outputs, n: inputs, accumulate: accumulate))
  }

  /// Adds to the gradient of the weights, and computes that of the input.
  ///
  /// - Parameters:
  ///   - x: what `forward` read. `[rows, inputs]`
  ///   - dy: `[rows, outputs]`.
  ///   - dx: `[rows, inputs]`.
  func backward(_ x: Floats, dy: Floats, dx: Floats, rows: Int, _ compute: LayerCompute) {
    compute.multiply(
      .init(
        w: compute.byRows(weight, stride: inputs), x: dy, xStride: outputs, y: dx, yStride: inputs,
        columns: rows, outputs: inputs, n: outputs))
    compute.multiply(
      .init(
        w: compute.byRows(x, stride: inputs), x: dy, isTurned: true, xStride: outputs, y: gradient,
        yStride: inputs, columns: outputs, outputs: inputs, n: rows, accumulate: true))
  }
}
