import Decoding
import DecodingFixtures
import Engine
import Foundation
import LearningFixtures
import Problems
import Testing
import Traces
import Training

@testable import Learning

/// Learning from a teacher, on policies whose texts can be enumerated.
@Suite struct DistillationRecipeTests {
  private let prompt = TwoQuestions.prompts[0]

  /// A training of the table by the same table when it is asked to think, which reasons then.
  private func training(
    _ from: String, steps: Int = 100, _ more: [String: any JSONScalar] = [:]
  ) -> TableTraining {
    var training = TableTraining(
      "distill", steps: steps, batch: 1, samples: 24,
      problems: [TwoQuestions.problems[0]],
      ["from": from].merging(more, uniquingKeysWith: { $1 }))
    training.materials.teacher = TwoQuestions.trainee().table
    return training
  }

  private func shares(_ trainee: TableTrainee, after prefix: [TokenID]) -> [Double] {
    trainee.logProbabilities(after: prefix).map { exp($0) }
  }

  /// What the teacher thinks likely is learned, whatever is sampled: its 9 of 10 reasoned texts, and
  /// the .1 of a wrong answer behind each.
  @Test func theStudentBecomesTheTeacher() async throws {
    let trainee = TwoQuestions.trainee()
    let told = try await training("logits").train(trainee)
    #expect(abs(shares(trainee, after: prompt)[5] - 0.9) < 0.01)
    #expect(abs(shares(trainee, after: prompt + [5, 7])[10] - 0.1) < 0.01)
    let last = try #require(told.steps.last).metrics
    #expect(try #require(last["distill/kl"]) < 1e-3)
    // What is said of answers is the teacher's.
    let exact = try #require(last["teacher/exact"])
    #expect(exact > 0.5)
    #expect(last["exact"] == nil)
  }

  /// Card 29's law: the student's cross-entropy to the teacher falls to the teacher's own entropy.
  @Test func theLeastCrossEntropyIsTheTeachersEntropy() async throws {
    let trainee = TwoQuestions.trainee()
    _ = try await training("logits", steps: 300).train(trainee)
    let teacher = TwoQuestions.trainee()
    let asked = prompt + [TwoQuestions.trigger]
    // Where right solutions of the teacher lead.
    for (place, own) in [(prompt, asked), (prompt + [5, 7], asked + [5, 7])] {
      let (known, now) = (
        teacher.logProbabilities(after: own), trainee.logProbabilities(after: place)
      )
      let entropy = -known.reduce(0) { $0 + exp($1) * $1 }
      let cross = -zip(known, now).reduce(0) { $0 + exp($1.0) * $1.1 }
      #expect(cross >= entropy - 1e-9)
      #expect(cross - entropy < 1e-3)
    }
  }

  /// Texts alone teach the teacher's right ones: p(text | right), which is another distribution.
  @Test func tracesTeachWhatIsRight() async throws {
    let trainee = TwoQuestions.trainee()
    let told = try await training("traces", steps: 30).train(trainee)
    let right = trainee.texts(after: prompt)
      .filter { [TwoQuestions.reasoned[0], [6, 7, 8, TwoQuestions.end]].contains($0.tokens) }
    #expect(right.reduce(0) { $0 + $1.probability } > 0.95)
    #expect(told.steps.allSatisfy { $0.metrics["distill/kl"] == nil })
    #expect(told.samples.flatMap(\.samples).allSatisfy { $0.isRight })
    // The trigger that the teacher was asked with is no part of what is learned.
    #expect(trainee.learned.allSatisfy { !$0.prefix.contains(TwoQuestions.trigger) })
  }

  @Test func theTextsOwnTokensCountAsAlphaSays() async throws {
    let hard = TwoQuestions.trainee()
    _ = try await training("logits", steps: 8, ["alpha": 0.0]).train(hard)
    let traces = TwoQuestions.trainee()
    _ = try await training("traces", steps: 8).train(traces)
    let (a, b) = (shares(hard, after: prompt), shares(traces, after: prompt))
    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func withoutATeacherThereIsNoTraining() {
    var training = training("logits")
    training.materials.teacher = nil
    #expect(throws: LearningError.lacksTeacher("distill")) {
      try training.run(TwoQuestions.trainee()) { _ in }
    }
  }

  @Test func distributionsOverOtherTokensAreRefusedAndTextsAreNot() async throws {
    // The same texts, spelled by other tokens.
    let other = TableTrainee(
      name: "other",
      pieces: [
        "Q: How many?\nA:", " Let's think step by step.", " We", " add.", " The answer is 8.",
        "<end>",
      ], end: 5
    ) { prefix in
      switch prefix.last {
      case 0, 1: [2: 1]
      case 2: [3: 1]
      case 3: [4: 1]
      default: [5: 1]
      }
    }
    var logits = training("logits")
    logits.materials.teacher = other.table
    #expect(throws: LearningError.otherVocabulary(teacher: "other", student: "two", token: 1)) {
      try logits.run(TwoQuestions.trainee()) { _ in }
    }
    var traces = training("traces", steps: 30)
    traces.materials.teacher = other.table
    let trainee = TwoQuestions.trainee()
    _ = try await traces.train(trainee)
    let learned = trainee.texts(after: prompt).first { $0.tokens == TwoQuestions.reasoned[0] }
    #expect(try #require(learned).probability > 0.9)
  }

  @Test func theTeacherIsNamedInAllThatIsLeft() async throws {
    let run = try training("traces", steps: 1).run(TwoQuestions.trainee()) { _ in }
    #expect(run.lineage(step: 3).teacher == "two")
    #expect(run.lineage(step: 3).teacherHash == run.materials.teacher?.identity.hash)
    let others = try TableTraining("sft", steps: 1, batch: 1).run(TwoQuestions.trainee()) { _ in }
    #expect(others.lineage(step: 3).teacher == nil)
  }

  /// A model that was distilled and then trained without a teacher is not said to have one.
  @Test func aLineageIsReadBackAndNotInherited() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "lineage-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let lineage = Lineage(
      parent: "0.2m", parentHash: "a", recipe: "distill", steps: 2, teacher: "2m",
      teacherHash: "b")
    let path = folder.appending(path: "one.gguf").path
    try BundledTrainee.make().write(to: path, lineage: lineage)
    let file = try GGUFFile(path: path)
    #expect(Lineage(file.metadata) == lineage)
    let next = Lineage(parent: "0.2m+distill@2", parentHash: "c", recipe: "grpo", steps: 1)
    let nextPath = folder.appending(path: "two.gguf").path
    try TransformerTrainee(file, name: "one").write(to: nextPath, lineage: next)
    let written = try GGUFFile(path: nextPath).metadata
    #expect(Lineage(written) == next)
  }

  // MARK: Bundled models

  private func train(
    _ plan: TrainingPlan, teacher: any LanguageModel, folder: URL? = nil, log: EventLog
  ) async throws {
    let run = try TrainingRun(
      plan, trainee: try BundledTrainee.make(), materials: TrainingMaterials(teacher: teacher),
      library: BundledTrainee.library, folder: folder, sink: log.sink)
    try await run.train()
  }

  private func teacher(_ name: String) throws -> any LanguageModel {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try ModelLoader.load(
      path: folder.appending(path: "Samples/Models/\(name)").path,
      options: EngineOptions(threads: 1))
  }

  /// Quantised weights can teach; the student comes nearer to them.
  @Test func aQuantisedTeacherIsLearnedFrom() async throws {
    let log = EventLog()
    let plan = TrainingPlan.small("distill", steps: 4) {
      $0[extra: "batch"] = 16
      $0.samples = 1
      $0[extra: "evaluate-every"] = 100
      $0[extra: "votes"] = 0
      $0[extra: "rate"] = 1e-3
      $0[extra: "max-completion-length"] = 60
    }
    try await train(plan, teacher: teacher("ponder-base-2m.Q8_0.gguf"), log: log)
    let divergences = log.trace.steps.sorted { $0.key < $1.key }
      .compactMap { $0.value.metrics["distill/kl"] }
    #expect(divergences.count == 4)
    #expect(try #require(divergences.last) < divergences[0])
    let start = try #require(log.trace.start)
    #expect(start.teacher?.fileType == "Q8_0")
    // What a student says to questions it was not taught is no copy of what it was.
    let taught = Set(log.trace.samples.values.joined().flatMap(\.samples).map(\.said.text))
    let probes = log.trace.probes[4]?.values.map(\.said.text) ?? []
    #expect(!probes.isEmpty)
    #expect(taught.isDisjoint(with: probes.filter { $0.count > 12 }))
  }

  @Test func anotherTeacherCannotGoOn() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "distill-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let plan = TrainingPlan.small("distill", steps: 1) {
      $0.samples = 1
      $0[extra: "votes"] = 0
    }
    let first = try teacher("ponder-base-0.4m.F16.gguf")
    try await train(plan, teacher: first, folder: folder, log: EventLog())
    var more = plan
    more.steps = 2
    let other = try teacher("ponder-base-0.9m.F16.gguf")
    await #expect {
      try await train(more, teacher: other, folder: folder, log: EventLog())
    } throws: { error in
      guard case CheckpointError.otherSettings(_, let changes) = error else { return false }
      return changes.map(\.name) == ["teacher's weights"]
    }
  }
}
