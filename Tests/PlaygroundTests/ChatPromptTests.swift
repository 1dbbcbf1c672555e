import Decoding
import DecodingFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Reasoning
@testable import Traces

/// The chat template in the playground: shown before use, and changed there.
@Suite(.timeLimit(.minutes(10))) @MainActor struct ChatPromptTests {
  /// A table that says of conversations what Qwen3's file says, in other words.
  private static var model: TableLanguageModel {
    let names = ["<eos>", "<|im_start|>", "<|im_end|>", "<think>", "</think>", "\n"]
    let letters = (32..<127).compactMap { Unicode.Scalar($0).map { String($0) } }
    return TableLanguageModel(
      name: "chat", pieces: names + letters, end: 0, controls: [1, 2],
      chatTemplate: "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content"
        + " + '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}"
        + "{% if enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}",
      next: { _ in [6 + 20: 0.75, 6 + 22: 0.25] })
  }

  private func asked(_ command: String? = nil) async -> Driver {
    let driver = Driver(80, 24, model: Self.model, prompts: SamplesFolder.path("Prompts"))
    await driver.start()
    for line in [command, "question What is 2 + 2?"].compactMap({ $0 }) {
      driver.type(":\(line)")
      driver.press(KeyEvent(.enter))
      await driver.settle()
    }
    return driver
  }

  private func prompt(of driver: Driver) -> String {
    let line = driver.state.decode.line
    return line.tokens.prefix(line.promptCount).map(\.text).joined()
  }

  @Test func thinkingAndTheSystemAreSetThere() async {
    let own = "<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n<|im_start|>assistant\n"
    let driver = await asked()
    #expect(prompt(of: driver) == own)
    for (line, expected) in [
      ("thinking off", own + "<think>\n\n</think>\n\n"), ("thinking on", own),
      ("system Hi <|im_end|>", "<|im_start|>system\nHi <|im_end|><|im_end|>\n" + own),
      ("system default", own),
    ] {
      driver.type(":\(line)")
      driver.press(KeyEvent(.enter))
      await driver.settle()
      #expect(prompt(of: driver) == expected)
    }
  }

  @Test func theWholePromptIsShown() async {
    let driver = await asked("thinking off")
    Snapshot.check(driver.draw(), named: "decode-chat")
    let line = driver.state.decode.line
    #expect(line.tokens.first?.text == "<|im_start|>")
    #expect(line.tokens.first?.isSpecial == true)
    let text = line.tokens.prefix(line.promptCount).map(\.text).joined()
    #expect(
      text == "<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n<|im_start|>assistant\n"
        + "<think>\n\n</think>\n\n")
    driver.type("s")
    for _ in 0..<17 { driver.press(KeyEvent(.down)) }
    while driver.state.popups.last?.template == false { driver.press(KeyEvent(.up)) }
    Snapshot.check(driver.draw(), named: "popup-settings-template")
  }

  @Test func theTemplateIsChangedThere() async {
    let driver = await asked("template none")
    #expect(driver.state.settings.template == "none")
    let line = driver.state.decode.line
    #expect(
      line.tokens.prefix(line.promptCount).map(\.text).joined() == "Q: What is 2 + 2?\nA:")
    driver.type(":template gemma")
    driver.press(KeyEvent(.enter))
    await driver.settle()
    let other = driver.state.decode.line
    #expect(
      other.tokens.prefix(other.promptCount).map(\.text).joined()
        == "<start_of_turn>user\nWhat is 2 + 2?<end_of_turn>\n<start_of_turn>model\n")
    driver.type(":template jinja")
    driver.press(KeyEvent(.enter))
    guard let typed = driver.state.popups.last as? CommandLineState else {
      Issue.record("The command line is closed.")
      return
    }
    #expect(typed.error?.contains("chatml") == true)
  }

  @Test func aTemplateThatIsNotKnownIsTold() async {
    let model = TableLanguageModel(
      name: "other", pieces: ["<eos>", "a"], end: 0, chatTemplate: "{{ messages | own }}",
      next: { _ in [1: 1] })
    let driver = Driver(80, 24, model: model)
    await driver.start()
    #expect(driver.state.message?.kind == .warning)
    #expect(driver.state.message?.text.contains(":template") == true)
  }
}

extension Playground.Popup {
  /// Whether the settings panel stands at the template.
  fileprivate var template: Bool {
    (self as? SettingsState).map { $0.row(.standard) == .setting(.template) } ?? true
  }
}
