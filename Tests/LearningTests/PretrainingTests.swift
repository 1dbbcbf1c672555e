import Decoding
import Engine
import Foundation
import Problems
import Testing
import Training

@testable import Learning

/// A tiny model, trained on a few documents of the curriculum.
@Suite struct PretrainingTests {
  static let documents = (0..<80).map { CurriculumGenerator(seed: 1).document($0) }

  static let vocabulary: GGUFFile? = {
    var training = VocabularyTraining()
    documents.forEach { training.read($0) }
    return try? GGUFFile(bytes: training.file(size: 400).encoded())
  }()

  static func tokenData() throws -> Data {
    let vocabulary = try #require(vocabulary).vocabulary()
    var tokens = CurriculumTokens(end: try #require(vocabulary.endOfText.first)) {
      vocabulary.tokenize($0, special: .parse)
    }
    documents.forEach { tokens.append($0) }
    return tokens.data
  }

  static func tokens() throws -> TokenFile { try TokenFile(tokenData(), path: "tokens") }

  static func settings(steps: Int) -> PretrainingSettings {
    var settings = PretrainingSettings(
      shape: PretrainingShape(width: 8, layers: 1, heads: 1, feedForward: 12, context: 256),
      steps: steps)
    settings.batchTokens = 512
    settings.logInterval = 3
    settings.keepInterval = 2000
    return settings
  }

  static func run(
    _ settings: PretrainingSettings, in folder: URL, start: TrainingCheckpoint? = nil,
    stopAfter: Int = .max, measure: Pretraining.Measurement? = nil,
    progress: (Pretraining) -> Void = { _ in }
  ) async throws -> (end: Pretraining.End, entries: [PretrainingEntry]) {
    let pretraining = try Pretraining(
      settings, tokens: tokens(), vocabulary: #require(vocabulary), start: start, folder: folder)
    var entries: [PretrainingEntry] = []
    let end = try await pretraining.run(
      measure: measure, isStopped: { pretraining.step >= stopAfter }, progress: progress,
      report: { entries.append($0) })
    return (end, entries)
  }

  static func inFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  /// What a run leaves, without the time it took.
  struct Remains: Equatable {
    var log: [PretrainingEntry]
    /// The models by name.
    var models: [String: Data]
    var weights: [UInt8]

    init(_ folder: URL) throws {
      log = try String(contentsOf: folder.appending(path: "log.jsonl"), encoding: .utf8)
        .split(separator: "\n").map {
          var entry = try JSONDecoder().decode(PretrainingEntry.self, from: Data($0.utf8))
          entry.minutes = 0
          return entry
        }
      models = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
      where name.hasPrefix("ponder-") {
        models[name] = try Data(contentsOf: folder.appending(path: name))
      }
      // The checkpoint holds the minutes, too: only its weights are compared.
      let path = folder.appending(path: "F32.gguf").path
      try PretrainedModel.export(
        checkpoint: folder.appending(path: "checkpoint.gguf").path,
        vocabulary: #require(vocabulary), to: path, format: .f32)
      weights = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
  }

  @Test("a run that is stopped and continued after any step leaves what an uninterrupted one does")
  func resume() async throws {
    let settings = Self.settings(steps: 7)
    try await Self.inFolder { folder in
      let whole = folder.appending(path: "whole")
      #expect(try await Self.run(settings, in: whole).end == .finished)
      let expected = try Remains(whole)
      #expect(expected.log.map(\.step) == [3, 6, 7])
      #expect(expected.models.count == 2)
      for step in 0..<7 {
        let part = folder.appending(path: "\(step)")
        #expect(try await Self.run(settings, in: part, stopAfter: step).end == .stopped)
        #expect(try await Self.run(settings, in: part).end == .finished)
        #expect(try Remains(part) == expected, "after step \(step)")
      }
    }
  }

  @Test("so does one that is killed, with checkpoints after every step or none", arguments: [0, 99])
  func kill(_ minutes: Double) async throws {
    var settings = Self.settings(steps: 7)
    settings.minutesBetweenCheckpoints = minutes
    try await Self.inFolder { folder in
      let whole = folder.appending(path: "whole")
      // The folder as it stands after each step is what a killed process leaves.
      _ = try await Self.run(
        settings, in: whole,
        progress: { pretraining in
          let copy = folder.appending(path: "\(pretraining.step)")
          try? FileManager.default.copyItem(at: whole, to: copy)
          try? Data("half".utf8).write(to: copy.appending(path: "checkpoint.gguf.1.tmp"))
        })
      let expected = try Remains(whole)
      for step in 1...7 {
        let copy = folder.appending(path: "\(step)")
        _ = try await Self.run(settings, in: copy)
        #expect(try Remains(copy) == expected, "after step \(step)")
        let files = try FileManager.default.contentsOfDirectory(atPath: copy.path)
        #expect(!files.contains { $0.hasSuffix(".tmp") })
      }
    }
  }

  @Test("measuring that is interrupted is done again")
  func measuring() async throws {
    let settings = Self.settings(steps: 3)
    try await Self.inFolder { folder in
      let cancelled = try await Self.run(settings, in: folder, measure: { _ in nil })
      #expect(cancelled.end == .stopped)
      let (end, entries) = try await Self.run(
        settings, in: folder, measure: { _ in ["all": ["greedy": 0.5]] })
      #expect(end == .finished)
      #expect(entries.map(\.accuracy) == [["all": ["greedy": 0.5]]])
      #expect(try Remains(folder).log.count == 1)
    }
  }

  @Test("a run goes on under the same settings alone")
  func changedSettings() async throws {
    try await Self.inFolder { folder in
      _ = try await Self.run(Self.settings(steps: 4), in: folder, stopAfter: 2)
      var changes = Array(repeating: Self.settings(steps: 4), count: 5)
      changes[0].steps = 5
      changes[1].seed = 2
      changes[2].peak = 0.5
      changes[3].shape.feedForward = 16
      changes[4].stage = "think"
      for change in changes {
        await #expect(throws: CheckpointError.self) { try await Self.run(change, in: folder) }
      }
      #expect(try await Self.run(Self.settings(steps: 4), in: folder).end == .finished)
    }
  }

  @Test("one folder has one run at a time")
  func lock() async throws {
    try await Self.inFolder { folder in
      let settings = Self.settings(steps: 1)
      let first = try Pretraining(
        settings, tokens: Self.tokens(), vocabulary: #require(Self.vocabulary), folder: folder)
      await #expect(throws: PretrainingError.isRunning(folder: folder.path)) {
        try await Self.run(settings, in: folder)
      }
      #expect(first.step == 0)
    }
  }

  @Test("a run can begin with another's checkpoint, on a schedule of its own")
  func start() async throws {
    try await Self.inFolder { folder in
      let (first, second) = (folder.appending(path: "1"), folder.appending(path: "2"))
      let base = try await Self.run(Self.settings(steps: 12), in: first).entries
      let start = try TrainingCheckpoint(path: first.appending(path: "checkpoint.gguf").path)
      let further = try await Self.run(Self.settings(steps: 6), in: second, start: start).entries
      #expect(further.first?.step == 3)
      #expect(further.first.map(\.tokens) ?? 0 > base.last?.tokens ?? .max)
      #expect(further.first.map(\.loss) ?? 9 < base.first?.loss ?? 0)
    }
  }

  @Test("the loss falls, and the weights at the end are a model that knows more than nothing")
  func learning() async throws {
    try await Self.inFolder { folder in
      let entries = try await Self.run(Self.settings(steps: 60), in: folder).entries
      let (first, last) = (entries.first?.loss ?? 0, entries.last?.loss ?? 9)
      // A model that knows nothing has log 400 = 6 nats.
      #expect(first > 5)
      #expect(last < first - 0.5)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      let name = try #require(files.first { $0.hasPrefix("ponder-base-0.0m.F16") })
      let file = try GGUFFile(path: folder.appending(path: name).path)
      #expect(try file.metadata.integer("ponder.tokens_seen") == entries.last?.tokens)
      #expect(try file.metadata.text("general.finetune") == "base")
      let trainee = try TransformerTrainee(file, name: "tiny")
      #expect(trainee.model.vocabulary.count == 400)
      var rows = PackedRows()
      rows.add(prompt: [399], continuations: [trainee.model.vocabulary.tokenize(" the answer")])
      #expect(try trainee.forward(rows).logProbabilities.allSatisfy { $0 > -6 })
    }
  }

  @Test("a checkpoint is written as a model in each format", arguments: [
    TrainableWeights.FileFormat.f32, .f16, .q8_0,
  ])
  func export(_ format: TrainableWeights.FileFormat) async throws {
    var settings = Self.settings(steps: 2)
    settings.shape = PretrainingShape(
      width: 32, layers: 1, heads: 2, feedForward: 40, context: 256)
    try await Self.inFolder { folder in
      _ = try await Self.run(settings, in: folder)
      func load(_ format: TrainableWeights.FileFormat) throws -> GGUFFile {
        let path = folder.appending(path: "out.gguf").path
        try PretrainedModel.export(
          checkpoint: folder.appending(path: "checkpoint.gguf").path,
          vocabulary: #require(Self.vocabulary), to: path, format: format)
        return try GGUFFile(path: path)
      }
      let file = try load(format)
      #expect(file.fileType == format.rawValue)
      // Rows of 40 are no whole number of blocks.
      let down = try #require(file["blk.0.ffn_down.weight"])
      #expect(down.format == (format == .f32 ? .f32 : .f16))
      #expect(file["output_norm.weight"]?.format == .f32)
      let exact = try TransformerTrainee(load(.f32), name: "exact")
      let rounded = format == .q8_0 ? nil : try TransformerTrainee(file, name: "rounded")
      if let rounded {
        var rows = PackedRows()
        rows.add(prompt: [399], continuations: [[1, 2, 3, 4, 5]])
        let (a, b) = (try exact.forward(rows), try rounded.forward(rows))
        for (a, b) in zip(a.logProbabilities, b.logProbabilities) { #expect(abs(a - b) < 0.01) }
      } else {
        #expect(try ModelLoader.load(file, name: "q8").vocabulary.count == 400)
      }
    }
  }
}
