/// Takes tensors out of a store, checking that they have the shape the model needs.
struct WeightLoader {
  let store: any WeightStore
  let compute: Compute
  let meter: LoadMeter
  /// Tensors are only looked at: maps and vectors have their sizes, count the memory they would
  /// take, and hold nothing.
  let onlyChecks: Bool
  private let taken = TakenNames()

  /// The names of the tensors that were handed out.
  private final class TakenNames {
    var names: Set<String> = []
  }

  init(
    store: any WeightStore, compute: Compute, meter: LoadMeter, onlyChecks: Bool = false
  ) {
    self.store = store
    self.compute = compute
    self.meter = meter
    self.onlyChecks = onlyChecks
  }

  /// A tensor of exactly this shape.
  func tensor(_ name: String, inputs: Int, outputs: Int) throws(ModelError) -> Tensor {
    taken.names.insert(name)
    guard let tensor = store.tensor(named: name) else { throw .missingTensor(name) }
    let expected = outputs == 1 ? [inputs] : [inputs, outputs]
    guard tensor.rowLength == inputs, tensor.rowCount == outputs,
      let rowBytes = tensor.format.byteCount(rowLength: inputs),
      tensor.byteCount >= rowBytes * outputs
    else {
      throw .wrongShape(
        tensor: name, expected: expected, found: [tensor.rowLength, tensor.rowCount])
    }
    return tensor
  }

  /// A linear map made of one or more tensors with the same inputs, outputs in their order.
  func map(_ tensors: [Tensor]) throws(ModelError) -> LinearMap {
    if onlyChecks {
      meter.add(packedBytes: try LinearMap.byteCount(tensors, kernels: compute.kernels))
      return LinearMap(withoutWeights: tensors, kernels: compute.kernels)
    }
    for tensor in tensors { store.willRead(tensor) }
    let map = try LinearMap(tensors, kernels: compute.kernels, pool: compute.pool) {
      tensor, rows throws(ModelError) in
      store.didRead(tensor, rows: rows)
      try meter.add(bytes: tensor.rowBytes * rows.count)
    }
    meter.add(packedBytes: map.byteCount)
    return map
  }

  func contains(_ name: String) -> Bool { store.tensor(named: name) != nil }

  /// Vectors as floats, one after another.
  func vectors(_ parts: [(name: String, count: Int)]) throws(ModelError) -> Vector {
    // All of them are looked at before memory is taken: a damaged file may state any count.
    var tensors: [Tensor] = []
    for part in parts { tensors.append(try tensor(part.name, inputs: part.count, outputs: 1)) }
    return try vector(rows: tensors.map { ($0, 0) })
  }

  /// Rows of tensors as floats, one after another.
  func vector(rows: [(tensor: Tensor, row: Int)]) throws(ModelError) -> Vector {
    let count = rows.reduce(0) { $0 + $1.tensor.rowLength }
    let memory = try AlignedMemory(byteCount: count * MemoryLayout<Float>.stride)
    var to = memory.start.assumingMemoryBound(to: Float.self)
    for (tensor, row) in rows {
      let decoder = try RowDecoder(tensor)
      // A page of the file for each norm takes seconds on a disk that has not read it yet.
      if !onlyChecks { decoder.decode(row: row, to: to) }
      to += tensor.rowLength
    }
    meter.add(packedBytes: memory.byteCount)
    try meter.add(bytes: rows.reduce(0) { $0 + $1.tensor.rowBytes })
    return Vector(count: count, memory: memory)
  }

  func norm(_ name: String, count: Int, epsilon: Float) throws(ModelError) -> Norm {
    Norm(weight: try vectors([(name, count)]), epsilon: epsilon)
  }

  /// What divides the rotary frequencies, or nil. [rotary dimensions / 2]
  ///
  /// Models whose context was extended by LongRoPE (Ding et al. 2024) bring one set for texts
  /// within their original context and one for longer ones. The context that the model is opened
  /// with decides, not the text at hand: keys turned by one set do not fit queries turned by the
  /// other, and a node's logits must not depend on what follows.
  func frequencyFactors(_ configuration: ModelConfiguration) throws(ModelError) -> [Float]? {
    let rotary = configuration.rotary
    let isLong =
      configuration.contextLength > rotary.originalContextLength ?? configuration.contextLength
    let names = [
      "rope_freqs.weight", isLong ? "rope_factors_long.weight" : "rope_factors_short.weight",
    ]
    guard let name = names.first(where: contains) else { return nil }
    return try vectors([(name, rotary.dimensions / 2)]).array
  }

  /// A tensor that nothing has asked for belongs to a variant of the architecture that computes
  /// something else.
  ///
  /// - Throws: `ModelError.unsupportedTensor`.
  func refuseUnused(_ configuration: ModelConfiguration) throws(ModelError) {
    let unused = store.tensorNames.filter {
      !taken.names.contains($0) && !Self.isHarmless($0, configuration)
    }
    guard let name = unused.min() else { return }
    throw .unsupportedTensor(name, architecture: configuration.architecture)
  }

  /// What a model of text computes does not depend on it.
  private static func isHarmless(_ name: String, _ configuration: ModelConfiguration) -> Bool {
    // Frequency factors for other contexts, or stored where they can be computed.
    if name.hasPrefix("rope_f") || name.hasSuffix(".attn_rot_embd.weight") { return true }
    // What reads images or sounds, in files that hold both.
    if ["v.", "a.", "mm."].contains(where: name.hasPrefix) { return true }
    // Layers that guess tokens ahead.
    let parts = name.split(separator: ".", maxSplits: 2)
    guard configuration.predictionLayerCount > 0, parts.first == "blk", parts.count > 1,
      let layer = Int(parts[1])
    else { return false }
    let rounds = configuration.loops.count
    let first = configuration.layerCount / rounds
    return (first..<first + configuration.predictionLayerCount).contains(layer)
  }
}

/// Reads single rows of a tensor as floats: token embeddings, norms.
package struct RowDecoder {
  package let tensor: Tensor
  private let format: PackedFormat

  /// - Throws: `ModelError.unsupportedFormat`.
  package init(_ tensor: Tensor) throws(ModelError) {
    self.tensor = tensor
    format = try PackedFormat(tensor)
  }

  /// - Parameters:
  ///   - row: below the tensor's `rowCount`.
  ///   - out: `[rowLength]`.
  package func decode(row: Int, to out: UnsafeMutablePointer<Float>) {
    format.decode(tensor.data + row * tensor.rowBytes, to: out, count: tensor.rowLength)
  }
}
