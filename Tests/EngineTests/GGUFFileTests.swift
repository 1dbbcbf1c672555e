import Foundation
import Testing

@testable import Engine
@testable import EngineFixtures

@Suite struct GGUFFileTests {
  static func value(
    _ type: GGUFValueType, depth: Int, using generator: inout RepeatableGenerator
  ) -> GGUFValue {
    let bits = generator.next()
    switch type {
    case .uint8: return .uint8(UInt8(truncatingIfNeeded: bits))
    case .int8: return .int8(Int8(truncatingIfNeeded: bits))
    case .uint16: return .uint16(UInt16(truncatingIfNeeded: bits))
    case .int16: return .int16(Int16(truncatingIfNeeded: bits))
    case .uint32: return .uint32(UInt32(truncatingIfNeeded: bits))
    case .int32: return .int32(Int32(truncatingIfNeeded: bits))
    case .uint64: return .uint64(bits)
    case .int64: return .int64(Int64(bitPattern: bits))
    case .float32: return .float32(Float.random(in: -9...9, using: &generator))
    case .float64: return .float64(Double.random(in: -9...9, using: &generator))
    case .bool: return .bool(bits & 1 == 1)
    case .string:
      return .string((0..<Int(bits % 9)).map { _ in UInt8.random(in: 0...255, using: &generator) })
    case .array:
      let element = depth < 2 ? randomType(using: &generator) : .int16
      return .array(
        element,
        (0..<Int(bits % 5)).map { _ in value(element, depth: depth + 1, using: &generator) })
    }
  }

  static func randomType(using generator: inout RepeatableGenerator) -> GGUFValueType {
    GGUFValueType(rawValue: UInt32.random(in: 0...12, using: &generator)) ?? .uint8
  }

  @Test func whatIsWrittenIsRead() throws {
    var generator = RepeatableGenerator(seed: 3)
    for round in 0..<100 {
      var writer = GGUFWriter()
      if round % 3 == 0 { writer.set("general.alignment", to: .uint32(64)) }
      var values: [String: GGUFValue] = [:]
      for index in 0..<12 {
        let value = Self.value(
          Self.randomType(using: &generator), depth: 0, using: &generator)
        values["key.\(index)"] = value
        writer.set("key.\(index)", to: value)
      }
      var tensors: [String: [Float]] = [:]
      for index in 0..<3 {
        let rows = Int.random(in: 1...4, using: &generator)
        let numbers = (0..<rows * 5).map { _ in Float.random(in: -1...1, using: &generator) }
        tensors["tensor.\(index)"] = numbers
        try writer.add(tensor: "tensor.\(index)", shape: [5, rows], values: numbers)
      }
      let file = try GGUFFile(bytes: writer.encoded())
      #expect(file.version == 3)
      for (key, value) in values { #expect(file.metadata[key] == value) }
      #expect(file.metadata["absent"] == nil)
      #expect(file.tensors.count == 3)
      for (name, numbers) in tensors {
        let tensor = try #require(file[name])
        #expect(tensor.shape == [5, numbers.count / 5])
        #expect(tensor.format == .f32)
        #expect(Array(file.bytes(of: tensor).bindMemory(to: Float.self)) == numbers)
      }
    }
  }

  @Test func writesAtomically() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "a.gguf").path
    for value in UInt32(1)...2 {
      var writer = GGUFWriter()
      writer.set("x", to: .uint32(value))
      try writer.add(tensor: "t", shape: [3], values: [1, 2, 3])
      try writer.write(to: path)
      #expect(try GGUFFile(path: path).metadata["x"] == .uint32(value))
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)).elementsEqual(writer.encoded()))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.gguf"])
    #expect {
      try GGUFWriter().write(to: folder.appending(path: "no/such.gguf").path)
    } throws: { error in
      guard case GGUFError.cannotWrite = error else { return false }
      return true
    }
  }

  @Test func filesThatCannotBeOpened() throws {
    #expect(throws: GGUFError.notFound(path: "/nowhere/x.gguf")) {
      try GGUFFile(path: "/nowhere/x.gguf")
    }
    #expect(throws: GGUFError.self) { try GGUFFile(path: Fixture.folder.path) }
    let thisFile = #filePath
    #expect(throws: GGUFError.notGGUF(path: thisFile)) { try GGUFFile(path: thisFile) }
    #expect(throws: GGUFError.notGGUF(path: "the data")) { try GGUFFile(bytes: []) }
  }

  // MARK: Damage, one kind at a time

  private func header(version: UInt32 = 3, tensors: UInt64 = 0, pairs: UInt64 = 0) -> [UInt8] {
    Self.little(GGUFFile.magic) + Self.little(version) + Self.little(tensors) + Self.little(pairs)
  }

  static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  static func string(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + text.utf8 }

  private func expect(_ expected: GGUFError, from bytes: [UInt8]) {
    #expect(throws: expected) { try GGUFFile(bytes: bytes) }
  }

  @Test func versions() throws {
    #expect(try GGUFFile(bytes: header(version: 2)).version == 2)
    expect(.unsupportedVersion(1), from: header(version: 1))
    expect(.unsupportedVersion(4), from: header(version: 4))
    expect(.bigEndian, from: header(version: 3 << 24))
  }

  @Test func absurdCounts() {
    for count: UInt64 in [2, 1 << 40, .max] {
      #expect(throws: GGUFError.self) { try GGUFFile(bytes: header(tensors: count)) }
      #expect(throws: GGUFError.self) { try GGUFFile(bytes: header(pairs: count)) }
      let key = header(pairs: 1) + Self.little(count) + Array("key".utf8)
      #expect(throws: GGUFError.self) { try GGUFFile(bytes: key) }
      for type: GGUFValueType in [.string, .array, .uint8, .uint64, .bool] {
        let array =
          header(pairs: 1) + Self.string("k") + Self.little(GGUFValueType.array.rawValue)
          + Self.little(type.rawValue) + Self.little(count) + [UInt8](repeating: 0, count: 1)
        #expect(throws: GGUFError.self) { try GGUFFile(bytes: array) }
      }
    }
  }

  @Test func metadataDamage() {
    let key = header(pairs: 1) + Self.string("k")
    expect(
      .unknownValueType(key: "k", code: 13), from: key + Self.little(UInt32(13)) + Self.little(0))
    expect(
      .invalidBoolean(key: "k", value: 2),
      from: key + Self.little(GGUFValueType.bool.rawValue) + [2])
    let nested = Self.little(GGUFValueType.array.rawValue)
    let level = nested + Self.little(UInt64(1))
    let deep = key + nested + (0..<1000).flatMap { _ in level }
    expect(.nestedTooDeep(key: "k"), from: deep)
    let pair = Self.string("k") + Self.little(GGUFValueType.uint8.rawValue) + [7]
    expect(.duplicateKey("k"), from: header(pairs: 2) + pair + pair)
  }

  @Test func alignments() throws {
    func file(_ alignment: GGUFValue) -> [UInt8] {
      var writer = GGUFWriter()
      writer.set("general.alignment", to: alignment)
      return writer.encoded()
    }
    for value: UInt32 in [0, 3, 48, .max] {
      expect(.invalidAlignment(UInt64(value)), from: file(.uint32(value)))
    }
    expect(
      .wrongType(key: "general.alignment", expected: "an integer", found: "string"),
      from: file(.string("32")))
    _ = try GGUFFile(bytes: file(.uint32(1)))
  }

  private func entry(
    _ name: String, _ shape: [UInt64], code: UInt32 = 0, offset: UInt64 = 0
  ) -> [UInt8] {
    Self.string(name) + Self.little(UInt32(shape.count)) + shape.flatMap { Self.little($0) }
      + Self.little(code) + Self.little(offset)
  }

  @Test func tensorDamage() {
    let data = [UInt8](repeating: 0, count: 256)
    func file(_ entries: [UInt8]...) -> [UInt8] {
      header(tensors: UInt64(entries.count)) + entries.flatMap { $0 } + data
    }
    #expect(throws: Never.self) { try GGUFFile(bytes: file(entry("t", [8]))) }
    expect(.duplicateTensor("t"), from: file(entry("t", [8]), entry("t", [8])))
    expect(.unknownTensorType(tensor: "t", code: 99), from: file(entry("t", [8], code: 99)))
    expect(
      .withdrawnTensorType(tensor: "t", type: "Q4_2"), from: file(entry("t", [8], code: 4)))
    expect(
      .withdrawnTensorType(tensor: "t", type: "Q4_0_4_4"), from: file(entry("t", [8], code: 31)))
    #expect(throws: Never.self) {
      try GGUFFile(bytes: file(entry("b", [8], offset: 32), entry("a", [8])))
    }
    for entries in [
      [entry("a", [9]), entry("b", [8], offset: 32)],
      [entry("b", [8], offset: 32), entry("a", [9])],
      [entry("a", [8], offset: 32), entry("b", [8], offset: 32)],
      [entry("a", [40]), entry("b", [8], offset: 64)],
    ] {
      #expect {
        try GGUFFile(bytes: file(entries[0], entries[1]))
      } throws: { error in
        guard case GGUFError.overlappingTensors = error else { return false }
        return true
      }
    }
    expect(
      .misalignedTensor(tensor: "t", offset: 8, alignment: 32),
      from: file(entry("t", [8], offset: 8)))
    expect(
      .tooManyDimensions(tensor: "t", count: 5), from: file(entry("t", [1, 1, 1, 1, 1])))
    let shapes: [[UInt64]] = [
      [], [0], [8, 0], [UInt64.max], [1 << 62, 4], [1 << 32, 1 << 32], [1 << 63, 2, 1, 1],
    ]
    for shape in shapes {
      expect(.invalidShape(tensor: "t", shape: shape), from: file(entry("t", shape)))
    }
    expect(
      .invalidShape(tensor: "t", shape: [31]), from: file(entry("t", [31], code: 8)))
    for offset: UInt64 in [256, 1 << 40, .max - 31, (1 << 63) - 32] {
      #expect(throws: GGUFError.self) {
        try GGUFFile(bytes: file(entry("t", [8], offset: offset)))
      }
    }
    #expect(throws: GGUFError.self) { try GGUFFile(bytes: file(entry("t", [1 << 20]))) }
  }
}
