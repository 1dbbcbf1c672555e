import ArgumentParser
import Decoding
import Engine

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Tell what a model is.")

  @OptionGroup var options: ModelOptions
  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .json

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
  }

  func run() throws {
    let file = try GGUFFile(path: options.path())
    let vocabulary = try file.vocabulary()
    let configuration = try ModelConfiguration(file, vocabularySize: vocabulary.count)
    let info = Info(
      architecture: configuration.architecture, parameters: file.parameterCount,
      layers: configuration.layerCount, contextLength: configuration.contextLength,
      vocabularySize: configuration.vocabularySize,
      tokenizer: try file.metadata.text("tokenizer.ggml.model") ?? "none",
      fileType: file.fileType, sha256: file.sha256())
    switch format {
    case .json: try StandardOutput.writeJSON(info)
    case .text:
      try StandardOutput.write(
        """
        architecture     \(info.architecture)
        parameters       \(info.parameters)
        layers           \(info.layers)
        context length   \(info.contextLength)
        vocabulary size  \(info.vocabularySize)
        tokenizer        \(info.tokenizer)
        file type        \(info.fileType)
        sha256           \(info.sha256)

        """)
    }
  }
}
