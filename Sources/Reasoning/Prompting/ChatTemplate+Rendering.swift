import Problems
import Traces

/// The built-in forms of the families.
extension ChatTemplate {
  /// A conversation as a family of models wants it, up to where the answer begins.
  ///
  /// The piece `beginningOfText` stands first where the family has one; whether the vocabulary
  /// adds that token by itself makes no difference to the tokens (see
  /// `Vocabulary.tokenize(_: [PromptPiece])`).
  func pieces(ofFamily family: Family, _ messages: [Message]) -> [PromptPiece] {
    var turns = messages[...]
    var system: String?
    if turns.first?.role == .system { system = turns.removeFirst().content }
    return switch family {
    case .chatML, .phi4: chatML(system, turns, isPhi4: family == .phi4)
    case .phi3: piped(system, turns, end: .swallowing("<|end|>")) { .swallowing($0) }
    case .zephyr: piped(system, turns, end: .control("</s>")) { .control($0) }
    case .llama3: llama3(system, turns)
    case .llama2: llama2(system, turns)
    case .mistral, .mistralV3, .mistralTekken, .mistralV7: mistral(family, system, turns)
    case .gemma: gemma(system, turns)
    case .deepSeekV2: deepSeekV2(system, turns)
    case .deepSeek: deepSeek(system, turns)
    }
  }

  private func chatML(
    _ system: String?, _ turns: ArraySlice<Message>, isPhi4: Bool
  ) -> [PromptPiece] {
    func opening(_ role: Message.Role) -> [PromptPiece] {
      [.control("<|im_start|>"), .text(role.rawValue)]
        + [isPhi4 ? .control("<|im_sep|>") : .text("\n")]
    }
    let all = system.map { [Message(.system, $0)] + turns } ?? Array(turns)
    return all.flatMap { message in
      opening(message.role)
        + [.text(message.content), .control("<|im_end|>"), .text(isPhi4 ? "" : "\n")]
    } + opening(.assistant)
  }

  /// Phi-3 and Zephyr: the role between bars. Phi-3's tokens take the white space behind them away.
  private func piped(
    _ system: String?, _ turns: ArraySlice<Message>, end: PromptPiece,
    token: (String) -> PromptPiece
  ) -> [PromptPiece] {
    let all =
      (system ?? "").isEmpty ? Array(turns) : [Message(.system, system ?? "")] + Array(turns)
    return all.flatMap { message in
      [token("<|\(message.role.rawValue)|>"), .text("\n" + message.content), end, .text("\n")]
    } + [token("<|assistant|>"), .text("\n")]
  }

  private func llama3(_ system: String?, _ turns: ArraySlice<Message>) -> [PromptPiece] {
    func opening(_ role: Message.Role) -> [PromptPiece] {
      [
        .control("<|start_header_id|>"), .text(role.rawValue), .control("<|end_header_id|>"),
        .text("\n\n"),
      ]
    }
    var all = Array(turns)
    if let system { all.insert(Message(.system, system), at: 0) }
    return [.beginningOfText]
      + all.flatMap { message in
        opening(message.role) + [.text(message.content.trimmingWhitespace), .control("<|eot_id|>")]
      } + opening(.assistant)
  }

  private func llama2(_ system: String?, _ turns: ArraySlice<Message>) -> [PromptPiece] {
    var system = system.map { "<<SYS>>\n\($0)\n<</SYS>>\n\n" } ?? ""
    return turns.flatMap { message -> [PromptPiece] in
      let content = message.content.trimmingWhitespace
      guard message.role == .user else { return [.text(" \(content) "), .control("</s>")] }
      defer { system = "" }
      return [.beginningOfText, .text("[INST] \(system + content) [/INST]")]
    }
  }

  private func mistral(
    _ family: Family, _ system: String?, _ turns: ArraySlice<Message>
  ) -> [PromptPiece] {
    let lead = family == .mistral ? " " : ""
    let gap = family == .mistral || family == .mistralV3 ? " " : ""
    var pieces: [PromptPiece] = [.beginningOfText]
    if family == .mistralV7, let system {
      pieces += [.control("[SYSTEM_PROMPT]"), .text(gap + system), .control("[/SYSTEM_PROMPT]")]
    }
    // The first form puts the system's text into the first question, the later ones into the last.
    let asked = turns.indices.filter { turns[$0].role == .user }
    let told = family == .mistralV7 ? nil : family == .mistral ? asked.first : asked.last
    for (index, message) in zip(turns.indices, turns) {
      if message.role == .user {
        let text = (index == told ? system.map { $0 + "\n\n" } ?? "" : "") + message.content
        pieces += [
          .text(lead), .control("[INST]"), .text(gap + text + lead), .control("[/INST]"),
        ]
      } else {
        let text = family == .mistralV3 ? message.content.trimmingWhitespace : message.content
        pieces += [.text(gap + text), .control("</s>")]
      }
    }
    return pieces
  }

  private func gemma(_ system: String?, _ turns: ArraySlice<Message>) -> [PromptPiece] {
    // There is no system role: its text goes before the first question.
    var system = system.map { $0 + "\n\n" } ?? ""
    return [.beginningOfText]
      + turns.flatMap { message -> [PromptPiece] in
        defer { system = "" }
        return [
          .control("<start_of_turn>"), .text((message.role == .user ? "user" : "model") + "\n"),
          .text(system + message.content.trimmingWhitespace), .control("<end_of_turn>"),
          .text("\n"),
        ]
      } + [.control("<start_of_turn>"), .text("model\n")]
  }

  private func deepSeekV2(_ system: String?, _ turns: ArraySlice<Message>) -> [PromptPiece] {
    [.beginningOfText, .text(system.map { $0 + "\n\n" } ?? "")]
      + turns.flatMap { message -> [PromptPiece] in
        message.role == .user
          ? [.text("User: \(message.content)\n\n")]
          : [.text("Assistant: \(message.content)"), .control("<｜end▁of▁sentence｜>")]
      } + [.text("Assistant:")]
  }

  private func deepSeek(_ system: String?, _ turns: ArraySlice<Message>) -> [PromptPiece] {
    // An answer given is shown without its thinking.
    func said(_ text: String) -> String {
      guard let found = text.ranges(of: ThinkingTags.think.close).last else { return text }
      return String(text[found.upperBound...])
    }
    return [.beginningOfText, .text(system ?? "")]
      + turns.flatMap { message -> [PromptPiece] in
        message.role == .user
          ? [.control("<｜User｜>"), .text(message.content)]
          : [
            .control("<｜Assistant｜>"), .text(said(message.content)),
            .control("<｜end▁of▁sentence｜>"),
          ]
      } + [.control("<｜Assistant｜>")]
  }
}
