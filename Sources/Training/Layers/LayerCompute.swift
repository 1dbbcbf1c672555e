import CKernels
import Engine

typealias Floats = UnsafeMutablePointer<Float>

/// What all layers compute with: kernels, threads, and the products of matrices that training needs.
///
/// Every result is the same to the bit at any number of threads: threads share the elements of a
/// result, never the terms of a sum.
struct LayerCompute: @unchecked Sendable {
  let kernels: UnsafePointer<ck_kernels>
  let pool: ThreadPool

  var training: ck_training_kernels { kernels.pointee.training }

  /// Rows of a packed matrix that stand together.
  var group: Int { Int(kernels.pointee.group) }

  func groups(_ rows: Int) -> Int { (rows + group - 1) / group }

  /// Floats that a packed matrix takes.
  func packedCount(rows: Int, inputs: Int) -> Int { groups(rows) * packedStride(inputs) }

  /// Floats from one packed group to the next; a group begins at a cache line.
  private func packedStride(_ inputs: Int) -> Int { (inputs * group + 15) / 16 * 16 }

  /// y (+)= x Wᵀ.
  ///
  /// - Parameters:
  ///   - x: `[batch, inputs]`.
  ///   - packed: W, `[outputs, inputs]`, packed.
  ///   - y: `[batch, outputs]` in rows of `stride`.
  ///   - accumulate: adds to what `y` holds.
  func product(
    _ x: UnsafePointer<Float>, _ packed: UnsafePointer<Float>, to y: Floats, batch: Int,
    inputs: Int, outputs: Int, stride: Int, accumulate: Bool
  ) {
    let cost = Double(group * inputs * batch) / 40
    pool.run(count: groups(outputs), nanoseconds: cost) { range, _ in
      multiply(
        x, packed, to: y, batch: batch, inputs: inputs, outputs: outputs, stride: stride,
        accumulate: accumulate, groups: range)
    }
  }

  /// The same on the calling thread, for groups of outputs.
  func multiply(
    _ x: UnsafePointer<Float>, _ packed: UnsafePointer<Float>, to y: Floats, batch: Int,
    inputs: Int, outputs: Int, stride: Int, accumulate: Bool, groups: Range<Int>? = nil
  ) {
    let groups = groups ?? 0..<self.groups(outputs)
    kernels.pointee.matmul.0?(
      packed, x, y, groups.lowerBound, groups.upperBound, outputs, inputs, batch, stride,
      accumulate)
  }

  /// Does something for each row.
  ///
  /// - Parameter nanoseconds: roughly what a row costs.
  func eachRow(_ rows: Int, nanoseconds: Double, _ body: (Int) -> Void) {
    pool.run(count: rows, nanoseconds: nanoseconds) { range, _ in
      for row in range { body(row) }
    }
  }
}

/// Memory for single-precision numbers that grows to the largest size ever asked for.
final class FloatBuffer {
  private var buffer = ScratchBuffer<Float>()

  /// At least `count` floats; what was in the buffer is lost when it grows.
  func reserve(_ count: Int) throws(ModelError) -> Floats { try buffer.reserve(count) }
}
