import Synchronization

/// Weights held in memory: made by tests, by randomising a model, and by training.
public final class InMemoryWeightStore: WeightStore {
  public let name: String
  private let state: Mutex<State>

  private struct State: @unchecked Sendable {
    var tensors: [String: Entry] = [:]
    var names: [String] = []
    var version: UInt64 = 1
    /// The digest of the contents as of now, once it has been asked for.
    var digest: String?
  }

  private struct Entry {
    var tensor: Tensor
    var memory: AlignedMemory
  }

  /// - Throws: `ModelError.outOfMemory`, or `.wrongShape` when bytes do not make up the shape.
  public init(name: String, tensors: [NewTensor]) throws(ModelError) {
    self.name = name
    var state = State()
    for new in tensors {
      guard let rowBytes = new.format.byteCount(rowLength: new.rowLength),
        new.bytes.count == rowBytes * new.rowCount
      else {
        throw .wrongShape(
          tensor: new.name, expected: [new.rowLength, new.rowCount], found: [new.bytes.count])
      }
      let memory = try AlignedMemory(byteCount: new.bytes.count)
      UnsafeMutableRawBufferPointer(start: memory.start, count: memory.byteCount)
        .copyBytes(from: new.bytes)
      let tensor = Tensor(
        name: new.name, format: new.format, rowLength: new.rowLength, rowCount: new.rowCount,
        data: UnsafeRawPointer(memory.start), byteCount: new.bytes.count)
      if state.tensors.updateValue(Entry(tensor: tensor, memory: memory), forKey: new.name) == nil {
        state.names.append(new.name)
      }
    }
    self.state = Mutex(state)
  }

  /// A tensor's contents, to be copied into a store.
  public struct NewTensor: Sendable {
    public var name: String
    public var format: TensorFormat
    public var rowLength: Int
    public var rowCount: Int
    /// `[rowCount, rowLength]` in `format`.
    public var bytes: [UInt8]
  }

  public var version: UInt64 { state.withLock { $0.version } }

  public var tensorNames: [String] { state.withLock { $0.names } }

  public func tensor(named name: String) -> Tensor? { state.withLock { $0.tensors[name]?.tensor } }

  /// Changes a tensor's contents in place and raises the version. Not while a model that uses
  /// the store computes.
  ///
  /// - Returns: false when there is no such tensor.
  @discardableResult
  public func update(_ name: String, _ body: (UnsafeMutableRawBufferPointer) -> Void) -> Bool {
    state.withLock { state in
      guard let entry = state.tensors[name] else { return false }
      body(UnsafeMutableRawBufferPointer(start: entry.memory.start, count: entry.tensor.byteCount))
      state.version += 1
      state.digest = nil
      return true
    }
  }

  /// See `WeightDigest`.
  public var hash: String {
    state.withLock { state in
      if let known = state.digest { return known }
      let digest = WeightDigest.digest(
        of: state.names.compactMap { name in
          state.tensors[name].map { entry in
            (name, UnsafeRawBufferPointer(start: entry.tensor.data, count: entry.tensor.byteCount))
          }
        })
      state.digest = digest
      return digest
    }
  }

  public var fileType: String {
    state.withLock { state in
      var bytes: [String: Int] = [:]
      for entry in state.tensors.values {
        bytes[entry.tensor.format.name, default: 0] += entry.tensor.byteCount
      }
      return bytes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "none"
    }
  }
}
