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
  /// The memory of the state before and of that after each step; see `StatePlan`. [steps]
  private let stateMemory: [(from: UnsafeMutablePointer<Float>?, to: UnsafeMutablePointer<Float>)]
  private let stateLayout: StateLayout?
  /// Keeps what the pass computes; only with a pass of one row.
  let recorder: PassRecorder?
  /// What the pass does otherwise than the model would; nil for nothing.
  let edits: PassEdits?

  init(
    compute: Compute, plan: ForwardPlan, attention: AttentionPlan, cache: PrefixCache,
    recorder: PassRecorder? = nil, edits: PassEdits? = nil
  ) {
    self.recorder = recorder
    self.edits = edits
    self.compute = compute
    self.plan = plan
    self.attention = attention
    layout = cache.layout
    outputRows = Set(plan.answers.compactMap { $0.map(Int.init) }).sorted()
    stateLayout = cache.states?.layout
    if let states = cache.states {
      stateMemory = plan.states.steps.map {
        (from: $0.from < 0 ? nil : states.memory(of: $0.from), to: states.memory(of: $0.to))
      }
    } else {
      stateMemory = []
    }
    let places = plan.slots + plan.copies.map(\.slot)
    blocks = places.map { cache.memory(of: $0.block).assumingMemoryBound(to: UInt8.self) }
    copiesOfRow = Dictionary(grouping: plan.copies.indices, by: { plan.copies[$0].row })
  }

  var rowCount: Int { plan.rowCount }

  /// Writes a row's keys and values of one layer to all their places.
  ///
  /// - Parameters:
  ///   - keys: `[kvHeads, headSize]`.
  ///   - values: `[kvHeads, headSize]`.
  func store(row: Int, layer: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>) {
    store(place: row, offset: plan.slots[row].offset, layer: layer, keys: keys, values: values)
    guard !plan.copies.isEmpty, let copies = copiesOfRow[Int32(row)] else { return }
    for copy in copies {
      store(
        place: rowCount + copy, offset: plan.copies[copy].slot.offset, layer: layer, keys: keys,
        values: values)
    }
  }

  private func store(
    place: Int, offset: Int32, layer: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>
  ) {
    let kernel = layout.format.storeKernel(compute.kernels)
    let headSize = layout.layers[layer].headSize
    for head in 0..<layout.layers[layer].kvHeadCount {
      var slot = ck_kv_slot(
        block: blocks[place], key_offset: layout.keyOffset(layer: layer, head: head),
        value_offset: layout.valueOffset(layer: layer, head: head), slot: Int(offset),
        head_size: headSize)
      kernel(keys + head * headSize, values + head * headSize, &slot)
    }
  }

  /// What happens to a recurrent layer's part of the states, in this order.
  func stateSteps(layer: Int) -> [StateStep] {
    guard let offset = stateLayout?.offsets[layer] else { return [] }
    return zip(plan.states.steps, stateMemory).map { step, memory in
      StateStep(
        row: Int(step.row), from: memory.from.map { UnsafePointer($0 + offset) },
        to: memory.to + offset)
    }
  }

  /// What attention of one layer reads and writes.
  struct AttentionCall {
    var layer: Int
    /// The layer whose keys and values it reads.
    var kvLayer: Int
    var headCount: Int
    /// For each head the score of looking at nothing, or nil. [headCount]
    var sinks: UnsafePointer<Float>?
    /// `[rows, queryStride]`, of which the first `headCount · headSize` are the queries.
    var queries: UnsafePointer<Float>
    var queryStride: Int
    /// `[rows, headCount · headSize]`.
    var out: UnsafeMutablePointer<Float>
    /// Multiplies scores.
    var scale: Float
    /// Caps scores, unless it is 0.
    var softCap: Float
    /// How many positions a row sees, its own included; 0 for all.
    var window: Int
    /// `scratchPerWorker` floats for each thread.
    var scratch: UnsafeMutablePointer<Float>
    var scratchPerWorker: Int
    /// Only output rows are wanted; others may be left out.
    var onlyOutputs: Bool
  }

  /// Softmax attention (Vaswani et al. 2017, eq. 1) of every row on its own path.
  func attend(_ call: AttentionCall) {
    let kernel = layout.format.attentionKernel(compute.kernels)
    let slices = call.onlyOutputs ? attention.slices.filter(hasOutput) : attention.slices
    let heads = layout.layers[call.kvLayer].kvHeadCount
    let headSize = layout.layers[call.kvLayer].headSize
    let users = Double(attention.users.count) / Double(max(attention.slices.count, 1))
    let cost = users * Double(call.headCount / heads * headSize) * 2 + 100
    attention.withUnsafePlan { runs, users, lengths in
      func compute(_ unit: Int, worker: Int) {
        let slice = slices[unit / heads]
        var job = self.job(call, slice: slice, head: unit % heads, worker: worker)
        job.runs = runs + slice.runs.lowerBound
        job.users = users
        job.lengths = lengths + slice.rows.lowerBound
        job.hidden = edits?.hiddenPositions
        kernel(&job)
        recorder?.record(job, layer: call.layer)
      }
      let count = slices.count * heads
      guard recorder == nil else {
        for unit in 0..<count { compute(unit, worker: 0) }
        return
      }
      self.compute.pool.run(count: count, nanoseconds: cost) { range, worker in
        for unit in range { compute(unit, worker: worker) }
      }
    }
  }

  private func hasOutput(_ slice: AttentionPlan.Slice) -> Bool {
    outputRows.contains { slice.rows.contains($0) }
  }

  /// The attention of a slice's rows on one KV head, but for the plan's own pointers.
  private func job(
    _ call: AttentionCall, slice: AttentionPlan.Slice, head: Int, worker: Int
  ) -> ck_attention {
    let kept = layout.layers[call.kvLayer]
    let group = call.headCount / kept.kvHeadCount
    let outStride = call.headCount * kept.headSize
    let firstHead = head * group * kept.headSize
    var job = ck_attention()
    job.run_count = slice.runs.count
    job.key_offset = layout.keyOffset(layer: call.kvLayer, head: head)
    job.value_offset = layout.valueOffset(layer: call.kvLayer, head: head)
    job.head_size = kept.headSize
    job.group = group
    job.queries = call.queries + slice.rows.lowerBound * call.queryStride + firstHead
    job.query_stride = call.queryStride
    job.query_count = slice.rows.count
    job.positions = attention.positions
    job.out = call.out + slice.rows.lowerBound * outStride + firstHead
    job.out_stride = outStride
    job.window = call.window
    job.scale = call.scale
    job.soft_cap = call.softCap
    job.sinks = call.sinks.map { $0 + head * group }
    job.scratch = call.scratch + worker * call.scratchPerWorker
    return job
  }

  /// Floats of scratch that one thread needs for attention of a layer.
  ///
  /// - Parameter kvLayer: the layer whose keys and values it reads.
  func attentionScratch(kvLayer: Int, headCount: Int) -> Int {
    let kept = layout.layers[kvLayer]
    let perQuery = kept.paddedHeadSize + Int(CK_HEAD_PADDING) + attention.positions
    return attention.rowsPerSlice * headCount / kept.kvHeadCount * perQuery
  }
}
