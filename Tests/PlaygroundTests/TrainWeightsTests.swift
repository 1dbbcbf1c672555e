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

/// What becomes of the weights of a step: opened, voted with, kept, trained further.
@Suite struct TrainWeightsTests: TrainTesting {
  /// The effects of opening the weights of a step, up to the model that is loaded.
  private func opened(_ key: KeyEvent, _ play: inout Play) -> TrainingWeights? {
    play.press(key)
    guard case .find(let weights, let errand)? = trainings(play).last, let first = weights.first
    else { return nil }
    play.send(.training(.found(errand, .done(first))))
    return first
  }

  private func load(_ play: Play) -> String? {
    for case .model(.load(let path)) in play.effects.reversed() { return path }
    return nil
  }

  @Test func enterOpensTheWeightsOfTheStepWithTheQuestion() {
    var play = play()
    play.press(.left, .left)
    #expect(opened(.enter, &play)?.step == 4)
    #expect(load(play) == "steps/apples+grpo@4.gguf")
    #expect(play.state.message == nil)
    #expect(play.state.screen == DecodeScreen.id)
    #expect(play.state.question == TrainingFixtures.probes[0])
  }

  /// Weights of a step that was not kept are never opened in silence.
  @Test func whatIsOpenedInAStepsPlaceIsTold() {
    var play = play()
    play.press(.left)
    #expect(opened(.enter, &play)?.step == 4)
    #expect(play.state.message?.text == "Step 5 is not kept: this is step 4.")
    #expect(play.state.message?.kind == .warning)
  }

  /// The base model votes first, then the step, both with the training's own prompt.
  @Test func votesAreTakenBeforeAndAfter() throws {
    var play = play()
    play.effects = []
    _ = opened(KeyEvent("v"), &play)
    #expect(play.state.screen == VotesScreen.id)
    // The model at hand is the one before training: it votes at once.
    let first = try #require(vote(play))
    #expect(first.settings.prompting == "plain")
    #expect(play.state.settings.prompting == nil)
    play.effects = []
    end(first.run, of: Fixtures.model.identity, answers: ["7", "7", "7", "11"], &play)
    #expect(load(play) == "steps/apples+grpo@6.gguf")
    var summary = Fixtures.summary
    summary.identity.hash = "hash6"
    summary.path = "steps/apples+grpo@6.gguf"
    play.effects = []
    play.send(.model(.ready(summary, Fixtures.model.vocabulary)))
    let second = try #require(vote(play))
    #expect(second.run != first.run)
    #expect(second.settings == first.settings)
    play.effects = []
    end(second.run, of: summary.identity, answers: ["11", "11", "11", "7"], &play)
    #expect(vote(play) == nil)
    let text = picture(play)
    #expect(text.contains(".250 (1 of 4)"))
    #expect(text.contains(".750 (3 of 4)"))
    // And back: step by step, then to what training began with.
    play.press(KeyEvent("<"))
    #expect(load(play) == "steps/apples+grpo@4.gguf")
    play.state.session.take(Fixtures.summary)
    play.state.session.take(summary)
    play.press(KeyEvent("B"))
    #expect(load(play) == Fixtures.summary.path)
  }

  /// A vote that is stopped is not followed by another.
  @Test func aStoppedVoteIsTheLast() throws {
    var play = play()
    _ = opened(KeyEvent("v"), &play)
    let first = try #require(vote(play))
    play.effects = []
    end(first.run, of: Fixtures.model.identity, answers: ["7"], reason: .cancelled, &play)
    #expect(play.effects.isEmpty)
  }

  private func vote(_ play: Play) -> (run: Int, settings: RunSettings)? {
    for case .run(.start(let run, "self-consistency", TrainingFixtures.probes[0], let settings, _))
      in play.effects.reversed()
    { return (run, settings) }
    return nil
  }

  /// A vote as its events tell of it.
  private func end(
    _ run: Int, of model: ModelIdentity, answers: [String], reason: RunEnd.Reason = .completed,
    _ play: inout Play
  ) {
    var settings = RunSettings(samples: answers.count)
    settings.prompting = "plain"
    let start = RunStart(
      strategy: "self-consistency", model: model, seed: settings.seed,
      question: TrainingFixtures.probes[0], settings: settings)
    var records = [TraceRecord(run: run, .run(start))]
    var tally = Tally(method: .majority, votes: [:], unparsed: 0, order: [])
    for (path, answer) in answers.enumerated() {
      records.append(
        TraceRecord(
          run: run,
          .pathFinished(
            PathEnd(
              path: path, end: .root, reason: "end_of_text", answer: answer, generated: 1))))
      tally.count(answer, weight: 1)
      records.append(TraceRecord(run: run, .tally(tally)))
    }
    records.append(
      TraceRecord(
        run: run,
        .finished(RunEnd(reason: reason, answer: nil, correct: nil, tokens: TokenCounts()))))
    play.send(.trace(records))
    play.send(.run(.ended(run: run, .done(()))))
  }

  @Test func weightsThatAreGoneAreTold() {
    var play = play()
    play.press(.enter)
    guard case .find(let weights, let errand)? = trainings(play).last else {
      Issue.record("The weights are not looked for.")
      return
    }
    // All before them would do, too, the nearest first.
    #expect(weights.map(\.step) == [6, 4, 2, 0])
    play.send(.training(.found(errand, .failed("The weights of step 6 are gone."))))
    #expect(play.state.message?.kind == .error)
    #expect(load(play) == nil)
    #expect(play.state.readyModel != nil)
  }

  /// A step's weights become a model that lists and the command line find.
  @Test(arguments: ["w", ":keep-model\r"]) func aStepIsKeptAsAModel(typed: String) {
    var play = play()
    for character in typed {
      play.press(character == "\r" ? .enter : KeyEvent(character))
    }
    guard case .keep(let weights, step: 6)? = trainings(play).last, let first = weights.first else {
      Issue.record("Nothing is kept.")
      return
    }
    #expect(first.step == 6)
    #expect(weights.last?.step == 2)
    let entry = Catalog.ModelEntry(name: first.name, path: "models/a.gguf", detail: "grpo")
    play.send(.training(.kept(step: 6, .done(KeptModel(step: 6, entry: entry)))))
    #expect(play.state.message?.text.contains("apples+grpo@6") == true)
    play.press(KeyEvent("m"))
    #expect(picture(play).contains("apples+grpo@6"))
    play.press(.escape)
    play.type(":model apples+grpo@6")
    play.press(.enter)
    #expect(load(play) == "models/a.gguf")
  }

  @Test func whatIsBeforeTrainingIsAModelAlready() {
    var play = play()
    play.press(.home, KeyEvent("w"))
    #expect(trainings(play).isEmpty)
    #expect(play.state.message?.text.contains("before training") == true)
  }

  /// With the weights of a step at hand, Space does not train those in silence.
  @Test func aStepIsTrainedFurtherOnlyWhenAskedTwice() throws {
    var play = play()
    var summary = Fixtures.summary
    summary.identity.hash = "hash6"
    play.send(.model(.ready(summary, Fixtures.model.vocabulary)))
    play.type(":rate 0.001")
    play.press(.enter)
    play.effects = []
    play.press(KeyEvent(" "))
    #expect(trainings(play).isEmpty)
    #expect(play.state.message?.text.contains("step 6 of a training of apples") == true)
    play.press(.up, KeyEvent(" "))
    #expect(trainings(play).isEmpty)
    play.press(KeyEvent(" "))
    guard case .start(_, let order, goesOn: false)? = trainings(play).last else {
      Issue.record("Nothing is trained.")
      return
    }
    #expect(order.settings[extra: "rate"] == 0.001)
  }
}
