public import Decoding
public import Jinja
public import Problems
public import Traces

/// How a model that was trained on conversations wants one to be written.
///
/// GGUF files carry a Jinja program for it, which is run as it stands (`ChatProgram`): what it writes
/// is the prompt. For a model whose file has none, the families that people have are written by
/// `pieces(ofFamily:_:)`.
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

  /// The program; nil for the built-in form of a family.
  public private(set) var program: ChatProgram?
  /// The family whose form it is; nil for a program of none that is known.
  public private(set) var family: Family?
  /// The tags between which the model thinks, when the template speaks of any.
  public private(set) var thinking: ThinkingTags?

  /// The family's own form, for a model whose file has no template.
  public init(_ family: Family) { self.family = family }

  /// A program.
  ///
  /// - Parameter path: the file that it stands in; nil for the model's own.
  /// - Throws: `ChatTemplateError.unreadable` for what is no program of the kind.
  public init(program: String, path: String? = nil) throws(ChatTemplateError) {
    self.program = try ChatProgram(program, path: path)
    family = Family(recognizedIn: program)
    thinking = ThinkingTags.known.first {
      program.contains($0.open) || program.contains($0.close)
    }
  }

  /// A conversation as the model wants it, up to where its answer begins.
  ///
  /// - Parameters:
  ///   - messages: a system message first, if any, then user and assistant in turn.
  ///   - thinking: whether the model is to think; nil leaves that to its template.
  ///   - date: what a template that asks for the day is told.
  /// - Throws: `ChatTemplateError` where the program fails, refuses the conversation, or has no
  ///   switch for what is asked.
  public func pieces(
    for messages: [Message], thinking: ThinkingChoice? = nil, date: CalendarDay = .today
  ) throws(ChatTemplateError) -> [PromptPiece] {
    if let program { return try program.pieces(for: messages, thinking: thinking, date: date) }
    if let thinking { throw .noSwitch(thinking) }
    guard let family else { return [] }
    return PromptPiece.joined(pieces(ofFamily: family, messages))
  }

  /// The template that a choice comes to for a model whose file says `declared`.
  ///
  /// A family that is named is the file's own program where that is of the family.
  ///
  /// - Returns: nil where questions are sent as plain text.
  /// - Throws: `ChatTemplateError` for a program that cannot be read.
  public static func chosen(
    _ choice: TemplateChoice, declared: String?
  ) throws(ChatTemplateError) -> ChatTemplate? {
    let own = declared.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
    switch choice {
    case .none: return nil
    case .auto:
      guard let own else { return nil }
      return try ChatTemplate(program: own)
    case .family(let family):
      if let own, let recognized = Family(recognizedIn: own),
        recognized == family || recognized.isForm(of: family)
      {
        return try ChatTemplate(program: own)
      }
      return ChatTemplate(family)
    case .file(let path):
      do {
        return try ChatTemplate(program: TextFile.read(path), path: path)
      } catch let error as ChatTemplateError {
        throw error
      } catch {
        throw .missingFile("\(error)")
      }
    }
  }

  /// Whether what it writes depends on the day.
  public var asksForDate: Bool { program?.asksForDate ?? false }

  /// What people call it: the family's name, or `jinja` for a program of no family that is known.
  public var name: String { family?.rawValue ?? "jinja" }

  /// What the template does about thinking, in a few words.
  ///
  /// - Throws: `ChatTemplateError` for a program that fails.
  public var thinkingInWords: String {
    get throws(ChatTemplateError) {
      switch try program?.switching() ?? ChatProgram.Switching.none {
      case .none: "no switch for thinking"
      case .usual(.on): "thinks unless it is off"
      case .usual(.off): "thinks only if it is on"
      case .switchable: "on and off are possible"
      }
    }
  }

  /// The same template with the names that a vocabulary has for its first and last tokens.
  public func named(by vocabulary: any Vocabulary) -> ChatTemplate {
    named(
      beginning: vocabulary.beginningOfText.map { vocabulary.name(of: $0) } ?? "",
      end: vocabulary.declaredEnd.map { vocabulary.name(of: $0) } ?? "")
  }

  /// The same template with names for the tokens that begin and end a text.
  public func named(beginning: String, end: String) -> ChatTemplate {
    var template = self
    template.program?.beginningOfText = beginning
    template.program?.endOfText = end
    return template
  }
}

/// Why a chat template cannot be used.
public enum ChatTemplateError: Error, Hashable, CustomStringConvertible {
  /// The program is none, or fails; the file that it stands in, or nil for the model's own.
  case unreadable(JinjaError, path: String?)
  /// A file cannot be read at all.
  case missingFile(String)
  /// The template has no switch for thinking.
  case noSwitch(ThinkingChoice)
  /// There is no template that could heed a setting, by its name.
  case noTemplate(setting: String)

  public var description: String {
    switch self {
    case .unreadable(let error, let path):
      (path.map { "The chat template \($0)" } ?? "The model's chat template")
        + (error.kind == .raised
          ? " refuses this conversation (line \(error.position.line)): \(error.reason). "
          : " cannot be used: \(error). ")
        + "--template takes another file or a family's name, and none sends plain text."
    case .missingFile(let reason): "The chat template cannot be read: \(reason)."
    case .noTemplate(let setting):
      "Questions go to this model as plain text, without a chat template, so --\(setting) means "
        + "nothing: leave it out, or choose a template with --template."
    case .noSwitch(let choice):
      "The chat template cannot switch thinking \(choice.rawValue): leave out --thinking, or ask for "
        + "it in words, with --system for example."
    }
  }
}

extension LanguageModel {
  /// The template for questions to this model under a run's settings.
  ///
  /// - Throws: `ChatTemplateError` for a program that cannot be read.
  public func chatTemplate(_ settings: RunSettings) throws(ChatTemplateError) -> ChatTemplate? {
    try ChatTemplate.chosen(
      settings.template.flatMap { TemplateChoice($0) } ?? .auto, declared: chatTemplate)?
      .named(by: vocabulary)
  }
}

extension RunSettings {
  /// The settings of a run that begins now on some models: with the day that a chat template of
  /// theirs is told, today's where none is set, and with none where no template asks for it.
  ///
  /// Whoever begins something that has to be the same when it is done again takes them once.
  public func dated(for models: [any LanguageModel]) -> RunSettings {
    dated(forTemplates: models.map(\.chatTemplate))
  }

  /// The same for models whose files say `declared`.
  public func dated(forTemplates declared: [String?]) -> RunSettings {
    var settings = self
    let choice = template.flatMap { TemplateChoice($0) } ?? .auto
    let isAsked = declared.contains {
      (try? ChatTemplate.chosen(choice, declared: $0))?.asksForDate ?? false
    }
    settings.date = isAsked ? date ?? .today : nil
    return settings
  }
}
