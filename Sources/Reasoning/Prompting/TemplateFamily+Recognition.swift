public import Traces

/// Families by their programs: for the names that people are shown, and to know that a family that
/// is named is the model's own. What a program writes is never guessed from its family.
extension TemplateFamily {
  /// Recognises a Jinja template by the tokens it writes and by how it writes them.
  ///
  /// - Returns: nil for a template of no family that is known.
  public init?(recognizedIn jinja: String) {
    // Programs differ in their white space, and write a line feed as itself or as `\n`.
    guard let family = Self.recognized(in: jinja.replacing("\\n", with: "\n")) else { return nil }
    self = family
  }

  /// `mistral` names all of Mistral's forms, and `deepseek` both of DeepSeek's.
  func isForm(of family: Self) -> Bool {
    switch family {
    case .mistral: [.mistralV3, .mistralTekken, .mistralV7].contains(self)
    case .deepSeek: self == .deepSeekV2
    default: false
    }
  }

  private static func recognized(in program: String) -> TemplateFamily? {
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
  private static func mistral(_ program: String) -> TemplateFamily {
    if program.contains("[SYSTEM_PROMPT]") { return .mistralV7 }
    if program.contains("[AVAILABLE_TOOLS]") {
      return program.contains("\"[INST]\"") || program.contains("'[INST]'")
        ? .mistralTekken : program.contains(" [INST]") ? .mistral : .mistralV3
    }
    return program.contains("<<SYS>>") ? .llama2 : .mistral
  }
}
