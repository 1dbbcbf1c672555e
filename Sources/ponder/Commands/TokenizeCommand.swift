public import ArgumentParser
public import Decoding
import Engine
import Foundation
import RemoteModels

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Show a text as the model's tokens.")

  @OptionGroup var options: ModelOptions

  @Argument(help: "The text.") var text: String?

  @Option(help: "Reads the text, as raw bytes, from a file; - is standard input.")
  var file: String?

  @Option(
    help: """
      none: nothing is added and special tokens are read as text; add: what the model expects \
      around a prompt is added; parse: special tokens spelled out in the text are recognised too.
      """) var special: SpecialTokenHandling = .none

  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .json

  private struct Tokens: Encodable {
    var ids: [TokenID]
    var pieces: [String]
  }

  func validate() throws {
    guard (text == nil) != (file == nil) else {
      throw ValidationError("Give either a text or --file FILE.")
    }
  }

  func run() throws {
    let bytes = try input()
    let vocabulary =
      try options.address.map { try options.remote.open($0).vocabulary }
      ?? GGUFFile(path: options.path()).vocabulary()
    let ids = vocabulary.tokenize(bytes, special: special)
    let pieces = ids.map { id in
      vocabulary.isControl(id) ? vocabulary.name(of: id) : vocabulary.token(id).text
    }
    switch format {
    case .json: try StandardOutput.writeJSON(Tokens(ids: ids, pieces: pieces))
    case .text:
      for (id, piece) in zip(ids, pieces) {
        try StandardOutput.writeLine("\(id)\t\(piece.debugDescription)")
      }
    }
  }

  private func input() throws -> [UInt8] {
    if let text { return Array(text.utf8) }
    guard let file, file != "-" else {
      return Array(try FileHandle.standardInput.readToEnd() ?? Data())
    }
    guard let data = FileManager.default.contents(atPath: file) else {
      throw UserError.missingFile("Cannot read \(file); check the path given to --file.")
    }
    return Array(data)
  }
}

extension SpecialTokenHandling: ExpressibleByArgument {}
