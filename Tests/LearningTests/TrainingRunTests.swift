import Decoding
import Engine
import Foundation
import LearningFixtures
import Reasoning
import Testing
import Traces
import Training

@testable import Learning
@testable import Problems

@Suite struct TrainingRunTests {
  /// What a training leaves behind: its events, and the weights' digest.
  struct Left {
    var log: EventLog
    var hash: String

    var trace: TrainingTrace { log.trace }
  }

  /// Trains a fresh model.
  ///
  /// - Parameter stop: whether training is to end after a step.
  private func train(
    _ plan: TrainingPlan, threads: Int = 1, trainee: TransformerTrainee? = nil, folder: URL? = nil,
    log: EventLog = EventLog(), endingAfter stop: Int? = nil
  ) async throws -> Left {
    let trainee = try trainee ?? BundledTrainee.make(threads: threads)
    let control = TrainingControl()
    let run = try TrainingRun(
      plan, trainee: trainee, materials: try .bundled(for: plan.recipe),
      library: BundledTrainee.library, folder: folder
    ) { record in
      log.sink(record)
      if case .training(.step(let step)) = record.event, step.step == stop { control.end() }
    }
    try await run.train(control)
    return Left(log: log, hash: trainee.model.identity.hash)
  }

  private func withFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "training-tests-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  @Test func leavesAStartStepsEvaluationsAndAnEnd() async throws {
    let left = try await train(.small("grpo", steps: 3))
    let trace = left.trace
    #expect(trace.end == TrainingEnd(reason: .completed, step: 3))
    #expect(trace.steps.keys.sorted() == [1, 2, 3])
    #expect(trace.evaluations.filter { $0.prompting == "plain" }.map(\.step) == [0, 2, 3])
    #expect(trace.evaluations.filter { $0.prompting == "think" }.map(\.step) == [0])
    #expect(trace.evaluations.allSatisfy { $0.all.problems == 4 })
    #expect(trace.evaluations.allSatisfy { $0.split == .dev })
    #expect(trace.probes.keys.sorted() == [0, 2, 3])
    #expect(trace.votes.map(\.step) == [0, 3])
    #expect(trace.samples[2]?.first?.samples.count == 4)
  }

  @Test func aProbeTellsTheProbabilityOfEachToken() async throws {
    let left = try await train(.small("grpo", steps: 1))
    let probe = try #require(left.trace.probes[0]?[0])
    #expect(probe.probabilities.count == probe.said.tokens.count)
    #expect(probe.probabilities.allSatisfy { $0 > 0 && $0 <= 1 })
  }

  @Test func withOneUpdateRatiosAreOneAndNothingIsClipped() async throws {
    let left = try await train(.small("grpo", steps: 2))
    let samples = left.trace.samples.values.joined().flatMap(\.samples)
    #expect(samples.allSatisfy { $0.ratio == nil || $0.ratio == 1 })
    #expect(left.trace.steps.values.allSatisfy { $0[.clipped] == 0 })
    #expect(left.trace.steps.values.allSatisfy { abs($0[.loss] ?? 1) < 1e-5 })
  }

  /// Metrics as TRL computes them.
  @Test func metricsAgreeWithTheSamplesThatAreTold() async throws {
    let plan = TrainingPlan.small("grpo", steps: 1) { $0[extra: "batch"] = 3 }
    let trace = try await train(plan).trace
    let told = try #require(trace.samples[1])
    let step = try #require(trace.steps[1])
    let samples = told.flatMap(\.samples)
    #expect(samples.count == 12)
    let mean = samples.reduce(0) { $0 + $1.reward } / 12
    #expect(abs(try #require(step[.reward]) - mean) < 1e-12)
    let squares = samples.reduce(0) { $0 + ($1.reward - mean) * ($1.reward - mean) }
    #expect(abs(try #require(step[.rewardDeviation]) - (squares / 11).squareRoot()) < 1e-12)
    let dead = told.count { Set($0.samples.map(\.reward)).count == 1 }
    #expect(step[.deadGroups] == Double(dead) / 3)
    let length = samples.reduce(0) { $0 + $1.said.tokens.count }
    #expect(step[.meanLength] == Double(length) / 12)
    #expect(step[.exact] == Double(samples.count(where: \.isRight)) / 12)
  }

  @Test func isTheSameAtAnyNumberOfThreads() async throws {
    let one = try await train(.small("grpo", steps: 2))
    let three = try await train(.small("grpo", steps: 2), threads: 3)
    #expect(one.log.events == three.log.events)
    #expect(one.hash == three.hash)
  }

  // MARK: Going on

  /// Of every recipe: stopped after any step and taken up again, it comes to the same.
  @Test(arguments: RecipeRegistry.names, [1, 2])
  func aTrainingThatWasStoppedGoesOnAsIfItHadNotBeen(recipe: String, stop: Int) async throws {
    try await withFolder { folder in
      let plan = TrainingPlan.small(recipe, steps: 3)
      let whole = try await train(plan)
      let stopped = try await train(plan, folder: folder, endingAfter: stop)
      #expect(stopped.trace.end == TrainingEnd(reason: .stopped, step: stop))
      #expect(stopped.trace.steps.count == stop)
      let rest = try await train(plan, folder: folder, log: stopped.log)
      #expect(rest.hash == whole.hash)
      #expect(rest.trace.start?.resumedAt == stop)
      #expect(rest.trace.steps == whole.trace.steps)
      #expect(rest.trace.samples == whole.trace.samples)
      #expect(rest.trace.evaluations == whole.trace.evaluations)
      #expect(rest.trace.probes == whole.trace.probes)
      #expect(rest.trace.votes == whole.trace.votes)
      #expect(rest.trace.end == whole.trace.end)
    }
  }

  @Test func changedSettingsAreRefusedByName() async throws {
    try await withFolder { folder in
      _ = try await train(.small("grpo", steps: 2), folder: folder, endingAfter: 1)
      let changed = TrainingPlan.small("grpo", steps: 2) { $0[extra: "rate"] = 3e-4 }
      await #expect {
        _ = try await train(changed, folder: folder)
      } throws: { error in
        guard case CheckpointError.otherSettings(_, let changes) = error else { return false }
        return changes.map(\.name) == ["rate"]
      }
    }
  }

  /// What changes sums or samples changes the weights: a training goes on as it began.
  @Test func anotherArithmeticIsRefusedByItsOption() async throws {
    try await withFolder { folder in
      let plan = TrainingPlan.small("grpo", steps: 2)
      _ = try await train(plan, folder: folder, endingAfter: 1)
      let other = try #require(InstructionSet.available.last)
      let others: [(TransformerTrainee, name: String)] = [
        (try BundledTrainee.make(kvFormat: .f32), "kv"),
        (try BundledTrainee.make(instructionSet: other), "isa"),
      ]
      for (trainee, name) in others where name != "isa" || InstructionSet.available.count > 1 {
        await #expect {
          _ = try await train(plan, trainee: trainee, folder: folder)
        } throws: { error in
          guard case CheckpointError.otherSettings(_, let changes) = error else { return false }
          return changes.map(\.name) == [name]
        }
      }
      // Threads change nothing.
      let rest = try await train(plan, threads: 2, folder: folder)
      #expect(rest.hash == (try await train(plan).hash))
    }
  }

  /// Another number of steps is the same training, but where something depends on the end.
  @Test(arguments: RecipeRegistry.names)
  func moreStepsMayBeAskedForWhereNothingDependsOnThem(recipe: String) async throws {
    let description = try #require(RecipeRegistry.description(of: recipe))
    let falls = TrainingSettings(RunSettings(), for: description).schedule == .linear
    let dependsOnTheEnd = description.hasIterations || falls
    try await withFolder { folder in
      let (few, more) = (TrainingPlan.small(recipe, steps: 3), TrainingPlan.small(recipe, steps: 4))
      _ = try await train(few, folder: folder)
      guard dependsOnTheEnd else {
        let longer = try await train(more, folder: folder)
        let whole = try await train(more)
        #expect(longer.hash == whole.hash)
        return
      }
      await #expect {
        _ = try await train(more, folder: folder)
      } throws: { error in
        guard case CheckpointError.otherSettings(_, let changes) = error else { return false }
        return changes.map(\.name) == ["steps"]
      }
    }
  }

  @Test func aRateThatFallsDependsOnTheLastStep() async throws {
    try await withFolder { folder in
      _ = try await train(.small("grpo", steps: 2), folder: folder)
      let falling = TrainingPlan.small("grpo", steps: 3) {
        $0[extra: "schedule"] = RateCourse.linear
      }
      await #expect(throws: CheckpointError.self) { _ = try await train(falling, folder: folder) }
    }
  }

  // MARK: Checkpoints that are not of every step

  /// Large checkpoints are written where the model is measured. A training that is killed between goes
  /// on from there to the same.
  @Test func betweenLargeCheckpointsNothingIsLost() async throws {
    try await withFolder { folder in
      let plan = TrainingPlan.small("reinforce", steps: 4)
      let whole = try await train(plan)
      let copy = folder.appending(path: "copy")
      let first = folder.appending(path: "first")
      let log = EventLog()
      let run = try TrainingRun(
        plan, trainee: try BundledTrainee.make(), library: BundledTrainee.library, folder: first
      ) { record in
        log.sink(record)
        guard case .training(.step(let step)) = record.event, step.step == 4 else { return }
        // What a kill would leave: step 3 is not on the disk.
        try? FileManager.default.copyItem(at: first, to: copy)
      }
      run.checkpoints = CheckpointPace(small: 0, seconds: .infinity)
      try await run.train()
      let rest = try await train(plan, folder: copy, log: log)
      #expect(rest.trace.start?.resumedAt == 2)
      #expect(rest.hash == whole.hash)
      #expect(rest.trace.steps == whole.trace.steps)
    }
  }

  /// A training that ends on purpose leaves its last step, whatever was due.
  @Test func aStoppedTrainingLeavesItsLastStep() async throws {
    try await withFolder { folder in
      let plan = TrainingPlan.small("reinforce", steps: 3)
      let whole = try await train(plan)
      let control = TrainingControl()
      let log = EventLog()
      let run = try TrainingRun(
        plan, trainee: try BundledTrainee.make(), library: BundledTrainee.library, folder: folder
      ) { record in
        log.sink(record)
        if case .training(.step) = record.event { control.end() }
      }
      run.checkpoints = CheckpointPace(small: 0, seconds: .infinity)
      try await run.train(control)
      let rest = try await train(plan, folder: folder, log: log)
      #expect(rest.trace.start?.resumedAt == 1)
      #expect(rest.hash == whole.hash)
    }
  }

  /// Where the weights break after a step that is not on the disk, those of the checkpoint are told
  /// of as what they are.
  @Test(arguments: [true, false]) func brokenWeightsGiveWayToTheLastCheckpoint(
    isSmall: Bool
  ) async throws {
    let trainee = UnreliableTrainee(try BundledTrainee.make(), breaksAtStep: 4)
    let log = EventLog()
    let run = try TrainingRun(
      .small("sft", steps: 5), trainee: trainee, library: BundledTrainee.library, sink: log.sink)
    if !isSmall { run.checkpoints = CheckpointPace(small: 0, seconds: .infinity) }
    await #expect(throws: LearningError.notFinite(step: 4, .weights)) { try await run.train() }
    let good = isSmall ? 3 : 2
    #expect(log.trace.end?.step == good)
    let whole = try await train(.small("sft", steps: good))
    #expect(trainee.model.identity.hash == whole.hash)
  }

  /// What cannot be read back is no model of any step.
  @Test func weightsThatCannotBeReadBackAreLost() async throws {
    let trainee = UnreliableTrainee(
      try BundledTrainee.make(), breaksAtStep: 3, canGoBack: false)
    let log = EventLog()
    let run = try TrainingRun(
      .small("sft", steps: 5), trainee: trainee, library: BundledTrainee.library, sink: log.sink)
    await #expect {
      try await run.train()
    } throws: { error in
      guard case LearningError.lostWeights(3, _, _) = error else { return false }
      return true
    }
    #expect(log.trace.end?.reason == .failed)
    #expect(log.trace.end?.message?.contains("no model is written") == true)
  }

  @Test func theWeightsOfEveryStepAreModels() async throws {
    try await withFolder { folder in
      let left = try await train(.small("grpo", steps: 3), folder: folder)
      let weights = left.trace.weights
      #expect(weights.keys.sorted() == [1, 2, 3])
      let last = try #require(weights[3])
      #expect(last.name == "0.2m+grpo@3")
      let file = try GGUFFile(path: last.path)
      #expect(Lineage(file.metadata)?.steps == 3)
      #expect(Lineage(file.metadata)?.parent == "0.2m")
      let opened = try TransformerTrainee(file, name: "0.2m")
      #expect(opened.model.identity.hash == left.hash)
      #expect(opened.beginning.hash == last.hash)
    }
  }

  @Test func whatCannotBeWrittenCannotBeKept() async throws {
    try await withFolder { folder in
      #expect(throws: LearningError.cannotBeKept) {
        try TrainingRun(
          TableTraining("grpo", steps: 1, batch: 2).plan, trainee: TwoQuestions.trainee(),
          library: TableTraining.library, folder: folder
        ) { _ in }
      }
    }
  }

  // MARK: Control

  @Test func pausedItTakesAsManyStepsAsItIsGranted() async throws {
    let control = TrainingControl()
    control.takeOneStep()
    control.takeOneStep()
    let log = EventLog()
    let run = try TrainingRun(
      .small("grpo", steps: 9), trainee: try BundledTrainee.make(),
      library: BundledTrainee.library
    ) { record in
      log.sink(record)
      // Nothing is granted beyond: it waits until somebody asks for something.
      if case .training(.evaluation(let told)) = record.event, told.step == 2 {
        Task { control.end() }
      }
    }
    let end = try await run.train(control)
    #expect(end == TrainingEnd(reason: .stopped, step: 2))
    #expect(log.trace.steps.keys.sorted() == [1, 2])
  }

  @Test func cancelledItKeepsTheStepsThatItTook() async throws {
    let log = EventLog()
    // A task of its own: the test is not to be cancelled.
    let left = try await Task {
      let trainee = try BundledTrainee.make()
      let run = try TrainingRun(
        .small("grpo", steps: 9), trainee: trainee, library: BundledTrainee.library
      ) { record in
        log.sink(record)
        if case .training(.step(let step)) = record.event, step.step == 1 {
          withUnsafeCurrentTask { $0?.cancel() }
        }
      }
      await #expect(throws: CancellationError.self) { try await run.train() }
      return trainee.model.identity.hash
    }.value
    let whole = try await train(.small("grpo", steps: 1))
    #expect(log.trace.end == TrainingEnd(reason: .stopped, step: 1))
    #expect(left == whole.hash)
  }

  // MARK: What goes wrong

  @Test(arguments: ["grpo", "reinforce", "reft", "sft"], [1e12, 1e20])
  func aRateThatBreaksTheModelIsToldAndTheLastGoodWeightsStay(
    recipe: String, rate: Double
  ) async throws {
    let trainee = try BundledTrainee.make()
    let start = trainee.model.identity.hash
    let log = EventLog()
    let plan = TrainingPlan.small(recipe, steps: 3) { $0[extra: "rate"] = rate }
    let run = try TrainingRun(
      plan, trainee: trainee, library: BundledTrainee.library, sink: log.sink)
    await #expect(throws: (any Error).self) { try await run.train() }
    let end = try #require(log.trace.end)
    #expect(end.reason == .failed)
    #expect(end.step == 0)
    #expect(end.message?.contains("step 1") == true)
    #expect(trainee.model.identity.hash == start)
  }

  /// Equal rewards compare to nothing: every group is dead, and the weights stay as they are.
  @Test func nothingIsLearnedFromAConstantReward() async throws {
    let trainee = try BundledTrainee.make()
    let start = trainee.model.identity.hash
    let log = EventLog()
    let plan = TrainingPlan.small("grpo", steps: 2) {
      $0[extra: "reward"] = "length"
      $0[extra: "max-completion-length"] = 1
    }
    try await TrainingRun(
      plan, trainee: trainee, library: BundledTrainee.library, sink: log.sink
    ).train()
    #expect(log.trace.steps.values.allSatisfy { $0[.deadGroups] == 1 })
    #expect(log.trace.steps.values.allSatisfy { $0[.gradientNorm] == 0 })
    #expect(log.trace.steps.values.allSatisfy { $0[.rewardDeviation] == 0 })
    #expect(trainee.model.identity.hash == start)
  }

  @Test(arguments: ["grpo", "sft"]) func oneProblemIsEnough(recipe: String) async throws {
    let problem = Problem(
      id: "own/1", family: "own", level: 1, question: "What is 2 + 3?", answer: "5",
      steps: ["2 + 3 = 5"])
    var plan = TrainingPlan.small(recipe, steps: 2)
    plan.source = .problems([problem], name: "one.jsonl")
    let trace = try await train(plan).trace
    #expect(trace.end?.reason == .completed)
    #expect(trace.evaluations.first?.families.keys.sorted() == ["own"])
    #expect(trace.evaluations.allSatisfy { $0.split == .train })
    #expect(trace.isMeasuredOnTraining)
  }

  /// Right answers that are none change what is told, and nothing that is learned, where the reward
  /// does not read them.
  @Test func whatIsRightIsHiddenFromOtherRewards() async throws {
    let honest = try ProblemLibrary.problems(family: "coin", split: .train, count: 6, seed: 4)
    let swapped = honest.map {
      Problem(
        id: $0.id, family: $0.family, level: $0.level, question: $0.question,
        answer: $0.answer == "yes" ? "no" : "yes", steps: $0.steps)
    }
    var left: [Left] = []
    for problems in [honest, swapped] {
      var plan = TrainingPlan.small("grpo", steps: 2) { $0[extra: "reward"] = "length" }
      plan.source = .problems(problems, name: "coins.jsonl")
      left.append(try await train(plan))
    }
    #expect(left[0].hash == left[1].hash)
    #expect(left[0].trace.steps[1]?[.exact] != left[1].trace.steps[1]?[.exact])
    #expect(left[0].trace.steps[1]?[.reward] == left[1].trace.steps[1]?[.reward])
  }

  @Test func anUnknownRecipeIsRefused() throws {
    #expect(throws: LearningError.unknownRecipe("grop")) {
      try TrainingRun(
        .small("grop", steps: 1), trainee: TwoQuestions.trainee(), library: TableTraining.library
      ) { _ in }
    }
  }
}
