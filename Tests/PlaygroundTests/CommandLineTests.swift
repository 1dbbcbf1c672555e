import TerminalUI
import Testing

@testable import Playground
@testable import Reasoning
@testable import Traces

@Suite struct CommandLineTests {
  private func parse(_ line: String) -> Result<TypedCommand, CommandLineError> {
    do {
      return .success(try TypedCommand(parsing: line))
    } catch {
      return .failure(error)
    }
  }

  @Test(arguments: [
    (":problem apples", TypedCommand.problem(id: "apples")),
    ("  question  What is 2 + 2? ", .question("What is 2 + 2?")),
    ("prompt Q: hello", .prompt("Q: hello")),
    ("strategy greedy", .strategy("greedy")),
    ("temperature 0.7", .set(.temperature, "0.7")),
    ("temp 0.7", .set(.temperature, "0.7")),
    ("top-k off", .set(.topK, "off")),
    ("max-tokens 12", .set(.maxTokens, "12")),
    ("model ~/a b.gguf", .model("~/a b.gguf")),
    ("votes", .screen(.votes)),
    ("q", .quit), ("h", .help),
  ])
  func lineMeansCommand(line: String, command: TypedCommand) {
    #expect(parse(line) == .success(command))
  }

  @Test(arguments: [
    ("temprature 1", "there is no command “temprature”; did you mean temperature?"),
    ("strategy gredy", "there is no strategy “gredy”; did you mean greedy?"),
    ("zzzzzzzzzz", "there is no command “zzzzzzzzzz”"),
    ("strategy", "strategy needs a value: :strategy NAME"),
    ("quit now", "quit takes no argument; omit “now”"),
    ("top 3", "“top” could be top-k, top-p"),
    (":", "type a command; Tab lists them"),
  ])
  func errorSaysWhatIsWrong(line: String, error: String) {
    #expect(parse(line) == .failure(CommandLineError(error)))
  }

  @Test func everyWordParses() {
    for word in TypedCommand.words() {
      let values: [TypedCommand.Word.Argument: String] = [
        .run: "3", .recipe: "grpo", .assignment: "seed 3",
      ]
      let value = values[word.argument] ?? "greedy"
      let line = word.argument == .none ? word.name : "\(word.name) \(value)"
      if case .failure(let error) = parse(line) { Issue.record("\(line): \(error)") }
    }
  }

  // MARK: On the command line

  @Test func typedCommandChangesSetting() {
    var play = Play(80, 24)
    play.type(":temperature 1.2")
    play.press(.enter)
    #expect(play.state.popups.isEmpty)
    #expect(play.state.settings.temperature == 1.2)
    #expect(play.state.message?.text == "temperature is now 1.2.")
  }

  @Test func errorStaysOnTheLineUntilTheNextKey() {
    var play = Play(80, 24)
    play.type(":temperature hot")
    play.press(.enter)
    #expect(play.line?.error == "temperature must be a number from 0 to 1000, not “hot”")
    #expect(play.line?.field.text == "temperature hot")
    play.press(.backspace)
    #expect(play.line?.error == nil)
    #expect(play.state.settings.temperature == nil)
  }

  @Test func tabGoesThroughCompletionsAndBack() {
    var play = Play(80, 24)
    play.type(":top")
    play.press(.tab)
    #expect(play.line?.field.text == "top-k ")
    play.press(.tab)
    #expect(play.line?.field.text == "top-p ")
    play.press(.tab)
    #expect(play.line?.field.text == "top")
    play.press(KeyEvent(.tab, .shift))
    #expect(play.line?.field.text == "top-p ")
    // Enter on a completed word goes on behind it.
    play.press(.enter)
    play.type("0.9")
    play.press(.enter)
    #expect(play.state.settings.topP == 0.9)
  }

  @Test func theOnlyCompletionIsTakenAtOnce() {
    var play = Play(80, 24)
    play.type(":stra")
    play.press(.tab)
    #expect(play.line?.field.text == "strategy ")
    play.type("gre")
    play.press(.tab, .enter)
    #expect(play.state.activities.values.map(\.strategy) == ["greedy"])
  }

  @Test func historyComesBack() {
    var play = Play(80, 24)
    for line in [":seed 3", ":seed 4"] {
      play.type(line)
      play.press(.enter)
    }
    play.type(":se")
    play.press(.up, .up, .up)
    #expect(play.line?.field.text == "seed 3")
    play.press(.down)
    #expect(play.line?.field.text == "seed 4")
    play.press(.down)
    #expect(play.line?.field.text == "se")
  }

  @Test func pathsAreCompletedFromFiles() {
    var play = Play(80, 24)
    play.type(":model ./m")
    #expect(play.effects.contains { if case .file(.list("./m")) = $0 { true } else { false } })
    play.send(.file(.listed("./m", .done(["./models/", "./mine.gguf"]))))
    play.press(.tab)
    #expect(play.line?.field.text == "model ./models/")
    // News about something typed before is of no interest.
    play.press(.backspace)
    play.send(.file(.listed("./o", .done(["./other"]))))
    #expect(play.line?.completion.candidates.isEmpty == true)
  }

  @Test func strategyRunsOnItsScreen() {
    for (name, screen) in [
      ("greedy", ScreenID.decode), ("cot-decoding", .branches), ("self-consistency", .votes),
      ("sample", .branches),
    ] {
      var play = Play(80, 24)
      play.type(":strategy \(name)")
      play.press(.enter)
      #expect(play.state.screen == screen)
      #expect(play.state.activities.values.map(\.strategy) == [name])
    }
  }

  @Test func pastedTextIsOneLine() {
    var play = Play(80, 24)
    play.type(":question ")
    play.send(.paste("a\nb\tc"))
    #expect(play.line?.field.text == "question a b c")
  }
}
