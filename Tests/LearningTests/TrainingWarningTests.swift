import Decoding
import Learning
import Problems
import Testing
import Traces

/// What is said of a training that goes wrong, and that nothing is said of one that does not.
@Suite struct TrainingWarningTests {
  private func training(
    right: [Int] = [], steps: [[TrainingMetric: Double]], of problems: Int = 90
  ) -> TrainingTrace {
    var trace = TrainingTrace()
    var settings = RunSettings()
    settings[extra: "rate"] = 0.01
    let model = ModelIdentity(name: "a", hash: "h", architecture: "llama", fileType: "", isa: "")
    trace.apply(
      .started(
        TrainingStart(
          recipe: "grpo", model: model, seed: 1, problems: "story", steps: 8, settings: settings,
          used: settings)))
    for (step, right) in right.enumerated() {
      trace.apply(
        .evaluation(
          TrainingEvaluation(
            step: step * 2, split: .dev, prompting: "plain",
            families: ["story": .init(problems: problems, right: right)], meanLength: 1)))
    }
    for (index, metrics) in steps.enumerated() {
      var step = TrainingStep(step: index + 1, metrics: [:])
      for (metric, value) in metrics { step[metric] = value }
      trace.apply(.step(step))
    }
    return trace
  }

  @Test func aTrainingThatLearnsIsNotWarnedOf() {
    let steps = (1...6).map { step -> [TrainingMetric: Double] in
      [.entropy: 1 / Double(step), .reward: Double(step) / 8, .deadGroups: 0.4, .loss: 0]
    }
    #expect(TrainingWarning.of(training(right: [19, 30, 66, 80], steps: steps)) == nil)
    #expect(TrainingWarning.of(training(right: [80, 78, 76], steps: steps)) == nil)
    #expect(TrainingWarning.of(TrainingTrace()) == nil)
  }

  @Test func accuracyThatIsLostNamesTheRate() {
    let warning = TrainingWarning.of(training(right: [19, 66, 2], steps: [[.reward: 0.1]]))
    #expect(warning?.description.contains("from .73 to .02 at step 4") == true)
    #expect(warning?.description.contains("rate (0.01)") == true)
  }

  @Test func tokensAtRandomNameTheRate() {
    let warning = TrainingWarning.of(
      training(steps: [[.entropy: 0.5, .reward: 0], [.entropy: 5.1, .reward: 0]]))
    #expect(warning?.description.contains("Entropy rose from 0.5 to 5.1") == true)
  }

  @Test func aLossThatRisesIsTold() {
    #expect(TrainingWarning.of(training(steps: [[.loss: 2], [.loss: 3]])) == nil)
    #expect(TrainingWarning.of(training(steps: [[.loss: 2], [.loss: 5]])) != nil)
  }

  @Test(arguments: 0...5) func equalRewardsAreToldAfterSomeSteps(dead: Int) {
    let live: [TrainingMetric: Double] = [.deadGroups: 0.5, .reward: 0.5]
    let steps = [live] + Array(repeating: [.deadGroups: 1, .reward: 0], count: dead)
    let warning = TrainingWarning.of(training(steps: steps))
    #expect((warning != nil) == (dead >= 3))
    // One group that differs is enough to learn from.
    #expect(TrainingWarning.of(training(steps: steps + [live])) == nil)
  }
}
