public import ArgumentParser
public import Engine
import Foundation

/// Which model is used and how it is run; shared by every command that needs one.
struct ModelOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A GGUF file (default: the bundled model).", valueName: "file"))
  var model: String?

  @Option(help: "Threads that compute (default: one for each processor).")
  var threads: Int?

  @Option(help: "How keys and values are kept: \(KVFormat.names).")
  var kv: KVFormat = .f16

  @Option(help: "Forces an instruction set: \(InstructionSet.names).")
  var isa: InstructionSet?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be from 1 to 1024.")
    }
  }

  /// The file of the model.
  func path() throws -> String { try model ?? BundledModels.standard().path }

  var engineOptions: EngineOptions {
    EngineOptions(
      threads: threads ?? ProcessInfo.processInfo.activeProcessorCount, kvFormat: kv,
      instructionSet: isa)
  }
}

extension KVFormat: ExpressibleByArgument {}
extension InstructionSet: ExpressibleByArgument {}

extension CaseIterable where Self: RawRepresentable, RawValue == String {
  /// All values, as a help text lists them.
  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
