import Foundation

/// A place of a text at which a model says one of two words, such as + or −, and what it should say.
public struct Judgement: Sendable, Equatable {
  /// The two words, as indices into the targets of a pass.
  public var positive: Int
  public var negative: Int
  /// What the score should be, from 0 to 1: a label, the share of labels, or a value.
  public var target: Double
  /// What the place counts in the loss, not below 0.
  public var weight: Double
  /// What is added to the logit before it becomes a score.
  public var offset: Double

  public init(
    positive: Int, negative: Int, target: Double, weight: Double = 1, offset: Double = 0
  ) {
    self.positive = positive
    self.negative = negative
    self.target = target
    self.weight = weight
    self.offset = offset
  }

  /// log p(+) − log p(−) + offset.
  ///
  /// - Parameter logProbabilities: of each target of the pass. [targets]
  public func logit(_ logProbabilities: [Float]) -> Double {
    Double(logProbabilities[positive]) - Double(logProbabilities[negative]) + offset
  }

  /// Without an offset p(+) / (p(+) + p(−)), as verifiers read it.
  public static func score(ofLogit logit: Double) -> Double {
    logit >= 0 ? 1 / (1 + exp(-logit)) : exp(logit) / (1 + exp(logit))
  }
}

/// What a pass comes to for a loss of judgements.
public struct JudgementValue: Sendable, Equatable {
  public var value: ObjectiveValue
  /// ∂ loss / ∂ offset of each judgement. [judgements]
  public var offsetSlopes: [Double]

  /// The sum of the terms of judgements, each of which is a function of its score's logit.
  ///
  /// - Parameters:
  ///   - total: what all judgements of the batch count together; nil where these are all.
  ///   - term: the loss of a judgement, and its derivative by the logit.
  init(
    _ logProbabilities: [Float], _ judgements: [Judgement], total: Double?,
    term: (_ logit: Double, _ target: Double) -> (loss: Double, slope: Double)
  ) {
    value = .zero(targets: logProbabilities.count)
    offsetSlopes = Array(repeating: 0, count: judgements.count)
    let total = total ?? judgements.reduce(0) { $0 + $1.weight }
    guard total > 0 else { return }
    for (index, judgement) in judgements.enumerated() where judgement.weight > 0 {
      let share = judgement.weight / total
      let (loss, slope) = term(judgement.logit(logProbabilities), judgement.target)
      value.loss += share * loss
      value.slopes[judgement.positive] += Float(share * slope)
      value.slopes[judgement.negative] -= Float(share * slope)
      offsetSlopes[index] = share * slope
    }
  }
}

/// The loss of a classifier that says + or −: what process and outcome reward models are trained by
/// (Cobbe et al. 2021, arXiv 2110.14168; Lightman et al. 2023, arXiv 2305.20050).
public enum BinaryCrossEntropy {
  /// −Σ w [y log ŷ + (1 − y) log(1 − ŷ)] / Σ w with ŷ = σ(log p(+) − log p(−) + offset). A soft
  /// label is a y between 0 and 1.
  ///
  /// - Parameters:
  ///   - logProbabilities: of each target of the pass. [targets]
  ///   - total: Σ w of the whole batch; nil where this pass is all of it.
  /// - Returns: the mean in nats; 0 where nothing counts.
  public static func value(
    _ logProbabilities: [Float], _ judgements: [Judgement], total: Double? = nil
  ) -> JudgementValue {
    JudgementValue(logProbabilities, judgements, total: total) { logit, target in
      // log(1 + eˣ) − y x, without an overflow.
      let loss = max(logit, 0) + log1p(exp(-abs(logit))) - target * logit
      return (loss, Judgement.score(ofLogit: logit) - target)
    }
  }
}
