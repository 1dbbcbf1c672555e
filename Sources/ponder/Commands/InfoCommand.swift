import ArgumentParser
import Decoding
import Engine
import Problems
import Reasoning
import Traces
import Training

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Describe a model.")

  @Argument(
    help: ArgumentHelp(
      "A GGUF file, or a bundled model: as --model, but described for people.",
      valueName: "file|name")) var file: String?
  @OptionGroup var options: ModelOptions
  @Option(help: "\(OutputFormat.names) (default: json, or text with a FILE and no --model)")
  var format: OutputFormat?

  /// The answer, as `--format json` prints it.
  private struct Info: Encodable {
    var architecture: String
    var parameters: Int
    var layers: Int
    var contextLength: Int
    var vocabularySize: Int
    var tokenizer: String
    var fileType: String
    var sha256: String
    /// The family of chat template that is recognised; `unknown` for another one, `none` without.
    var chatTemplate: String
    /// The tags between which the model thinks, if it declares any.
    var thinkingTags: [String]?
    /// Where a trained model comes from.
    var trained: Origin?
  }

  private struct Origin: Encodable {
    var parent, parentHash, recipe: String
    var steps: Int
    var seed: UInt64?
    var rate: Double?
    var problems, reward: String?
    /// How it judges, and what has to be known for that; nil for one that was not trained to.
    var verifier: String?
    var verifierNumbers: [String: Double]?
    var teacher, teacherHash: String?
  }

  func validate() throws {
    guard file == nil || options.model == nil else {
      throw ValidationError("Give the model once: either FILE or --model FILE.")
    }
  }

  func run() throws {
    let path = try file.map(BundledModels.path) ?? options.path()
    let file = try GGUFFile(path: path)
    let vocabulary = try file.vocabulary()
    let configuration = try ModelConfiguration(file, vocabularySize: vocabulary.count)
    let chat = ChatTemplate.chosen(.auto, declared: file.chatTemplate)
    let thinking = chat?.thinking ?? ThinkingTags(declaredBy: vocabulary)
    let lineage = Lineage(file.metadata)
    let info = Info(
      architecture: configuration.architecture, parameters: file.parameterCount,
      layers: configuration.layerCount, contextLength: configuration.contextLength,
      vocabularySize: configuration.vocabularySize,
      tokenizer: try file.metadata.text("tokenizer.ggml.model") ?? "none",
      fileType: file.fileType, sha256: file.sha256(),
      chatTemplate: chat?.family.rawValue ?? (file.chatTemplate == nil ? "none" : "unknown"),
      thinkingTags: thinking.map { [$0.open, $0.close] },
      trained: lineage.map {
        Origin(
          parent: $0.parent, parentHash: $0.parentHash, recipe: $0.recipe, steps: $0.steps,
          seed: $0.seed, rate: $0.rate, problems: $0.problems, reward: $0.reward,
          verifier: $0.verifier, verifierNumbers: $0.verifier == nil ? nil : $0.verifierNumbers,
          teacher: $0.teacher, teacherHash: $0.teacherHash)
      })
    for warning in vocabulary.warnings { StandardError.tell(warning) }
    // Scripts rely on the JSON of `--model`, and of no model at all.
    switch format ?? (self.file == nil ? .json : .text) {
    case .json: try StandardOutput.writeJSON(info)
    case .text:
      try StandardOutput.write(
        """
        file             \(path)
        architecture     \(info.architecture)
        parameters       \(info.parameters)
        layers           \(info.layers)
        context length   \(info.contextLength)
        vocabulary size  \(info.vocabularySize)
        tokenizer        \(info.tokenizer)
        file type        \(info.fileType)
        sha256           \(info.sha256)
        chat template    \(info.chatTemplate)
        thinking tags    \(info.thinkingTags?.joined(separator: " … ") ?? "none")

        """)
      guard let lineage else { return }
      try StandardOutput.writeLine("trained          \(lineage.explanation)")
      for line in lineage.details.folded(indent: 17) { try StandardOutput.writeLine(line) }
    }
  }
}
