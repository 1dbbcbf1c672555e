import Foundation

/// Learning from pairs of answers of which one is better: direct preference optimisation (Rafailov et
/// al. 2023, eq. 7) and its token-level forms (Zeng et al. 2024, arXiv 2404.11999).
///
/// Of an answer y, log π/π_ref is the sum over its tokens, and D(y) its sequential divergence
/// Σ_t KL(π_ref ‖ π) over the whole vocabulary. With u = log π/π_ref (chosen) − log π/π_ref
/// (rejected), the loss of a pair is −log σ(h), where h is
///
/// - DPO: β u
/// - TDPO1: β (u − (D(rejected) − D(chosen)))
/// - TDPO2: β (u − α (D(rejected) − sg D(chosen))), where no gradient flows through sg
public enum Preference {
  /// What a pair's loss is made of.
  public enum Loss: String, Sendable, CaseIterable {
    case dpo, tdpo1, tdpo2
  }

  public struct Settings: Sendable, Hashable {
    public var loss = Loss.dpo
    /// β: how much a nat of log-ratio counts. The smaller it is, the further a model goes.
    public var beta = 0.1
    /// α: what the divergences count in TDPO2.
    public var alpha = 0.5

    public init() {}
  }

  /// The tokens of two answers to one question, as indices into the targets of a pass.
  public struct Pair: Sendable, Hashable {
    public var chosen: Range<Int>
    public var rejected: Range<Int>

    public init(chosen: Range<Int>, rejected: Range<Int>) {
      self.chosen = chosen
      self.rejected = rejected
    }
  }

  /// How far each token has moved from the reference.
  public struct TokenTerms: Sendable, Equatable {
    /// log π / π_ref. [targets]
    public var logRatios: [Float]
    /// KL(π_ref ‖ π) over the whole vocabulary, in nats. [targets]
    public var divergences: [Float]
  }

  /// What a pass tells beside its loss; all are means over its pairs.
  public struct Metrics: Sendable, Equatable {
    /// β log π/π_ref of the answer, which is what the loss takes for its reward.
    public var chosenReward = 0.0
    public var rejectedReward = 0.0
    /// The share of pairs in which the chosen answer has the greater reward.
    public var accuracy = 0.0
    /// log π of the whole answer.
    public var chosenLogProbability = 0.0
    public var rejectedLogProbability = 0.0
    /// D, the sequential divergence from the reference.
    public var chosenDivergence = 0.0
    public var rejectedDivergence = 0.0
    /// How many pairs these are means of.
    public var pairs = 0

    /// Under the names that TRL logs them by where it does; it has no `kl/chosen`, `kl/rejected`.
    public var named: [String: Double] {
      [
        "rewards/chosen": chosenReward, "rewards/rejected": rejectedReward,
        "rewards/accuracies": accuracy, "rewards/margins": chosenReward - rejectedReward,
        "logps/chosen": chosenLogProbability, "logps/rejected": rejectedLogProbability,
        "kl/chosen": chosenDivergence, "kl/rejected": rejectedDivergence,
      ]
    }

    /// The metrics of several passes as if they had been one.
    public static func joined(_ passes: [Metrics]) -> Metrics {
      func mean(_ part: KeyPath<Metrics, Double>) -> Double {
        TokenMean.of(passes.map { ($0[keyPath: part], $0.pairs) })
      }
      return Metrics(
        chosenReward: mean(\.chosenReward), rejectedReward: mean(\.rejectedReward),
        accuracy: mean(\.accuracy), chosenLogProbability: mean(\.chosenLogProbability),
        rejectedLogProbability: mean(\.rejectedLogProbability),
        chosenDivergence: mean(\.chosenDivergence), rejectedDivergence: mean(\.rejectedDivergence),
        pairs: passes.reduce(0) { $0 + $1.pairs })
    }
  }

  /// The mean loss of pairs.
  ///
  /// - Parameters:
  ///   - outcome: of the weights now, with logits.
  ///   - reference: of the weights that answers are compared with, with logits of the same targets.
  ///   - batchPairs: the pairs of all passes of the batch; nil where this is all of it.
  public static func value(
    _ outcome: TrainingPass.Outcome, reference: TrainingPass.Outcome, _ pairs: [Pair],
    _ settings: Settings, batchPairs: Int? = nil
  ) -> (value: ObjectiveValue, metrics: Metrics, tokens: TokenTerms) {
    let count = outcome.logProbabilities.count
    precondition(reference.logProbabilities.count == count, "the same targets")
    precondition(reference.logits.count == outcome.logits.count, "[targets, vocabulary]")
    let vocabulary = outcome.logits.count / max(1, count)
    var value = ObjectiveValue.zero(targets: count)
    // The derivative of each target's divergence, until it is known what that counts.
    if settings.loss != .dpo {
      value.logitSlopes = Array(repeating: 0, count: outcome.logits.count)
    }
    let divergences = (0..<count).map { target in
      Divergence.value(
        of: reference.logits, from: outcome.logits, target: target, vocabulary: vocabulary,
        differences: &value.logitSlopes
      ).divergence
    }
    let logRatios = zip(outcome.logProbabilities, reference.logProbabilities).map {
      Double($0) - Double($1)
    }
    // ∂ loss / ∂ KL of each target.
    var weights = Array(repeating: 0.0, count: count)
    var metrics = Metrics()
    metrics.pairs = pairs.count
    let share = 1 / Double(max(1, batchPairs ?? pairs.count))
    let part = 1 / Double(max(1, pairs.count))
    for pair in pairs {
      let term = term(
        chosen: sums(pair.chosen, logRatios, divergences),
        rejected: sums(pair.rejected, logRatios, divergences), settings)
      value.loss += share * term.loss
      for target in pair.chosen {
        value.slopes[target] += Float(share * term.logRatioSlope)
        weights[target] += share * term.chosenDivergenceSlope
      }
      for target in pair.rejected {
        value.slopes[target] -= Float(share * term.logRatioSlope)
        weights[target] += share * term.rejectedDivergenceSlope
      }
      metrics.add(pair, outcome.logProbabilities, logRatios, divergences, settings, part)
    }
    value.weighLogitSlopes(weights, vocabulary: vocabulary)
    return (
      value, metrics,
      TokenTerms(logRatios: logRatios.map { Float($0) }, divergences: divergences.map { Float($0) })
    )
  }

  /// What an answer's tokens say together.
  struct Sums {
    /// log π / π_ref.
    var logRatio: Double
    /// D.
    var divergence: Double
  }

  private static func sums(
    _ targets: Range<Int>, _ logRatios: [Double], _ divergences: [Double]
  ) -> Sums {
    Sums(
      logRatio: logRatios[targets].reduce(0, +), divergence: divergences[targets].reduce(0, +))
  }

  /// A pair's loss and its derivatives.
  struct Term {
    var loss: Double
    /// ∂ loss / ∂ the chosen answer's log-ratio; the rejected one's is the opposite.
    var logRatioSlope: Double
    var chosenDivergenceSlope: Double
    var rejectedDivergenceSlope: Double
  }

  static func term(chosen: Sums, rejected: Sums, _ settings: Settings) -> Term {
    let u = chosen.logRatio - rejected.logRatio
    let gap = rejected.divergence - chosen.divergence
    let weight: Double =
      switch settings.loss {
      case .dpo: 0
      case .tdpo1: 1
      case .tdpo2: settings.alpha
      }
    let h = settings.beta * (u - weight * gap)
    // −∂ loss / ∂ h = σ(−h), and −log σ(h), each without a power that overflows.
    let small = exp(-abs(h))
    let push = (h >= 0 ? small : 1) / (1 + small)
    let loss = max(0, -h) + log1p(small)
    let slope = push * settings.beta
    return Term(
      loss: loss, logRatioSlope: -slope,
      chosenDivergenceSlope: settings.loss == .tdpo1 ? -slope : 0,
      rejectedDivergenceSlope: slope * weight)
  }
}

extension Preference.Metrics {
  /// - Parameter part: what a pair counts in the means.
  fileprivate mutating func add(
    _ pair: Preference.Pair, _ logProbabilities: [Float], _ logRatios: [Double],
    _ divergences: [Double], _ settings: Preference.Settings, _ part: Double
  ) {
    let chosen = settings.beta * logRatios[pair.chosen].reduce(0, +)
    let rejected = settings.beta * logRatios[pair.rejected].reduce(0, +)
    chosenReward += part * chosen
    rejectedReward += part * rejected
    accuracy += chosen > rejected ? part : 0
    chosenLogProbability +=
      part * logProbabilities[pair.chosen].reduce(0) { $0 + Double($1) }
    rejectedLogProbability +=
      part * logProbabilities[pair.rejected].reduce(0) { $0 + Double($1) }
    chosenDivergence += part * divergences[pair.chosen].reduce(0, +)
    rejectedDivergence += part * divergences[pair.rejected].reduce(0, +)
  }
}

extension ObjectiveValue {
  /// Multiplies the logit slopes of each target by its weight.
  mutating func weighLogitSlopes(_ weights: [Double], vocabulary: Int) {
    guard var slopes = logitSlopes else { return }
    logitSlopes = nil
    for (target, weight) in weights.enumerated() {
      let scale = Float(weight)
      for index in target * vocabulary..<(target + 1) * vocabulary { slopes[index] *= scale }
    }
    logitSlopes = slopes
  }
}
