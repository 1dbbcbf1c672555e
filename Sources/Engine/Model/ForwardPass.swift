import CKernels

/// One forward pass as an architecture sees it: which tokens, where they stand, where their keys
/// and values go, and which rows are asked for.
struct ForwardPass {
  let compute: Compute
  let plan: ForwardPlan
  let attention: AttentionPlan
  let layout: KVLayout
  /// The rows whose logits are wanted, ascending.
  let outputRows: [Int]
  /// The memory of each row's block, then that of each further copy. [rows + copies]
  let blocks: [UnsafeMutablePointer<UInt8>]
  /// For each row its further copies.
  let copiesOfRow: [Int32: [Int]]

  init(
    compute: Compute, plan: ForwardPlan, attention: AttentionPlan, cache: PrefixCache
  ) {
    self.compute = compute
    self.plan = plan
    self.attention = attention
    layout = cache.layout
    outputRows = Set(plan.answers.compactMap { $0.map(Int.init) }).sorted()
    let places = plan.slots + plan.copies.map(\.slot)
    blocks = places.map { cache.memory(of: $0.block).assumingMemoryBound(to: UInt8.self) }
    copiesOfRow = Dictionary(
      grouping: plan.copies.indices, by: { plan.copies[$0].row })
  }

  var rowCount: Int { plan.rowCount }

  /// Writes a row's keys and values of one layer to all their places.
  ///
  /// - Parameters:
  ///   - keys: `[kvHeads, headSize]`.
  ///   - values: `[kvHeads, headSize]`.
  func store(
    row: Int, layer: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>
  ) {
    store(place: row, offset: plan.slots[row].offset, layer: layer, keys: keys, values: values)
    guard !plan.copies.isEmpty, let copies = copiesOfRow[Int32(row)] else { return }
    for copy in copies {
      store(
        place: rowCount + copy, offset: plan.copies[copy].slot.offset, layer: layer, keys: keys,
        values: values)
    }
  }

  private func store(
    place: Int, offset: Int32, layer: Int, keys: UnsafePointer<Float>,
    values: UnsafePointer<Float>
  ) {
    let kernel =
      layout.format == .f16
      ? compute.kernels.pointee.store_kv_f16 : compute.kernels.pointee.store_kv_f32
    for head in 0..<layout.kvHeadCount {
      var slot = ck_kv_slot(
        block: blocks[place], key_offset: layout.keyOffset(layer: layer, head: head),
        value_offset: layout.valueOffset(layer: layer, head: head), slot: Int(offset),
        head_size: layout.headSize)
      kernel?(keys + head * layout.headSize, values + head * layout.headSize, &slot)
    }
  }

  /// Softmax attention (Vaswani et al. 2017, eq. 1) of every row on its own path.
  ///
  /// - Parameters:
  ///   - queries: `[rows, queryStride]`, of which the first `heads · headSize` are the queries.
  ///   - out: `[rows, heads · headSize]`.
  ///   - scratch: `scratchPerWorker` floats for each thread.
  func attend(
    layer: Int, queries: UnsafePointer<Float>, queryStride: Int, headCount: Int,
    to out: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    scratchPerWorker: Int
  ) {
    let kernel =
      layout.format == .f16
      ? compute.kernels.pointee.attend_f16 : compute.kernels.pointee.attend_f32
    let heads = layout.kvHeadCount
    let group = headCount / heads
    let users = Double(attention.users.count) / Double(max(attention.slices.count, 1))
    let cost = users * Double(group * layout.headSize) * 2.5 + 100
    let lengths = attention.lengths
    attention.runs.withUnsafeBufferPointer { runs in
      attention.users.withUnsafeBufferPointer { users in
        lengths.withUnsafeBufferPointer { lengths in
          compute.pool.run(count: attention.slices.count * heads, nanoseconds: cost) {
            range, worker in
            for unit in range {
              let slice = attention.slices[unit / heads]
              let head = unit % heads
              let offset = head * group * layout.headSize
              var job = ck_attention(
                runs: runs.baseAddress.map { $0 + slice.runs.lowerBound },
                run_count: slice.runs.count, users: users.baseAddress,
                key_offset: layout.keyOffset(layer: layer, head: head),
                value_offset: layout.valueOffset(layer: layer, head: head),
                head_size: layout.headSize, group: group,
                queries: queries + slice.rows.lowerBound * queryStride + offset,
                query_stride: queryStride, query_count: slice.rows.count,
                lengths: lengths.baseAddress.map { $0 + slice.rows.lowerBound },
                positions: attention.positions,
                out: out + slice.rows.lowerBound * headCount * layout.headSize + offset,
                out_stride: headCount * layout.headSize,
                scale: 1 / Float(layout.headSize).squareRoot(),
                scratch: scratch + worker * scratchPerWorker)
              kernel?(&job)
            }
          }
        }
      }
    }
  }

  /// Floats of scratch that one thread needs for attention.
  func attentionScratch(headCount: Int) -> Int {
    let perQuery = layout.paddedHeadSize + Int(CK_HEAD_PADDING) + attention.positions
    return attention.rowsPerSlice * headCount / layout.kvHeadCount * perQuery
  }
}
