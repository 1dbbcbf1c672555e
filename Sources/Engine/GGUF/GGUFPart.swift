/// One file in GGUF: a whole model or a part of one.
struct GGUFPart {
  let path: String
  let file: MappedFile
  let version: UInt32
  let metadata: GGUFMetadata
  /// In the order of the file.
  let tensors: [GGUFFile.TensorInfo]

  private static let mostDimensions = 4

  /// - Parameter path: names the file in errors.
  init(file: MappedFile, path: String) throws(GGUFError) {
    var reader = ByteReader(file.bytes)
    guard file.bytes.count >= 4, try reader.integer(UInt32.self, for: "the magic") == GGUFFile.magic
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
    self.file = file
    self.path = path
  }

  init(path: String) throws(GGUFError) {
    try self.init(file: try MappedFile(path: path), path: path)
  }

  private static func alignment(_ metadata: GGUFMetadata) throws(GGUFError) -> Int {
    guard let value = try metadata.integer("general.alignment") else {
      return GGUFFile.defaultAlignment
    }
    guard GGUFFile.isValidAlignment(value) else {
      throw .invalidAlignment(UInt64(bitPattern: Int64(value)))
    }
    return value
  }

  /// Reads the directory, whose offsets count from the first aligned byte after it.
  private static func directory(
    count: Int, alignment: Int, reader: inout ByteReader, fileSize: Int
  ) throws(GGUFError) -> [GGUFFile.TensorInfo] {
    var tensors: [GGUFFile.TensorInfo] = []
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

  /// - Throws: `GGUFError.overlappingTensors`.
  func refuseOverlaps() throws(GGUFError) {
    let ordered = tensors.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (first, second) in zip(ordered, ordered.dropFirst())
    where first.range.upperBound > second.range.lowerBound {
      throw .overlappingTensors(first.name, second.name)
    }
  }

  /// Reads one entry; its range is still relative to the start of the data.
  private static func entry(
    _ reader: inout ByteReader, alignment: Int
  ) throws(GGUFError) -> GGUFFile.TensorInfo {
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
      if let type = TensorFormat.withdrawn[code] {
        throw .withdrawnTensorType(tensor: name, type: type)
      }
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
    return GGUFFile.TensorInfo(name: name, shape: shape, format: format, range: Int(offset)..<end)
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
