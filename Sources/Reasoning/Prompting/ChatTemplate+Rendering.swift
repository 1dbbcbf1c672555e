import Problems
import Traces

extension ChatTemplate {
  /// A conversation as the model wants it, up to where its answer begins.
  ///
  /// The piece `beginningOfText` stands first where the family has one; whether the vocabulary
  /// adds that token by itself makes no difference to the tokens (see
  /// `Vocabulary.tokenize(_: [PromptPiece])`).
  ///
  /// - Parameters:
  ///   - messages: a system message first, if any, then user and assistant in turn.
  ///   - reasons: whether a model that can do both thinks first.
  public func pieces(for messages: [Message], reasons: Bool = true) -> [PromptPiece] {
    var turns = messages[...]
    var system: String?
    if turns.first?.role == .system { system = turns.removeFirst().content }
    let pieces =
      switch family {
      case .chatML, .phi4: chatML(system ?? defaultSystem, turns)
      case .phi3, .zephyr: piped(system, turns)
      case .llama3: llama3(system, turns)
      case .llama2: llama2(system, turns)
      case .mistral, .mistralV3, .mistralTekken, .mistralV7: mistral(system, turns)
      case .gemma: gemma(system, turns)
      case .deepSeekV2: deepSeekV2(system, turns)
      case .deepSeek: deepSeek(system, turns)
      }
    let first: [PromptPiece] =
      beginsText && pieces.first != .beginningOfText ? [.beginningOfText] : []
    return PromptPiece.joined(first + pieces + start(reasons: reasons))
  }

  private func start(reasons: Bool) -> [PromptPiece] {
    var rest = Substring(reasons ? reasoningStart : plainStart)
    guard let thinking, !rest.isEmpty else { return [] }
    var pieces: [PromptPiece] = []
    for tag in [thinking.open, thinking.close] {
      guard let found = rest.firstRange(of: tag) else { continue }
      pieces += [.text(String(rest[..<found.lowerBound])), .control(tag)]
      rest = rest[found.upperBound...]
    }
    return pieces + [.text(String(rest))]
  }

  private func chatML(_ system: String?, _ turns: ArraySlice<Message>) -> [PromptPiece] {
    let isPhi4 = family == .phi4
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

  /// Phi-3 and Zephyr: the role between bars.
  private func piped(_ system: String?, _ turns: ArraySlice<Message>) -> [PromptPiece] {
    let line = family == .phi3 && !hasRoleLines ? "" : "\n"
    // Phi-3's tokens take the white space behind them away.
    func token(_ name: String) -> PromptPiece {
      family == .phi3 && hasRoleLines ? .swallowing(name) : .control(name)
    }
    let end = token(family == .phi3 ? "<|end|>" : turnEnd)
    let all =
      (system ?? "").isEmpty ? Array(turns) : [Message(.system, system ?? "")] + Array(turns)
    return all.flatMap { message in
      [token("<|\(message.role.rawValue)|>"), .text(line + message.content), end, .text(line)]
    } + [token("<|assistant|>"), .text(line)]
  }

  private func llama3(_ system: String?, _ turns: ArraySlice<Message>) -> [PromptPiece] {
    func opening(_ role: Message.Role) -> [PromptPiece] {
      [
        .control("<|start_header_id|>"), .text(role.rawValue), .control("<|end_header_id|>"),
        .text("\n\n"),
      ]
    }
    var all = Array(turns)
    if system != nil || preamble != nil { all.insert(Message(.system, system ?? ""), at: 0) }
    return [.beginningOfText]
      + all.flatMap { message in
        opening(message.role) + [
          .text(message.role == .system ? preamble ?? "" : ""),
          .text(message.content.trimmingWhitespace), .control("<|eot_id|>"),
        ]
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

  private func mistral(_ system: String?, _ turns: ArraySlice<Message>) -> [PromptPiece] {
    let lead = family == .mistral ? " " : ""
    let gap = family == .mistral || family == .mistralV3 || hasSpaces ? " " : ""
    var pieces: [PromptPiece] = [.beginningOfText]
    if family == .mistralV7, let system = system ?? defaultSystem {
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
      guard let close = thinking?.close, let found = text.ranges(of: close).last else {
        return text
      }
      return String(text[found.upperBound...])
    }
    // V3.1 marks answers that were given at once.
    let answered = thinking.map { plainStart == $0.open + $0.close } ?? false ? plainStart : ""
    return [.beginningOfText, .text(system ?? "")]
      + turns.flatMap { message -> [PromptPiece] in
        message.role == .user
          ? [.control("<｜User｜>"), .text(message.content)]
          : [
            .control("<｜Assistant｜>"), .text(answered), .text(said(message.content)),
            .control("<｜end▁of▁sentence｜>"),
          ]
      } + [.control("<｜Assistant｜>")]
  }
}
