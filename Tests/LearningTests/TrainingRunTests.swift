import Decoding
import Engine
import Foundation
import Problems
import Reasoning
import Testing
import Traces
import Training

@testable import Learning

@Suite struct TrainingRunTests {
  /// What a training leaves behind: its events, and the weights' digest.
  private func train(
    _ plan: TrainingPlan, threads: Int = 1
  ) async throws -> (events: [TrainingEvent], hash: String) {
    let log = EventLog()
    let trainee = try BundledTrainee.make(threads: threads)
    try await TrainingRun(plan, trainee: trainee, library: BundledTrainee.library, sink: log.sink)
      .train()
    return (log.events, trainee.model.identity.hash)
  }

  @Test func leavesAStartStepsEvaluationsAndAnEnd() async throws {
    let log = EventLog()
    let trainee = try BundledTrainee.make()
    let start = trainee.model.identity.hash
    let end = try await TrainingRun(
      .small("grpo", steps: 3), trainee: trainee, library: BundledTrainee.library, sink: log.sink
    ).train()
    #expect(end == TrainingEnd(reason: .completed, step: 3))
    let trace = log.trace
    #expect(trace.steps.keys.sorted() == [1, 2, 3])
    #expect(trace.evaluations.filter { $0.prompting == "plain" }.map(\.step) == [0, 2, 3])
    #expect(trace.evaluations.filter { $0.prompting == "think" }.map(\.step) == [0])
    #expect(trace.probes.keys.sorted() == [0, 2, 3])
    #expect(trace.votes.map(\.step) == [0, 3])
    #expect(trace.samples[2]?.first?.samples.count == 4)
    #expect(trainee.model.identity.hash != start)
    #expect(trainee.step == 3)
  }

  @Test func isTheSameAtAnyNumberOfThreads() async throws {
    let one = try await train(.small("grpo", steps: 2))
    let three = try await train(.small("grpo", steps: 2), threads: 3)
    #expect(one.events == three.events)
    #expect(one.hash == three.hash)
  }
}
