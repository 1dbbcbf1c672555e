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
    compute.eachRow(rows, nanoseconds: Double(width) * 0.8) { row in
      let from = both + row * 2 * width
      kernel?(from, from + width, y + row * width, width)
    }
  }

  /// - Parameters:
  ///   - both: what `forward` read. `[rows, 2, width]`
  ///   - dy: `[rows, width]`.
  ///   - d: the gradient of gate and up. `[rows, 2, width]`
  func backward(_ both: Floats, dy: Floats, to d: Floats, rows: Int, _ compute: LayerCompute) {
    let kernel = compute.training.swiglu_backward
    compute.eachRow(rows, nanoseconds: Double(width) * 1.2) { row in
      let place = row * 2 * width
      kernel?(
        both + place, both + place + width, dy + row * width, d + place, d + place + width, width)
    }
  }
}
