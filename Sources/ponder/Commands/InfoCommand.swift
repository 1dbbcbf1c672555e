import ArgumentParser
import Decoding
import Engine
import Foundation
import Playground
import RemoteModels
import Training

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Describe models, and say whether they run.",
    discussion: """
      Weights are only looked at, so that large files take no longer than small ones. The exit \
      status is 65 when a model does not run; why not is said on standard error. Of a model that a \
      server runs it tells what the server gives.
      """)

  @Argument(
    help: ArgumentHelp(
      "GGUF files, models by name, or one address of a server: as --model, but described for people; "
        + "several as a table.",
      valueName: "file|name|address"))
  var files: [String] = []
  @OptionGroup var options: ModelOptions
  @Option(
    help: ArgumentHelp(
      "For how many tokens memory is counted (default: \(ModelFacts.usualContext), or as many as "
        + "the model was made for).", valueName: "tokens"))
  var context: Int?
  @Flag(help: "Digest files of more than 64 MB as well, which reads all of them.")
  var sha256 = false
  @Option(help: "\(OutputFormat.names) (default: json, or text with a FILE and no --model)")
  var format: OutputFormat?

  func validate() throws {
    guard files.isEmpty || options.model == nil else {
      throw ValidationError("Give the model once: either FILE or --model FILE.")
    }
    if let context, context < 1 { throw ValidationError("--context must be at least 1.") }
  }

  func run() throws {
    guard files.count > 1 else { return try describe(one: files.first) }
    var rows: [ModelFacts] = []
    for name in files {
      do {
        rows.append(try facts(BundledModels.path(of: name)).facts)
      } catch let error as GGUFError {
        rows.append(ModelFacts(unreadable: name, "\(error)"))
      }
    }
    switch format ?? .text {
    case .json: try StandardOutput.writeJSON(rows)
    case .text: try StandardOutput.write(Self.table(rows))
    }
    let refused = rows.count { !$0.runs }
    if refused > 0 {
      throw UserError.badData("\(refused) of \(rows.count) models do not run.")
    }
  }

  private func describe(one name: String?) throws {
    if let address = name ?? options.model, RemoteAddress.isAddress(address) {
      return try describe(address, format ?? (name == nil ? .json : .text))
    }
    let path = try name.map(BundledModels.path) ?? options.path()
    let (facts, file) = try facts(path)
    for warning in facts.warnings { StandardError.tell(warning) }
    // Scripts rely on the JSON of `--model`, and of no model at all.
    switch format ?? (name == nil ? .json : .text) {
    case .json: try StandardOutput.writeJSON(facts)
    case .text: try StandardOutput.write(facts.text(Lineage(file.metadata)))
    }
    if let obstacle = facts.obstacles.first { throw UserError.badData(obstacle) }
  }

  private func describe(_ address: String, _ format: OutputFormat) throws {
    let model = try options.remote.open(address)
    switch format {
    case .json: try StandardOutput.writeJSON(RemoteFacts(model))
    case .text: try StandardOutput.write(RemoteFacts.text(model))
    }
  }

  private func facts(_ path: String) throws -> (facts: ModelFacts, file: GGUFFile) {
    let file = try GGUFFile(path: path)
    let facts = ModelFacts(
      file, path: path, context: context, kvFormat: options.kv, digestsAll: sha256)
    return (facts, file)
  }

  private static func table(_ rows: [ModelFacts]) -> String {
    var text = TextTable<ModelFacts>(columns: [
      .init("MODEL") { ModelLoader.name(ofFile: $0.file, type: $0.fileType) },
      .init("ARCHITECTURE") { $0.architecture },
      .init("TYPE") { $0.fileType },
      .init("SIZE", isNumber: true) { Format.bytes($0.fileBytes) },
      .init("WEIGHTS", isNumber: true) { Format.count($0.parameters) },
      .init("MEMORY", isNumber: true) { $0.memory.map { Format.bytes($0.total) } ?? "—" },
      .init("TEMPLATE") { $0.chatTemplate },
      .init("RUNS") { $0.runs ? "yes" : "no" },
    ]).text(rows)
    // A reason is a sentence, which no column holds.
    for row in rows {
      let name = ModelLoader.name(ofFile: row.file, type: row.fileType)
      for remark in row.obstacles + row.warnings {
        text += "\(name): \(remark)".wrapped().joined(separator: "\n") + "\n"
      }
    }
    return text
  }
}
