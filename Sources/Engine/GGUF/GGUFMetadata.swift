/// The key–value pairs of a GGUF file.
///
/// Values are checked when the file is opened and decoded when they are asked for, so that the
/// hundreds of thousands of strings of a vocabulary cost nothing until then.
public struct GGUFMetadata: Sendable {
  private struct Entry {
    var type: GGUFValueType
    /// Where the value starts in the file.
    var offset: Int
  }

  private let file: MappedFile
  private var entries: [String: Entry] = [:]
  /// The keys in the order of the file.
  public private(set) var keys: [String] = []

  private static let deepestNesting = 4

  /// Reads `count` pairs and checks each against the end of the file.
  init(count: Int, file: MappedFile, reader: inout ByteReader) throws(GGUFError) {
    self.file = file
    for _ in 0..<count {
      let key = String(decoding: try reader.string(for: "a metadata key"), as: UTF8.self)
      let type = try Self.type(&reader, key: key)
      let offset = reader.offset
      try Self.skipValue(type, &reader, key: key, depth: 0)
      guard entries.updateValue(Entry(type: type, offset: offset), forKey: key) == nil else {
        throw .duplicateKey(key)
      }
      keys.append(key)
    }
  }

  /// The value under a key, or nil if there is none.
  public subscript(key: String) -> GGUFValue? {
    guard let entry = entries[key] else { return nil }
    var reader = ByteReader(file.bytes, offset: entry.offset)
    // Everything was checked when the file was opened, so this cannot fail.
    return try? Self.value(entry.type, &reader, key: key)
  }

  private static func type(
    _ reader: inout ByteReader, key: String
  ) throws(GGUFError) -> GGUFValueType {
    let code = try reader.integer(UInt32.self, for: "the type of '\(key)'")
    guard let type = GGUFValueType(rawValue: code) else {
      throw .unknownValueType(key: key, code: code)
    }
    return type
  }

  /// Type and length of an array, whose elements come next.
  private static func arrayHeader(
    _ reader: inout ByteReader, key: String
  ) throws(GGUFError) -> (type: GGUFValueType, count: Int) {
    let type = try type(&reader, key: key)
    // A string starts with its length, an array with its type and length.
    let smallest = type.size ?? (type == .string ? 8 : 12)
    return (type, try reader.count(minimumSize: smallest, for: "the array '\(key)'"))
  }

  /// Steps over a value and checks all of it.
  private static func skipValue(
    _ type: GGUFValueType, _ reader: inout ByteReader, key: String, depth: Int
  ) throws(GGUFError) {
    switch type {
    case .string: _ = try reader.stringRange(for: "the value of '\(key)'")
    case .bool:
      let value = try reader.integer(UInt8.self, for: "the value of '\(key)'")
      guard value <= 1 else { throw .invalidBoolean(key: key, value: value) }
    case .array:
      guard depth < deepestNesting else { throw .nestedTooDeep(key: key) }
      let (type, count) = try arrayHeader(&reader, key: key)
      if let size = type.size, type != .bool {
        _ = try reader.skip(UInt64(count * size), for: "the array '\(key)'")
      } else {
        for _ in 0..<count { try skipValue(type, &reader, key: key, depth: depth + 1) }
      }
    default: _ = try reader.skip(UInt64(type.size ?? 0), for: "the value of '\(key)'")
    }
  }

  private static func value(
    _ type: GGUFValueType, _ reader: inout ByteReader, key: String
  ) throws(GGUFError) -> GGUFValue {
    switch type {
    case .uint8: return .uint8(try reader.integer(UInt8.self, for: key))
    case .int8: return .int8(try reader.integer(Int8.self, for: key))
    case .uint16: return .uint16(try reader.integer(UInt16.self, for: key))
    case .int16: return .int16(try reader.integer(Int16.self, for: key))
    case .uint32: return .uint32(try reader.integer(UInt32.self, for: key))
    case .int32: return .int32(try reader.integer(Int32.self, for: key))
    case .uint64: return .uint64(try reader.integer(UInt64.self, for: key))
    case .int64: return .int64(try reader.integer(Int64.self, for: key))
    case .bool: return .bool(try reader.integer(UInt8.self, for: key) != 0)
    case .string: return .string(try reader.string(for: key))
    case .float32: return .float32(Float(bitPattern: try reader.integer(UInt32.self, for: key)))
    case .float64: return .float64(Double(bitPattern: try reader.integer(UInt64.self, for: key)))
    case .array:
      let (type, count) = try arrayHeader(&reader, key: key)
      var values: [GGUFValue] = []
      values.reserveCapacity(count)
      for _ in 0..<count { values.append(try value(type, &reader, key: key)) }
      return .array(type, values)
    }
  }
}

extension GGUFMetadata {
  /// A value that must be there.
  ///
  /// - Throws: `GGUFError.missingKey`, `.wrongType`.
  public func require<T>(
    _ key: String, _ expected: String, _ convert: (GGUFValue) -> T?
  ) throws(GGUFError) -> T {
    guard let value = try optional(key, expected, convert) else { throw .missingKey(key) }
    return value
  }

  /// A value that may be missing but, if there, must be of a type.
  ///
  /// - Throws: `GGUFError.wrongType`.
  func optional<T>(
    _ key: String, _ expected: String, _ convert: (GGUFValue) -> T?
  ) throws(GGUFError) -> T? {
    guard let value = self[key] else { return nil }
    guard let result = convert(value) else {
      throw .wrongType(key: key, expected: expected, found: "\(value.type)")
    }
    return result
  }

  public func text(_ key: String) throws(GGUFError) -> String? {
    try optional(key, "a string") { $0.text }
  }

  public func integer(_ key: String) throws(GGUFError) -> Int? {
    try optional(key, "an integer") { $0.integer }
  }

  public func number(_ key: String) throws(GGUFError) -> Double? {
    try optional(key, "a number") { $0.number }
  }

  func boolean(_ key: String) throws(GGUFError) -> Bool? {
    try optional(key, "true or false") { $0.boolean }
  }

  /// The elements of an array, each as `convert` makes it.
  func elements<T>(
    _ key: String, _ expected: String, _ convert: (GGUFValue) -> T?
  ) throws(GGUFError) -> [T]? {
    try optional(key, "an array of \(expected)") { value in
      guard case .array(_, let values) = value else { return nil }
      var result: [T] = []
      result.reserveCapacity(values.count)
      for value in values {
        guard let element = convert(value) else { return nil }
        result.append(element)
      }
      return result
    }
  }
}
