public import ArgumentParser
import Decoding
public import Engine
import Foundation
import ModelStores
import RemoteModels

/// Which model is used and how it is run; shared by every command that needs one.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A GGUF file, or a bundled model such as 2m, 2m@8M (after 8 million training tokens) or "
        + "think; 'ponder models' lists them (default: the bundled model). Also hf:USER/REPOSITORY"
        + "[:QUANTIZATION], which is fetched when it is not here yet, ollama:NAME[:TAG] and "
        + "lmstudio:PUBLISHER/REPOSITORY/FILE; and http://HOST:PORT/v1#NAME, a model that a server "
        + "runs, with its key in PONDER_API_KEY.",
      valueName: "file|name|address"))
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

  @Option(
    help: ArgumentHelp(
      "For a model of a server: a GGUF file of the same model, whose vocabulary is used.",
      valueName: "file"))
  var tokenizer: String?

  @Option(help: "For a model of a server: requests at once (default: as many as it says, else 4).")
  var requests: Int?

  @Flag(help: "For a model of a server: send the key although the connection is not encrypted.")
  var insecureKey = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be from 1 to 1024.")
    }
    if let requests, !(1...1024).contains(requests) {
      throw ValidationError("--requests must be from 1 to 1024.")
    }
  }

  /// The address of the model's server; nil for a model of this machine.
  var address: String? { model.flatMap { RemoteAddress.isAddress($0) ? $0 : nil } }

  var remote: RemoteOpening {
    RemoteOpening(tokenizer: tokenizer, requests: requests, allowsKeyInTheOpen: insecureKey)
  }

  /// The model, from its file or its server. What a person should know of it is told.
  ///
  /// - Throws: whatever keeps it from being opened.
  func open() throws -> any LanguageModel {
    if let address {
      let model = try remote.open(address)
      for remark in model.capabilities.remarks { StandardError.tell(remark) }
      return model
    }
    let model = try ModelLoader.load(path: path(), options: engineOptions)
    for warning in model.vocabulary.warnings { StandardError.tell(warning) }
    return model
  }

  /// What was given to `--model`, ready to be opened: an address, or the file that it stands for.
  func source() throws -> String { try address ?? path() }

  /// The file of the model. One that is named by where it is fetched from and is not here is
  /// fetched: whoever names it so has asked for it.
  func path() throws -> String {
    guard let model else { return try BundledModels.standard().path }
    guard address == nil else {
      throw UserError.usage("This needs a model's file; \(model) is the address of a server.")
    }
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
