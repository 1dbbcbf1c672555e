import Decoding
import Foundation
import Testing

@testable import Engine

/// Damaged files give a named error or load as something valid; they never trap.
@Suite struct GGUFFuzzTests {
  @Test func undamaged() throws {
    #expect(try FuzzTarget.exercise(FuzzTarget.tinyModel()) == .opened)
    #expect(try FuzzTarget.exercise([]) != .opened)
  }

  @Test func everyTruncationIsAnError() throws {
    let whole = try FuzzTarget.tinyModel()
    let file = try GGUFFile(bytes: whole)
    let end = try #require(file.tensors.map(\.range.upperBound).max())
    for length in 0..<end {
      #expect(throws: GGUFError.self) { try GGUFFile(bytes: Array(whole[..<length])) }
    }
    // Only the padding after the last tensor may be missing.
    #expect(try FuzzTarget.exercise(Array(whole[..<end])) == .opened)
  }

  @Test func everyByteChanged() throws {
    let whole = try FuzzTarget.tinyModel()
    var generator = RepeatableGenerator(seed: 4)
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= UInt8.random(in: 1...255, using: &generator)
      try FuzzTarget.exercise(bytes)
      bytes[index] = 0xFF
      try FuzzTarget.exercise(bytes)
    }
  }

  @Test func hugeNumbersAnywhere() throws {
    let whole = try FuzzTarget.tinyModel()
    let numbers: [UInt64] = [
      .max, .max >> 1, 1 << 63, 1 << 32, (1 << 32) - 1, 1 << 31, UInt64(whole.count), 0,
    ]
    for start in stride(from: 0, to: whole.count - 8, by: 3) {
      for number in numbers {
        var bytes = whole
        bytes.replaceSubrange(start..<start + 8, with: GGUFFileTests.little(number))
        try FuzzTarget.exercise(bytes)
      }
    }
  }

  @Test func manyBytesChanged() throws {
    let sources = [try FuzzTarget.tinyModel(), try Fixture.bytes("Tokenizer/bpe.gguf")]
    try FuzzTarget.loop("reader", rounds: 400) { generator in
      var bytes = sources[Int.random(in: 0...1, using: &generator)]
      ByteMutation.apply(to: &bytes, using: &generator)
      let text = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      try FuzzTarget.exercise(bytes, text: text)
    }
  }

  /// Inputs that end in as many different ways, found by changing bytes at random; with
  /// `PONDER_FUZZ_RECORD=1` they are found anew.
  @Test func corpus() throws {
    let folder = Fixture.folder.appending(path: "Fuzz")
    if ProcessInfo.processInfo.environment["PONDER_FUZZ_RECORD"] != nil {
      try record(in: folder)
    }
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "gguf" }
    #expect(files.count > 8)
    for file in files {
      // Which error it is may change with what is supported; that it is one of ours may not.
      let outcome = try FuzzTarget.exercise(Array(try Data(contentsOf: file)))
      if file.lastPathComponent == "opened.gguf" { #expect(outcome == .opened) }
    }
  }

  private func record(in folder: URL) throws {
    let whole = try FuzzTarget.tinyModel()
    var smallest: [FuzzTarget.Outcome: [UInt8]] = [.opened: whole]
    try FuzzTarget.loop("corpus", rounds: 20_000) { generator in
      var bytes = whole
      ByteMutation.apply(to: &bytes, using: &generator)
      let outcome = try FuzzTarget.exercise(bytes)
      if bytes.count < smallest[outcome]?.count ?? .max { smallest[outcome] = bytes }
    }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (outcome, bytes) in smallest {
      let name = if case .refused(let name) = outcome { name } else { "opened" }
      try Data(bytes).write(to: folder.appending(path: "\(name).gguf"))
    }
  }
}

/// Changes bytes as damage and malice do.
enum ByteMutation {
  static func apply(to bytes: inout [UInt8], using generator: inout RepeatableGenerator) {
    for _ in 0..<Int.random(in: 1...12, using: &generator) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &generator)
      let end = min(bytes.count, index + Int.random(in: 1...64, using: &generator))
      switch Int.random(in: 0..<7, using: &generator) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes.remove(at: index)
      case 2: bytes.insert(UInt8.random(in: 0...8, using: &generator), at: index)
      case 3: bytes.removeSubrange(index..<end)
      case 4: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &generator)
      case 5:
        // A number that is too large, or nothing.
        let number: [UInt8] =
          [.max, 0, 0x80, 0x7F].randomElement(using: &generator).map {
            [$0, .max, .max, .max]
          } ?? []
        bytes.replaceSubrange(index..<min(bytes.count, index + 4), with: number)
      default:
        let to = Int.random(in: 0..<bytes.count, using: &generator)
        bytes.insert(contentsOf: Array(bytes[index..<end]), at: to)
      }
    }
  }
}
