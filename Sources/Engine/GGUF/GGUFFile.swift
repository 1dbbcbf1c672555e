/// A model in GGUF, version 2 or 3: metadata and a directory of tensors over mapped bytes, in one
/// file or split over several (`NAME-00001-of-00003.gguf` and so on).
///
/// Every length, count, offset, type and alignment is checked against the file's size when the
/// file is opened; after that nothing in it can lead outside it.
public struct GGUFFile: Sendable {
  /// An entry of the tensor directory.
  public struct TensorInfo: Hashable, Sendable {
    public var name: String
    /// The sizes of the dimensions, the fastest-varying (a row's length) first.
    public var shape: [Int]
    public var format: TensorFormat
    /// Which of the model's files holds it, from 0.
    public var part = 0
    /// Where its data lie in that file.
    public var range: Range<Int>

    /// The number of elements.
    var elementCount: Int { shape.reduce(1, *) }
  }

  public let version: UInt32
  /// Those of the first part: only it tells what the model is.
  public let metadata: GGUFMetadata
  /// In the order of the parts, and of each part's directory.
  public let tensors: [TensorInfo]

  private let indices: [String: Int]
  let parts: [MappedFile]

  /// The start of every GGUF file, read as a little-endian number.
  static let magic: UInt32 = 0x4655_4747
  static let defaultAlignment = 32

  /// Maps a file and, when it is a part of a model, all the others.
  ///
  /// - Throws: `GGUFError`; a part that is missing or does not belong is named.
  public init(path: String) throws(GGUFError) {
    try self.init(parts: try GGUFPart.all(ofModelAt: path))
  }

  /// Reads a copy of bytes held in memory, which are a whole model.
  public init(bytes: [UInt8]) throws(GGUFError) {
    let part = try GGUFPart(file: MappedFile(copying: bytes), path: "the data")
    if let place = try part.place { throw .missingPart(path: part.path, place) }
    try self.init(parts: [part])
  }

  /// - Parameter parts: all of the model's, in their order; not empty.
  private init(parts: [GGUFPart]) throws(GGUFError) {
    version = parts[0].version
    metadata = parts[0].metadata
    self.parts = parts.map(\.file)
    var tensors: [TensorInfo] = []
    var indices: [String: Int] = [:]
    for (number, part) in parts.enumerated() {
      for var tensor in part.tensors {
        guard indices.updateValue(tensors.count, forKey: tensor.name) == nil else {
          throw .duplicateTensor(tensor.name)
        }
        tensor.part = number
        tensors.append(tensor)
      }
      try part.refuseOverlaps()
    }
    self.tensors = tensors
    self.indices = indices
  }

  /// The size in bytes, of all parts together.
  public var size: Int { parts.reduce(0) { $0 + $1.bytes.count } }

  public subscript(name: String) -> TensorInfo? { indices[name].map { tensors[$0] } }

  /// The data of a tensor of this file; they live as long as the file is referenced.
  func bytes(of tensor: TensorInfo) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: parts[tensor.part].bytes[tensor.range])
  }

  static func isValidAlignment(_ value: Int) -> Bool {
    value > 0 && value <= 1 << 20 && value & (value - 1) == 0
  }
}
