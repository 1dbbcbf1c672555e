import Decoding
import Problems
import Reasoning
import Serving
import Traces

/// A model's chat template, for conversations of clients.
struct TemplatePrompting: ChatPrompting {
  private let template: ChatTemplate
  private let vocabulary: any Vocabulary
  let source: String?

  /// - Returns: nil for a model without a template that can be written.
  init?(_ model: any LanguageModel) {
    guard let template = ChatTemplate.chosen(.auto, declared: model.chatTemplate) else {
      return nil
    }
    self.template = template
    vocabulary = model.vocabulary
    source = model.chatTemplate
  }

  func prompt(
    _ messages: [ChatMessage], thinking: Bool?, continuesLast: Bool
  ) throws -> (tokens: [TokenID], text: String) {
    var turns = messages.map { message in
      ChatTemplate.Message(.init(rawValue: message.role) ?? .user, message.content)
    }
    let begun = continuesLast ? turns.popLast()?.content ?? "" : ""
    let pieces = template.pieces(for: turns, reasons: thinking ?? true)
    return (
      vocabulary.tokenize(pieces) + vocabulary.tokenize(continuing: begun),
      pieces.map(\.spelling).joined() + begun
    )
  }
}
