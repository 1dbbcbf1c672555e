import Synchronization

/// Weights as they stand in a GGUF file, mapped into memory; they never change.
final class MappedWeightStore: WeightStore {
  public let name: String
  public let fileType: String
  public let version: UInt64 = 0
  /// The file, whose mapping lives as long as this store.
  public let file: GGUFFile
  private let identity = Mutex<String?>(nil)

  /// - Parameter name: such as the file's name without its ending.
  init(_ file: GGUFFile, name: String) {
    self.file = file
    self.name = name
    fileType = file.fileType
  }

  /// Computed when it is first asked for, since it may read the whole file.
  public var hash: String {
    identity.withLock { known in
      if let known { return known }
      let computed = file.identity()
      known = computed
      return computed
    }
  }

  public var tensorNames: [String] { file.tensors.map(\.name) }

  /// Less is not worth a call.
  private static let smallestAdvised = 64 << 10

  func willRead(_ tensor: Tensor) { advise(.soon, tensor, rows: 0..<tensor.rowCount) }

  /// Gives up the mapped pages, so that weights that were packed are not in memory twice.
  func didRead(_ tensor: Tensor, rows: Range<Int>) { advise(.done, tensor, rows: rows) }

  private func advise(_ use: MappedFile.Use, _ tensor: Tensor, rows: Range<Int>) {
    let rowBytes = tensor.rowBytes
    guard rows.count * rowBytes >= Self.smallestAdvised, let info = file[tensor.name],
      let base = file.parts[info.part].bytes.baseAddress
    else { return }
    // From the data's own place: it may be a part of the tensor of that name.
    let start = tensor.data - base + rows.lowerBound * rowBytes
    let range = (start..<start + rows.count * rowBytes).clamped(to: info.range)
    if !range.isEmpty { file.parts[info.part].advise(use, range) }
  }

  /// The tensor of that name as a matrix: all its dimensions but the first count as rows.
  public func tensor(named name: String) -> Tensor? {
    guard let info = file[name], let rowLength = info.shape.first else { return nil }
    guard let data = file.bytes(of: info).baseAddress else { return nil }
    return Tensor(
      name: name, format: info.format, rowLength: rowLength,
      rowCount: info.elementCount / rowLength, data: data, byteCount: info.range.count)
  }
}
