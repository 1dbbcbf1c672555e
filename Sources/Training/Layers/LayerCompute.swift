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
  private var group: Int { Int(kernels.pointee.group) }

  func groups(_ rows: Int) -> Int { (rows + group - 1) / group }

  /// Floats that a packed matrix takes.
  func packedCount(rows: Int, inputs: Int) -> Int { groups(rows) * group * inputs }

  /// A matrix that is multiplied from the left, over which the sum runs by its rows or its columns.
  struct Factor {
    fileprivate var start: UnsafePointer<Float>
    fileprivate var term: Int
    fileprivate var group: Int
  }

  /// A matrix [n, outputs] as it stands, in rows of `stride`.
  func byRows(_ start: UnsafePointer<Float>, stride: Int) -> Factor {
    Factor(start: start, term: stride, group: group)
  }

  /// A matrix [outputs, n] that `pack` has packed.
  func packed(_ start: UnsafePointer<Float>, inputs: Int) -> Factor {
    Factor(start: start, term: group, group: inputs * group)
  }

  /// Packs a matrix [rows, inputs] in rows of `stride`.
  ///
  /// - Parameter out: `packedCount` floats.
  func pack(
    _ x: UnsafePointer<Float>, rows: Int, inputs: Int, stride: Int, to out: Floats,
    groups: Range<Int>? = nil
  ) {
    let groups = groups ?? 0..<self.groups(rows)
    training.pack_rows(x, rows, inputs, stride, groups.lowerBound, groups.upperBound, out)
  }

  /// y[c, r] (+)= Σ over k of w[k, r] x[c, k].
  struct Product {
    var w: Factor
    var x: UnsafePointer<Float>
    /// x is [n, columns] in rows of `xStride`, else [columns, n].
    var isTurned = false
    var xStride: Int
    /// [columns, outputs] in rows of `yStride`.
    var y: Floats
    var yStride: Int
    var columns: Int
    var outputs: Int
    var n: Int
    /// Adds to what `y` holds.
    var accumulate = false
  }

  /// Columns that a thread takes at once: a whole number of tiles on every machine.
  private static let columnBlock = 48

  /// A product on all threads.
  func multiply(_ product: Product) {
    let blocks = (product.columns + Self.columnBlock - 1) / Self.columnBlock
    let cost = Double(product.n * product.outputs * Self.columnBlock) / 40
    pool.run(count: blocks, nanoseconds: cost) { range, _ in
      multiply(
        product,
        columns: range.lowerBound * Self.columnBlock..<min(
          product.columns, range.upperBound * Self.columnBlock))
    }
  }

  /// A product on the calling thread.
  func multiply(_ product: Product, columns: Range<Int>) {
    var call = ck_product(
      w: product.w.start, w_term: product.w.term, w_group: product.w.group, x: product.x,
      x_column: product.isTurned ? 1 : product.xStride,
      x_term: product.isTurned ? product.xStride : 1, y: product.y, y_column: product.yStride,
      outputs: product.outputs, n: product.n, accumulate: product.accumulate)
    training.product(&call, columns.lowerBound, columns.upperBound)
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
