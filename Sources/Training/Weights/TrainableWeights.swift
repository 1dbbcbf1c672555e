public import Engine
import Synchronization

/// The weights of a model in training: single precision, one after another in memory.
///
/// A model that decodes may read the same store: every step of training raises `version`, and what
/// was computed from older weights is computed again.
public final class TrainableWeights: WeightStore, @unchecked Sendable {
  /// A matrix or vector of weights.
  struct Parameter: Sendable {
    var name: String
    /// Elements in a row: a linear map's inputs.
    var rowLength: Int
    var rowCount: Int
    /// Where it begins in `values`.
    var offset: Int

    var count: Int { rowLength * rowCount }
    /// Norms and biases are vectors.
    var isMatrix: Bool { rowCount > 1 }
  }

  public let name: String
  public let fileType = TensorFormat.f32.name
  /// In the order of memory. Matrices that read the same input stand one after another, so that
  /// they can be multiplied as one.
  let parameters: [Parameter]
  /// How many weights there are.
  public let count: Int

  private let memory: AlignedMemory
  private let places: [String: Int]
  private let state = Mutex(State())

  private struct State {
    var version: UInt64 = 1
    var digest: String?
  }

  /// All weights. [count]
  var values: UnsafeMutablePointer<Float> { memory.start.assumingMemoryBound(to: Float.self) }

  /// Copies a model's weights.
  ///
  /// - Parameter names: the tensors to copy, in the order in which they are to stand in memory.
  /// - Throws: `ModelError.missingTensor`, `.unsupportedFormat` for weights that are not floats,
  ///   `.outOfMemory`.
  init(copying store: any WeightStore, names: [String], name: String) throws(ModelError) {
    self.name = name
    var parameters: [Parameter] = []
    var tensors: [Tensor] = []
    var count = 0
    for name in names {
      guard let tensor = store.tensor(named: name) else { throw .missingTensor(name) }
      guard Self.trainable.contains(tensor.format) else {
        throw .unsupportedFormat(
          tensor: name, format: tensor.format.name, supported: Self.trainable.map(\.name))
      }
      tensors.append(tensor)
      parameters.append(
        Parameter(
          name: name, rowLength: tensor.rowLength, rowCount: tensor.rowCount, offset: count))
      count += tensor.rowLength * tensor.rowCount
    }
    self.parameters = parameters
    self.count = count
    places = Dictionary(uniqueKeysWithValues: parameters.indices.map { (parameters[$0].name, $0) })
    memory = try AlignedMemory(byteCount: count * MemoryLayout<Float>.stride)
    try fill(from: tensors)
  }

  private func fill(from tensors: [Tensor]) throws(ModelError) {
    for (tensor, parameter) in zip(tensors, parameters) {
      let decoder = try RowDecoder(tensor)
      for row in 0..<tensor.rowCount {
        decoder.decode(row: row, to: values + parameter.offset + row * tensor.rowLength)
      }
    }
  }

  /// Takes over the weights of a store with the same tensors.
  ///
  /// - Throws: `ModelError.missingTensor`.
  func copy(_ store: any WeightStore) throws(ModelError) {
    var tensors: [Tensor] = []
    for parameter in parameters {
      guard let tensor = store.tensor(named: parameter.name), tensor.rowCount == parameter.rowCount,
        tensor.rowLength == parameter.rowLength
      else { throw .missingTensor(parameter.name) }
      tensors.append(tensor)
    }
    try fill(from: tensors)
    changed()
  }

  /// The formats whose weights can be trained: those that hold any number there is.
  static let trainable: [TensorFormat] = [.f32, .f16, .bf16]

  public var version: UInt64 { state.withLock { $0.version } }

  public var tensorNames: [String] { parameters.map(\.name) }

  /// A parameter by its name.
  func parameter(named name: String) -> Parameter? { places[name].map { parameters[$0] } }

  public func tensor(named name: String) -> Tensor? {
    guard let parameter = parameter(named: name) else { return nil }
    return Tensor(
      name: name, format: .f32, rowLength: parameter.rowLength, rowCount: parameter.rowCount,
      data: UnsafeRawPointer(values + parameter.offset),
      byteCount: parameter.count * MemoryLayout<Float>.stride)
  }

  /// Says that weights have changed. Not while a model that uses the store computes.
  func changed() {
    state.withLock { state in
      state.version += 1
      state.digest = nil
    }
  }

  public var hash: String {
    state.withLock { state in
      if let known = state.digest { return known }
      let digest = WeightDigest.digest(
        of: parameters.map { parameter in
          (
            parameter.name,
            UnsafeRawBufferPointer(
              start: values + parameter.offset,
              count: parameter.count * MemoryLayout<Float>.stride)
          )
        })
      state.digest = digest
      return digest
    }
  }
}
