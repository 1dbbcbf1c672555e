/// A GGUF file, version 2 or 3: metadata and a directory of tensors over mapped bytes.
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
    /// Where its data lie in the file.
    public var range: Range<Int>

    /// The number of elements.
    public var elementCount: Int { shape.reduce(1, *) }
  }

  public let version: UInt32
  public let metadata: GGUFMetadata
  /// In the order of the file.
  public let tensors: [TensorInfo]

  private let indices: [String: Int]
  let file: MappedFile

  /// The start of every GGUF file, read as a little-endian number.
  static let magic: UInt32 = 0x4655_4747
  static let defaultAlignment = 32
  private static let largestAlignment = 1 << 20
  private static let mostDimensions = 4

  /// Maps a file.
  public init(path: String) throws(GGUFError) {
    try self.init(file: try MappedFile(path: path), path: path)
  }

  /// Reads a copy of bytes held in memory.
  public init(bytes: [UInt8]) throws(GGUFError) {
    try self.init(file: MappedFile(copying: bytes), path: "the data")
  }

  private init(file: MappedFile, path: String) throws(GGUFError) {
    var reader = ByteReader(file.bytes)
    guard file.bytes.count >= 4, try reader.integer(UInt32.self, for: "the magic") == Self.magic
    else { throw .notGGUF(path: path) }
    version = try reader.integer(UInt32.self, for: "the version")
    if version != 0, version & 0xFFFF == 0 { throw .bigEndian }
    guard version == 2 || version == 3 else { throw .unsupportedVersion(version) }
    // The smallest tensor entry has an empty name and no dimensions, the smallest pair an empty
    // key and a one-byte value.
    let tensorCount = try reader.count(minimumSize: 24, for: "the tensor directory")
    let pairCount = try reader.count(minimumSize: 13, for: "the metadata")
    metadata = try GGUFMetadata(count: pairCount, file: file, reader: &reader)
    tensors = try Self.directory(
      count: tensorCount, alignment: try Self.alignment(metadata), reader: &reader,
      fileSize: file.bytes.count)
    var indices: [String: Int] = [:]
    for (index, tensor) in tensors.enumerated() {
      guard indices.updateValue(index, forKey: tensor.name) == nil else {
        throw .duplicateTensor(tensor.name)
      }
    }
    self.indices = indices
    self.file = file
  }

  /// The size of the file in bytes.
  public var size: Int { file.bytes.count }

  public subscript(name: String) -> TensorInfo? { indices[name].map { tensors[$0] } }

  /// The data of a tensor of this file; they live as long as the file is referenced.
  func bytes(of tensor: TensorInfo) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[tensor.range])
  }

  private static func alignment(_ metadata: GGUFMetadata) throws(GGUFError) -> Int {
    guard let value = try metadata.integer("general.alignment") else { return defaultAlignment }
    guard isValidAlignment(value) else {
      throw .invalidAlignment(UInt64(bitPattern: Int64(value)))
    }
    return value
  }

  static func isValidAlignment(_ value: Int) -> Bool {
    value > 0 && value <= largestAlignment && value & (value - 1) == 0
  }

  /// Reads the directory, whose offsets count from the first aligned byte after it.
  private static func directory(
    count: Int, alignment: Int, reader: inout ByteReader, fileSize: Int
  ) throws(GGUFError) -> [TensorInfo] {
    var tensors: [TensorInfo] = []
    tensors.reserveCapacity(count)
    for _ in 0..<count { tensors.append(try entry(&reader, alignment: alignment)) }
    let start = (reader.offset + alignment - 1) / alignment * alignment
    for index in tensors.indices {
      let relative = tensors[index].range
      guard start <= fileSize, relative.upperBound <= fileSize - start else {
        throw .truncated(
          what: "the tensor '\(tensors[index].name)'",
          offset: start.addingReportingOverflow(relative.lowerBound).partialValue,
          needed: UInt64(relative.count), size: fileSize)
      }
      tensors[index].range = relative.lowerBound + start..<relative.upperBound + start
    }
    return tensors
  }

  /// Reads one entry; its range is still relative to the start of the data.
  private static func entry(
    _ reader: inout ByteReader, alignment: Int
  ) throws(GGUFError) -> TensorInfo {
    let name = String(decoding: try reader.string(for: "a tensor's name"), as: UTF8.self)
    let what = "the directory entry of '\(name)'"
    let dimensions = try reader.integer(UInt32.self, for: what)
    guard dimensions <= mostDimensions else {
      throw .tooManyDimensions(tensor: name, count: dimensions)
    }
    var sizes: [UInt64] = []
    for _ in 0..<dimensions { sizes.append(try reader.integer(UInt64.self, for: what)) }
    let code = try reader.integer(UInt32.self, for: what)
    guard let format = TensorFormat(rawValue: code) else {
      throw .unknownTensorType(tensor: name, code: code)
    }
    let offset = try reader.integer(UInt64.self, for: what)
    guard offset % UInt64(alignment) == 0 else {
      throw .misalignedTensor(tensor: name, offset: offset, alignment: UInt64(alignment))
    }
    let shape = sizes.compactMap { Int(exactly: $0) }
    guard shape.count == sizes.count, let byteCount = format.byteCount(shape: shape) else {
      throw .invalidShape(tensor: name, shape: sizes)
    }
    let (end, overflow) = offset.addingReportingOverflow(UInt64(byteCount))
    guard !overflow, let end = Int(exactly: end) else {
      throw .truncated(
        what: "the tensor '\(name)'", offset: Int(clamping: offset), needed: UInt64(byteCount),
        size: 0)
    }
    return TensorInfo(name: name, shape: shape, format: format, range: Int(offset)..<end)
  }
}

extension TensorFormat {
  /// The size of a tensor in bytes, or nil if a row is no whole number of blocks, a dimension is
  /// 0, or the size does not fit into an `Int`.
  func byteCount(shape: [Int]) -> Int? {
    guard shape.allSatisfy({ $0 > 0 }), let row = shape.first else { return nil }
    return shape.dropFirst().reduce(byteCount(rowLength: row)) { size, factor in
      guard let (product, overflow) = size?.multipliedReportingOverflow(by: factor) else {
        return nil
      }
      return overflow ? nil : product
    }
  }
}
