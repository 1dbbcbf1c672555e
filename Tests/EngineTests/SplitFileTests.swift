import Decoding
import Foundation
import Testing

@testable import Engine
@testable import EngineFixtures

/// Models that are split over several files.
@Suite struct SplitFileTests {
  private static let whole = Fixture.path("Models/q8_0-mha-untied.gguf")

  /// A folder with the fixture in three parts; the first has the metadata.
  private final class Parts {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    let count = 3

    init(name: String = "tiny-q8_0") throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (number, part) in try SplitFileTests.writers(count: count).enumerated() {
        try part.write(to: path(number + 1, name: name))
      }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ number: Int, name: String = "tiny-q8_0") -> String {
      folder.appending(path: "\(name)-0000\(number)-of-0000\(count).gguf").path
    }
  }

  /// The fixture cut into parts, tensors dealt out in turn.
  private static func writers(count: Int) throws -> [GGUFWriter] {
    let file = try GGUFFile(path: whole)
    var parts = (0..<count).map { number in
      var writer = GGUFWriter()
      if number == 0 {
        for key in file.metadata.keys {
          if let value = file.metadata[key] { writer.set(key, to: value) }
        }
      }
      writer.set("split.no", to: .uint16(UInt16(number)))
      writer.set("split.count", to: .uint16(UInt16(count)))
      writer.set("split.tensors.count", to: .int32(Int32(file.tensors.count)))
      return writer
    }
    for (index, tensor) in file.tensors.enumerated() {
      try parts[index % count].add(
        tensor: tensor.name, shape: tensor.shape, format: tensor.format,
        data: Array(file.bytes(of: tensor)))
    }
    return parts
  }

  @Test("Any part opens the whole model, to the same logits and digest")
  func anyPart() throws {
    let parts = try Parts()
    let expected = try ModelLoader.load(path: Self.whole).distribution(after: [1, 2, 3]).logits
    let file = try GGUFFile(path: parts.path(1))
    #expect(file.tensors.count == (try GGUFFile(path: Self.whole)).tensors.count)
    for number in 1...3 {
      let model = try ModelLoader.load(path: parts.path(number))
      #expect(try model.distribution(after: [1, 2, 3]).logits == expected)
      #expect(model.identity.name == "tiny")
      #expect(model.identity.hash == file.identity())
      #expect(try GGUFFile(path: parts.path(number)).size == file.size)
    }
  }

  @Test("The digest covers every part")
  func digest() throws {
    let parts = try Parts()
    let before = try GGUFFile(path: parts.path(1))
    let (identity, sha256) = (before.identity(), before.sha256())
    for number in 1...3 {
      let url = URL(fileURLWithPath: parts.path(number))
      let kept = try Data(contentsOf: url)
      var changed = kept
      changed[changed.count - 40] ^= 1
      try changed.write(to: url)
      #expect(try GGUFFile(path: parts.path(1)).identity() != identity)
      #expect(try GGUFFile(path: parts.path(1)).sha256() != sha256)
      try kept.write(to: url)
    }
    #expect(try GGUFFile(path: parts.path(1)).identity() == identity)
  }

  @Test("A missing part is named")
  func missing() throws {
    let parts = try Parts()
    try FileManager.default.removeItem(atPath: parts.path(2))
    let place = GGUFPlace(number: 1, count: 3)
    #expect(throws: GGUFError.missingPart(path: parts.path(2), place)) {
      try GGUFFile(path: parts.path(3))
    }
    #expect("\(GGUFError.missingPart(path: "x", place))".contains("part 2 of them"))
    #expect(throws: GGUFError.notFound(path: parts.path(2))) {
      try GGUFFile(path: parts.path(2))
    }
  }

  @Test("A part of something else is refused by name")
  func foreign() throws {
    let parts = try Parts()
    func expectRefusal(_ replacement: GGUFWriter) throws {
      try replacement.write(to: parts.path(3))
      for opened in [1, 2] {
        #expect(throws: GGUFError.self) { try GGUFFile(path: parts.path(opened)) }
      }
    }
    // A whole model, a part of another number, one of a model with more tensors, one whose
    // tensors are there already, one with too few.
    var whole = GGUFWriter()
    try whole.add(tensor: "x", shape: [1], values: [1])
    try expectRefusal(whole)
    #expect {
      try GGUFFile(path: parts.path(1))
    } throws: {
      "\($0)".hasPrefix(parts.path(3))
    }
    try expectRefusal(try Self.writers(count: 3)[1])
    try expectRefusal(try Self.writers(count: 4)[2])
    var other = GGUFWriter()
    other.set("split.no", to: .uint16(2))
    other.set("split.count", to: .uint16(3))
    try expectRefusal(other)
    other.set("split.tensors.count", to: .int32(7))
    try expectRefusal(other)
    var named = try Self.writers(count: 3)[2]
    named.set("general.architecture", to: .string("another"))
    try expectRefusal(named)
    // What belongs is taken again.
    try Self.writers(count: 3)[2].write(to: parts.path(3))
    _ = try GGUFFile(path: parts.path(2))
  }

  @Test("A part under another name cannot find the others, and says so")
  func renamed() throws {
    let parts = try Parts()
    let place = GGUFPlace(number: 0, count: 3)
    for name in ["model.gguf", "tiny-00002-of-00003.gguf", "tiny-00001-of-00004.gguf"] {
      let path = parts.folder.appending(path: name).path
      try FileManager.default.copyItem(atPath: parts.path(1), toPath: path)
      #expect(throws: GGUFError.misnamedPart(path: path, place)) { try GGUFFile(path: path) }
    }
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: parts.path(1))))
    #expect(throws: GGUFError.missingPart(path: "the data", place)) { try GGUFFile(bytes: bytes) }
  }

  @Test("Numbers of parts that make no sense are refused")
  func numbers() throws {
    for (number, count) in [(3, 3), (-1, 3), (Int32.max, 2)] {
      var writer = GGUFWriter()
      writer.set("split.no", to: .int32(Int32(number)))
      writer.set("split.count", to: .int32(Int32(count)))
      #expect(throws: GGUFError.self) { try GGUFFile(bytes: writer.encoded()) }
    }
    var lone = GGUFWriter()
    lone.set("split.no", to: .uint16(0))
    lone.set("split.count", to: .uint16(1))
    _ = try GGUFFile(bytes: lone.encoded())
  }

  @Test("Names of parts are recognised")
  func names() throws {
    let name = try #require(GGUFPartName(path: "/m/qwen-2.5-q4_k_m-00002-of-00012.gguf"))
    #expect(name.stem == "/m/qwen-2.5-q4_k_m")
    #expect(name.number == 2)
    #expect(name.count == 12)
    #expect(name.path(ofPart: 11) == "/m/qwen-2.5-q4_k_m-00011-of-00012.gguf")
    #expect(GGUFPartName.modelName(ofFile: "/m/a-b-00001-of-00002.gguf") == "a-b")
    #expect(GGUFPartName.modelName(ofFile: "/m/a-b.gguf") == "a-b")
    for other in [
      "a.gguf", "a-00001-of-00002.bin", "a-1-of-2.gguf", "a-00000-of-00002.gguf",
      "a-00003-of-00002.gguf", "00001-of-00002.gguf", "a-0000x-of-00002.gguf",
    ] { #expect(GGUFPartName(path: other) == nil, "\(other)") }
  }
}
