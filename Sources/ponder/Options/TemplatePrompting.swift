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

  /// - Parameter choice: a family, a Jinja file or `none`, as `--template` takes them; nil for the
  ///   model's own.
  /// - Returns: nil for a model without a template.
  /// - Throws: `ChatTemplateError`.
  init?(_ model: any LanguageModel, choice: String?) throws {
    var settings = RunSettings()
    settings.template = choice
    guard let template = try model.chatTemplate(settings) else { return nil }
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
    let pieces = try template.pieces(for: turns, thinking: thinking.map { $0 ? .on : .off })
    return (
      vocabulary.tokenize(pieces) + vocabulary.tokenize(continuing: begun),
      pieces.map(\.spelling).joined() + begun
    )
  }
}
