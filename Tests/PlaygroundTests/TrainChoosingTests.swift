import Decoding
import Foundation
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Learning
@testable import Playground
@testable import Problems
@testable import Traces

/// What is trained next: from the list, and from the command line.
@Suite struct TrainChoosingTests: TrainTesting {
  /// What the trace says in words is what was asked.
  @Test(arguments: [
    TrainingOrder.Source.families(["story"], levels: nil),
    .families(["story", "expr", "coin"], levels: 2...2), .families(["lookup"], levels: 1...3),
    .file("own problems.jsonl"), .file("a,b.jsonl"),
  ])
  func problemsInWordsReadBack(source: TrainingOrder.Source) {
    let order = TrainingOrder(recipe: "grpo", source: source, steps: 4)
    #expect(TrainingOrder.Source(order.problems) == source)
  }

  @Test func familiesAreChosenFromAList() throws {
    var play = Play(80, 24)
    play.press(KeyEvent("9"), KeyEvent("n"))
    let chooser = try #require(play.state.popups.last as? TrainingChooser)
    let count = try #require(chooser.list(play.state)?.count)
    for _ in 0..<count {
      play.press(.down)
      if picture(play).contains("▸ problems  □ addition") { break }
    }
    play.press(KeyEvent(" "), .escape)
    #expect(train(play).order.problems.contains("addition"))
    play.press(KeyEvent(" "))
    guard case .start(_, let order, _)? = trainings(play).last,
      case .families(let names, _) = order.source
    else {
      Issue.record("Nothing starts.")
      return
    }
    #expect(names.contains("addition"))
  }

  /// While a training is under way, the chooser has its keys for itself, and what is chosen comes next.
  @Test func whatIsChosenDuringATrainingComesNext() throws {
    var play = try started()
    let number = try #require(train(play).activity?.number)
    play.press(KeyEvent("n"))
    #expect(play.state.popups.last is TrainingChooser)
    play.press(.up, KeyEvent(" "), .escape)
    #expect(trainings(play).count == 1)
    #expect(train(play).activity?.isStopping == false)
    #expect(train(play).training.start?.recipe == "grpo")
    play.send(.trace(TrainingFixtures.records(number: number)))
    play.send(.training(.ended(number, .done(.completed))))
    play.press(KeyEvent(" "))
    guard case .start(let next, let order, goesOn: false)? = trainings(play).last else {
      Issue.record("What was chosen is not trained.")
      return
    }
    #expect(next != number)
    #expect(order.recipe == "reft")
  }

  @Test func settingsAreOpenDuringATraining() throws {
    var play = try started()
    play.press(KeyEvent("s"))
    #expect(play.settings != nil)
    play.press(.up, .down, .escape)
    #expect(train(play).activity?.isStopping == false)
  }

  /// What matters most is in the chooser: steps along the values, and any value typed.
  @Test func theRewardIsChosenAndARateTyped() throws {
    var play = Play(80, 40)
    play.press(KeyEvent("9"), KeyEvent("n"))
    // From the chosen recipe past the others and the steps to the reward.
    let chosen = try #require(RecipeRegistry.names.firstIndex(of: train(play).order.recipe))
    for _ in chosen..<RecipeRegistry.names.count + 1 { play.press(.down) }
    play.press(.right)
    #expect(TrainingSettings(train(play).order.used).reward != .exact)
    play.press(.down, .enter)
    play.type("0.002")
    play.press(.enter)
    #expect(TrainingSettings(train(play).order.used).rate == 0.002)
    play.press(.enter)
    play.type("fast")
    play.press(.enter)
    #expect(picture(play).contains("rate must be"))
    #expect(TrainingSettings(train(play).order.used).rate == 0.002)
    // The first Esc leaves the field, the second the list.
    play.press(.escape, .down, .down, .down, .enter)
    play.type("own.jsonl")
    play.press(.enter, .escape)
    #expect(train(play).order.source == .file("own.jsonl"))
    #expect(play.state.popups.isEmpty)
    #expect(picture(play).contains("reward format"))
  }

  @Test(arguments: SettingTable.training.map(\.name))
  func everySettingOfTrainingIsFoundAndSet(name: String) throws {
    let setting = try #require(SettingTable.training[name])
    let value = SettingTable.standard[name] == nil ? setting.names.last : nil
    var play = Play(80, 24)
    play.press(KeyEvent("9"))
    play.type(":\(name)")
    #expect(picture(play).contains(name))
    play.press(.escape)
    guard let value,
      let recipe = RecipeRegistry.all.first(where: { $0.description.settings.contains(setting) })
    else { return }
    play.state[TrainScreen.self].change { $0.choose(recipe: recipe.description.name) }
    for line in [":\(name) \(value)", ":set \(name) \(value)"] {
      play.type(line)
      play.press(.enter)
      #expect(setting.text(of: train(play).order.settings) == value)
      play.state[TrainScreen.self].change { setting.reset(&$0.settings) }
    }
  }

  @Test func aSettingThatTheRecipeDoesNotUseIsRefused() {
    var play = Play(80, 24)
    play.state[TrainScreen.self].change { $0.choose(recipe: "sft") }
    play.type(":reward planted")
    play.press(.enter)
    #expect(play.line?.error?.contains("sft does not use reward") == true)
  }

  /// Settings that runs have too are those of the screen that one looks at.
  @Test func settingsOfRunsStayThoseOfRunsElsewhere() {
    var play = Play(80, 24)
    play.type(":samples 5")
    play.press(.enter)
    #expect(play.state.settings.samples == 5)
    play.press(KeyEvent("9"))
    play.type(":samples 3")
    play.press(.enter)
    #expect(play.state.settings.samples == 5)
    #expect(train(play).order.settings.samples == 3)
  }

  @Test func theCommandLineTakesAFile() {
    var play = Play(80, 24)
    play.type(":train-on own.jsonl")
    play.press(.enter)
    #expect(play.state.screen == TrainScreen.id)
    #expect(train(play).order.source == .file("own.jsonl"))
    play.type(":train-on coin, story")
    play.press(.enter)
    #expect(train(play).order.source == .families(["coin", "story"], levels: nil))
  }
}
