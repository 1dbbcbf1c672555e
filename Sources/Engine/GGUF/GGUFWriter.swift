import Foundation

/// Writes GGUF version 3.
///
/// Pairs and tensors are written in the order in which they were added, so equal calls give equal
/// files.
public struct GGUFWriter: Sendable {
  private var pairs: [(key: String, value: GGUFValue)] = []
  private var tensors: [(name: String, shape: [Int], format: TensorFormat, data: Source)] = []

  /// Where the numbers of a tensor are.
  private enum Source: @unchecked Sendable {
    case bytes([UInt8])
    /// Memory of somebody else, who keeps it.
    case memory(UnsafeRawBufferPointer)

    var count: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .memory(let memory): memory.count
      }
    }

    func withBytes<Result>(
      _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
      switch self {
      case .bytes(let bytes): try bytes.withUnsafeBytes(body)
      case .memory(let memory): try body(memory)
      }
    }
  }

  public init() {}

  /// Sets a metadata value, replacing an earlier one under the same key in its place.
  public mutating func set(_ key: String, to value: GGUFValue) {
    if let index = pairs.firstIndex(where: { $0.key == key }) {
      pairs[index].value = value
    } else {
      pairs.append((key, value))
    }
  }

  /// Adds a tensor.
  ///
  /// - Parameters:
  ///   - shape: the sizes of the dimensions, a row's length first.
  ///   - data: its blocks as they stand in the file.
  /// - Throws: `GGUFError.invalidShape` if the data do not fit the shape, `.duplicateTensor`.
  public mutating func add(
    tensor name: String, shape: [Int], format: TensorFormat, data: [UInt8]
  ) throws(GGUFError) {
    try add(tensor: name, shape: shape, format: format, .bytes(data))
  }

  /// Adds a tensor that is not copied before it is written.
  ///
  /// - Parameters:
  ///   - shape: the sizes of the dimensions, a row's length first.
  ///   - memory: its blocks as they stand in the file. It stays as it is until the file is written.
  /// - Throws: as the other `add`.
  package mutating func add(
    tensor name: String, shape: [Int], format: TensorFormat, memory: UnsafeRawBufferPointer
  ) throws(GGUFError) {
    try add(tensor: name, shape: shape, format: format, .memory(memory))
  }

  private mutating func add(
    tensor name: String, shape: [Int], format: TensorFormat, _ data: Source
  ) throws(GGUFError) {
    guard !tensors.contains(where: { $0.name == name }) else { throw .duplicateTensor(name) }
    guard (1...4).contains(shape.count), format.byteCount(shape: shape) == data.count else {
      throw .invalidShape(tensor: name, shape: shape.map { UInt64(clamping: $0) })
    }
    tensors.append((name, shape, format, data))
  }

  /// Adds a tensor of floating-point numbers. [shape]
  public mutating func add(
    tensor name: String, shape: [Int], values: [Float]
  ) throws(GGUFError) {
    let data = values.withUnsafeBytes { Array($0) }
    try add(tensor: name, shape: shape, format: .f32, data: data)
  }

  /// The whole file.
  public func encoded() -> [UInt8] {
    var bytes = header()
    for tensor in tensors {
      tensor.data.withBytes { bytes += $0 }
      pad(&bytes)
    }
    return bytes
  }

  /// Writes the file; whatever stood at the path is replaced at once or not at all.
  ///
  /// - Throws: `GGUFError.cannotWrite`.
  public func write(to path: String) throws(GGUFError) {
    let temporary = "\(path).\(getpid()).tmp"
    do {
      guard FileManager.default.createFile(atPath: temporary, contents: nil) else {
        throw CocoaError(.fileWriteUnknown)
      }
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
      try handle.write(contentsOf: header())
      for tensor in tensors { try write(tensor.data, to: handle) }
      try handle.synchronize()
      try handle.close()
      guard rename(temporary, path) == 0 else {
        throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
      }
    } catch {
      unlink(temporary)
      throw .cannotWrite(path: path, reason: Self.reason(error))
    }
  }

  /// Writes a tensor in pieces, so that a large one takes no memory twice, and what fills up its last
  /// block.
  private func write(_ source: Source, to handle: FileHandle) throws {
    try source.withBytes { bytes in
      for first in stride(from: 0, to: bytes.count, by: Self.pieceBytes) {
        let piece = bytes[first..<min(bytes.count, first + Self.pieceBytes)]
        try handle.write(contentsOf: Data(piece))
      }
    }
    let rest = source.count % alignment
    if rest > 0 { try handle.write(contentsOf: Data(count: alignment - rest)) }
  }

  private static let pieceBytes = 16 << 20

  /// Why something could not be written, as the system says it, without a full stop.
  private static func reason(_ error: any Error) -> String {
    let error = error as NSError
    let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
    if cause.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(cause.code))) }
    let text = error.localizedDescription
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }

  private var alignment: Int {
    let value = pairs.first { $0.key == "general.alignment" }?.value.integer
    return value.flatMap { GGUFFile.isValidAlignment($0) ? $0 : nil } ?? GGUFFile.defaultAlignment
  }

  private func pad(_ bytes: inout [UInt8]) {
    while bytes.count % alignment != 0 { bytes.append(0) }
  }

  /// Everything before the tensors' data.
  private func header() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: GGUFFile.magic)
    bytes.append(littleEndian: UInt32(3))
    bytes.append(littleEndian: UInt64(tensors.count))
    bytes.append(littleEndian: UInt64(pairs.count))
    for (key, value) in pairs {
      bytes.append(string: Array(key.utf8))
      bytes.append(littleEndian: value.type.rawValue)
      bytes.append(value)
    }
    var offset = 0
    for tensor in tensors {
      bytes.append(string: Array(tensor.name.utf8))
      bytes.append(littleEndian: UInt32(tensor.shape.count))
      for size in tensor.shape { bytes.append(littleEndian: UInt64(size)) }
      bytes.append(littleEndian: tensor.format.rawValue)
      bytes.append(littleEndian: UInt64(offset))
      offset += (tensor.data.count + alignment - 1) / alignment * alignment
    }
    pad(&bytes)
    return bytes
  }
}

extension GGUFValue {
  public static func string(_ text: String) -> GGUFValue { .string(Array(text.utf8)) }

  package static func array(_ strings: [String]) -> GGUFValue {
    .array(.string, strings.map { .string($0) })
  }

  package static func array(_ integers: [Int32]) -> GGUFValue {
    .array(.int32, integers.map { .int32($0) })
  }

  package static func array(_ numbers: [Float]) -> GGUFValue {
    .array(.float32, numbers.map { .float32($0) })
  }
}

extension [UInt8] {
  fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(string: [UInt8]) {
    append(littleEndian: UInt64(string.count))
    append(contentsOf: string)
  }

  fileprivate mutating func append(_ value: GGUFValue) {
    switch value {
    case .uint8(let value): append(littleEndian: value)
    case .int8(let value): append(littleEndian: value)
    case .uint16(let value): append(littleEndian: value)
    case .int16(let value): append(littleEndian: value)
    case .uint32(let value): append(littleEndian: value)
    case .int32(let value): append(littleEndian: value)
    case .uint64(let value): append(littleEndian: value)
    case .int64(let value): append(littleEndian: value)
    case .bool(let value): append(value ? 1 : 0)
    case .float32(let value): append(littleEndian: value.bitPattern)
    case .float64(let value): append(littleEndian: value.bitPattern)
    case .string(let value): append(string: value)
    case .array(let type, let values):
      append(littleEndian: type.rawValue)
      append(littleEndian: UInt64(values.count))
      for value in values { append(value) }
    }
  }
}
