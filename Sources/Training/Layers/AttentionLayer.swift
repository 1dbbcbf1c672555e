import CKernels
import Engine

/// Softmax attention with grouped queries (Vaswani et al. 2017, eq. 1; Ainslie et al. 2023) within
/// each group of rows. A row sees the group's beginning, and its own segment up to itself.
///
/// With s = q k / √d, p = softmax(s) and y = p v:
///   dv = pᵀ dy,  dp = dy vᵀ,  ds = p (dp − Σ p dp),  dq = ds k / √d,  dk = dsᵀ q / √d
///
/// Probabilities are not kept from the forward pass; each row's largest score and sum give them back
/// (Dao et al. 2022, section 3.1). Queries are computed in blocks, so that what a block's rows cannot
/// see costs little, and their scores stand as [keys, queries], so that softmax runs over all of them
/// at once.
struct AttentionLayer {
  let headCount: Int
  let kvHeadCount: Int
  let headSize: Int
  let scale: Float

  /// Queries computed together.
  private static let blockRows = 32

  /// What the layer reads: queries, keys and values of a row. `[rows, stride]`
  var stride: Int { (headCount + 2 * kvHeadCount) * headSize }
  var width: Int { headCount * headSize }

  /// What gives back the probabilities of each head and row.
  struct Sums {
    /// The largest score. `[headCount, rows]`
    var peaks: Floats
    /// 1 / Σ e^(score − peak). `[headCount, rows]`
    var factors: Floats
  }

  /// - Parameters:
  ///   - qkv: turned by position. `[rows, stride]`
  ///   - y: `[rows, width]`.
  ///   - sums: written.
  ///   - space: for each thread; `reserve` has made room in it.
  func forward(
    _ qkv: Floats, to y: Floats, sums: Sums, rows: PackedRows, _ compute: LayerCompute,
    in space: Activations
  ) -> LayerCompute.Loop {
    eachUnit(rows, compute, in: space) { group, kvHead, memory in
      eachSegment(group, kvHead, qkv, rows, memory, compute) { segment, keys in
        eachBlock(of: segment, keys) { block in
          let queries = compute.padded(block.count)
          eachHead(of: kvHead) { head in
            score(
              qkv + block.first * stride + head * headSize, stride: stride, scale: scale,
              by: memory.keys, block, in: memory.packed, to: memory.scores, compute)
            compute.training.attention_weights(
              memory.scores, block.visible, block.firstSeen, queries, memory.peaks, memory.factors)
            let (to, place) = (y + block.first * width + head * headSize, head * rows.count)
            multiply(
              memory.scores, queries: queries, by: memory.values, block, to: to, stride: width,
              compute)
            compute.training.scale_rows(to, block.count, headSize, width, memory.factors)
            (sums.peaks + place + block.first).update(from: memory.peaks, count: block.count)
            (sums.factors + place + block.first).update(from: memory.factors, count: block.count)
          }
        }
      }
    }
  }

  /// - Parameters:
  ///   - qkv: what `forward` read. `[rows, stride]`
  ///   - sums: what `forward` wrote.
  ///   - dy: `[rows, width]`.
  ///   - d: the gradient of queries, keys and values. `[rows, stride]`
  func backward(
    _ qkv: Floats, sums: Sums, dy: Floats, to d: Floats, rows: PackedRows, _ compute: LayerCompute,
    in space: Activations
  ) -> LayerCompute.Loop {
    eachUnit(rows, compute, in: space) { group, kvHead, memory in
      let beginning = rows.segments[group.lowerBound].rows
      eachSegment(group, kvHead, qkv, rows, memory, compute) { segment, keys in
        // What the beginning's keys and values get adds up over all that follows it.
        let kept = keys.before.isEmpty ? 0 : keys.before.count * headSize
        let own = keys.own.count * headSize
        (memory.dkeys + kept).update(repeating: 0, count: own)
        (memory.dvalues + kept).update(repeating: 0, count: own)
        eachBlock(of: segment, keys) { block in
          eachHead(of: kvHead) { head in
            add(head, block, qkv, sums: sums, dy: dy, to: d, rows.count, compute, memory)
          }
        }
        if !keys.before.isEmpty { write(memory, from: kept, keys.own, kvHead, to: d, compute) }
      }
      write(memory, from: 0, beginning, kvHead, to: d, compute)
    }
  }

  /// The gradients that a block's rows give to their queries, and to the keys and values they see.
  private func add(
    _ head: Int, _ block: Block, _ qkv: Floats, sums: Sums, dy: Floats, to d: Floats, _ rows: Int,
    _ compute: LayerCompute, _ memory: Memory
  ) {
    let queries = compute.padded(block.count)
    let q = qkv + block.first * stride + head * headSize
    let errors = dy + block.first * width + head * headSize
    score(
      q, stride: stride, scale: scale, by: memory.keys, block, in: memory.packed,
      to: memory.scores, compute)
    score(
      errors, stride: width, scale: 1, by: memory.values, block, in: memory.packed,
      to: memory.dscores, compute)
    let place = head * rows + block.first
    for (kept, line) in [(sums.peaks, memory.peaks), (sums.factors, memory.factors)] {
      line.update(from: kept + place, count: block.count)
      (line + block.count).update(repeating: 0, count: queries - block.count)
    }
    compute.training.attention_slopes(
      memory.scores, memory.dscores, block.visible, block.firstSeen, queries, memory.peaks,
      memory.factors, scale)
    multiply(
      memory.dscores, queries: queries, by: memory.keys, block,
      to: d + block.first * stride + head * headSize, stride: stride, compute)
    for (p, w, step, y) in [
      (memory.dscores, q, stride, memory.dkeys), (memory.scores, errors, width, memory.dvalues),
    ] {
      compute.multiply(
        .init(
          w: compute.byRows(w, stride: step), x: p, xStride: queries, y: y, yStride: headSize,
          columns: block.visible, outputs: headSize, n: block.count, accumulate: true))
    }
  }

  /// [block.count, headSize], scaled, by [visible, headSize] to [visible, queries].
  private func score(
    _ x: Floats, stride: Int, scale: Float, by keys: Floats, _ block: Block, in packed: Floats,
    to y: Floats, _ compute: LayerCompute
  ) {
    let queries = compute.padded(block.count)
    compute.pack(
      x, rows: block.count, inputs: headSize, stride: stride, scale: scale, to: packed)
    compute.multiply(
      .init(
        w: compute.packed(packed, inputs: headSize), x: keys, xStride: headSize, y: y,
        yStride: queries, columns: block.visible, outputs: queries, n: headSize))
  }

  /// The transpose of [visible, queries] times [visible, headSize] to [block.count, headSize].
  private func multiply(
    _ x: Floats, queries: Int, by w: Floats, _ block: Block, to y: Floats, stride: Int,
    _ compute: LayerCompute
  ) {
    compute.multiply(
      .init(
        w: compute.byRows(w, stride: headSize), x: x, isTurned: true, xStride: queries, y: y,
        yStride: stride, columns: block.count, outputs: headSize, n: block.visible))
  }

  // MARK: Rows and memory

  /// What a segment's rows attend to, in the order of positions.
  private struct Keys {
    var before: Range<Int>
    var own: Range<Int>
  }

  /// Rows of a segment that are computed together.
  private struct Block {
    var first: Int
    var count: Int
    /// Keys that the block's first row sees.
    var firstSeen: Int

    /// Keys that the last row sees.
    var visible: Int { firstSeen + count - 1 }
  }

  /// One thread's memory.
  private struct Memory {
    var keys, values, dkeys, dvalues: Floats  // [longest, headSize]
    var packed: Floats  // [blockRows, headSize]
    var scores, dscores: Floats  // [longest, blockRows]
    var peaks, factors: Floats  // [blockRows]

    static func sizes(_ layer: AttentionLayer, longest: Int) -> [Int] {
      let line = Array(repeating: longest * layer.headSize, count: 4)
      let rows = AttentionLayer.blockRows
      let sizes = line + [rows * layer.headSize, longest * rows, longest * rows, rows, rows]
      return sizes.map { ($0 + 15) / 16 * 16 }
    }

    init(_ start: Floats, _ layer: AttentionLayer, longest: Int) {
      var next = start
      let places = Self.sizes(layer, longest: longest).map { size in
        defer { next += size }
        return next
      }
      (keys, values, dkeys, dvalues) = (places[0], places[1], places[2], places[3])
      (packed, scores, dscores) = (places[4], places[5], places[6])
      (peaks, factors) = (places[7], places[8])
    }
  }

  /// Floats that each thread needs for rows that see at most `longest` keys.
  func space(longest: Int) -> Int { Memory.sizes(self, longest: longest).reduce(0, +) }

  /// Each group of rows and each head of keys and values.
  private func eachUnit(
    _ rows: PackedRows, _ compute: LayerCompute, in space: Activations,
    _ body: @escaping (_ group: Range<Int>, _ kvHead: Int, _ memory: Memory) -> Void
  ) -> LayerCompute.Loop {
    let longest = rows.longest
    return .init(count: rows.groups.count * kvHeadCount) { unit, worker in
      let memory = Memory(
        space.start + worker * self.space(longest: longest), self, longest: longest)
      body(rows.groups[unit / kvHeadCount], unit % kvHeadCount, memory)
    }
  }

  /// The segments of a group with the keys and values of one head in the thread's memory.
  private func eachSegment(
    _ group: Range<Int>, _ kvHead: Int, _ qkv: Floats, _ rows: PackedRows, _ memory: Memory,
    _ compute: LayerCompute, _ body: (_ segment: Range<Int>, _ keys: Keys) -> Void
  ) {
    let beginning = rows.segments[group.lowerBound].rows
    for number in group {
      let own = rows.segments[number].rows
      // The beginning stands in memory once, whatever follows it.
      let before = number == group.lowerBound ? own.lowerBound..<own.lowerBound : beginning
      let (place, stride) = (before.count * headSize, self.stride)
      let key = qkv + own.lowerBound * stride + (headCount + kvHead) * headSize
      for (from, to) in [
        (key, memory.keys), (key + kvHeadCount * headSize, memory.values),
      ] {
        compute.training.copy_rows(from, own.count, headSize, stride, to + place, headSize)
      }
      body(own, Keys(before: before, own: own))
    }
  }

  private func eachBlock(of segment: Range<Int>, _ keys: Keys, _ body: (Block) -> Void) {
    for first in Swift.stride(
      from: segment.lowerBound, to: segment.upperBound, by: Self.blockRows)
    {
      body(
        Block(
          first: first, count: min(Self.blockRows, segment.upperBound - first),
          firstSeen: keys.before.count + first - segment.lowerBound + 1))
    }
  }

  private func eachHead(of kvHead: Int, _ body: (Int) -> Void) {
    let sharing = headCount / kvHeadCount
    for head in kvHead * sharing..<(kvHead + 1) * sharing { body(head) }
  }

  /// Writes the gradients of rows' keys and values, which stand in memory `from` on.
  private func write(
    _ memory: Memory, from start: Int, _ rows: Range<Int>, _ kvHead: Int, to d: Floats,
    _ compute: LayerCompute
  ) {
    let key = d + rows.lowerBound * stride + (headCount + kvHead) * headSize
    for (from, to) in [
      (memory.dkeys, key), (memory.dvalues, key + kvHeadCount * headSize),
    ] {
      compute.training.copy_rows(from + start, rows.count, headSize, headSize, to, stride)
    }
  }
}
