public import ArgumentParser
import Decoding
import Engine
import Problems
import Reasoning
public import Traces

struct TemplateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "template", abstract: "Show what a chat template makes of a conversation.",
    discussion: """
      Without --model the template of a FILE is shown by itself; with --model what the model is \
      given, and as which tokens.
      """)

  @Argument(help: "A Jinja file (default: the template of the model).") var file: String?
  @OptionGroup var options: ModelOptions

  @Option(
    name: .customLong("message"),
    help: ArgumentHelp(
      "What is said, in turn: user=TEXT, assistant=TEXT or system=TEXT (default: user=2 + 2?).",
      valueName: "role=text")) var messages: [SpokenMessage] = []
  @Option(help: "What the system says first.") var system: String?
  @Option(help: "Whether the model is to think: on or off (default: as the template has it).")
  var thinking: ThinkingChoice?
  @Option(help: "The day that the template is told, as YYYY-MM-DD (default: today).")
  var date: CalendarDay?
  @Option(help: "The name of the token that begins a text, without a model.") var bos = "<s>"
  @Option(help: "The name of the token that ends a text, without a model.") var eos = "</s>"
  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .text

  private struct Written: Encodable {
    var text: String
    var parts: [Part]
    /// What the template does about thinking by itself.
    var thinking: String
    var ids: [TokenID]?
  }

  private struct Part: Encodable {
    var text: String
    /// Whether the text is part of a message: what it spells is no token.
    var isInput: Bool
  }

  func validate() throws {
    guard file != nil || options.model != nil else {
      throw ValidationError("Give the FILE of a template, or a model with --model.")
    }
  }

  func run() throws {
    let model = try options.model.map { _ in try GGUFFile(path: options.path()) }
    let vocabulary = try model?.vocabulary()
    let choice = file.map { TemplateChoice.file(path: $0) } ?? .auto
    guard var template = try ChatTemplate.chosen(choice, declared: model?.chatTemplate) else {
      throw UserError.badData("The model's file has no chat template; questions are plain text.")
    }
    template =
      vocabulary.map { template.named(by: $0) } ?? template.named(beginning: bos, end: eos)
    let pieces = try template.pieces(
      for: conversation, thinking: thinking, date: date ?? .today)
    let written = Written(
      text: pieces.map(\.spelling).joined(),
      parts: pieces.map { piece in
        if case .text(let text) = piece { return Part(text: text, isInput: true) }
        return Part(text: piece.spelling, isInput: false)
      }, thinking: try template.thinkingInWords, ids: vocabulary?.tokenize(pieces))
    switch format {
    case .json: try StandardOutput.writeJSON(written)
    case .text: try StandardOutput.writeLine(written.text)
    }
  }

  private var conversation: [ChatTemplate.Message] {
    let said = messages.map(\.message)
    return (system.map { [ChatTemplate.Message(.system, $0)] } ?? [])
      + (said.isEmpty ? [ChatTemplate.Message(.user, "2 + 2?")] : said)
  }
}

/// `user=TEXT` and the like.
struct SpokenMessage: ExpressibleByArgument {
  var message: ChatTemplate.Message

  init?(argument: String) {
    let halves = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, let role = ChatTemplate.Message.Role(rawValue: String(halves[0]))
    else { return nil }
    message = ChatTemplate.Message(role, String(halves[1]))
  }
}

extension CalendarDay: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension ThinkingChoice: ExpressibleByArgument {}
