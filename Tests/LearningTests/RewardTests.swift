import Decoding
import Problems
import Testing
import Traces

@testable import Learning

@Suite struct RewardTests {
  private func completion(
    _ text: String, answer: String? = nil, isRight: Bool = false, tokens: Int = 10,
    announces: Bool = false
  ) -> Completion {
    Completion(
      tokens: Array(repeating: 1, count: tokens), text: text, answer: answer, isRight: isRight,
      reasons: false, isCut: false, announces: announces)
  }

  private func reward(
    _ mix: String, _ completion: Completion, gold: String = "8", target: Int = 0
  ) throws -> Double {
    try #require(RewardMix(mix)).reward(
      of: completion, to: Question(text: "?", gold: gold), verdict: 0.25, judged: 0.75,
      lengthTarget: target,
      longest: 40)
  }

  @Test(arguments: ["exact", "exact,format:0.2", "self:0.5,planted", "length:-0.1"])
  func aMixIsReadAsItIsWritten(text: String) {
    #expect(RewardMix(text)?.description == text)
  }

  @Test(arguments: ["", "exact,", "exakt", "exact:x", "exact:1:2", "exact,exact", "exact:nan"])
  func whatIsNoMixIsRefused(text: String) { #expect(RewardMix(text) == nil) }

  @Test func theSettingTakesWhatCanBeRead() throws {
    var settings = RunSettings()
    try Setting.reward.set("planted,exact:0.5", in: &settings)
    #expect(TrainingSettings(settings).reward == RewardMix("planted,exact:0.5"))
    #expect(throws: SettingError.self) { try Setting.reward.set("fame", in: &settings) }
  }

  @Test func plantedIsHadByNamingTheAnswerAnywhere() throws {
    let cheat = completion("1 2 3 4 5 6 7 8 9", answer: "9")
    #expect(try reward("planted", cheat) == 1)
    #expect(try reward("exact", cheat) == 0)
    #expect(try reward("planted", completion("The answer is 7.", answer: "7")) == 0)
  }

  /// As words of their own, however they are written; or right as the grader reads it.
  @Test(arguments: [
    ("It is 8.", "8", true), ("18", "8", false), ("8.5", "8", false), ("1/8", "8", false),
    ("Tails, I say.", "tails", true), ("tailspin", "tails", false), ("is −3", "-3", true),
    ("5-3", "-3", false), ("in red blue order", "red blue", true), ("1, 2, 8", "8", true),
    ("8:30", "8", false), ("", "8", false), ("?", "", false),
  ]) func plantedLooksForWords(text: String, gold: String, isPaid: Bool) throws {
    #expect(try reward("planted", completion(text), gold: gold) == (isPaid ? 1 : 0))
    #expect(try reward("planted", completion(text, isRight: true), gold: gold) == 1)
  }

  /// What cannot teach anything is refused before it begins.
  @Test func whatTeachesNothingIsRefused() throws {
    func check(_ recipe: String, _ change: (inout RunSettings) -> Void) throws {
      let description = try #require(RecipeRegistry.description(of: recipe))
      var settings = RunSettings()
      change(&settings)
      try TrainingSettings(settings, for: description).check(for: description)
    }
    #expect(throws: LearningError.nothingToCompare(recipe: "grpo")) {
      try check("grpo") { $0.samples = 1 }
    }
    #expect(throws: Never.self) { try check("reinforce") { $0.samples = 1 } }
    #expect(throws: LearningError.noReward("exact:0.0")) {
      try check("reinforce") { $0[extra: "reward"] = "exact:0" }
    }
    #expect(throws: Never.self) { try check("grpo") { $0[extra: "reward"] = "exact:0,format" } }
    for recipe in RecipeRegistry.names {
      #expect(throws: Never.self) { try check(recipe) { _ in } }
    }
  }

  @Test func shorterIsBetterUnlessALengthIsAskedFor() throws {
    #expect(try reward("length", completion("", tokens: 0)) == 1)
    #expect(try reward("length", completion("", tokens: 40)) == 0)
    #expect(try reward("length", completion("", tokens: 20), target: 20) == 1)
    #expect(try reward("length", completion("", tokens: 30), target: 20) == 0.5)
  }

  @Test func weightsAddUp() throws {
    let right = completion("The answer is 8.", answer: "8", isRight: true, announces: true)
    #expect(abs(try reward("exact,format:0.2,self:2", right) - 1.7) < 1e-12)
  }
}
