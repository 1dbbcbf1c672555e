@testable package import Engine

extension InMemoryWeightStore {
  /// Weights of the same names, shapes and formats as a model's, drawn at random: matrices from a
  /// normal distribution of variance 1 / inputs, biases zero, other vectors (norms) all ones. A model
  /// with them knows nothing; whatever it still gets right, it gets right by chance.
  ///
  /// - Throws: `ModelError.unsupportedFormat`, `.outOfMemory`.
  package static func randomized(
    like store: any WeightStore, seed: UInt64
  ) throws(ModelError) -> InMemoryWeightStore {
    var random = NormalRandom(seed: seed)
    var tensors: [NewTensor] = []
    for name in store.tensorNames.sorted() {
      guard let tensor = store.tensor(named: name) else { continue }
      let count = tensor.rowLength * tensor.rowCount
      let scale = 1 / Float(tensor.rowLength).squareRoot()
      let isBias = name.hasSuffix(".bias")
      let constant: Float = isBias ? 0 : 1
      let values =
        tensor.rowCount == 1 || isBias
        ? [Float](repeating: constant, count: count)
        : (0..<count).map { _ in random.next() * scale }
      guard let bytes = ScalarKernels.encode(values, as: tensor.format) else {
        throw .unsupportedFormat(
          tensor: name, format: tensor.format.name,
          supported: PackedFormat.supported.map(\.name))
      }
      tensors.append(
        NewTensor(
          name: name, format: tensor.format, rowLength: tensor.rowLength,
          rowCount: tensor.rowCount, bytes: bytes))
    }
    return try InMemoryWeightStore(name: store.name + "-random", tensors: tensors)
  }
}
