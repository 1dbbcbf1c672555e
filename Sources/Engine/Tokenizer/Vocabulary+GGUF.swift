public import Decoding

extension GGUFFile {
  /// The vocabulary that the file's metadata describe; the file need not have any tensors.
  ///
  /// - Throws: `GGUFError` if metadata are missing or of a wrong type, `TokenizerError` if they
  ///   contradict each other or the kind of tokenizer is not supported.
  public func vocabulary() throws -> any Vocabulary {
    let key = "tokenizer.ggml.model"
    let model = try metadata.require(key, "a string") { $0.text }
    guard model == "gpt2" else { throw TokenizerError.unsupportedModel(model) }
    return try BytePairTokenizer(BytePairTokenizer.Definition(metadata))
  }
}

extension BytePairTokenizer.Definition {
  /// Control tokens that end a turn in the known chat formats, although a file's metadata may name
  /// only one of them.
  private static let turnEnds: Set<String> = [
    "<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>",
    "<|end_of_text|>", "<|endofturn|>", "<EOT>", "</s>",
  ]

  /// Reads a byte-level BPE vocabulary out of GGUF metadata (`tokenizer.ggml.*`).
  ///
  /// - Throws: `GGUFError` if metadata are missing or of a wrong type.
  public init(_ metadata: GGUFMetadata) throws {
    let prefix = "tokenizer.ggml."
    func required(_ name: String) throws(GGUFError) -> [[UInt8]] {
      guard let strings = try metadata.elements(prefix + name, "strings", { $0.stringBytes })
      else { throw .missingKey(prefix + name) }
      return strings
    }
    func token(_ name: String) throws(GGUFError) -> TokenID? {
      guard let id = try metadata.integer(prefix + name + "_token_id") else { return nil }
      guard let token = TokenID(exactly: id) else {
        throw .valueOutOfRange(
          key: prefix + name + "_token_id", value: "\(id)", allowed: "the ids of tokens")
      }
      return token
    }
    let tokens = try required("tokens")
    let kinds = try metadata.elements(prefix + "token_type", "integers from 1 to 6") {
      $0.integer.flatMap { Int32(exactly: $0) }.flatMap(BytePairTokenizer.TokenKind.init)
    }
    self.init(
      tokens: tokens, merges: try required("merges"), kinds: kinds ?? [],
      preTokenizer: try metadata.text(prefix + "pre") ?? "default",
      beginningOfText: try token("bos"), endOfText: [], unknown: try token("unknown"),
      addsBeginningOfText: try metadata.boolean(prefix + "add_bos_token") ?? false,
      addsEndOfText: try metadata.boolean(prefix + "add_eos_token") ?? false)
    for name in ["eos", "eot", "eom"] {
      if let end = try token(name), !endOfText.contains(end) { endOfText.append(end) }
    }
    for (index, (spelling, kind)) in zip(tokens, self.kinds).enumerated()
    where kind == .control && Self.turnEnds.contains(String(decoding: spelling, as: UTF8.self)) {
      if !endOfText.contains(TokenID(index)) { endOfText.append(TokenID(index)) }
    }
    // Without an end-of-text token in the metadata there is none to add.
    if try token("eos") == nil { addsEndOfText = false }
  }
}
