public import ArgumentParser
import Decoding
import Foundation
public import Reasoning

/// What strategies can be told on the command line.
struct RunOptions: ParsableArguments {
  @OptionGroup var decoding: DecodingOptions

  @Option(
    help: ArgumentHelp(
      "How the question is put: plain, think, few-shot or a template file.",
      valueName: "plain|think|few-shot|FILE"))
  var prompting: String?

  @Option(
    help: ArgumentHelp(
      "CoT-decoding: the greatest ΣΔ (sum) or the single surest path (max). A prm verifier: how "
        + "the scores of steps become one (min, last, prod or mean).", valueName: "aggregate"))
  var aggregate: RunSettings.Aggregate?

  @Option(
    help: ArgumentHelp(
      "What ranks candidates: prm, genrm, genrm-direct, orm or likelihood; eval takes several "
        + "with commas between, or all.", valueName: "verifier"))
  var verifier: VerifierList?

  @Option(help: "genrm: rationales sampled for each candidate.")
  var rationales: Int?

  @Option(help: "best-of-n: the first candidate's answer (top) or the greatest sum (weighted).")
  var vote: RunSettings.RankedVote?

  @Option(help: "Which votes decide: majority, delta, likelihood or normalized_likelihood.")
  var weighting: Tally.Method = .majority

  @Option(
    help: "Candidates listed with each token (default: 5, or 64 when a trace is written).")
  var detail: Int?

  func validate() throws {
    if let rationales, !(1...1000).contains(rationales) {
      throw ValidationError("--rationales must be from 1 to 1000.")
    }
  }

  /// Tokens a path may have unless told otherwise.
  static let defaultMaxTokens = 256

  func settings(detail fallback: Int) -> RunSettings {
    RunSettings(
      seed: decoding.seed, prompting: prompting, samples: decoding.samples,
      branches: decoding.branches, temperature: decoding.temperature, topK: decoding.topK,
      topP: decoding.topP, minP: decoding.minP,
      maxTokens: decoding.maxTokens ?? Self.defaultMaxTokens, aggregate: aggregate,
      weighting: weighting, verifier: verifier?.names.first, rationales: rationales, vote: vote,
      detail: max(0, detail ?? fallback))
  }
}

extension RunSettings.Aggregate: ExpressibleByArgument {}
extension RunSettings.RankedVote: ExpressibleByArgument {}

/// One or more verifiers.
struct VerifierList: ExpressibleByArgument {
  var names: [VerifierName]

  init?(argument: String) {
    if argument == "all" {
      names = VerifierName.allCases
      return
    }
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    names = parts.compactMap { VerifierName(rawValue: $0.trimmingCharacters(in: .whitespaces)) }
    guard !names.isEmpty, names.count == parts.count else { return nil }
  }
}
extension Tally.Method: ExpressibleByArgument {}
