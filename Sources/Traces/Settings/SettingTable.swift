/// All settings, in the order in which lists show them. Every door reads a table, the standard one
/// unless it is given another.
public struct SettingTable: Sendable, RandomAccessCollection {
  private let rows: [Setting]

  public init(_ rows: [Setting]) { self.rows = rows }

  /// A table with further rows.
  public static func + (table: SettingTable, more: [Setting]) -> SettingTable {
    SettingTable(table.rows + more)
  }

  /// The row of a name; nil where there is none.
  public subscript(name: String) -> Setting? { rows.first { $0.name == name } }

  public var startIndex: Int { rows.startIndex }
  public var endIndex: Int { rows.endIndex }
  public subscript(index: Int) -> Setting { rows[index] }

  /// Under which a decoder is given another table than the standard one.
  static let codingKey = CodingUserInfoKey(rawValue: "settings")

  /// Adding a setting is one row below, its place here, and a property of `RunSettings` if code
  /// reads it by name.
  public static let standard = SettingTable([
    .temperature, .topK, .topP, .minP, .samples, .branches, .prompting, .template, .system,
    .thinking, .date, .weighting, .aggregate, .verifier, .verifierModel, .sharpness, .ownWeight,
    .rationales, .vote, .lookahead,
    .exploration, .leaves, .thinkingBudget,
    .waits, .answerOverTime, .earlyStop, .corpus, .passages, .with, .combine, .maxTokens, .seed,
  ])
}

extension Setting {
  public static let temperature = number(
    "temperature", "divides the logits: lower is surer, 0 always takes the likeliest token",
    at: \.temperature, in: 0...1000, ladder: .every(0.1), usual: RunSettings.Usual.temperature,
    invalidates: .sampler)

  public static let topK = whole(
    "top-k", "keeps the k likeliest tokens and cuts the others",
    at: \.topK, in: 1...1_000_000, ladder: .rungsToOff([1, 2, 3, 5, 10, 20, 40, 80, 160]),
    invalidates: .sampler, traits: .canBeOff)

  public static let topP = number(
    "top-p", "keeps the fewest tokens that together reach probability p", at: \.topP, in: 0...1,
    ladder: .rungsToOff([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98]),
    invalidates: .sampler, traits: .canBeOff)

  public static let minP = number(
    "min-p", "cuts tokens below this share of the top token's probability",
    at: \.minP, in: 0...1, ladder: .rungsFromOff([0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5]),
    invalidates: .sampler, traits: .canBeOff)

  public static let samples = whole(
    "samples", "how many paths are sampled and counted", more: "In mcts, how many simulations.",
    at: \.samples, in: 1...1_000_000, ladder: .rungs([1, 5, 10, 20, 40, 80, 160, 320]),
    usual: RunSettings.Usual.samples)

  public static let branches = whole(
    "branches", "how many first tokens to follow; in a search, next steps per place",
    more: "In beam, how many beams are kept.", at: \.branches, in: 1...10_000,
    ladder: .rungs([1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 30, 50]),
    usual: RunSettings.Usual.branches)

  public static let prompting = text(
    "prompting", "how the question is put: plain, think, few-shot, or a template file",
    more: "The templates of Samples/Prompts are also found by their names.", at: \.prompting,
    .path(
      what: "plain, think, few-shot or a template file", names: ["plain", "think", "few-shot"]),
    cycle: [nil, "plain", "think", "few-shot"], unset: eachItsOwn, invalidates: .prompt)

  public static let template = text(
    "template", "the chat template around questions; Decode shows it token by token",
    more: "auto is the model's own. A --prompt is always sent unchanged.",
    at: \.templateName,
    .path(
      what:
        "one of \(TemplateChoice.names.joined(separator: ", ")), or a Jinja file (with a / or .)",
      names: TemplateChoice.names),
    cycle: [nil] + TemplateChoice.names.dropFirst().map { $0 },
    unset: TemplateChoice.auto.description,
    parse: { TemplateChoice($0)?.description }, invalidates: .prompt, traits: .isForAll)

  public static let system = text(
    "system", "what the system says before the question, in the chat template",
    at: \.system, .text(what: "a text", names: []), unset: "the template's own",
    invalidates: .prompt, traits: .isForAll)

  public static let thinking = choice(
    "thinking", "whether the chat template has the model think: on or off",
    more: "By default the model's template decides.", at: \.thinking, unset: "the model's own",
    invalidates: .prompt, traits: .isForAll)

  public static let date = day(
    "date", "the day that a chat template is told, if it asks for one",
    more: "A run keeps the day it was made on, so that it can be made again.", at: \.date,
    unset: "today", invalidates: .prompt, traits: .isForAll)

  public static let weighting = choice(
    "weighting", "what a path's vote counts: 1, Δ, probability, or a verifier's score",
    at: \.givenWeighting, cycle: Tally.Method.allCases.filter { $0 != .verifier },
    invalidates: .vote)

  public static let aggregate = choice(
    "aggregate", "branches: sum or max of Δ; steps: min, last, prod or mean of scores",
    at: \.aggregate)

  public static let verifier = choice(
    "verifier", "what ranks candidates, such as prm, genrm, implicit or likelihood",
    more: "eval takes several, separated by commas, or all.", at: \.verifier,
    traits: .canBeCompared)

  public static let verifierModel = text(
    "verifier-model", "the model that verifiers read with: a file, or a name",
    more: "Where --verifier is not given, the one that the model was trained to be.",
    at: \.verifierModel, .text(what: "a GGUF file or the name of a model", names: []),
    unset: "the model itself")

  public static let sharpness = number(
    "sharpness", "implicit: a vote counts exp(this × score); 0 counts all alike",
    at: \.sharpness, in: 0...1000, ladder: .rungs([0, 0.25, 0.5, 0.75, 1, 1.5, 2, 4]),
    usual: RunSettings.Usual.sharpness)

  public static let ownWeight = number(
    "own-weight", "implicit: what the writer's own log p counts beside the judge's",
    at: \.ownWeight, in: 0...1000, ladder: .rungs([0, 0.1, 0.25, 0.5, 0.75, 1, 2]),
    usual: RunSettings.Usual.ownWeight)

  public static let rationales = whole(
    "rationales", "how many rationales genrm samples for each candidate",
    at: \.rationales, in: 1...1000, ladder: .rungs([1, 2, 4, 8, 16, 32]),
    usual: RunSettings.Usual.rationales)

  public static let vote = choice(
    "vote", "top: the first candidate's answer; weighted: scores summed by answer",
    at: \.vote)

  public static let lookahead = whole(
    "lookahead", "how many steps are simulated before a step is scored",
    at: \.lookahead, in: 0...100, ladder: .rungs([0, 1, 2, 3, 4, 6, 8]),
    usual: RunSettings.Usual.lookahead)

  public static let exploration = number(
    "exploration", "how much a tree search favours rarely tried steps",
    at: \.exploration, in: 0...100, ladder: .rungs([0.1, 0.25, 0.5, 1, 1.25, 1.5, 2, 3, 5, 10]),
    usual: RunSettings.Usual.exploration)

  public static let leaves = whole(
    "leaves", "how many leaves of a tree search grow in one batch",
    at: \.leaves, in: 1...1000, ladder: .rungs([1, 2, 4, 8, 16, 32]),
    usual: RunSettings.Usual.leaves)

  public static let thinkingBudget = whole(
    "thinking-budget", "thinking tokens before the answer is asked for",
    more: "0 means no thinking at all.", at: \.thinkingBudget, in: 0...1_000_000,
    ladder: .rungsToOff([0, 8, 16, 32, 64, 128, 256, 512, 1024, 4096]), unset: "max-tokens")

  public static let waits = whole(
    "waits", "how often the end of thinking is replaced by \"Wait,\"",
    at: \.waits, in: 0...100, ladder: .every(1), usual: RunSettings.Usual.waits)

  public static let answerOverTime = onOff(
    "answer-over-time", "asks each path for its answer after every step",
    at: \.answerOverTime, traits: .isForAll)

  public static let earlyStop = choice(
    "early-stop", "ends a vote when its winner is decided, or likely to stay",
    more: "likely means 95 %.", at: \.earlyStop, unset: "off", traits: .canBeOff)

  public static let corpus = text(
    "corpus", "where passages are looked up: a text file, or a folder of them",
    more: "Blank lines separate passages.", at: \.corpus,
    .path(what: "a text file or a folder of text files", names: []), unset: "worked examples",
    invalidates: .prompt)

  public static let passages = whole(
    "passages", "how many passages go before the question",
    at: \.passages, in: 1...100, ladder: .rungs([1, 2, 3, 4, 5, 6, 8, 10]),
    usual: RunSettings.Usual.passages, invalidates: .prompt)

  public static let with = text(
    "with", "more models to ask: files or names, separated by commas",
    more: "If none is named, the two nearest sizes of the bundled models are used.", at: \.with,
    .text(what: "names of models, separated by commas", names: []), unset: "its companions")

  public static let combine = choice(
    "combine", "the models' answers vote, or their distributions are mixed",
    at: \.combine, cycle: [nil, .mixture], usual: .votes)

  public static let maxTokens = whole(
    "max-tokens", "how many tokens a path may have before it is stopped",
    at: \.givenMaxTokens, in: 1...10_000_000,
    ladder: .rungs([16, 32, 64, 128, 256, 512, 1024, 2048, 4096]))

  public static let seed = whole(
    "seed", "the same seed draws the same paths; another one draws others",
    at: \.givenSeed, in: 0...Int.max, ladder: .every(1))
}

/// Places that always have a value: nil puts the default there.
extension RunSettings {
  var givenSeed: UInt64? {
    get { seed }
    set { seed = newValue ?? RunSettings().seed }
  }

  var givenMaxTokens: Int? {
    get { maxTokens }
    set { maxTokens = newValue ?? RunSettings().maxTokens }
  }

  var givenWeighting: Tally.Method? {
    get { weighting }
    set { weighting = newValue ?? RunSettings().weighting }
  }

  /// The model's own template is what nil stands for.
  var templateName: String? {
    get { template }
    set { template = newValue == TemplateChoice.auto.description ? nil : newValue }
  }
}
