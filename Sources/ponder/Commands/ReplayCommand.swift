import ArgumentParser
import Decoding
import Foundation
import Reasoning

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Print a saved trace, without a model.",
    discussion: "'ponder play --replay FILE' shows it on the screens.")

  @Argument(help: "A trace written by --trace or kept by the playground.")
  var trace: String

  @Option(help: "\(RunCommand.Format.names)") var format: RunCommand.Format = .text

  func run() throws {
    let file = try TraceFile.read(URL(fileURLWithPath: trace))
    switch format {
    case .jsonl:
      try StandardOutput.write(String(decoding: TraceCoding.lines(file.records), as: UTF8.self))
    case .text:
      var text = TraceText()
      for record in file.records {
        if case .run(let start) = record.event {
          try StandardOutput.writeLine(
            "run \(record.run): \(start.strategy), \(start.model.name)·\(start.model.fileType)")
        }
        try StandardOutput.write(text.text(for: record))
      }
    }
    if file.tornBytes > 0 {
      FileHandle.standardError.write(
        Data("ponder: the last \(file.tornBytes) bytes were torn off and are left out.\n".utf8))
    }
  }
}
