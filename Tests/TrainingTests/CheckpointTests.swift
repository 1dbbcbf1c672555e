import Decoding
import Engine
import EngineFixtures
import Foundation
import Testing

@testable import Training

/// Checkpoints: what is read is what was written, and nothing else is taken for one.
@Suite struct CheckpointTests {
  /// A pass and an optimizer that have taken some steps.
  struct Run {
    let pass: TrainingPass
    let optimizer: any Optimizer

    init(_ settings: any OptimizerSettings, _ configuration: ModelConfiguration = small) throws {
      pass = try TrainingPass(
        configuration, copying: InMemoryWeightStore.llama(configuration, format: .f32),
        name: "tiny", threads: 1)
      optimizer = try settings.optimizer(of: pass.weights)
    }

    func takeSteps(_ steps: ClosedRange<Int>) throws {
      for step in steps {
        OptimizerTests.setGradients(pass, step: step)
        try optimizer.update(pass, rate: 0.01, scale: 1)
      }
    }

    /// All numbers there are.
    var bits: [UInt32] {
      OptimizerTests.bits(pass)
        + optimizer.moments.flatMap { moment in
          UnsafeBufferPointer(start: moment.values, count: moment.count).map(\.bitPattern)
        }
    }

    func save(to path: String) throws {
      try TrainingCheckpoint.write(
        pass.weights, optimizer, settings: ["seed": "1", "recipe": "none"],
        extra: Data([0, 255, 7]), to: path)
    }
  }

  static let small = ModelConfiguration.tiny(
    layers: 1, heads: 1, kvHeads: 1, headSize: 4, width: 4, feedForward: 6, vocabulary: 7,
    tied: true)

  static let optimizers: [any OptimizerSettings] = [AdamW.Settings(), Muon.Settings()]

  static func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  @Test("training that was interrupted comes to the same bits", arguments: 0...1)
  func resume(_ index: Int) throws {
    let settings = Self.optimizers[index]
    try Self.inFolder { folder in
      let path = folder + "/checkpoint.gguf"
      let whole = try Run(settings)
      try whole.takeSteps(1...3)
      try whole.save(to: path)
      try whole.takeSteps(4...6)
      let resumed = try Run(settings)
      let checkpoint = try TrainingCheckpoint(path: path)
      let version = resumed.pass.weights.version
      try checkpoint.restore(resumed.pass.weights, resumed.optimizer)
      #expect(checkpoint.step == 3)
      #expect(checkpoint.settings == ["seed": "1", "recipe": "none"])
      #expect(checkpoint.extra == Data([0, 255, 7]))
      #expect(resumed.pass.weights.version > version, "decoding sees the weights")
      try resumed.takeSteps(4...6)
      #expect(resumed.bits == whole.bits)
      #expect(resumed.optimizer.step == 6)
    }
  }

  @Test("a damaged checkpoint is never taken for a whole one", arguments: 0...1)
  func damage(_ index: Int) throws {
    try Self.inFolder { folder in
      let path = folder + "/checkpoint.gguf"
      let run = try Run(Self.optimizers[index])
      try run.takeSteps(1...2)
      try run.save(to: path)
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      let copy = try Run(Self.optimizers[index])

      /// Whether a file is refused, or says the very same.
      func isHarmless(_ bytes: [UInt8]) throws -> Bool {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do throws(CheckpointError) {
          let checkpoint = try TrainingCheckpoint(path: path)
          try checkpoint.restore(copy.pass.weights, copy.optimizer)
          return copy.bits == run.bits && checkpoint.step == 2
            && checkpoint.extra == Data([0, 255, 7]) && checkpoint.settings["seed"] == "1"
        } catch { return true }
      }

      // Behind the last weights the file is filled up.
      for length in stride(from: 0, to: bytes.count - 32, by: 37) {
        try Data(bytes[..<length]).write(to: URL(fileURLWithPath: path))
        #expect(throws: CheckpointError.self, "\(length) bytes") {
          try TrainingCheckpoint(path: path)
        }
      }
      for index in stride(from: 0, to: bytes.count, by: 11) {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(index % 8)
        #expect(try isHarmless(damaged), "byte \(index)")
      }
    }
  }

  @Test("other files are no checkpoints")
  func foreign() throws {
    try Self.inFolder { folder in
      let path = folder + "/file"
      #expect(throws: CheckpointError.self) { try TrainingCheckpoint(path: path) }
      try Data("a text".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: CheckpointError.foreign(path: path)) { try TrainingCheckpoint(path: path) }
      try GGUFWriter().write(to: path)
      #expect(throws: CheckpointError.foreign(path: path)) { try TrainingCheckpoint(path: path) }
    }
  }

  @Test("a checkpoint of another model changes nothing")
  func otherModel() throws {
    try Self.inFolder { folder in
      let path = folder + "/checkpoint.gguf"
      try Run(AdamW.Settings()).save(to: path)
      let checkpoint = try TrainingCheckpoint(path: path)
      var wider = Self.small
      wider.vocabularySize += 1
      for run in [try Run(AdamW.Settings(), wider), try Run(Muon.Settings())] {
        let before = run.bits
        #expect(throws: CheckpointError.self) {
          try checkpoint.restore(run.pass.weights, run.optimizer)
        }
        #expect(run.bits == before)
      }
    }
  }

  @Test("settings that have changed are named")
  func settings() throws {
    try Self.inFolder { folder in
      let path = folder + "/checkpoint.gguf"
      try Run(AdamW.Settings()).save(to: path)
      let checkpoint = try TrainingCheckpoint(path: path)
      try checkpoint.check(["seed": "1", "recipe": "none"])
      let changes: [CheckpointError.Change] = [
        .init(name: "recipe", then: "none", now: nil), .init(name: "seed", then: "1", now: "2"),
      ]
      #expect(throws: CheckpointError.otherSettings(path: path, changes)) {
        try checkpoint.check(["seed": "2"])
      }
    }
  }

  @Test("where a checkpoint cannot be written, the last one stays")
  func unwritable() throws {
    try Self.inFolder { folder in
      let path = folder + "/checkpoint.gguf"
      let run = try Run(AdamW.Settings())
      try run.takeSteps(1...1)
      try run.save(to: path)
      // Something that is in the way of the new file.
      let obstacle = "\(path).\(ProcessInfo.processInfo.processIdentifier).tmp"
      try FileManager.default.createDirectory(
        atPath: obstacle + "/full", withIntermediateDirectories: true)
      try run.takeSteps(2...2)
      #expect(throws: GGUFError.self) { try run.save(to: path) }
      #expect(try TrainingCheckpoint(path: path).step == 1)
    }
  }
}
