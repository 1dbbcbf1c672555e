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

  /// Rows that a thread takes at once: a whole number of tiles on every machine, and few enough that
  /// what they need stays in the nearer caches.
  static let blockRows = 48

  static func blocks(_ rows: Int) -> Int { (rows + blockRows - 1) / blockRows }

  // MARK: Loops

  /// Chunks of work that do not depend on each other.
  struct Loop {
    var count: Int
    var body: (_ chunk: Int, _ worker: Int) -> Void
  }

  /// Runs the chunks of all loops on all threads.
  func run(_ loops: [Loop]) {
    pool.run(chunks: loops.reduce(0) { $0 + $1.count }) { chunk, worker in
      var chunk = chunk
      for loop in loops {
        if chunk < loop.count { return loop.body(chunk, worker) }
        chunk -= loop.count
      }
    }
  }

  /// Does something for each block of rows, on all threads.
  func eachBlock(of rows: Int, _ body: (_ rows: Range<Int>, _ worker: Int) -> Void) {
    pool.run(chunks: Self.blocks(rows)) { block, worker in
      body(block * Self.blockRows..<min(rows, (block + 1) * Self.blockRows), worker)
    }
  }

  // MARK: Layouts

  /// Lanes of a vector: rows or columns of a matrix that stand together when it is packed.
  var lanes: Int { Int(kernels.pointee.group) }

  func groups(_ count: Int) -> Int { (count + lanes - 1) / lanes }
  /// A number of columns rounded up to whole groups.
  func padded(_ count: Int) -> Int { groups(count) * lanes }
  /// Floats that a packed matrix takes.
  func packedCount(rows: Int, inputs: Int) -> Int { padded(rows) * inputs }

  /// Packs a matrix [rows, inputs] in rows of `stride`, multiplied by `scale`.
  ///
  /// - Parameter out: `packedCount` floats.
  func pack(
    _ x: UnsafePointer<Float>, rows: Int, inputs: Int, stride: Int, scale: Float = 1,
    to out: Floats, groups: Range<Int>? = nil
  ) {
    let groups = groups ?? 0..<self.groups(rows)
    training.pack_rows(
      x, rows, inputs, stride, groups.lowerBound, groups.upperBound, scale, out)
  }

  /// Puts rows of a matrix with `all` rows in groups of columns.
  ///
  /// - Parameters:
  ///   - x: the rows that are put. [rows.count, columns]
  ///   - out: the whole matrix. [groups of columns, all, lanes]
  func group(_ x: Floats, columns: Int, rows: Range<Int>, of all: Int, to out: Floats) {
    training.group_columns(x, rows.count, columns, all, out + rows.lowerBound * lanes)
  }

  /// A matrix that is multiplied from the left, over which the sum runs by its rows or its columns.
  struct Factor {
    fileprivate var start: UnsafePointer<Float>
    fileprivate var term: Int
    fileprivate var group: Int
  }

  /// A matrix [n, outputs] as it stands, in rows of `stride`.
  func byRows(_ start: UnsafePointer<Float>, stride: Int) -> Factor {
    Factor(start: start, term: stride, group: lanes)
  }

  /// A matrix [n, outputs] in groups of columns.
  func grouped(_ start: UnsafePointer<Float>, rows n: Int) -> Factor {
    Factor(start: start, term: lanes, group: n * lanes)
  }

  /// A matrix [outputs, n] that `pack` has packed.
  func packed(_ start: UnsafePointer<Float>, inputs n: Int) -> Factor {
    Factor(start: start, term: lanes, group: n * lanes)
  }

  // MARK: Products

  /// y[c, r] = base[c, r] + Σ over k of w[k, r] x[c, k].
  struct Product {
    var w: Factor
    var x: UnsafePointer<Float>
    /// x is [n, columns] in rows of `xStride`, else [columns, n].
    var isTurned = false
    var xStride: Int
    /// What the product is added to, in rows of `yStride`; nil for nothing.
    var base: UnsafePointer<Float>?
    /// [columns, outputs] in rows of `yStride`.
    var y: Floats
    var yStride: Int
    var columns: Int
    var outputs: Int
    var n: Int
    /// Adds to what `y` holds.
    var accumulate = false
  }

  /// A product on the calling thread.
  func multiply(_ product: Product, columns: Range<Int>? = nil) {
    var call = ck_product(
      w: product.w.start, w_term: product.w.term, w_group: product.w.group, x: product.x,
      x_column: product.isTurned ? 1 : product.xStride,
      x_term: product.isTurned ? product.xStride : 1,
      base: product.accumulate ? UnsafePointer(product.y) : product.base, y: product.y,
      y_column: product.yStride, outputs: product.outputs, n: product.n)
    let columns = columns ?? 0..<product.columns
    training.product(&call, columns.lowerBound, columns.upperBound)
  }
}

/// Memory for single-precision numbers that grows to the largest size ever asked for.
final class FloatBuffer {
  private var buffer = ScratchBuffer<Float>()

  /// At least `count` floats; what was in the buffer is lost when it grows.
  func reserve(_ count: Int) throws(ModelError) -> Floats { try buffer.reserve(count) }
}

/// Rows of numbers, as many as the largest pass so far had. [rows, width]
final class Activations {
  let width: Int
  private var memory: AlignedMemory

  init(width: Int) throws(ModelError) {
    self.width = width
    memory = try AlignedMemory(byteCount: 0)
  }

  var byteCount: Int { memory.byteCount }

  /// Bytes that so many rows take: rows are had by the thousand, so that memory does not grow with
  /// every batch that is a little longer.
  static func byteCount(rows: Int, width: Int) -> Int {
    (rows + 1023) / 1024 * 1024 * width * MemoryLayout<Float>.stride
  }

  /// Makes room; what was in the rows is lost when it grows.
  func reserve(_ rows: Int) throws(ModelError) {
    let bytes = Self.byteCount(rows: rows, width: width)
    if memory.byteCount < bytes { memory = try AlignedMemory(byteCount: bytes, zeroed: false) }
  }

  var start: Floats { memory.start.assumingMemoryBound(to: Float.self) }
  /// Where a row begins.
  subscript(row: Int) -> Floats { start + row * width }
}
