import CKernels

/// What all architectures compute with: the kernels of one instruction set and the threads.
///
/// The operations work on rows: `[rows, width]`, one row for each token of a pass.
struct Compute: @unchecked Sendable {
  let kernels: UnsafePointer<ck_kernels>
  let pool: ThreadPool

  typealias Floats = UnsafeMutablePointer<Float>

  /// out = RMSNorm(x) · weight (Zhang & Sennrich 2019, eq. 4), quantised as well if some map
  /// that reads it wants that.
  func normalize(
    _ x: Floats, weight: Floats, epsilon: Float, rows: Int, width: Int, to out: Activations,
    quantized: Bool
  ) {
    pool.run(count: rows, nanoseconds: Double(width) * 0.3) { range, _ in
      for row in range {
        let to = out.floats + row * width
        kernels.pointee.rms_norm(x + row * width, weight, to, width, epsilon)
        if quantized { quantize(row: row, width: width, out) }
      }
    }
  }

  /// Fills the 8-bit blocks of activations from their floats.
  func quantize(_ activations: Activations, rows: Int, width: Int) {
    pool.run(count: rows, nanoseconds: Double(width) * 0.15) { range, _ in
      for row in range { quantize(row: row, width: width, activations) }
    }
  }

  private func quantize(row: Int, width: Int, _ activations: Activations) {
    let blocks = activations.blocks + row * (width / Int(CK_QUANT_BLOCK))
    kernels.pointee.quantize(activations.floats + row * width, blocks, width)
  }

  /// out = silu(gate) · up (Shazeer 2020, SwiGLU).
  ///
  /// - Parameter gateUp: `[rows, 2, width]`.
  func gate(_ gateUp: Floats, rows: Int, width: Int, to out: Activations, quantized: Bool) {
    pool.run(count: rows, nanoseconds: Double(width) * 0.8) { range, _ in
      for row in range {
        let from = gateUp + row * 2 * width
        kernels.pointee.swiglu(from, from + width, out.floats + row * width, width)
        if quantized { quantize(row: row, width: width, out) }
      }
    }
  }
}

/// The vectors that a map reads, in the forms that maps of this model want. Grows as needed.
struct ActivationBuffer {
  private var floats = ScratchBuffer<Float>()
  private var blocks = ScratchBuffer<ck_q8_block>()

  mutating func reserve(rows: Int, width: Int) throws(ModelError) -> Activations {
    let block = Int(CK_QUANT_BLOCK)
    return Activations(
      floats: try floats.reserve(rows * width),
      blocks: try blocks.reserve(rows * ((width + block - 1) / block)))
  }
}
