public import ArgumentParser
import Decoding
public import Reasoning

/// What strategies can be told on the command line.
struct RunOptions: ParsableArguments {
  @OptionGroup var decoding: DecodingOptions

  @Option(
    help: ArgumentHelp(
      "How the question is put: plain, think, few-shot or a template file.",
      valueName: "plain|think|few-shot|FILE"))
  var prompting: String?

  @Option(help: "CoT-decoding: the greatest ΣΔ (sum) or the single surest path (max).")
  var aggregate: RunSettings.Aggregate = .sum

  @Option(help: "Which votes decide: majority, delta, likelihood or normalized_likelihood.")
  var weighting: Tally.Method = .majority

  @Option(
    help: "Candidates listed with each token (default: 5, or 64 when a trace is written).")
  var detail: Int?

  /// Tokens a path may have unless told otherwise.
  static let defaultMaxTokens = 256

  func settings(detail fallback: Int) -> RunSettings {
    RunSettings(
      seed: decoding.seed, prompting: prompting, samples: decoding.samples,
      branches: decoding.branches, temperature: decoding.temperature, topK: decoding.topK,
      topP: decoding.topP, minP: decoding.minP,
      maxTokens: decoding.maxTokens ?? Self.defaultMaxTokens, aggregate: aggregate,
      weighting: weighting, detail: max(0, detail ?? fallback))
  }
}

extension RunSettings.Aggregate: ExpressibleByArgument {}
extension Tally.Method: ExpressibleByArgument {}
