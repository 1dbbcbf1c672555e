import Problems
import Traces

extension ChatTemplate {
  /// Recognises a Jinja template by the tokens it writes and by how it writes them.
  ///
  /// - Returns: nil for a template of no family that is known.
  public init?(recognizedIn jinja: String) {
    // Programs differ in their white space, and write a line feed as itself or as `\n`.
    let program = jinja.replacing("\\n", with: "\n")
    guard let family = Self.family(of: program) else { return nil }
    self.init(family)
    beginsText =
      program.contains("{{ bos_token") || program.contains("{{- bos_token")
      || program.contains("{{bos_token")
    switch family {
    case .chatML: defaultSystem = Self.literal(after: "<|im_start|>system\n", "<|im_end|>", program)
    case .llama3:
      if program.contains("Cutting Knowledge Date: December 2023\n"),
        program.contains("Today Date: ")
      {
        // The date of the day would make every day's text another; this is the date that the
        // template itself takes where it cannot know the day.
        preamble = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
      }
    case .mistralV7:
      hasSpaces = program.contains("[INST] ")
      defaultSystem = Self.literal(assignedTo: "default_system_message", program)
    case .phi3: hasRoleLines = program.replacing("' + '", with: "").contains("<|assistant|>\n")
    case .zephyr: if program.contains("<|endoftext|>") { turnEnd = "<|endoftext|>" }
    default: break
    }
    recognizeThinking(program)
  }

  private static func family(of program: String) -> Family? {
    func has(_ tokens: String...) -> Bool { tokens.allSatisfy { program.contains($0) } }
    if has("<|im_start|>") {
      // SmolVLM uses the token to begin a text, not a turn.
      return has("<|im_sep|>") ? .phi4 : has("<end_of_utterance>") ? nil : .chatML
    }
    if has("[INST]") { return mistral(program) }
    if has("<|start_header_id|>", "<|end_header_id|>") { return .llama3 }
    if has("<start_of_turn>", "<end_of_turn>") { return .gemma }
    if has("<｜User｜>", "<｜Assistant｜>") { return .deepSeek }
    if has("'Assistant: ' + message['content'] + eos_token") { return .deepSeekV2 }
    if has("<|end|>"), has("<|assistant|>") || has("'<|' + message['role'] + '|>'") {
      // The channels of gpt-oss use the token as well.
      return has("<|channel|>") || has("<|begin|>") ? nil : .phi3
    }
    let bare = program.filter { !$0.isWhitespace }
    let asked = "'<|user|>'+message['content']+"
    if bare.contains(asked + "eos_token") || bare.contains(asked + "'<|endoftext|>")
      || bare.contains("'<|user|>'+message['content']+'<|endoftext|>'")
    {
      return .zephyr
    }
    return nil
  }

  /// The forms of `[INST]` differ in their spaces.
  private static func mistral(_ program: String) -> Family {
    if program.contains("[SYSTEM_PROMPT]") { return .mistralV7 }
    if program.contains("[AVAILABLE_TOOLS]") {
      return program.contains("\"[INST]\"") || program.contains("'[INST]'")
        ? .mistralTekken : program.contains(" [INST]") ? .mistral : .mistralV3
    }
    return program.contains("<<SYS>>") ? .llama2 : .mistral
  }

  /// The text of a string literal between two markers that it writes; nil where something else
  /// is put in between.
  private static func literal(after start: String, _ end: String, _ program: String) -> String? {
    var rest = Substring(program)
    while let found = rest.firstRange(of: start) {
      rest = rest[found.upperBound...]
      guard let last = rest.firstRange(of: end) else { return nil }
      let text = rest[..<last.lowerBound]
      if !text.isEmpty, !text.contains("{{"), !text.contains("' "), !text.contains("\" "),
        !text.contains("'+"), !text.contains("\"+")
      {
        return String(text)
      }
    }
    return nil
  }

  /// The string literal that a variable is set to; nil if it is set to more than that.
  private static func literal(assignedTo name: String, _ program: String) -> String? {
    guard let found = program.firstRange(of: "set \(name) = ") else { return nil }
    var rest = program[found.upperBound...]
    guard let quote = rest.popFirst(), quote == "'" || quote == "\"" else { return nil }
    var text = ""
    while let character = rest.popFirst(), character != quote {
      text.append(character == "\\" ? rest.popFirst() ?? character : character)
    }
    return rest.drop(while: \.isWhitespace).first == "+" ? nil : text
  }

  /// Finds the tags that the template speaks of, and what it puts behind the assistant's name.
  private mutating func recognizeThinking(_ program: String) {
    guard let tags = ThinkingTags.known.first(where: { program.contains($0.close) }) else { return }
    thinking = tags
    let (open, close) = (tags.open, tags.close)
    switch family {
    case .chatML:
      // Qwen3 is free to think unless an empty thought is put in its mouth; QwQ always thinks.
      if program.contains("assistant\n\(open)\n' }}")
        || program.contains("assistant\n\(open)\n\" }}")
      {
        (reasoningStart, plainStart) = ("\(open)\n", "\(open)\n")
      } else if program.contains("\(open)\n\n\(close)\n\n"), program.contains("enable_thinking") {
        plainStart = "\(open)\n\n\(close)\n\n"
        // Its successor opens the thought itself.
        if program.contains("'\(open)\n'") { reasoningStart = "\(open)\n" }
      }
    case .deepSeek:
      if program.contains("<｜Assistant｜>\(open)\n") {
        reasoningStart = "\(open)\n"
        plainStart = reasoningStart
      } else if program.contains("'\(open)\(close)'"), program.contains("not thinking") {
        (reasoningStart, plainStart) = (open, open + close)
      }
    default: break
    }
    // Some copies close the thought at once where none is wanted.
    if plainStart == "\(open)\n", program.contains("not enable_thinking"),
      program.contains("'\(close)'")
    {
      plainStart += close
    }
  }
}
