public import ArgumentParser
public import Engine
import Foundation
import ModelStores

/// Which model is used and how it is run; shared by every command that needs one.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A GGUF file, or a bundled model such as 2m, 2m@8M (after 8 million training tokens) or "
        + "think; 'ponder models' lists them (default: the bundled model). Also hf:USER/REPOSITORY"
        + "[:QUANTIZATION], which is fetched when it is not here yet, ollama:NAME[:TAG] and "
        + "lmstudio:PUBLISHER/REPOSITORY/FILE.",
      valueName: "file|name"))
  var model: String?

  @Option(help: "How many threads compute (default: one per processor).")
  var threads: Int?

  @Option(help: "How keys and values are stored: \(KVFormat.names).")
  var kv: KVFormat = .f16

  @Option(
    help: ArgumentHelp(
      "The most tokens (such as 8192 or 32k) or the most memory (512M, 2G) for keys and values "
        + "(default: what this machine can spare).", valueName: "tokens|memory"))
  var kvLimit: CacheLimit?

  @Option(help: "Forces an instruction set: \(InstructionSet.names).")
  var isa: InstructionSet?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be from 1 to 1024.")
    }
  }

  /// The file of the model. One that is named by where it is fetched from and is not here is
  /// fetched: whoever names it so has asked for it.
  func path() throws -> String {
    guard let model else { return try BundledModels.standard().path }
    do {
      return try BundledModels.path(of: model)
    } catch ReferenceError.notHere(let reference, _)
      where reference.canBePulled && !ModelFetch.isOffline
    {
      return try ModelFetch.waiting(for: reference)
    }
  }

  var engineOptions: EngineOptions {
    EngineOptions(
      threads: threads ?? ProcessInfo.processInfo.activeProcessorCount, kvFormat: kv,
      cacheLimit: kvLimit, instructionSet: isa)
  }
}

extension KVFormat: ExpressibleByArgument {}

extension CacheLimit: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension InstructionSet: ExpressibleByArgument {}

extension CaseIterable where Self: RawRepresentable, RawValue == String {
  /// All values, as a help text lists them.
  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
