import ArgumentParser
import Foundation
import Reasoning

/// `ponder curriculum`: the training documents of the bundled models.
struct CurriculumCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curriculum", abstract: "Write the documents that the bundled models learn from.")

  @Option(help: "How many documents.")
  var documents = 1000

  @Option(help: "The number of the first document.")
  var first = 0

  @Option(help: "The seed that the documents are drawn from.")
  var seed: UInt64 = 1

  @Option(help: "Where to write; standard output if not given.")
  var output: String?

  func run() throws {
    if let output { _ = FileManager.default.createFile(atPath: output, contents: nil) }
    let file = output.map { FileHandle(forWritingAtPath: $0) } ?? FileHandle.standardOutput
    guard let file else { throw ValidationError("cannot write to \(output ?? "standard output")") }
    let generator = CurriculumGenerator(seed: seed)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var buffer = Data()
    for number in first..<(first + documents) {
      buffer.append(try encoder.encode(generator.document(number)))
      buffer.append(0x0A)
      if buffer.count > 1 << 20 {
        try file.write(contentsOf: buffer)
        buffer.removeAll(keepingCapacity: true)
      }
    }
    try file.write(contentsOf: buffer)
  }
}
