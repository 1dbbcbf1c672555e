/// How text is cut into words before byte pairs are merged; merges never cross a cut.
///
/// A GGUF file names its pre-tokenizer under `tokenizer.ggml.pre`; many names mean the same
/// pattern. To add one, add a case with its cuts, and its names in `Use.aliases`.
enum PreTokenizer: String, Sendable, CaseIterable {
  /// What llama.cpp takes for files that name none.
  case `default`
  case gpt2 = "gpt-2"
  case llama3 = "llama-bpe"
  case miniCPM5 = "minicpm5"
  case qwen2
  case qwen35
  case qwen2WithoutContractions = "ufakzeka"
  case seedCoder = "seed-coder"
  case tekken
  case gpt4o = "gpt-4o"
  /// Digit by digit, else as GPT-2.
  case starCoder = "starcoder"
  case falcon
  case deepSeekLLM = "deepseek-llm"
  case deepSeekCoder = "deepseek-coder"
  case deepSeekV3 = "deepseek-v3"
  case bloom
  case viking

  /// The steps, each within the words of the one before.
  var cuts: [WordCut] {
    switch self {
    case .default:
      [
        .runs(RunPattern(members: .punctuationAndMath(withGrave: false))), .gpt2,
        .runs(RunPattern(members: .numbers)),
        .runs(RunPattern(members: .asciiDigits, length: 3...3)),
      ]
    case .gpt2: [.gpt2]
    case .llama3: [.words(WordPattern())]
    case .miniCPM5:
      [
        .runs(RunPattern(members: .numbers, length: 1...3)),
        .words(WordPattern(longestNumber: .max)),
      ]
    case .qwen2: [.words(WordPattern(longestNumber: 1))]
    case .qwen35: [.words(WordPattern(longestNumber: 1, joinsMarks: true))]
    case .qwen2WithoutContractions: [.words(WordPattern(contractions: .none, longestNumber: 1))]
    case .seedCoder: [.words(WordPattern(longestNumber: 1, joinsLineBreaks: false))]
    case .tekken:
      [
        .words(
          WordPattern(
            contractions: .none, longestNumber: 1, cutsAtCapitals: true, joinsSlashes: true))
      ]
    case .gpt4o:
      [.words(WordPattern(contractions: .suffixes, cutsAtCapitals: true, joinsSlashes: true))]
    case .starCoder: [.runs(RunPattern(members: .numbers, length: 1...1)), .gpt2]
    case .falcon:
      [
        .runs(RunPattern(members: .punctuationAndMath(withGrave: true))), .gpt2,
        .runs(RunPattern(members: .asciiDigits, length: 3...3)),
      ]
    case .deepSeekLLM:
      [
        .runs(RunPattern(members: .lineBreaks, length: 1...1)),
        .runs(RunPattern(members: .deepSeekLetters, lead: .whitespace)),
        .runs(RunPattern(members: .deepSeekPunctuation, lead: .whitespace)),
        .trailingWhitespace, .runs(RunPattern(members: .deepSeekIdeographs)),
        .runs(RunPattern(members: .numbers)),
      ]
    case .deepSeekCoder:
      [
        .runs(RunPattern(members: .lineBreaks, length: 1...1)),
        .runs(RunPattern(members: .letters, lead: .whitespace)),
        .runs(RunPattern(members: .punctuation, lead: .whitespace)),
        .runs(RunPattern(members: .deepSeekIdeographs)),
        .runs(RunPattern(members: .numbers, length: 1...1)),
      ]
    case .deepSeekV3:
      [
        .runs(RunPattern(members: .numbers, length: 1...3)),
        .runs(RunPattern(members: .ideographsAndKana)), .punctuatedWords,
      ]
    case .bloom: [.runs(RunPattern(members: .betweenStops, lead: .space))]
    case .viking:
      [
        .runs(RunPattern(members: .betweenStops, lead: .space)),
        .runs(RunPattern(members: .numbers, length: 1...1)),
      ]
    }
  }

  /// Calls `body` with the range of each word, in order; together they cover all of `bytes`.
  func forEachWord(in bytes: ArraySlice<UInt8>, _ body: (Range<Int>) -> Void) {
    Self.cut(bytes, cuts[...], body)
  }

  private static func cut(
    _ bytes: ArraySlice<UInt8>, _ cuts: ArraySlice<WordCut>, _ body: (Range<Int>) -> Void
  ) {
    guard let first = cuts.first else { return body(bytes.indices) }
    first.forEachWord(in: bytes) { cut(bytes[$0], cuts.dropFirst(), body) }
  }
}

extension PreTokenizer {
  /// What a name under `tokenizer.ggml.pre` means.
  struct Use: Hashable {
    var pattern: PreTokenizer
    /// Whether a word that is a token is not merged from bytes.
    var prefersWholeWords = false
    /// Whether prompts begin with a beginning-of-text token if the file does not say.
    var addsBeginningOfText = false

    init?(named name: String) {
      guard let pattern = PreTokenizer(rawValue: name) ?? Self.aliases[name] else { return nil }
      self.pattern = pattern
      prefersWholeWords = Self.wholeWordNames.contains(name)
      addsBeginningOfText = Self.beginningNames.contains(name)
    }

    /// Every known name, sorted.
    static var names: [String] { (PreTokenizer.allCases.map(\.rawValue) + aliases.keys).sorted() }

    private static let aliases: [String: PreTokenizer] = {
      let groups: [(PreTokenizer, [String])] = [
        (
          .gpt2,
          [
            "a.x-4.0", "exaone4", "gigachat", "granite-docling", "jais", "mellum", "mpt", "olmo",
            "phi-2", "trillion",
          ]
        ), (.llama3, llama3Names + ["chatglm-bpe", "dbrx", "glm4", "glm5", "smaug-bpe"]),
        (
          .qwen2,
          [
            "bailingmoe", "bailingmoe2", "deepseek-r1-qwen", "grok-2", "hunyuan", "kormo",
            "llada-moe", "megrez", "solar-open", "stablelm2",
          ]
        ), (.gpt4o, ["kanana2", "llama4", "minimax-m2", "talkie"]),
        (
          .starCoder,
          ["codeshell", "command-r", "exaone", "mellum2", "minerva-7b", "refact", "smollm"]
        ), (.deepSeekV3, ["hunyuan-dense", "hy_v4", "joyai-llm"]),
        (.bloom, ["gpt3-finnish", "poro-chat"]),
      ]
      return Dictionary(
        uniqueKeysWithValues: groups.flatMap { pattern, names in names.map { ($0, pattern) } })
    }()

    private static let llama3Names = [
      "falcon-h1", "falcon3", "lfm2", "llama-v3", "llama3", "midm-2.0", "pixtral",
    ]
    private static let wholeWordNames = Set(
      llama3Names + ["glm4", "glm5", "llama-bpe", "minicpm5", "tekken"])
    private static let beginningNames = Set(llama3Names + ["llama-bpe", "tekken"])
  }
}
