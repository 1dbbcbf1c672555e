public import Decoding
public import Problems
public import Traces

/// How a model that was trained on conversations wants one to be written.
///
/// GGUF files carry a Jinja program for it. There is no interpreter of such programs here: the
/// families that people have are recognised by what stands in the program
/// (`init(recognizedIn:)`) and written by `pieces(for:reasons:)`.
public struct ChatTemplate: Hashable, Sendable {
  /// The families there are.
  public typealias Family = TemplateFamily

  /// A message of a conversation.
  public struct Message: Hashable, Sendable {
    public enum Role: String, Sendable { case system, user, assistant }

    public var role: Role
    public var content: String

    public init(_ role: Role, _ content: String) {
      self.role = role
      self.content = content
    }
  }

  public var family: Family
  /// What the system says where the conversation has no system message; nil leaves it out.
  var defaultSystem: String?
  /// What always begins the system's message, even where that is empty.
  var preamble: String?
  /// The tags between which the model thinks, when the template speaks of any.
  public var thinking: ThinkingTags?
  /// What begins the assistant's turn when it is to reason.
  public var reasoningStart = ""
  /// What begins the assistant's turn when it is to answer at once.
  var plainStart = ""
  /// Whether a family whose texts need not begin with a token of their own has one here.
  var beginsText = false
  /// Whether the roles of Phi-3 stand on lines of their own.
  var hasRoleLines = true
  /// Whether a space stands behind the tokens of Mistral's seventh form.
  var hasSpaces = false
  /// The token that ends a turn of Zephyr.
  var turnEnd = "</s>"

  /// The family's own form, for a model whose template is not known.
  public init(_ family: Family) { self.family = family }
}

extension ChatTemplate {
  /// The template that a choice comes to for a model whose file says `declared`.
  ///
  /// A family that is named keeps what the file says of the same family: its spacing, its system
  /// text, its thinking.
  ///
  /// - Returns: nil where questions are sent as plain text.
  public static func chosen(_ choice: TemplateChoice, declared: String?) -> ChatTemplate? {
    let recognized = declared.flatMap { ChatTemplate(recognizedIn: $0) }
    switch choice {
    case .none: return nil
    case .auto: return recognized
    case .family(let family):
      if let recognized, recognized.family == family || recognized.family.isForm(of: family) {
        return recognized
      }
      return ChatTemplate(family)
    }
  }

  /// What is to be told of a model whose template is not recognised and therefore not used; nil
  /// if there is nothing to tell.
  public static func warning(_ choice: TemplateChoice, declared: String?) -> String? {
    guard choice == .auto, let declared, !declared.allSatisfy(\.isWhitespace),
      ChatTemplate(recognizedIn: declared) == nil
    else { return nil }
    return "The model's chat template is unknown (known: "
      + Family.allCases.map(\.rawValue).joined(separator: ", ")
      + "), so questions are sent as raw text. --template NAME chooses one."
  }
}

extension ChatTemplate.Family {
  /// `mistral` names all of Mistral's forms, and `deepseek` both of DeepSeek's.
  fileprivate func isForm(of family: Self) -> Bool {
    switch family {
    case .mistral: [.mistralV3, .mistralTekken, .mistralV7].contains(self)
    case .deepSeek: self == .deepSeekV2
    default: false
    }
  }
}

extension LanguageModel {
  /// The template for questions to this model under a run's settings.
  public func chatTemplate(_ settings: RunSettings) -> ChatTemplate? {
    ChatTemplate.chosen(
      settings.template.flatMap { TemplateChoice($0) } ?? .auto, declared: chatTemplate)
  }
}
