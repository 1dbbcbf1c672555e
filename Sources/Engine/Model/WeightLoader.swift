/// Takes tensors out of a store, checking that they have the shape the model needs.
struct WeightLoader {
  let store: any WeightStore
  let compute: Compute
  let meter: LoadMeter

  /// A tensor of exactly this shape.
  func tensor(_ name: String, inputs: Int, outputs: Int) throws(ModelError) -> Tensor {
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
    for tensor in tensors { store.willRead(tensor) }
    let map = try LinearMap(tensors, kernels: compute.kernels, pool: compute.pool)
    for tensor in tensors { store.didRead(tensor) }
    try meter.add(tensors, packedBytes: map.byteCount)
    return map
  }

  /// A vector as floats.
  func vector(_ name: String, count: Int) throws(ModelError) -> AlignedMemory {
    let tensor = try tensor(name, inputs: count, outputs: 1)
    let memory = try AlignedMemory(byteCount: count * MemoryLayout<Float>.stride)
    let rows = try RowDecoder(tensor)
    rows.decode(row: 0, to: memory.start.assumingMemoryBound(to: Float.self))
    try meter.add([tensor], packedBytes: memory.byteCount)
    return memory
  }
}

/// Reads single rows of a tensor as floats: token embeddings, norms.
struct RowDecoder {
  let tensor: Tensor
  private let format: PackedFormat
  private let rowBytes: Int

  /// - Throws: `ModelError.unsupportedFormat`.
  init(_ tensor: Tensor) throws(ModelError) {
    self.tensor = tensor
    format = try PackedFormat(tensor)
    rowBytes = tensor.rowCount > 0 ? tensor.byteCount / tensor.rowCount : 0
  }

  /// - Parameters:
  ///   - row: below the tensor's `rowCount`.
  ///   - out: `[rowLength]`.
  func decode(row: Int, to out: UnsafeMutablePointer<Float>) {
    format.decode(tensor.data + row * rowBytes, to: out, count: tensor.rowLength)
  }
}
