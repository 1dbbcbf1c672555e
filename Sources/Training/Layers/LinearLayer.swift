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
  /// `weight`, packed.
  private let packed: AlignedMemory

  /// - Parameters:
  ///   - weight: `[outputs, inputs]`.
  ///   - gradient: `[outputs, inputs]`.
  init(
    inputs: Int, outputs: Int, weight: Floats, gradient: Floats, _ compute: LayerCompute
  ) throws(ModelError) {
    self.inputs = inputs
    self.outputs = outputs
    self.weight = weight
    self.gradient = gradient
    let count = compute.packedCount(rows: outputs, inputs: inputs)
    packed = try AlignedMemory(byteCount: count * MemoryLayout<Float>.stride, zeroed: false)
  }

  /// Packs the weights anew: before `forward`, once they have changed.
  func packing(_ compute: LayerCompute) -> LayerCompute.Loop {
    let (groups, chunk) = (compute.groups(outputs), 4)
    return .init(count: (groups + chunk - 1) / chunk) { index, _ in
      compute.pack(
        weight, rows: outputs, inputs: inputs, stride: inputs, to: packedWeight,
        groups: index * chunk..<min(groups, (index + 1) * chunk))
    }
  }

  private var packedWeight: Floats { packed.start.assumingMemoryBound(to: Float.self) }

  /// - Parameters:
  ///   - x: `[rows, inputs]`.
  ///   - base: what the result is added to; nil for nothing. `[rows, outputs]`
  ///   - y: `[rows, outputs]`.
  func forward(_ x: Floats, base: Floats? = nil, to y: Floats, rows: Int, _ compute: LayerCompute) {
    compute.multiply(
      .init(
        w: compute.packed(packedWeight, inputs: inputs), x: x, xStride: inputs,
        base: base.map { UnsafePointer($0) }, y: y, yStride: outputs, columns: rows,
        outputs: outputs, n: inputs))
  }

  /// - Parameters:
  ///   - dy: `[rows, outputs]`.
  ///   - dx: `[rows, inputs]`.
  func backward(dy: Floats, to dx: Floats, rows: Int, _ compute: LayerCompute) {
    compute.multiply(
      .init(
        w: compute.byRows(weight, stride: inputs), x: dy, xStride: outputs, y: dx, yStride: inputs,
        columns: rows, outputs: inputs, n: outputs))
  }

  /// Adds to the gradient of the weights.
  ///
  /// - Parameters:
  ///   - x: what `forward` read, in groups of columns. `[rows, inputs]`
  ///   - dy: `[rows, outputs]`.
  func gradient(x: Floats, dy: Floats, rows: Int, _ compute: LayerCompute) -> LayerCompute.Loop {
    .init(count: LayerCompute.blocks(outputs)) { block, _ in
      let first = block * LayerCompute.blockRows
      compute.multiply(
        .init(
          w: compute.grouped(x, rows: rows), x: dy, isTurned: true, xStride: outputs, y: gradient,
          yStride: inputs, columns: outputs, outputs: inputs, n: rows, accumulate: true),
        columns: first..<min(outputs, first + LayerCompute.blockRows))
    }
  }
}
