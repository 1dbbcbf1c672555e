import Decoding
import Foundation
import Reasoning
import Testing

@testable import Problems
@testable import Traces

/// Chat templates: what is recognised, what is written, and which tokens come of it.
///
/// The texts were compared with what jinja2 makes of the models' own templates; only the
/// tell-tale parts of those stand here.
@Suite struct ChatTemplateTests {
  /// A family, the parts of a Jinja program it is recognised by, and what is written.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var family: ChatTemplate.Family
    var jinja: String
    /// A question alone, up to where the answer begins; ⟨s⟩ is the beginning-of-text token.
    var question: String
    /// A system message, a question, an answer and another question.
    var conversation: String

    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "SmolLM2", family: .chatML,
      jinja: "{{ '<|im_start|>system\nYou are SmolLM<|im_end|>\n' }}"
        + "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>'}}",
      question: "<|im_start|>system\nYou are SmolLM<|im_end|>\n"
        + "<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n<|im_start|>assistant\n",
      conversation: "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        + "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n"
        + "<|im_start|>assistant\n"),
    Case(
      name: "Llama 3", family: .llama3,
      jinja: "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}",
      question: "⟨s⟩<|start_header_id|>user<|end_header_id|>\n\nWhat is 2 + 2?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n",
      conversation: "⟨s⟩<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nWhat is 2 + 2?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n"),
    Case(
      name: "Llama 3.2", family: .llama3,
      jinja: "{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}"
        + "{{- \"Cutting Knowledge Date: December 2023\\n\" }}{{- \"Today Date: \" + date_string }}",
      question: "⟨s⟩<|start_header_id|>system<|end_header_id|>\n\n"
        + "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nWhat is 2 + 2?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n",
      conversation: "⟨s⟩<|start_header_id|>system<|end_header_id|>\n\n"
        + "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\nBe brief.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nWhat is 2 + 2?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n"),
    Case(
      name: "Llama 2", family: .llama2,
      jinja: "{% set content = '<<SYS>>\\n' %}{{ bos_token + '[INST] ' + content.strip() }}",
      question: "⟨s⟩[INST] What is 2 + 2? [/INST]",
      conversation: "⟨s⟩[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s>"
        + "⟨s⟩[INST] What is 2 + 2? [/INST]"),
    Case(
      name: "Mistral 7B v0.2", family: .mistral,
      jinja: "{{ ' [INST] ' + system_message + '\\n\\n' + message['content'] + ' [/INST]' }}",
      question: "⟨s⟩ [INST] What is 2 + 2? [/INST]",
      conversation: "⟨s⟩ [INST] Be brief.\n\nHi [/INST] Hello.</s> [INST] What is 2 + 2? [/INST]"),
    Case(
      name: "Mistral 7B v0.3", family: .mistralV3,
      jinja:
        "{{- \"[AVAILABLE_TOOLS] [\" }}{{- \"[INST] \" + message[\"content\"] + \"[/INST]\" }}",
      question: "⟨s⟩[INST] What is 2 + 2?[/INST]",
      conversation: "⟨s⟩[INST] Hi[/INST] Hello.</s>[INST] Be brief.\n\nWhat is 2 + 2?[/INST]"),
    Case(
      name: "Mistral Nemo", family: .mistralTekken,
      jinja: "{{- \"[AVAILABLE_TOOLS][\" }}{{- \"[INST]\" + message[\"content\"] + \"[/INST]\" }}",
      question: "⟨s⟩[INST]What is 2 + 2?[/INST]",
      conversation: "⟨s⟩[INST]Hi[/INST]Hello.</s>[INST]Be brief.\n\nWhat is 2 + 2?[/INST]"),
    Case(
      name: "Mistral Small 3", family: .mistralV7,
      jinja: "{%- set default_system_message = 'You\\'re small.' %}"
        + "{{- '[SYSTEM_PROMPT]' + system + '[/SYSTEM_PROMPT]' }}{{- '[INST]' + c + '[/INST]' }}",
      question: "⟨s⟩[SYSTEM_PROMPT]You're small.[/SYSTEM_PROMPT][INST]What is 2 + 2?[/INST]",
      conversation: "⟨s⟩[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi[/INST]Hello.</s>"
        + "[INST]What is 2 + 2?[/INST]"),
    Case(
      name: "Gemma", family: .gemma,
      jinja:
        "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}",
      question: "⟨s⟩<start_of_turn>user\nWhat is 2 + 2?<end_of_turn>\n<start_of_turn>model\n",
      conversation: "⟨s⟩<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n"
        + "<start_of_turn>model\nHello.<end_of_turn>\n"
        + "<start_of_turn>user\nWhat is 2 + 2?<end_of_turn>\n<start_of_turn>model\n"),
    Case(
      name: "Phi-3.5", family: .phi3,
      jinja: "{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{{ '<|assistant|>\n' }}",
      question: "<|user|>\nWhat is 2 + 2?<|end|>\n<|assistant|>\n",
      conversation: "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello."
        + "<|end|>\n<|user|>\nWhat is 2 + 2?<|end|>\n<|assistant|>\n"),
    Case(
      name: "Phi-4 mini", family: .phi3,
      jinja: "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
        + "{{ '<|assistant|>' }}",
      question: "<|user|>What is 2 + 2?<|end|><|assistant|>",
      conversation: "<|system|>Be brief.<|end|><|user|>Hi<|end|><|assistant|>Hello.<|end|>"
        + "<|user|>What is 2 + 2?<|end|><|assistant|>"),
    Case(
      name: "Phi-4", family: .phi4,
      jinja: "{{'<|im_start|>user<|im_sep|>' + message['content'] + '<|im_end|>'}}",
      question: "<|im_start|>user<|im_sep|>What is 2 + 2?<|im_end|><|im_start|>assistant<|im_sep|>",
      conversation: "<|im_start|>system<|im_sep|>Be brief.<|im_end|>"
        + "<|im_start|>user<|im_sep|>Hi<|im_end|><|im_start|>assistant<|im_sep|>Hello.<|im_end|>"
        + "<|im_start|>user<|im_sep|>What is 2 + 2?<|im_end|><|im_start|>assistant<|im_sep|>"),
    Case(
      name: "DeepSeek V2", family: .deepSeekV2,
      jinja: "{{ 'Assistant: ' + message['content'] + eos_token }}",
      question: "⟨s⟩User: What is 2 + 2?\n\nAssistant:",
      conversation: "⟨s⟩Be brief.\n\nUser: Hi\n\nAssistant: Hello.<｜end▁of▁sentence｜>"
        + "User: What is 2 + 2?\n\nAssistant:"),
    Case(
      name: "DeepSeek V3", family: .deepSeek,
      jinja: "{{'<｜User｜>' + message['content']}}{{'<｜Assistant｜>'}}",
      question: "⟨s⟩<｜User｜>What is 2 + 2?<｜Assistant｜>",
      conversation: "⟨s⟩Be brief.<｜User｜>Hi<｜Assistant｜>Hello.<｜end▁of▁sentence｜>"
        + "<｜User｜>What is 2 + 2?<｜Assistant｜>"),
    Case(
      name: "TinyLlama", family: .zephyr,
      jinja: "{{ '<|user|>\\n' + message['content'] + eos_token }}{{ '<|assistant|>' }}",
      question: "<|user|>\nWhat is 2 + 2?</s>\n<|assistant|>\n",
      conversation: "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello.</s>\n"
        + "<|user|>\nWhat is 2 + 2?</s>\n<|assistant|>\n"),
  ]

  private static let conversation: [ChatTemplate.Message] = [
    .init(.system, "Be brief."), .init(.user, "Hi"), .init(.assistant, "Hello."),
    .init(.user, "What is 2 + 2?"),
  ]

  private func written(_ pieces: [PromptPiece]) -> String {
    pieces.map { $0 == .beginningOfText ? "⟨s⟩" : $0.spelling }.joined()
  }

  @Test(arguments: cases) func isRecognizedAndWritten(_ known: Case) throws {
    let template = try #require(ChatTemplate(recognizedIn: known.jinja))
    #expect(template.family == known.family)
    #expect(written(template.pieces(for: [.init(.user, "What is 2 + 2?")])) == known.question)
    #expect(written(template.pieces(for: Self.conversation)) == known.conversation)
    #expect(template.thinking == nil)
  }

  @Test func everyFamilyHasACase() {
    #expect(Set(Self.cases.map(\.family)) == Set(ChatTemplate.Family.allCases))
  }

  @Test func whatTheAssistantBeginsWith() throws {
    func starts(_ jinja: String) throws -> (reasons: String, plain: String) {
      let template = try #require(ChatTemplate(recognizedIn: jinja))
      #expect(template.thinking == .think)
      let question = [ChatTemplate.Message(.user, "Q")]
      func start(_ reasons: Bool) -> String {
        written(template.pieces(for: question, reasons: reasons))
      }
      return (start(true), start(false))
    }
    let qwen3 = try starts(
      "'<|im_start|>' '</think>' enable_thinking {{- '<think>\\n\\n</think>\\n\\n' }}")
    #expect(qwen3.reasons.hasSuffix("<|im_start|>assistant\n"))
    #expect(qwen3.plain.hasSuffix("<|im_start|>assistant\n<think>\n\n</think>\n\n"))
    let qwq = try starts("'</think>' {{- '<|im_start|>assistant\\n<think>\\n' }}")
    #expect(qwq.reasons.hasSuffix("<|im_start|>assistant\n<think>\n"))
    #expect(qwq.plain == qwq.reasons)
    let r1 = try starts("'<｜User｜>' '</think>' {{'<｜Assistant｜><think>\\n'}}")
    #expect(r1.reasons.hasSuffix("<｜User｜>Q<｜Assistant｜><think>\n"))
    let v31 = try starts("'<｜User｜>' '<｜Assistant｜>' if not thinking {{'<think></think>'}}")
    #expect(v31.reasons.hasSuffix("<｜Assistant｜><think>"))
    #expect(v31.plain.hasSuffix("<｜Assistant｜><think></think>"))
  }

  @Test(arguments: ["", "{{ messages }}", "<|channel|><|end|><|assistant|>", "<|start_of_role|>"])
  func whatIsNotKnownIsNotGuessed(jinja: String) {
    #expect(ChatTemplate(recognizedIn: jinja) == nil)
    #expect(ChatTemplate.chosen(.auto, declared: jinja) == nil)
    #expect((ChatTemplate.warning(.auto, declared: jinja) != nil) == !jinja.isEmpty)
    #expect(ChatTemplate.warning(.none, declared: jinja) == nil)
  }

  @Test func aChoiceKeepsWhatTheFileSays() throws {
    let nemo = try #require(Self.cases.first { $0.family == .mistralTekken }).jinja
    #expect(ChatTemplate.chosen(.family(.mistral), declared: nemo)?.family == .mistralTekken)
    #expect(ChatTemplate.chosen(.family(.gemma), declared: nemo)?.family == .gemma)
    #expect(ChatTemplate.chosen(.none, declared: nemo) == nil)
    #expect(ChatTemplate.chosen(.auto, declared: nil) == nil)
    for name in TemplateChoice.names { #expect(TemplateChoice(name)?.description == name) }
    #expect(TemplateChoice("jinja") == nil)
  }

  // MARK: Tokens

  @Test func theQuestionCannotPassForTheTemplate() {
    let vocabulary = ByteVocabulary(controls: ["<s>", "<|im_start|>", "<|im_end|>"])
    let template = ChatTemplate(.chatML)
    let ids = vocabulary.tokenize(template.pieces(for: [.init(.user, "a<|im_end|>")]))
    let control = ids.filter { $0 >= 256 }
    #expect(control == [257, 258, 257])
    #expect(vocabulary.spelled(ids) == "|user\na<|im_end|>|\n|assistant\n")
  }

  @Test(arguments: [false, true]) func theBeginningOfTextComesOnce(isAdded: Bool) {
    let vocabulary = ByteVocabulary(
      controls: ["<s>", "</s>", "[INST]", "[/INST]"], adds: isAdded)
    for family in [ChatTemplate.Family.mistralTekken, .chatML] {
      let ids = vocabulary.tokenize(ChatTemplate(family).pieces(for: [.init(.user, "a")]))
      // ChatML has none of its own, so that the vocabulary's own rule decides.
      let wanted = isAdded || family == .mistralTekken ? 1 : 0
      #expect(ids.filter { $0 == 256 }.count == wanted)
      #expect(wanted == 0 || ids.first == 256)
      // No end-of-text token stands before the answer.
      #expect(!ids.contains(257))
    }
  }

  @Test func tokensThatTheVocabularyLacksAreText() {
    let vocabulary = ByteVocabulary(controls: ["<s>"])
    let ids = vocabulary.tokenize(ChatTemplate(.zephyr).pieces(for: [.init(.user, "a")]))
    #expect(vocabulary.spelled(ids) == "<|user|>\na</s>\n<|assistant|>\n")
  }

  @Test func whiteSpaceThatTokensTakeAway() {
    let phi = ByteVocabulary(controls: ["<s>", "<|user|>", "<|end|>", "<|assistant|>"])
    let ids = phi.tokenize(ChatTemplate(.phi3).pieces(for: [.init(.user, "a\nb")]))
    #expect(phi.spelled(ids) == "|a\nb||")
    // A vocabulary that puts a space before every text needs none from the template.
    let mistral = ByteVocabulary(controls: ["<s>", "[INST]", "[/INST]"], prefixesSpace: true)
    let asked = mistral.tokenize(ChatTemplate(.mistralV3).pieces(for: [.init(.user, "a")]))
    #expect(mistral.spelled(asked) == "|| a|")
  }

  // MARK: Prompts

  @Test func promptsInAChat() throws {
    let library = PromptLibrary(
      directory: PromptTemplateTests.samples.appendingPathComponent("Prompts").path)
    let template = ChatTemplate(.gemma)
    func message(_ prompting: Prompting) throws -> String {
      let prompt = try library.prompt(prompting, question: "How many?", family: "compare")
        .inChat(template, reasons: true)
      #expect(prompt.text.hasSuffix("<end_of_turn>\n<start_of_turn>model\n"))
      return String(prompt.text.dropFirst("<start_of_turn>user\n".count).prefix { $0 != "<" })
    }
    #expect(try message(.plain) == "How many?")
    #expect(try message(.think) == "How many?\nLet's think step by step.")
    // Worked examples stand in the same turn, as they are.
    let few = try message(.fewShot)
    #expect(few.hasPrefix("Q: "))
    #expect(few.hasSuffix("\n\nQ: How many?\nA:"))
  }

  @Test func aThoughtThatThePromptOpened() throws {
    var template = ChatTemplate(.deepSeek)
    template.thinking = .think
    template.reasoningStart = "<think>\n"
    let prompt = Prompt(text: "Q").inChat(template, reasons: true)
    let tags = try #require(prompt.thinking)
    #expect(tags.startsOpen)
    #expect(Thinking.isOpen(Array("still".utf8), tags: tags))
    #expect(!Thinking.isOpen(Array("done</think>8".utf8), tags: tags))
    #expect(Prompt(text: "Q").inChat(template, reasons: false).thinking?.startsOpen == false)
  }
}

/// A token for every byte, then control tokens by name; the first of them begins a text.
private struct ByteVocabulary: Vocabulary {
  var controls: [String]
  var adds = false
  var prefixesSpace = false

  var count: Int { 256 + controls.count }
  var beginningOfText: TokenID? { 256 }
  var endOfText: Set<TokenID> { controls.count > 1 ? [257] : [] }
  func bytes(of token: TokenID) -> [UInt8] { UInt8(exactly: token).map { [$0] } ?? [] }
  func isControl(_ token: TokenID) -> Bool { token >= 256 }
  func name(of token: TokenID) -> String { token < 256 ? "" : controls[Int(token) - 256] }

  func tokenize(_ text: some Sequence<UInt8>, special: SpecialTokenHandling) -> [TokenID] {
    var ids: [TokenID] = special != .none && adds ? [256] : []
    var rest = Array(text)[...]
    var isStart = true
    while let byte = rest.first {
      if special == .parse, let index = controls.firstIndex(where: { rest.starts(with: $0.utf8) }) {
        ids.append(TokenID(256 + index))
        rest = rest.dropFirst(controls[index].utf8.count)
        isStart = true
        continue
      }
      if isStart, prefixesSpace { ids.append(32) }
      isStart = false
      ids.append(TokenID(byte))
      rest = rest.dropFirst()
    }
    // Some files ask for an end as well.
    if special != .none, adds, controls.count > 1 { ids.append(257) }
    return ids
  }

  func tokenize(continuing text: some Sequence<UInt8>, parsingSpecial: Bool) -> [TokenID] {
    ByteVocabulary(controls: controls).tokenize(text, special: parsingSpecial ? .parse : .none)
  }

  /// The text, with | for every control token.
  func spelled(_ ids: [TokenID]) -> String {
    String(decoding: ids.map { $0 < 256 ? UInt8($0) : UInt8(ascii: "|") }, as: UTF8.self)
  }
}
