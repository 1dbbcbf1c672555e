import CKernels
import Engine

/// RMSNorm (Zhang & Sennrich 2019, eq. 4): y = x / √(mean(x²) + ε) · w.
struct NormLayer {
  let width: Int
  let epsilon: Float
  /// `[width]`.
  private let weight: Floats
  /// `[width]`.
  private let gradient: Floats

  /// Rows whose share of the weights' gradient is summed on its own; the sums are added in order,
  /// whoever computed them.
  private static let blockRows = 64

  init(width: Int, epsilon: Float, weight: Floats, gradient: Floats) {
    self.width = width
    self.epsilon = epsilon
    self.weight = weight
    self.gradient = gradient
  }

  /// - Parameters:
  ///   - x: `[rows, width]`.
  ///   - y: `[rows, width]`.
  func forward(_ x: Floats, to y: Floats, rows: Int, _ compute: LayerCompute) {
    let kernel = compute.kernels.pointee.rms_norm
    compute.eachRow(rows, nanoseconds: Double(width) * 0.3) { row in
      kernel?(x + row * width, weight, y + row * width, width, epsilon)
    }
  }

  /// Adds to the gradients of the weights and of the input.
  ///
  /// - Parameters:
  ///   - x: what `forward` read. `[rows, width]`
  ///   - dy: `[rows, width]`.
  ///   - dx: `[rows, width]`, added to.
  func backward(
    _ x: Floats, dy: Floats, dx: Floats, rows: Int, _ compute: LayerCompute,
    in space: FloatBuffer
  ) throws(ModelError) {
    let kernel = compute.training.rms_norm_backward
    let blocks = (rows + Self.blockRows - 1) / Self.blockRows
    let sums = try space.reserve(blocks * width)
    sums.update(repeating: 0, count: blocks * width)
    compute.pool.run(count: blocks, nanoseconds: Double(Self.blockRows * width) * 0.6) {
      range, _ in
      for block in range {
        for row in block * Self.blockRows..<min(rows, (block + 1) * Self.blockRows) {
          let place = row * width
          kernel?(
            x + place, weight, dy + place, dx + place, sums + block * width, width, epsilon)
        }
      }
    }
    for block in 0..<blocks {
      compute.kernels.pointee.add_scaled(sums + block * width, gradient, width, 1)
    }
  }
}
