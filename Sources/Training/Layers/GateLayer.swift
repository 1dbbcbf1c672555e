import CKernels
import Engine

/// SwiGLU (Shazeer 2020): y = silu(gate) · up.
struct GateLayer {
  let width: Int

  /// - Parameters:
  ///   - both: gate and up. `[rows, 2, width]`
  ///   - y: `[rows, width]`.
  func forward(_ both: Floats, to y: Floats, rows: Int, _ compute: LayerCompute) {
    let kernel = compute.kernels.pointee.swiglu
    for row in 0..<rows {
      let from = both + row * 2 * width
      kernel?(from, from + width, y + row * width, width)
    }
  }

  /// - Parameters:
  ///   - both: what `forward` read. `[rows, 2, width]`
  ///   - dy: `[rows, width]`.
  ///   - d: the gradient of gate and up. `[rows, 2, width]`
  ///   - y: what `forward` gave, once more. `[rows, width]`
  func backward(
    _ both: Floats, dy: Floats, to d: Floats, y: Floats, rows: Int, _ compute: LayerCompute
  ) {
    let kernel = compute.training.swiglu_backward
    for row in 0..<rows {
      let (from, to) = (both + row * 2 * width, d + row * 2 * width)
      kernel?(
        from, from + width, dy + row * width, to, to + width, y + row * width, width)
    }
  }
}
