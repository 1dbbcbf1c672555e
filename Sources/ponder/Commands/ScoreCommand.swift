import ArgumentParser
import Decoding
import Engine
import Foundation
import Serving
import TerminalUI

/// `ponder score`: how likely the model finds a text, token by token, whoever wrote it.
struct ScoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Score a text token by token: how surprising the model finds it.",
    discussion: """
      The text may be anything: prose, code, another model's answer. Every byte of it counts, a line end at \
      its end too. What stands before it (--prompt, --given, --chat) is not scored; without that, the \
      first token has no figure unless the model begins texts with a token of its own.

      Figures are those of the model's raw logits, before any sampling setting: surprisal in bits \
      (−log₂ p), the token's rank, p, and the likeliest tokens in its place.

      Try: ponder score answer.txt --prompt "Q: 3 + 4 = ?" --chat --token "7"
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument { case text, json, jsonl, csv }

  @Argument(help: "The file with the text; - is standard input.") var file: String

  @Option(
    help: ArgumentHelp(
      "What stands before the text, and is not scored.", valueName: "text"))
  var prompt: String?

  @Option(
    help: ArgumentHelp(
      "A file with what stands before the text, and is not scored.", valueName: "file"))
  var given: String?

  @Flag(
    help: "The text is an answer in the model's chat template to what stands before it, a message.")
  var chat = false

  @Option(
    help: ArgumentHelp(
      "With --chat: the template, as a family's name or a Jinja file (default: the model's own).",
      valueName: "name|file"))
  var template: String?

  @Option(
    help: ArgumentHelp(
      "Also print p of this token at every place; may be given several times.", valueName: "text"))
  var token: [String] = []

  @Option(
    name: .customLong("top"),
    help: ArgumentHelp("How many of the likeliest tokens to list at every place.", valueName: "k"))
  var alternatives = 3

  @Option(help: "\(Format.names)") var format: Format = .text

  @Option(help: "The theme of the colours on a terminal.")
  var theme = ThemeLibrary.defaultName

  @OptionGroup var model: ModelOptions

  func validate() throws {
    guard prompt == nil || given == nil else {
      throw ValidationError("Give what stands before the text once: --prompt TEXT or --given FILE.")
    }
    guard !chat || prompt != nil || given != nil else {
      throw ValidationError("--chat wants the message that is answered: --prompt or --given.")
    }
    guard template == nil || chat else { throw ValidationError("--template goes with --chat.") }
    guard (0...1000).contains(alternatives) else {
      throw ValidationError("--top must be from 0 to 1000.")
    }
  }

  func run() async throws {
    let text = try Self.bytes(file, "the file")
    guard !text.isEmpty else { throw UserError.badData("There is no text to score.") }
    let before = try prompt.map { Array($0.utf8) } ?? given.map { try Self.bytes($0, "--given") }
    let model = try ModelLoader.load(path: model.path(), options: model.engineOptions)
    let (context, tokens) = try tokens(text, before, model)
    let asked = try token.map { try Self.id(of: $0, model.vocabulary) }
    let score = try await Decoder(model: model, slots: 1).score(
      tokens, after: context, alternatives: alternatives, asked: asked)
    let report = ScoreReport(
      score, context: context, asked: zip(token, asked).map { .init(text: $0, id: $1) },
      model: model)
    switch format {
    case .text:
      let depth = ColorDepth.detect(
        environment: ProcessInfo.processInfo.environment,
        isTerminal: isatty(STDOUT_FILENO) == 1)
      let theme = try Themes.library().theme(theme, depth: depth)
      try StandardOutput.write(report.text(theme: theme, depth: depth))
    case .json: try StandardOutput.writeLine(report.json)
    case .jsonl: try StandardOutput.write(report.jsonLines)
    case .csv: try StandardOutput.write(report.csv)
    }
  }

  /// What the model is given, and what is scored. The two are made tokens apart, as where a model goes on from
  /// a prompt.
  private func tokens(
    _ text: [UInt8], _ before: [UInt8]?, _ model: TransformerModel
  ) throws -> (context: [TokenID], scored: [TokenID]) {
    let vocabulary = model.vocabulary
    guard let before else {
      let tokens = vocabulary.tokenize(text, special: .add)
      // What the model expects before a text is not part of it.
      let begins = tokens.first.map { $0 == vocabulary.beginningOfText } ?? false
      let scored = tokens.dropFirst(begins ? 1 : 0)
      // Nor is what some models expect behind it.
      let end = scored.last.map { vocabulary.endOfText.contains($0) } ?? false
      return (begins ? Array(tokens.prefix(1)) : [], Array(scored.dropLast(end ? 1 : 0)))
    }
    let scored = vocabulary.tokenize(continuing: text, parsingSpecial: false)
    let spelled = String(decoding: before, as: UTF8.self)
    guard chat else { return (vocabulary.tokenize(prompt: spelled), scored) }
    guard let template = try TemplatePrompting(model, choice: template) else {
      throw UserError.usage("This model has no chat template; name one with --template.")
    }
    let context = try template.prompt(
      [.init(role: "user", content: spelled)], thinking: nil, continuesLast: false)
    return (context.tokens, scored)
  }

  /// The token that a text spells.
  private static func id(of text: String, _ vocabulary: any Vocabulary) throws -> TokenID {
    let ids = vocabulary.tokenize(continuing: text, parsingSpecial: true)
    if let id = ids.first, ids.count == 1 { return id }
    let bytes = Array(text.utf8)
    if let id = (0..<TokenID(vocabulary.count)).first(where: { vocabulary.bytes(of: $0) == bytes }),
      !bytes.isEmpty
    {
      return id
    }
    let parts = ids.map {
      String(decoding: vocabulary.bytes(of: $0), as: UTF8.self).debugDescription
    }
    throw UserError.usage(
      ids.isEmpty
        ? "--token takes the text of a token, such as \" 8\"."
        : "--token takes one token; \(text.debugDescription) is \(parts.joined(separator: " + ")).")
  }

  private static func bytes(_ path: String, _ what: String) throws -> [UInt8] {
    if path == "-" { return Array(try FileHandle.standardInput.readToEnd() ?? Data()) }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UserError.missingFile("Cannot read \(path); check the path of \(what).")
    }
    return Array(data)
  }
}
