public import Reasoning
public import Traces

/// Why a value cannot be given to a setting: one line that says what would do.
public struct SettingError: Error, Hashable, CustomStringConvertible {
  public var description: String
}

/// Reading and writing settings as text, alike for the settings panel, the command line and
/// lessons.
extension RunSettings {
  public typealias Setting = StrategyDescription.Setting

  /// The votes that can be weighed without a verifier.
  static var weightings: [Tally.Method] { VotesState.weightings }

  /// Sets one setting from text. `default` goes back to the default; `off` takes a filter away.
  public mutating func set(_ setting: Setting, to text: String) throws(SettingError) {
    if text == "default" || (text == "off" && setting.canBeOff) { return reset(setting) }
    switch setting {
    case .temperature: temperature = try Self.number(text, setting, 0...10)
    case .topK: topK = try Self.whole(text, setting, 1...1_000_000)
    case .topP: topP = try Self.share(text, setting)
    case .minP: minP = try Self.share(text, setting)
    case .samples: samples = try Self.whole(text, setting, 1...10_000)
    case .branches: branches = try Self.whole(text, setting, 1...1000)
    case .maxTokens: maxTokens = try Self.whole(text, setting, 1...1_000_000)
    case .seed:
      guard let value = UInt64(text) else {
        throw SettingError(description: "seed is a whole number from 0 on, not “\(text)”")
      }
      seed = value
    case .prompting:
      guard Prompting(text) != nil else {
        throw SettingError(description: "prompting is plain, think, few-shot or a template file")
      }
      prompting = text
    case .template:
      let names = TemplateChoice.names
      let name = try Self.choice(text, setting, names, named: { $0 })
      template = name == names[0] ? nil : name
    case .aggregate:
      aggregate = try Self.choice(text, setting, Aggregate.allCases, named: \.rawValue)
    case .verifier:
      verifier = try Self.choice(text, setting, VerifierName.allCases, named: \.rawValue)
    case .vote: vote = try Self.choice(text, setting, RankedVote.allCases, named: \.rawValue)
    case .rationales: rationales = try Self.whole(text, setting, 1...1000)
    case .thinkingBudget: thinkingBudget = try Self.whole(text, setting, 0...1_000_000)
    case .waits: waits = try Self.whole(text, setting, 0...100)
    case .lookahead: lookahead = try Self.whole(text, setting, 0...100)
    case .exploration: exploration = try Self.number(text, setting, 0...100)
    case .leaves: leaves = try Self.whole(text, setting, 1...1000)
    case .answerOverTime:
      answerOverTime =
        try Self.choice(text, setting, ["off", "on"], named: { $0 }) == "on" ? true : nil
    case .earlyStop:
      let names = ["off"] + EarlyStop.allCases.map(\.rawValue)
      earlyStop = EarlyStop(rawValue: try Self.choice(text, setting, names, named: { $0 }))
    case .passages: passages = try Self.whole(text, setting, 1...100)
    case .corpus:
      guard !text.isEmpty else {
        throw SettingError(description: "corpus is a text file or a folder of text files")
      }
      corpus = text
    case .with:
      guard !text.isEmpty else {
        throw SettingError(description: "with is the names of models, with commas between")
      }
      with = text
    case .combine:
      let choice = try Self.choice(text, setting, Combination.allCases, named: \.rawValue)
      combine = choice == .votes ? nil : choice
    case .weighting:
      weighting = try Self.choice(text, setting, Self.weightings, named: \.rawValue)
    }
  }

  /// Goes back to the default.
  public mutating func reset(_ setting: Setting) {
    let defaults = RunSettings()
    switch setting {
    case .temperature: temperature = nil
    case .topK: topK = nil
    case .topP: topP = nil
    case .minP: minP = nil
    case .samples: samples = nil
    case .branches: branches = nil
    case .maxTokens: maxTokens = defaults.maxTokens
    case .seed: seed = defaults.seed
    case .prompting: prompting = nil
    case .template: template = nil
    case .aggregate: aggregate = nil
    case .weighting: weighting = defaults.weighting
    case .verifier: verifier = nil
    case .rationales: rationales = nil
    case .vote: vote = nil
    case .thinkingBudget: thinkingBudget = nil
    case .waits: waits = nil
    case .lookahead: lookahead = nil
    case .exploration: exploration = nil
    case .leaves: leaves = nil
    case .answerOverTime: answerOverTime = nil
    case .earlyStop: earlyStop = nil
    case .corpus: corpus = nil
    case .passages: passages = nil
    case .with: with = nil
    case .combine: combine = nil
    }
  }

  /// The value as text, the default's where none is set.
  public func text(of setting: Setting) -> String {
    switch setting {
    case .temperature:
      Self.text(temperature ?? SelfConsistency.description.defaultTemperature)
    case .topK: topK.map { String($0) } ?? "off"
    case .topP: topP.map { Self.text($0) } ?? "off"
    case .minP: minP.map { Self.text($0) } ?? "off"
    case .samples: String(samples ?? SelfConsistency.defaultSamples)
    case .branches: String(branches ?? CoTDecoding.defaultBranches)
    case .maxTokens: String(maxTokens)
    case .seed: String(seed)
    case .prompting: prompting ?? "each strategy's own"
    case .template: template ?? "auto"
    case .aggregate: aggregate?.rawValue ?? "each strategy's own"
    case .verifier: verifier?.rawValue ?? "each strategy's own"
    case .rationales: String(rationales ?? GenerativeVerifier.defaultRationales)
    case .vote: vote?.rawValue ?? "each strategy's own"
    case .thinkingBudget: thinkingBudget.map { String($0) } ?? "max-tokens"
    case .waits: String(waits ?? BudgetForcing.defaultWaits)
    case .lookahead: String(lookahead ?? Lookahead.defaultDepth)
    case .exploration: Self.text(exploration ?? TreeSearchRule.defaultExploration)
    case .leaves: String(leaves ?? MCTS.defaultLeaves)
    case .answerOverTime: answerOverTime == true ? "on" : "off"
    case .earlyStop: earlyStop?.rawValue ?? "off"
    case .corpus: corpus ?? "worked examples"
    case .passages: String(passages ?? Retrieve.defaultPassages)
    case .with: with ?? "its companions"
    case .combine: (combine ?? .votes).rawValue
    case .weighting: weighting.rawValue
    }
  }

  /// Whether the value is the default.
  public func isDefault(_ setting: Setting) -> Bool {
    var copy = self
    copy.reset(setting)
    return copy == self
  }

  private static func text(_ value: Double) -> String {
    let text = String(value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func number(
    _ text: String, _ setting: Setting, _ range: ClosedRange<Double>
  ) throws(SettingError) -> Double {
    guard let value = Double(text), range.contains(value) else {
      throw SettingError(
        description: "\(setting.rawValue) is a number from \(Self.text(range.lowerBound)) to "
          + "\(Self.text(range.upperBound)), not “\(text)”")
    }
    return value
  }

  /// A share greater than 0; 1 of top-p keeps all, as off does.
  private static func share(_ text: String, _ setting: Setting) throws(SettingError) -> Double {
    guard let value = Double(text), value > 0, value <= 1 else {
      throw SettingError(
        description: "\(setting.rawValue) is a number above 0 and up to 1, or off, not “\(text)”")
    }
    return value
  }

  private static func whole(
    _ text: String, _ setting: Setting, _ range: ClosedRange<Int>
  ) throws(SettingError) -> Int {
    guard let value = Int(text), range.contains(value) else {
      let off = setting.canBeOff ? ", or off" : ""
      throw SettingError(
        description: "\(setting.rawValue) is a whole number from \(range.lowerBound) to "
          + "\(range.upperBound)\(off), not “\(text)”")
    }
    return value
  }

  private static func choice<Value>(
    _ text: String, _ setting: Setting, _ values: [Value], named name: (Value) -> String
  ) throws(SettingError) -> Value {
    if let value = values.first(where: { name($0) == text }) { return value }
    let names = values.map(name).joined(separator: ", ")
    throw SettingError(description: "\(setting.rawValue) is one of \(names), not “\(text)”")
  }
}

extension StrategyDescription.Setting {
  /// Whether the setting is a filter that can be taken away.
  var canBeOff: Bool { self == .topK || self == .topP || self == .minP }

  /// What it does, in a line.
  var explanation: String {
    switch self {
    case .temperature: "divides the logits: lower is surer, 0 always takes the likeliest token"
    case .topK: "keeps the k likeliest tokens and cuts the others"
    case .topP: "keeps the fewest likeliest tokens whose probabilities reach p"
    case .minP: "cuts tokens with less than this share of the likeliest one's probability"
    case .samples: "how many paths are sampled and counted"
    case .branches: "first tokens that are followed; in a search, ways on from each place"
    case .aggregate: "branches: sum or max of Δ; steps: min, last, prod or mean of their scores"
    case .verifier: "what ranks the candidates: prm, genrm, orm, likelihood or exact (for puzzles)"
    case .rationales: "how many rationales genrm samples for each candidate"
    case .lookahead: "how many steps are simulated before a step is scored"
    case .exploration: "how much a tree search tries what it has seldom tried"
    case .leaves: "how many leaves of a tree search grow in one batch"
    case .vote: "top: the first candidate's answer; weighted: scores are summed by answer"
    case .thinkingBudget: "tokens of thinking, after which the answer is asked for"
    case .waits: "how often the end of thinking is taken back and \"Wait,\" put in its place"
    case .answerOverTime: "asks each path for its answer early, behind every step of it"
    case .earlyStop: "ends a vote when it is decided, or likely enough to stay as it is"
    case .corpus: "where passages are looked up: a text file, or a folder of them"
    case .passages: "how many passages stand before the question"
    case .with: "further models of an ensemble: files or names, with commas between"
    case .combine: "models of an ensemble: their answers vote, or their distributions are mixed"
    case .weighting: "what a path's vote counts: 1, its Δ, or its probability"
    case .maxTokens: "how many tokens a path may have before it is stopped"
    case .seed: "the same seed draws the same paths; another one draws others"
    case .prompting: "how the question is put: plain, think, few-shot, or a template file"
    case .template: "the chat template around questions; Decode shows it token by token"
    }
  }

  /// The strategies that heed it.
  var strategies: [String] {
    // Whatever puts a question puts it with the template, and can be asked early.
    let heeded = self == .template || self == .answerOverTime ? .prompting : self
    return StrategyRegistry.all.map { $0.description }.filter { $0.settings.contains(heeded) }
      .map(\.name)
  }
}
