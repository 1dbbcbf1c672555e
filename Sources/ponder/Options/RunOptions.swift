public import ArgumentParser
import Decoding
import Foundation
import Problems
public import Reasoning
public import Traces

/// What strategies can be told on the command line.
struct RunOptions: ParsableArguments {
  @OptionGroup var decoding: DecodingOptions

  @Option(
    help: ArgumentHelp(
      "How the question is put: plain, think, few-shot, another name in Samples/Prompts, or a "
        + "template file.", valueName: "plain|think|few-shot|NAME|FILE"))
  var prompting: String?

  @Option(
    help: ArgumentHelp(
      "The chat template around questions: auto (the model's own, when it is known), none, or "
        + ChatTemplate.Family.allCases.map(\.rawValue).joined(separator: ", ")
        + ". --prompt is always sent as it is.", valueName: "auto|none|name"))
  var template: TemplateChoice = .auto

  @Option(
    help: ArgumentHelp(
      "CoT-decoding: the greatest ΣΔ (sum) or the single surest path (max). A prm verifier: how "
        + "the scores of steps become one (min, last, prod or mean).", valueName: "aggregate"))
  var aggregate: RunSettings.Aggregate?

  @Option(
    help: ArgumentHelp(
      "What ranks candidates: prm, prm-restated, genrm, genrm-direct, orm, likelihood, or exact "
        + "(a checker, for puzzles such as countdown); eval takes several with commas between, or "
        + "all.", valueName: "verifier"))
  var verifier: VerifierList?

  @Option(help: "genrm: rationales sampled for each candidate.")
  var rationales: Int?

  @Option(help: "lookahead: steps that are simulated before a step is scored (default: 1).")
  var lookahead: Int?

  @Option(help: "mcts: how much is tried that was seldom tried (default: 1.25).")
  var exploration: Double?

  @Option(help: "mcts: leaves that grow in one batch (default: 8).")
  var leaves: Int?

  @Option(
    help: ArgumentHelp(
      "Ranked candidates: the first one's answer (top; default of best-of-n and genrm) or the "
        + "greatest sum of scores (weighted; default of searches).", valueName: "top|weighted"))
  var vote: RunSettings.RankedVote?

  @Option(
    help: ArgumentHelp(
      "budget-forcing: tokens of thinking, after which the answer is asked for (default: "
        + "--max-tokens).", valueName: "tokens"))
  var thinkingBudget: Int?

  @Option(
    help: ArgumentHelp(
      "budget-forcing: how often the end of thinking is taken back and \"Wait,\" put in its place "
        + "(default: \(BudgetForcing.defaultWaits)).", valueName: "n"))
  var waits: Int?

  @Flag(
    help: "Asks every path for its answer early, behind each step: how sure was it, and when?")
  var answerOverTime = false

  @Option(
    help: ArgumentHelp(
      "self-consistency: end the vote when no further sample can change it (decided), or when its "
        + "leader would stay with 95 % (likely); otherwise all samples are drawn.",
      valueName: "decided|likely"))
  var earlyStop: EarlyStop?

  @Option(
    help: ArgumentHelp(
      "retrieval: a text file or a folder of them, whose passages stand between blank lines "
        + "(default: the worked examples of Samples/Prompts/few-shot).", valueName: "path"))
  var corpus: String?

  @Option(
    help: ArgumentHelp(
      "retrieval: passages before the question (default: \(Retrieve.defaultPassages)).",
      valueName: "n"))
  var passages: Int?

  @Option(
    help: ArgumentHelp(
      "ensemble: further models, files or names as --model takes them, with commas between "
        + "(default: the two nearest sizes of the bundled family).", valueName: "a,b"))
  var with: String?

  @Option(
    help: ArgumentHelp(
      "ensemble: the models' answers vote, or each token is chosen from the mean of their "
        + "distributions (default: votes).", valueName: "votes|mixture"))
  var combine: RunSettings.Combination?

  @Option(
    help: """
      Which votes decide: majority, delta, likelihood, normalized_likelihood, or verifier: by the \
      weights that --verifier gives them.
      """)
  var weighting: Tally.Method = .majority

  @Option(
    help: "Candidates listed with each token (default: 5, or 64 when a trace is written).")
  var detail: Int?

  func validate() throws {
    if let rationales, !(1...1000).contains(rationales) {
      throw ValidationError("--rationales must be from 1 to 1000.")
    }
    if let lookahead, !(0...100).contains(lookahead) {
      throw ValidationError("--lookahead must be from 0 to 100.")
    }
    if let exploration, !(0...100).contains(exploration) {
      throw ValidationError("--exploration must be from 0 to 100.")
    }
    if let leaves, !(1...1000).contains(leaves) {
      throw ValidationError("--leaves must be from 1 to 1000.")
    }
    if let thinkingBudget, !(0...1_000_000).contains(thinkingBudget) {
      throw ValidationError("--thinking-budget must be from 0 to 1000000.")
    }
    if let passages, !(1...100).contains(passages) {
      throw ValidationError("--passages must be from 1 to 100.")
    }
    if let waits, !(0...100).contains(waits) {
      throw ValidationError("--waits must be from 0 to 100.")
    }
  }

  /// Tokens a path may have unless told otherwise.
  static let defaultMaxTokens = 256

  func settings(detail fallback: Int) -> RunSettings {
    RunSettings(
      seed: decoding.seed, prompting: prompting,
      template: template == .auto ? nil : "\(template)", samples: decoding.samples,
      branches: decoding.branches, temperature: decoding.temperature, topK: decoding.topK,
      topP: decoding.topP, minP: decoding.minP,
      maxTokens: decoding.maxTokens ?? Self.defaultMaxTokens, aggregate: aggregate,
      weighting: weighting, verifier: verifier?.names.first, rationales: rationales, vote: vote,
      lookahead: lookahead, exploration: exploration, leaves: leaves,
      thinkingBudget: thinkingBudget, waits: waits,
      answerOverTime: answerOverTime ? true : nil, earlyStop: earlyStop,
      corpus: corpus, passages: passages, with: with, combine: combine,
      detail: max(0, detail ?? fallback))
  }
}

extension RunOptions {
  /// Says so when the model's chat template is not known, so that raw text is sent.
  func warnOfTemplate(_ model: any LanguageModel) {
    if let warning = ChatTemplate.warning(template, declared: model.chatTemplate) {
      FileHandle.standardError.write(Data("ponder: \(warning)\n".utf8))
    }
  }
}

extension TemplateChoice: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
  public static var allValueStrings: [String] { names }
  public var defaultValueDescription: String { description }
}

extension RunSettings.Aggregate: ExpressibleByArgument {}
extension RunSettings.RankedVote: ExpressibleByArgument {}
extension RunSettings.Combination: ExpressibleByArgument {}
extension EarlyStop: ExpressibleByArgument {}

/// One or more verifiers.
struct VerifierList: ExpressibleByArgument {
  var names: [VerifierName]
  private var isAll = false

  init?(argument: String) {
    if argument == "all" {
      names = VerifierName.allCases
      isAll = true
      return
    }
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    names = parts.compactMap { VerifierName(rawValue: $0.trimmingCharacters(in: .whitespaces)) }
    guard !names.isEmpty, names.count == parts.count else { return nil }
  }

  /// The verifiers for questions: `all` leaves out what cannot judge each of them.
  func names(for questions: [Question]) -> [VerifierName] {
    guard isAll, !questions.allSatisfy(ExactVerifier.canJudge) else { return names }
    return names.filter { $0 != .exact }
  }
}
extension Tally.Method: ExpressibleByArgument {}
