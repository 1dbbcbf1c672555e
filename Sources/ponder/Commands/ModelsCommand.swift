import ArgumentParser
import Engine
import Foundation

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List the bundled models.")

  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .text

  private struct Model: Encodable {
    var name: String
    var path: String
    var architecture: String
    var parameters: Int
    var fileType: String
    var bytes: Int
    var isDefault: Bool

    enum CodingKeys: String, CodingKey {
      case name, path, architecture, parameters, fileType, bytes
      case isDefault = "default"
    }
  }

  func run() throws {
    let models = try list()
    switch format {
    case .json: try StandardOutput.writeJSON(models)
    case .text:
      let width = models.map(\.name.count).max() ?? 0
      for model in models {
        let columns = [
          model.isDefault ? "*" : " ", model.name.padded(to: width),
          ByteCount.text(model.bytes).padded(to: 9, left: true),
          "\(model.parameters) parameters".padded(to: 22, left: true), model.fileType,
        ]
        try StandardOutput.writeLine(columns.joined(separator: "  "))
      }
    }
  }

  private func list() throws -> [Model] {
    let files = try BundledModels.all()
    guard !files.isEmpty else { return [] }
    let standard = try BundledModels.standard()
    return try files.map { url in
      let file = try GGUFFile(path: url.path)
      return Model(
        name: url.deletingPathExtension().lastPathComponent, path: url.path,
        architecture: try file.metadata.text("general.architecture") ?? "unknown",
        parameters: file.parameterCount, fileType: file.fileType, bytes: file.size,
        isDefault: url == standard)
    }
  }
}
