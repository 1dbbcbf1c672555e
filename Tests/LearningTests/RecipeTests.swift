import Foundation
import LearningFixtures
import Problems
import Reasoning
import Testing
import Traces
import Training

@testable import Learning

@Suite struct RecipeTests {
  @Test func namesAreDifferentFromEachOther() {
    #expect(Set(RecipeRegistry.names).count == RecipeRegistry.names.count)
    // A guide page is found by its name alone: what shares one is one method, trained and used.
    for name in RecipeRegistry.names where StrategyRegistry.names.contains(name) {
      let titles = [
        RecipeRegistry.description(of: name)?.title,
        StrategyRegistry.description(of: name)?.title,
      ]
      #expect(Set(titles).count == 1)
    }
  }

  @Test(arguments: RecipeRegistry.names) func settingsAreRowsOfTheTable(name: String) throws {
    let recipe = try #require(RecipeRegistry.description(of: name))
    let known = Set(SettingTable.training.map(\.name))
    #expect(Set(recipe.settings.map(\.name)).isSubset(of: known))
    #expect(Set(recipe.settings).count == recipe.settings.count)
    #expect(Set([Setting].ofEveryTraining).isSubset(of: recipe.settings))
  }

  /// A default that the setting would not take could not be asked for again.
  @Test(arguments: RecipeRegistry.names) func defaultsAreValues(name: String) throws {
    let recipe = try #require(RecipeRegistry.description(of: name))
    let used = TrainingSettings(RunSettings(), for: recipe).used
    for row in recipe.settings {
      guard let text = row.value(in: used) else { continue }
      var again = RunSettings()
      try row.set(text, in: &again)
      #expect(row.value(in: again) == text)
    }
  }

  @Test(arguments: RecipeRegistry.names) func whatIsAskedForComesBeforeDefaults(name: String) throws
  {
    let recipe = try #require(RecipeRegistry.description(of: name))
    var asked = RunSettings(seed: 9)
    asked[extra: "rate"] = 0.5
    let settings = TrainingSettings(asked, for: recipe)
    #expect(settings.rate == 0.5)
    #expect(settings.seed == 9)
  }

  @Test func rowsOfTrainingAreUnderstoodWhereTheyAreSaved() throws {
    var settings = RunSettings(seed: 3)
    try Setting.rate.set("0.0003", in: &settings)
    try Setting.loss.set("dr_grpo", in: &settings)
    try Setting.scaleRewards.set("none", in: &settings)
    try Setting.hints.set("on", in: &settings)
    let read = try JSONDecoder().decode(RunSettings.self, from: JSONEncoder().encode(settings))
    #expect(TrainingSettings(read).rate == 0.0003)
    #expect(TrainingSettings(read).loss == .drGRPO)
    #expect(TrainingSettings(read).scaling == RewardScaling.none)
    #expect(TrainingSettings(read).hints)
  }

  /// Something has to be left to learn: a share that cannot be had is refused, not made smaller.
  @Test func replayLeavesATenthAtLeast() throws {
    var settings = RunSettings()
    #expect(throws: (any Error).self) { try Setting.replay.set("0.95", in: &settings) }
    try Setting.replay.set("0.9", in: &settings)
    #expect(TrainingSettings(settings).replayed(beside: 10) == 90)
    // No file that was written by hand makes a step endless.
    settings[extra: "replay"] = 1.0
    #expect(TrainingSettings(settings).replayed(beside: 10) == 90)
    settings[extra: "replay"] = -1.0
    #expect(TrainingSettings(settings).replayed(beside: 10) == 0)
  }

  /// The rate rises over the first steps; where it falls, it would reach 0 behind the last one.
  @Test func theRateFollowsItsCourse() throws {
    func rates(_ course: RateCourse) throws -> [Double] {
      let plan = TrainingPlan.small("grpo", steps: 6) {
        $0[extra: "rate"] = 1.0
        $0[extra: "schedule"] = course
        $0[extra: "warmup"] = 2
      }
      let run = try TrainingRun(
        plan, trainee: TwoQuestions.trainee(), library: BundledTrainee.library
      ) { _ in }
      return (1...6).map { run.rate(of: 1, at: $0, of: 6) }
    }
    #expect(try rates(.constant) == [0.5, 1, 1, 1, 1, 1])
    #expect(try rates(.linear) == [0.5, 1, 1, 0.75, 0.5, 0.25])
  }
}
