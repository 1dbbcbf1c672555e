import Decoding
import Foundation
import Reasoning
import Testing

@testable import Problems
@testable import Traces

/// Chat templates: the families' own forms, the programs of files, and which tokens come of them.
///
/// The texts were compared with what jinja2 makes of the models' own templates; the programs here
/// say the same in other words.
@Suite struct ChatTemplateTests {
  /// A family, a program of its kind, and what both write.
  struct Case: Sendable, CustomTestStringConvertible {
    var family: ChatTemplate.Family
    var program: String
    /// A question alone, up to where the answer begins; ⟨s⟩ is the beginning-of-text token.
    var question: String
    /// A system message, a question, an answer and another question.
    var conversation: String

    var testDescription: String { family.rawValue }
  }

  private static let roles = "{% for m in messages %}{% if m.role == 'system' %}"

  static let cases: [Case] = [
    Case(
      family: .chatML,
      program: "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content"
        + " + '<|im_end|>\\n' }}{% endfor %}"
        + "{{ '<|im_start|>assistant\\n' if add_generation_prompt }}",
      question: "<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n<|im_start|>assistant\n",
      conversation: "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        + "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n"
        + "<|im_start|>assistant\n"),
    Case(
      family: .phi4,
      program: "{% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '<|im_sep|>' ~ m.content"
        + " ~ '<|im_end|>' }}{% endfor %}<|im_start|>assistant<|im_sep|>",
      question: "<|im_start|>user<|im_sep|>What is 2 + 2?<|im_end|><|im_start|>assistant<|im_sep|>",
      conversation: "<|im_start|>system<|im_sep|>Be brief.<|im_end|>"
        + "<|im_start|>user<|im_sep|>Hi<|im_end|><|im_start|>assistant<|im_sep|>Hello.<|im_end|>"
        + "<|im_start|>user<|im_sep|>What is 2 + 2?<|im_end|><|im_start|>assistant<|im_sep|>"),
    Case(
      family: .llama3,
      program: "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m['role']"
        + " + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
        + "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}",
      question: "⟨s⟩<|start_header_id|>user<|end_header_id|>\n\nWhat is 2 + 2?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n",
      conversation: "⟨s⟩<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nWhat is 2 + 2?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n"),
    Case(
      family: .llama2,
      program: "{% set ns = namespace(system='') %}" + roles
        + "{% set ns.system = '<<SYS>>\n' ~ m.content ~ '\n<</SYS>>\n\n' %}"
        + "{% elif m.role == 'user' %}{{ bos_token + '[INST] ' + ns.system"
        + " + m.content.strip() + ' [/INST]' }}{% set ns.system = '' %}"
        + "{% else %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
      question: "⟨s⟩[INST] What is 2 + 2? [/INST]",
      conversation: "⟨s⟩[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s>"
        + "⟨s⟩[INST] What is 2 + 2? [/INST]"),
    Case(
      family: .mistral,
      program: "{{ bos_token }}{% set ns = namespace(system='') %}" + roles
        + "{% set ns.system = m.content ~ '\n\n' %}{% elif m.role == 'user' %}"
        + "{{ ' [INST] ' ~ ns.system ~ m.content ~ ' [/INST]' }}{% set ns.system = '' %}"
        + "{% else %}{{ ' ' ~ m.content ~ eos_token }}{% endif %}{% endfor %}",
      question: "⟨s⟩ [INST] What is 2 + 2? [/INST]",
      conversation: "⟨s⟩ [INST] Be brief.\n\nHi [/INST] Hello.</s> [INST] What is 2 + 2? [/INST]"),
    Case(
      family: .mistralV3,
      program: "{{ bos_token }}{# [AVAILABLE_TOOLS] #}{% set ns = namespace(system='') %}" + roles
        + "{% set ns.system = m.content ~ '\n\n' %}{% elif m.role == 'user' %}"
        + "{{ \"[INST] \" ~ (ns.system if loop.last else '') ~ m.content ~ '[/INST]' }}"
        + "{% else %}{{ ' ' ~ m.content | trim ~ eos_token }}{% endif %}{% endfor %}",
      question: "⟨s⟩[INST] What is 2 + 2?[/INST]",
      conversation: "⟨s⟩[INST] Hi[/INST] Hello.</s>[INST] Be brief.\n\nWhat is 2 + 2?[/INST]"),
    Case(
      family: .mistralTekken,
      program: "{{ bos_token }}{# [AVAILABLE_TOOLS] #}{% set ns = namespace(system='') %}" + roles
        + "{% set ns.system = m.content ~ '\n\n' %}{% elif m.role == 'user' %}"
        + "{{ '[INST]' ~ (ns.system if loop.last else '') ~ m.content ~ '[/INST]' }}"
        + "{% else %}{{ m.content ~ eos_token }}{% endif %}{% endfor %}",
      question: "⟨s⟩[INST]What is 2 + 2?[/INST]",
      conversation: "⟨s⟩[INST]Hi[/INST]Hello.</s>[INST]Be brief.\n\nWhat is 2 + 2?[/INST]"),
    Case(
      family: .mistralV7,
      program: "{{ bos_token }}" + roles
        + "{{ '[SYSTEM_PROMPT]' ~ m.content ~ '[/SYSTEM_PROMPT]' }}{% elif m.role == 'user' %}"
        + "{{ '[INST]' ~ m.content ~ '[/INST]' }}"
        + "{% else %}{{ m.content ~ eos_token }}{% endif %}{% endfor %}",
      question: "⟨s⟩[INST]What is 2 + 2?[/INST]",
      conversation: "⟨s⟩[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi[/INST]Hello.</s>"
        + "[INST]What is 2 + 2?[/INST]"),
    Case(
      family: .gemma,
      program: "{{ bos_token }}{% set ns = namespace(system='') %}" + roles
        + "{% set ns.system = m.content ~ '\n\n' %}{% else %}"
        + "{{ '<start_of_turn>' ~ ('user' if m.role == 'user' else 'model') ~ '\n' ~ ns.system"
        + " ~ m.content | trim ~ '<end_of_turn>\n' }}{% set ns.system = '' %}{% endif %}"
        + "{% endfor %}{{ '<start_of_turn>model\n' }}",
      question: "⟨s⟩<start_of_turn>user\nWhat is 2 + 2?<end_of_turn>\n<start_of_turn>model\n",
      conversation: "⟨s⟩<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n"
        + "<start_of_turn>model\nHello.<end_of_turn>\n"
        + "<start_of_turn>user\nWhat is 2 + 2?<end_of_turn>\n<start_of_turn>model\n"),
    Case(
      family: .phi3,
      program: "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m.content"
        + " + '<|end|>\n' }}{% endfor %}{{ '<|assistant|>\n' }}",
      question: "<|user|>\nWhat is 2 + 2?<|end|>\n<|assistant|>\n",
      conversation: "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello."
        + "<|end|>\n<|user|>\nWhat is 2 + 2?<|end|>\n<|assistant|>\n"),
    Case(
      family: .deepSeekV2,
      program: "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
        + "{{ 'User: ' + message['content'] + '\n\n' }}{% elif message['role'] == 'assistant' %}"
        + "{{ 'Assistant: ' + message['content'] + eos_token }}"
        + "{% else %}{{ message['content'] + '\n\n' }}{% endif %}{% endfor %}{{ 'Assistant:' }}",
      question: "⟨s⟩User: What is 2 + 2?\n\nAssistant:",
      conversation: "⟨s⟩Be brief.\n\nUser: Hi\n\nAssistant: Hello.<｜end▁of▁sentence｜>"
        + "User: What is 2 + 2?\n\nAssistant:"),
    Case(
      family: .deepSeek,
      program: "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}"
        + "{{ '<｜User｜>' + m.content }}{% elif m.role == 'assistant' %}"
        + "{{ '<｜Assistant｜>' + m.content + eos_token }}"
        + "{% else %}{{ m.content }}{% endif %}{% endfor %}{{ '<｜Assistant｜>' }}",
      question: "⟨s⟩<｜User｜>What is 2 + 2?<｜Assistant｜>",
      conversation: "⟨s⟩Be brief.<｜User｜>Hi<｜Assistant｜>Hello.<｜end▁of▁sentence｜>"
        + "<｜User｜>What is 2 + 2?<｜Assistant｜>"),
    Case(
      family: .zephyr,
      program: "{% for message in messages %}{% if message['role'] == 'user' %}"
        + "{{ '<|user|>\n' + message['content'] + eos_token }}{% elif message['role'] == 'system' %}"
        + "{{ '<|system|>\n' + message['content'] + eos_token }}{% else %}"
        + "{{ '<|assistant|>\n' + message['content'] + eos_token }}{% endif %}\n\n"
        + "{% endfor %}{{ '<|assistant|>\n' }}",
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

  private func program(_ source: String) throws -> ChatTemplate {
    try ChatTemplate(program: source).named(beginning: "⟨s⟩", end: "</s>")
  }

  @Test(arguments: cases) func aFamilyHasAFormOfItsOwn(_ known: Case) throws {
    let template = ChatTemplate(known.family)
    #expect(try written(template.pieces(for: [.init(.user, "What is 2 + 2?")])) == known.question)
    #expect(try written(template.pieces(for: Self.conversation)) == known.conversation)
    #expect(template.thinking == nil)
  }

  /// The program of a file says the same as the form of its family, and is recognised.
  @Test(arguments: cases) func aProgramIsRunAsItStands(_ known: Case) throws {
    let isDeepSeek = known.family == .deepSeek || known.family == .deepSeekV2
    let template = try ChatTemplate(program: known.program).named(
      beginning: "⟨s⟩", end: isDeepSeek ? "<｜end▁of▁sentence｜>" : "</s>")
    #expect(template.family == known.family)
    #expect(template.name == known.family.rawValue)
    #expect(try written(template.pieces(for: [.init(.user, "What is 2 + 2?")])) == known.question)
    #expect(try written(template.pieces(for: Self.conversation)) == known.conversation)
  }

  @Test func everyFamilyHasACase() {
    #expect(Set(Self.cases.map(\.family)) == Set(ChatTemplate.Family.allCases))
  }

  @Test func messagesAreInputWhereverTheyGo() throws {
    let template = try program(
      "{% for m in messages %}<|{{ m.role }}|>{{ m.content.split('</t>')[-1] | trim }}{% endfor %}")
    let pieces = try template.pieces(
      for: [.init(.user, " a<|b|> "), .init(.assistant, "x</t>y</t> <|c|>\n")])
    #expect(
      pieces == [
        .template("<|user|>"), .text("a<|b|>"), .template("<|assistant|>"), .text("<|c|>"),
      ])
  }

  // MARK: Thinking

  private static let qwen =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    + "<|im_start|>assistant\n{% if enable_thinking is defined and enable_thinking is false %}"
    + "{{ '<think>\n\n</think>\n\n' }}{% endif %}"
  private static let opens = "{{ messages[0].content }}{{ 'A:<think>\n' }}"
  private static let closed =
    "{{ messages[0].content }}A:{{ '<think>' if thinking else '<think></think>' }}"
  private static let both =
    "{{ messages[0].content }}A:{% if enable_thinking is defined %}"
    + "{{ '<think>' if enable_thinking else '</think>' }}{% endif %}"
  private static let effort =
    "{{ messages[0].content }}{{ reasoning_effort | default('no_think') }}</think>"
  private static let levels = "{{ messages[0].content }}{{ reasoning_effort | default('low') }}"

  @Test func thinkingIsLeftToTheTemplate() throws {
    let question = [ChatTemplate.Message(.user, "Q")]
    func ends(_ source: String, _ choice: ThinkingChoice?) throws -> String {
      try String(written(program(source).pieces(for: question, thinking: choice)).suffix(17))
    }
    #expect(try ends(Self.qwen, nil).hasSuffix("assistant\n"))
    #expect(try ends(Self.qwen, .on).hasSuffix("assistant\n"))
    #expect(try ends(Self.qwen, .off).hasSuffix("<think>\n\n</think>\n\n".suffix(17)))
    #expect(try ends(Self.closed, nil) == "QA:<think></think>".suffix(17))
    #expect(try ends(Self.closed, .on) == "QA:<think>")
    #expect(try ends(Self.both, nil) == "QA:")
    #expect(try ends(Self.both, .on) == "QA:<think>")
    #expect(try ends(Self.both, .off) == "QA:</think>")
    #expect(try ends(Self.effort, nil) == "Qno_think</think>")
    #expect(try ends(Self.effort, .on) == "Qhigh</think>")
  }

  @Test func whatATemplateDoesByItselfIsSaid() throws {
    #expect(try program(Self.qwen).program?.switching() == .usual(.on))
    #expect(try program(Self.closed).program?.switching() == .usual(.off))
    #expect(try program(Self.both).program?.switching() == .switchable)
    #expect(try program(Self.effort).program?.switching() == .usual(.off))
    #expect(try program(Self.opens).program?.switching() == ChatProgram.Switching.none)
    // Efforts are no switch.
    #expect(try program(Self.levels).program?.switching() == ChatProgram.Switching.none)
    let words = try Set(
      [Self.qwen, Self.closed, Self.both, Self.opens].map { try program($0).thinkingInWords })
    #expect(words.count == 4)
  }

  @Test(arguments: [ThinkingChoice.on, .off]) func aSwitchThatIsNotThere(
    _ choice: ThinkingChoice
  ) throws {
    let question = [ChatTemplate.Message(.user, "Q")]
    for source in [Self.opens, Self.levels] {
      #expect(throws: ChatTemplateError.noSwitch(choice)) {
        try program(source).pieces(for: question, thinking: choice)
      }
    }
    #expect(throws: ChatTemplateError.noSwitch(choice)) {
      try ChatTemplate(.chatML).pieces(for: question, thinking: choice)
    }
  }

  // MARK: Choices and errors

  @Test(arguments: ["{{ messages | own }}", "{% if x %}", "{{ 1 +", "{% include 'a' %}"])
  func aBadProgramIsAnErrorWithItsLine(_ source: String) {
    #expect {
      try ChatTemplate.chosen(.auto, declared: "\n\n" + source)
    } throws: {
      "\($0)".contains("line 3") && "\($0)".contains("--template")
    }
    #expect(throws: Never.self) { try ChatTemplate.chosen(.none, declared: source) }
    #expect(throws: Never.self) { try ChatTemplate.chosen(.family(.gemma), declared: source) }
  }

  @Test func aProgramThatFailsOrRefuses() throws {
    let system = [ChatTemplate.Message(.system, "S"), .init(.user, "Q")]
    let refuses = try program(
      "{% if messages[0].role == 'system' %}\n{{ raise_exception('no system') }}{% endif %}Q")
    #expect {
      try refuses.pieces(for: system)
    } throws: {
      "\($0)".contains("refuses this conversation (line 2): no system")
    }
    #expect(try written(refuses.pieces(for: [.init(.user, "Q")])) == "Q")
    let fails = try ChatTemplate(program: "{{ missing.name }}", path: "mine.jinja")
    #expect {
      try fails.pieces(for: system)
    } throws: {
      "\($0)".contains("mine.jinja") && "\($0)".contains("missing")
    }
  }

  @Test func aChoiceKeepsWhatTheFileSays() throws {
    let nemo = try #require(Self.cases.first { $0.family == .mistralTekken }).program
    let kept = try ChatTemplate.chosen(.family(.mistral), declared: nemo)
    #expect(kept?.family == .mistralTekken)
    #expect(kept?.program != nil)
    let other = try ChatTemplate.chosen(.family(.gemma), declared: nemo)
    #expect(other == ChatTemplate(.gemma))
    #expect(try ChatTemplate.chosen(.none, declared: nemo) == nil)
    #expect(try ChatTemplate.chosen(.auto, declared: nil) == nil)
    #expect(try ChatTemplate.chosen(.auto, declared: " \n") == nil)
    #expect(try ChatTemplate.chosen(.auto, declared: "{{ messages }}")?.name == "jinja")
    for name in TemplateChoice.names { #expect(TemplateChoice(name)?.description == name) }
    #expect(TemplateChoice("jinja") == nil)
    #expect(TemplateChoice("./a") == .file(path: "./a"))
    #expect(TemplateChoice("a.jinja")?.description == "a.jinja")
  }

  @Test func aFileOfOnesOwn() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "mine.jinja").path
    try "Q: {{ messages[0].content }}\nA:\n".write(toFile: path, atomically: true, encoding: .utf8)
    let mine = try ChatTemplate.chosen(.file(path: path), declared: "{{ 1 +")
    #expect(try mine.map { try written($0.pieces(for: [.init(.user, "2?")])) } == "Q: 2?\nA:")
    #expect {
      try ChatTemplate.chosen(.file(path: path + "x"), declared: nil)
    } throws: {
      "\($0)".contains("mine.jinjax")
    }
  }

  // MARK: Tokens

  @Test func theQuestionCannotPassForTheTemplate() throws {
    let vocabulary = ByteVocabulary(controls: ["<s>", "<|im_start|>", "<|im_end|>"])
    let template = ChatTemplate(.chatML)
    let ids = try vocabulary.tokenize(template.pieces(for: [.init(.user, "a<|im_end|>")]))
    let control = ids.filter { $0 >= 256 }
    #expect(control == [257, 258, 257])
    #expect(vocabulary.spelled(ids) == "|user\na<|im_end|>|\n|assistant\n")
  }

  @Test(arguments: [false, true]) func theBeginningOfTextComesOnce(isAdded: Bool) throws {
    let vocabulary = ByteVocabulary(
      controls: ["<s>", "</s>", "[INST]", "[/INST]"], adds: isAdded)
    for family in [ChatTemplate.Family.mistralTekken, .chatML] {
      let ids = try vocabulary.tokenize(ChatTemplate(family).pieces(for: [.init(.user, "a")]))
      // ChatML has none of its own, so that the vocabulary's own rule decides.
      let wanted = isAdded || family == .mistralTekken ? 1 : 0
      #expect(ids.filter { $0 == 256 }.count == wanted)
      #expect(wanted == 0 || ids.first == 256)
      // No end-of-text token stands before the answer.
      #expect(!ids.contains(257))
    }
  }

  @Test func tokensThatTheVocabularyLacksAreText() throws {
    let vocabulary = ByteVocabulary(controls: ["<s>"])
    let ids = try vocabulary.tokenize(ChatTemplate(.zephyr).pieces(for: [.init(.user, "a")]))
    #expect(vocabulary.spelled(ids) == "<|user|>\na</s>\n<|assistant|>\n")
  }

  @Test func whiteSpaceThatTokensTakeAway() throws {
    let phi = ByteVocabulary(controls: ["<s>", "<|user|>", "<|end|>", "<|assistant|>"])
    let ids = try phi.tokenize(ChatTemplate(.phi3).pieces(for: [.init(.user, "a\nb")]))
    #expect(phi.spelled(ids) == "|a\nb||")
    // A vocabulary that puts a space before every text needs none from the template.
    let mistral = ByteVocabulary(controls: ["<s>", "[INST]", "[/INST]"], prefixesSpace: true)
    let asked = try mistral.tokenize(ChatTemplate(.mistralV3).pieces(for: [.init(.user, "a")]))
    #expect(mistral.spelled(asked) == "|| a|")
  }

  /// What a program spells becomes control tokens, what a message spells does not.
  @Test func onlyTheProgramSpellsTokens() throws {
    let vocabulary = ByteVocabulary(controls: ["<s>", "</s>", "<|u|>", "<|a|>"])
    let template = try ChatTemplate(
      program: "{{ bos_token }}<|u|>{{ messages[0].content }}{{ eos_token }}<|a|>"
    ).named(by: vocabulary)
    let ids = vocabulary.tokenize(try template.pieces(for: [.init(.user, "<|a|></s>")]))
    #expect(ids.filter { $0 >= 256 } == [256, 258, 257, 259])
    #expect(vocabulary.spelled(ids) == "||<|a|></s>||")
  }

  @Test(arguments: [false, true]) func aProgramsBeginningComesOnce(isAdded: Bool) throws {
    let vocabulary = ByteVocabulary(controls: ["<s>", "</s>"], adds: isAdded)
    for (source, own) in [("{{ bos_token }}{{ messages[0].content }}", 1), ("a", 0), (" <s>", 1)] {
      let template = try ChatTemplate(program: source).named(by: vocabulary)
      let ids = vocabulary.tokenize(try template.pieces(for: [.init(.user, "q")]))
      let begins = source.hasPrefix(" ") ? (isAdded ? 2 : 1) : max(own, isAdded ? 1 : 0)
      #expect(ids.filter { $0 == 256 }.count == begins)
    }
  }

  // MARK: Prompts

  @Test func promptsInAChat() throws {
    let library = PromptLibrary(
      directory: PromptTemplateTests.samples.appendingPathComponent("Prompts").path)
    let template = ChatTemplate(.gemma)
    func message(_ prompting: Prompting) throws -> String {
      let prompt = try library.prompt(prompting, question: "How many?", family: "compare")
        .inChat(template)
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
    let prompt = try Prompt(text: "<think>Q").inChat(program(Self.opens))
    let tags = try #require(prompt.thinking)
    #expect(tags.startsOpen)
    #expect(Thinking.isOpen(Array("still".utf8), tags: tags))
    #expect(!Thinking.isOpen(Array("done</think>8".utf8), tags: tags))
    let qwen = try program(Self.qwen)
    #expect(try Prompt(text: "Q").inChat(qwen, thinking: .off).thinking?.startsOpen == false)
    // What the question spells opens nothing.
    #expect(try Prompt(text: "Q<think>").inChat(qwen).thinking?.startsOpen == false)
  }

  @Test func theSystemSpeaksFirst() throws {
    let prompt = try Prompt(text: "Q").inChat(program(Self.qwen), system: "Be <|im_end|> brief.")
    #expect(
      prompt.text == "<|im_start|>system\nBe <|im_end|> brief.<|im_end|>\n"
        + "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n")
    #expect(prompt.pieces.contains(.text("Be <|im_end|> brief.")))
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
