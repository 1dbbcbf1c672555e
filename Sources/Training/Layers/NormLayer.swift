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
    for place in stride(from: 0, to: rows * width, by: width) {
      kernel?(x + place, weight, y + place, width, epsilon)
    }
  }

  /// - Parameters:
  ///   - x: what `forward` read. `[rows, width]`
  ///   - dy: `[rows, width]`.
  ///   - base: what the input's gradient is added to. `[rows, width]`
  ///   - dx: the sum; may be `base`. `[rows, width]`
  ///   - dweight: the rows' share of the weights' gradient is added to it. `[width]`
  func backward(
    _ x: Floats, dy: Floats, base: Floats, to dx: Floats, dweight: Floats, rows: Int,
    _ compute: LayerCompute
  ) {
    let kernel = compute.training.rms_norm_backward
    for place in stride(from: 0, to: rows * width, by: width) {
      kernel?(
        x + place, weight, dy + place, base + place, dx + place, dweight, width, epsilon)
    }
  }

  /// Adds to the gradient of the weights, in the order of the blocks of rows.
  ///
  /// - Parameter shares: what `backward` gave for each block. `[blocks, width]`
  func gradient(_ shares: Activations, blocks: Int, _ compute: LayerCompute) -> LayerCompute.Loop {
    .init(count: 1) { _, _ in
      for block in 0..<blocks {
        compute.kernels.pointee.add_scaled(shares[block], gradient, width, 1)
      }
    }
  }
}
