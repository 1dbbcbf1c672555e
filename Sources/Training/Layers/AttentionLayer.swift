import CKernels
import Engine

/// Softmax attention with grouped queries (Vaswani et al. 2017, eq. 1; Ainslie et al. 2023) within
/// each group of rows. A row sees the segment before its own, and its own up to itself.
///
/// With s = q k / √d, p = softmax(s) and y = p v:
///   dv = pᵀ dy,  dp = dy vᵀ,  ds = p (dp − Σ p dp),  dq = ds k / √d,  dk = dsᵀ q / √d
///
/// Probabilities are not kept from the forward pass; the logarithm of each row's sum gives them back
/// (Dao et al. 2022, section 3.1). Rows are computed in blocks, so that what a block's rows cannot
/// see costs little.
struct AttentionLayer {
  let headCount: Int
  let kvHeadCount: Int
  let headSize: Int
  let scale: Float

  /// Queries computed together.
  private static let blockRows = 64

  /// What the layer reads: queries, keys and values of a row. `[rows, stride]`
  var stride: Int { (headCount + 2 * kvHeadCount) * headSize }
  var width: Int { headCount * headSize }

  /// - Parameters:
  ///   - qkv: turned by position. `[rows, stride]`
  ///   - y: `[rows, width]`.
  ///   - sums: the logarithm of the sum of e^s of each row and head. `[rows, headCount]`
  func forward(
    _ qkv: Floats, to y: Floats, sums: Floats, rows: PackedRows, _ compute: LayerCompute,
    in space: FloatBuffer
  ) throws(ModelError) {
    try eachUnit(rows, compute, in: space) { group, kvHead, memory in
      for number in group {
        let keys = gather(qkv, number, kvHead, rows, memory)
        eachBlock(of: number, rows, keys) { block in
          let visible = block.visible
          compute.pack(
            memory.keys, rows: visible, inputs: headSize, stride: headSize, to: memory.packedKeys)
          eachHead(of: kvHead) { head in
            readQueries(qkv, head, block, to: memory.queries)
            multiply(
              memory.queries, by: memory.packedKeys, block, to: memory.scores, compute)
            for row in 0..<block.count {
              let scores = memory.scores + row * visible
              let seen = block.seen(row)
              let sum = Float(compute.kernels.pointee.log_sum_exp(scores, seen))
              sums[(block.first + row) * headCount + head] = sum
              compute.training.scaled_exponentials(scores, scores, seen, sum, 1)
              (scores + seen).update(repeating: 0, count: visible - seen)
            }
            multiply(
              memory.scores, memory.values, block, to: y + block.first * width + head * headSize,
              stride: width, compute)
          }
        }
      }
    }
  }

  /// - Parameters:
  ///   - qkv: what `forward` read. `[rows, stride]`
  ///   - y: what it gave. `[rows, width]`
  ///   - sums: what it kept. `[rows, headCount]`
  ///   - dy: `[rows, width]`.
  ///   - d: the gradient of queries, keys and values. `[rows, stride]`
  func backward(
    _ qkv: Floats, y: Floats, sums: Floats, dy: Floats, to d: Floats, rows: PackedRows,
    _ compute: LayerCompute, in space: FloatBuffer
  ) throws(ModelError) {
    try eachUnit(rows, compute, in: space) { group, kvHead, memory in
      clearKeysAndValues(d, group, kvHead, rows)
      for number in group {
        let keys = gather(qkv, number, kvHead, rows, memory)
        memory.dkeys.update(repeating: 0, count: keys.count * headSize)
        memory.dvalues.update(repeating: 0, count: keys.count * headSize)
        eachBlock(of: number, rows, keys) { block in
          for (line, packed) in [
            (memory.keys, memory.packedKeys), (memory.values, memory.packedValues),
          ] {
            compute.pack(
              line, rows: block.visible, inputs: headSize, stride: headSize, to: packed)
          }
          eachHead(of: kvHead) { head in
            add(head, block, qkv, y: y, sums: sums, dy: dy, to: d, compute, memory)
          }
        }
        scatter(keys, kvHead, memory, to: d)
      }
    }
  }

  /// [block.count, headSize] by [visible, headSize], packed, to [block.count, visible].
  private func multiply(
    _ x: Floats, by packed: Floats, _ block: Block, to y: Floats, _ compute: LayerCompute
  ) {
    compute.multiply(
      .init(
        w: compute.packed(packed, inputs: headSize), x: x, xStride: headSize, y: y,
        yStride: block.visible, columns: block.count, outputs: block.visible, n: headSize),
      columns: 0..<block.count)
  }

  /// [block.count, visible] times [visible, headSize] to [block.count, headSize].
  private func multiply(
    _ x: Floats, _ w: Floats, _ block: Block, to y: Floats, stride: Int, _ compute: LayerCompute
  ) {
    compute.multiply(
      .init(
        w: compute.byRows(w, stride: headSize), x: x, xStride: block.visible, y: y,
        yStride: stride, columns: block.count, outputs: headSize, n: block.visible),
      columns: 0..<block.count)
  }

  /// Adds the transpose of [block.count, visible] times [block.count, headSize] to
  /// [visible, headSize].
  private func add(
    _ x: Floats, _ w: Floats, _ block: Block, to y: Floats, _ compute: LayerCompute
  ) {
    compute.multiply(
      .init(
        w: compute.byRows(w, stride: headSize), x: x, isTurned: true, xStride: block.visible, y: y,
        yStride: headSize, columns: block.visible, outputs: headSize, n: block.count,
        accumulate: true),
      columns: 0..<block.visible)
  }

  /// The gradients that a block's rows give to their queries, and to the keys and values they see.
  private func add(
    _ head: Int, _ block: Block, _ qkv: Floats, y: Floats, sums: Floats, dy: Floats, to d: Floats,
    _ compute: LayerCompute, _ memory: Memory
  ) {
    let training = compute.training
    let (count, visible) = (block.count, block.visible)
    readQueries(qkv, head, block, to: memory.queries)
    for row in 0..<count {
      (memory.errors + row * headSize).update(
        from: dy + (block.first + row) * width + head * headSize, count: headSize)
    }
    multiply(memory.queries, by: memory.packedKeys, block, to: memory.scores, compute)
    multiply(memory.errors, by: memory.packedValues, block, to: memory.dscores, compute)
    for row in 0..<count {
      let (p, dp) = (memory.scores + row * visible, memory.dscores + row * visible)
      let (seen, place) = (block.seen(row), block.first + row)
      training.scaled_exponentials?(p, p, seen, sums[place * headCount + head], 1)
      // Σ p dp = y · dy
      let mean = training.inner_product(
        y + place * width + head * headSize, memory.errors + row * headSize, headSize)
      training.softmax_backward?(p, dp, dp, seen, mean)
      (p + seen).update(repeating: 0, count: visible - seen)
      (dp + seen).update(repeating: 0, count: visible - seen)
    }
    let dq = d + block.first * stride + head * headSize
    multiply(memory.dscores, memory.keys, block, to: dq, stride: stride, compute)
    for row in 0..<count {
      for i in 0..<headSize { dq[row * stride + i] *= scale }
    }
    // Queries are scaled already, which is the factor of dk.
    add(memory.dscores, memory.queries, block, to: memory.dkeys, compute)
    add(memory.scores, memory.errors, block, to: memory.dvalues, compute)
  }

  // MARK: Rows and memory

  /// What a segment's rows attend to, in the order of positions.
  private struct Keys {
    var before: Range<Int>
    var own: Range<Int>

    var count: Int { before.count + own.count }
  }

  /// Rows of a segment that are computed together.
  private struct Block {
    var first: Int
    var count: Int
    /// Keys that the block's first row sees.
    var firstSeen: Int

    /// Keys that the last row sees.
    var visible: Int { firstSeen + count - 1 }
    func seen(_ row: Int) -> Int { firstSeen + row }
  }

  /// One thread's memory.
  private struct Memory {
    var keys, values, dkeys, dvalues: Floats  // [longest, headSize]
    var queries, errors: Floats  // [blockRows, headSize]
    var scores, dscores: Floats  // [blockRows, longest]
    var packedKeys, packedValues: Floats

    static func count(_ layer: AttentionLayer, longest: Int, _ compute: LayerCompute) -> Int {
      sizes(layer, longest: longest, compute).reduce(0, +)
    }

    private static func sizes(
      _ layer: AttentionLayer, longest: Int, _ compute: LayerCompute
    ) -> [Int] {
      let (size, block) = (layer.headSize, AttentionLayer.blockRows)
      let line = Array(repeating: longest * size, count: 4)
      let outputs = compute.packedCount(rows: longest, inputs: size)
      let sizes =
        line + [block * size, block * size, block * longest, block * longest, outputs, outputs]
      return sizes.map { ($0 + 15) / 16 * 16 }
    }

    init(_ start: Floats, _ layer: AttentionLayer, longest: Int, _ compute: LayerCompute) {
      var next = start
      let places = Self.sizes(layer, longest: longest, compute).map { size in
        defer { next += size }
        return next
      }
      (keys, values, dkeys, dvalues) = (places[0], places[1], places[2], places[3])
      (queries, errors, scores, dscores) = (places[4], places[5], places[6], places[7])
      (packedKeys, packedValues) = (places[8], places[9])
    }
  }

  /// Does something for each group of rows and each head of keys and values, on all threads.
  private func eachUnit(
    _ rows: PackedRows, _ compute: LayerCompute, in space: FloatBuffer,
    _ body: (_ group: Range<Int>, _ kvHead: Int, _ memory: Memory) -> Void
  ) throws(ModelError) {
    let longest = rows.segments.indices.map { keys(of: $0, rows).count }.max() ?? 0
    let size = Memory.count(self, longest: longest, compute)
    let start = try space.reserve(size * compute.pool.threadCount)
    compute.pool.run(chunks: rows.groups.count * kvHeadCount) { unit, worker in
      let memory = Memory(start + worker * size, self, longest: longest, compute)
      body(rows.groups[unit / kvHeadCount], unit % kvHeadCount, memory)
    }
  }

  private func keys(of segment: Int, _ rows: PackedRows) -> Keys {
    let segment = rows.segments[segment]
    return Keys(before: segment.parent.map { rows.segments[$0].rows } ?? 0..<0, own: segment.rows)
  }

  private func eachBlock(
    of segment: Int, _ rows: PackedRows, _ keys: Keys, _ body: (Block) -> Void
  ) {
    let own = keys.own
    for first in Swift.stride(from: own.lowerBound, to: own.upperBound, by: Self.blockRows) {
      body(
        Block(
          first: first, count: min(Self.blockRows, own.upperBound - first),
          firstSeen: keys.before.count + first - own.lowerBound + 1))
    }
  }

  private func eachHead(of kvHead: Int, _ body: (Int) -> Void) {
    let sharing = headCount / kvHeadCount
    for head in kvHead * sharing..<(kvHead + 1) * sharing { body(head) }
  }

  /// A block's queries of one head, scaled.
  private func readQueries(_ qkv: Floats, _ head: Int, _ block: Block, to queries: Floats) {
    for row in 0..<block.count {
      let from = qkv + (block.first + row) * stride + head * headSize
      for i in 0..<headSize { queries[row * headSize + i] = from[i] * scale }
    }
  }

  private func gather(
    _ qkv: Floats, _ segment: Int, _ kvHead: Int, _ rows: PackedRows, _ memory: Memory
  ) -> Keys {
    let keys = keys(of: segment, rows)
    var (key, value) = (memory.keys, memory.values)
    for row in [keys.before, keys.own].joined() {
      let from = qkv + row * stride + (headCount + kvHead) * headSize
      key.update(from: from, count: headSize)
      value.update(from: from + kvHeadCount * headSize, count: headSize)
      key += headSize
      value += headSize
    }
    return keys
  }

  private func clearKeysAndValues(
    _ d: Floats, _ group: Range<Int>, _ kvHead: Int, _ rows: PackedRows
  ) {
    for segment in group {
      for row in rows.segments[segment].rows {
        let to = d + row * stride + (headCount + kvHead) * headSize
        to.update(repeating: 0, count: headSize)
        (to + kvHeadCount * headSize).update(repeating: 0, count: headSize)
      }
    }
  }

  private func scatter(_ keys: Keys, _ kvHead: Int, _ memory: Memory, to d: Floats) {
    var (key, value) = (memory.dkeys, memory.dvalues)
    for row in [keys.before, keys.own].joined() {
      let to = d + row * stride + (headCount + kvHead) * headSize
      for i in 0..<headSize {
        to[i] += key[i]
        to[kvHeadCount * headSize + i] += value[i]
      }
      key += headSize
      value += headSize
    }
  }
}
