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
  ///
  /// - Parameter norm: nil copies x as it is.
  func normalize(
    _ x: Floats, _ norm: Norm?, rows: Int, width: Int, to out: Activations, quantized: Bool
  ) {
    pool.run(count: rows, nanoseconds: Double(width) * 0.3) { range, _ in
      for row in range {
        let to = out.floats + row * width
        if let norm {
          kernels.pointee.rms_norm(x + row * width, norm.weight.values, to, width, norm.epsilon)
        } else {
          to.update(from: x + row * width, count: width)
        }
        if quantized { quantize(row: row, width: width, out) }
      }
    }
  }

  /// x = RMSNorm(x) · weight
  func normalizeInPlace(_ x: Floats, _ norm: Norm, rows: Int) {
    let width = norm.width
    pool.run(count: rows, nanoseconds: Double(width) * 0.3) { range, _ in
      for row in range {
        let place = x + row * width
        kernels.pointee.rms_norm(place, norm.weight.values, place, width, norm.epsilon)
      }
    }
  }

  /// x += scale · RMSNorm(y) · weight. What is in `y` is lost.
  ///
  /// - Parameter norm: nil adds y as it is.
  func add(_ y: Floats, _ norm: Norm?, rows: Int, width: Int, scale: Float = 1, to x: Floats) {
    pool.run(count: rows, nanoseconds: Double(width) * 0.5) { range, _ in
      for row in range {
        let from = y + row * width
        if let norm {
          kernels.pointee.rms_norm(from, norm.weight.values, from, width, norm.epsilon)
        }
        kernels.pointee.add_scaled(from, x + row * width, width, scale)
      }
    }
  }

  /// Adds a vector to each row.
  func add(_ vector: Vector, to x: Floats, rows: Int) {
    for row in 0..<rows {
      kernels.pointee.add_scaled(vector.values, x + row * vector.count, vector.count, 1)
    }
  }

  /// x = cap · tanh(x / cap)
  func softCap(_ x: Floats, rows: Int, width: Int, cap: Float) {
    pool.run(count: rows, nanoseconds: Double(width)) { range, _ in
      for row in range { kernels.pointee.soft_cap(x + row * width, width, cap) }
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

  /// out = activation(gate) · up (Shazeer 2020).
  ///
  /// - Parameter gateUp: `[rows, 2, width]`.
  func gate(
    _ gateUp: Floats, _ activation: GateActivation, rows: Int, width: Int, to out: Activations,
    quantized: Bool
  ) {
    let kernel =
      switch activation {
      case .silu: kernels.pointee.swiglu
      case .gelu: kernels.pointee.geglu
      case .clampedSilu: kernels.pointee.clamped_swiglu
      }
    pool.run(count: rows, nanoseconds: Double(width) * 0.8) { range, _ in
      for row in range {
        let from = gateUp + row * 2 * width
        kernel?(from, from + width, out.floats + row * width, width)
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

/// A vector of weights as floats.
struct Vector: @unchecked Sendable {
  let count: Int
  /// At least `count` floats.
  let memory: AlignedMemory

  var values: UnsafeMutablePointer<Float> { memory.start.assumingMemoryBound(to: Float.self) }

  var array: [Float] {
    withExtendedLifetime(self) { Array(UnsafeBufferPointer(start: values, count: count)) }
  }

  static func ones(count: Int) throws(ModelError) -> Vector { try repeating(1, count: count) }

  static func repeating(_ value: Float, count: Int) throws(ModelError) -> Vector {
    let memory = try AlignedMemory(byteCount: count * MemoryLayout<Float>.stride)
    let vector = Vector(count: count, memory: memory)
    vector.values.update(repeating: value, count: count)
    return vector
  }
}

/// The weights of an RMSNorm.
struct Norm: Sendable {
  let weight: Vector
  /// Added to the mean square.
  let epsilon: Float

  var width: Int { weight.count }
}
