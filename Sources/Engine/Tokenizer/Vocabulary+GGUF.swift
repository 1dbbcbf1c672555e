public import Decoding

extension GGUFFile {
  /// The vocabulary that the file's metadata describe; the file need not have any tensors.
  ///
  /// - Throws: `GGUFError` if metadata are missing or of a wrong type, `TokenizerError` if they
  ///   contradict each other or the kind of tokenizer is not supported.
  public func vocabulary() throws -> any Vocabulary {
    let key = "tokenizer.ggml.model"
    let model = try metadata.require(key, "a string") { $0.text }
    switch model {
    case "gpt2": return try BytePairTokenizer(BytePairTokenizer.Definition(metadata))
    case "llama": return try SentencePieceTokenizer(SentencePieceTokenizer.Definition(metadata))
    case "gemma4": return try CharacterPairTokenizer(CharacterPairTokenizer.Definition(metadata))
    default: throw TokenizerError.unsupportedModel(model)
    }
  }
}

private let prefix = "tokenizer.ggml."

extension BytePairTokenizer.Definition {
  /// Reads a byte-level BPE vocabulary out of GGUF metadata (`tokenizer.ggml.*`).
  ///
  /// - Throws: `GGUFError` if metadata are missing or of a wrong type.
  init(_ metadata: GGUFMetadata) throws(GGUFError) {
    let name = try metadata.text(prefix + "pre") ?? PreTokenizer.default.rawValue
    var defaults = TokenList.Defaults()
    defaults.addsBeginningOfText = PreTokenizer.Use(named: name)?.addsBeginningOfText ?? false
    var tokens = try TokenList(metadata, defaults)
    // Bytes that such a vocabulary lacks are dropped, whatever it has for unknown words.
    tokens.unknown = nil
    self.init(
      tokens: tokens, merges: try metadata.byteStrings(prefix + "merges"), preTokenizer: name)
  }
}

extension SentencePieceTokenizer.Definition {
  /// Reads a SentencePiece vocabulary out of GGUF metadata (`tokenizer.ggml.*`).
  ///
  /// - Throws: `GGUFError` if metadata are missing or of a wrong type.
  init(_ metadata: GGUFMetadata) throws(GGUFError) {
    let defaults = TokenList.Defaults(
      beginningOfText: 1, endOfText: 2, unknown: 0, addsBeginningOfText: true)
    let scores = try metadata.elements(prefix + "scores", "numbers") {
      $0.number.map { Float($0) }
    }
    self.init(
      tokens: try TokenList(metadata, defaults), scores: scores ?? [],
      addsSpacePrefix: try metadata.boolean(prefix + "add_space_prefix") ?? true)
  }
}

extension CharacterPairTokenizer.Definition {
  /// Reads a vocabulary of merges over characters out of GGUF metadata (`tokenizer.ggml.*`).
  ///
  /// - Throws: `GGUFError` if metadata are missing or of a wrong type.
  init(_ metadata: GGUFMetadata) throws(GGUFError) {
    var tokens = try TokenList(metadata, TokenList.Defaults())
    // Files are about that say otherwise, but the model was trained so; llama.cpp overrides them.
    tokens.addsBeginningOfText = true
    self.init(tokens: tokens, merges: try metadata.byteStrings(prefix + "merges"))
  }
}

extension GGUFMetadata {
  fileprivate func byteStrings(_ key: String) throws(GGUFError) -> [[UInt8]] {
    guard let strings = try elements(key, "strings", { $0.stringBytes }) else {
      throw .missingKey(key)
    }
    return strings
  }

  /// The token of a role.
  ///
  /// - Parameter size: of the vocabulary.
  /// - Returns: nil where the file names none, or one that the vocabulary does not have; then with a
  ///   warning. Such files are about, -1 for "none" among them, and llama.cpp loads them so.
  fileprivate func token(
    _ name: String, of size: Int, _ warnings: inout [String]
  ) throws(GGUFError) -> TokenID? {
    let key = prefix + name + "_token_id"
    guard let id = try integer(key) else { return nil }
    if let token = TokenID(exactly: id), (0..<size).contains(Int(token)) { return token }
    warnings.append(
      "The GGUF metadata '\(key)' is \(id), but the vocabulary has \(size) tokens; it is ignored.")
    return nil
  }
}

extension TokenList {
  /// What holds for a kind of tokenizer if the file does not say.
  fileprivate struct Defaults {
    var beginningOfText: TokenID?
    var endOfText: TokenID?
    var unknown: TokenID?
    var addsBeginningOfText = false
  }

  /// Tokens that are recognised as control tokens are, whatever the file calls them; llama.cpp
  /// finds them so. `</s>` ends a text only where it is a control token: Gemma has it as HTML.
  private static let controlSpellings: Set<String> = [
    "</s>", "<eos>", "[EOS]", "[EOT]", "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>",
    "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>", "<|fim_suffix|>",
    "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>",
    "<|suffix|>", "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>",
    "▁<MID>", "<|code_middle|>", "<|middle|>", "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>",
    "[PAD]", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
  ]

  fileprivate init(_ metadata: GGUFMetadata, _ defaults: Defaults) throws(GGUFError) {
    let spellings = try metadata.byteStrings(prefix + "tokens")
    let kinds = try metadata.elements(prefix + "token_type", "integers from 1 to 6") {
      $0.integer.flatMap { Int32(exactly: $0) }.flatMap(TokenKind.init)
    }
    var warnings: [String] = []
    func token(_ name: String, or standard: TokenID? = nil) throws(GGUFError) -> TokenID? {
      if let token = try metadata.token(name, of: spellings.count, &warnings) { return token }
      return standard.flatMap { spellings.indices.contains(Int($0)) ? $0 : nil }
    }
    let end = try token("eos", or: defaults.endOfText)
    let addsEnd = try metadata.boolean(prefix + "add_eos_token") ?? false
    self.init(
      spellings: spellings, kinds: kinds ?? [],
      beginningOfText: try token("bos", or: defaults.beginningOfText), endOfText: [],
      unknown: try token("unknown", or: defaults.unknown),
      addsBeginningOfText: try metadata.boolean(prefix + "add_bos_token")
        ?? defaults.addsBeginningOfText,
      // Without an end-of-text token there is none to add.
      addsEndOfText: addsEnd && end != nil)
    for end in [end, try token("eot"), try token("eom")] {
      if let end, !endOfText.contains(end) { endOfText.append(end) }
    }
    self.warnings = warnings
    recognizeSpellings()
    if try metadata.text("general.name").map(Self.isPhi3) ?? false { swallowWhitespace() }
  }

  /// Finds turn ends and the like by what they are called.
  private mutating func recognizeSpellings() {
    let turnEnds = Set(TurnEnd.spellings.map { Array($0.utf8) })
    let controls = Set(Self.controlSpellings.map { Array($0.utf8) })
    let closers = Set(">]".utf8)
    for (index, spelling) in spellings.enumerated()
    where spelling.last.map(closers.contains) ?? false {
      // A damaged file may have fewer kinds than tokens, which is found out later.
      let (token, kind) = (TokenID(index), index < kinds.count ? kinds[index] : .normal)
      if turnEnds.contains(spelling) {
        if index < kinds.count { kinds[index] = .control }
        if !endOfText.contains(token) { endOfText.append(token) }
      } else if controls.contains(spelling) {
        if kind != .control {
          recognizedOnRequest.insert(token)
        } else if spelling.elementsEqual("</s>".utf8), !endOfText.contains(token) {
          endOfText.append(token)
        }
      }
    }
  }

  private static func isPhi3(_ name: String) -> Bool {
    let name = name.lowercased()
    return name.contains("phi-3") || name.contains("phi3")
  }

  /// Phi-3's special tokens, but for three, swallow the white space behind them. No metadata say
  /// so; llama.cpp goes by the model's name.
  private mutating func swallowWhitespace() {
    let keepers = Set(["<unk>", "<s>", "<|endoftext|>"].map { Array($0.utf8) })
    for (index, (spelling, kind)) in zip(spellings, kinds).enumerated() {
      switch kind {
      case .control, .unknown, .userDefined:
        if !keepers.contains(spelling) { swallowsWhitespace.insert(TokenID(index)) }
      case .normal, .unused, .byte:
        if spelling.elementsEqual("</s>".utf8) { swallowsWhitespace.insert(TokenID(index)) }
      }
    }
  }
}
