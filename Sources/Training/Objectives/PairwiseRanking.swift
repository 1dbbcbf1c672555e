import Foundation

/// Right and wrong texts compared in pairs: the score of a right one shall be above that of a wrong
/// one (Bradley and Terry 1952; the loss of reward models in Ouyang et al. 2022, arXiv 2203.02155,
/// equation 1).
///
/// The score is s = α Σ log p over a text's tokens, so the model itself is the reward model, and a
/// step's score is its own tokens' share of s. That is the implicit process reward of Yuan et al.
/// 2024 ("Free Process Rewards without Process Labels", arXiv 2412.01981), α log(π/π_ref), in the form
/// without a reference: log π_ref is left out, as if it were the same for all texts.
public enum PairwiseRanking {
  /// The texts of one problem, as indices into the targets of a pass.
  public struct Group: Sendable, Equatable {
    public var right: [Range<Int>]
    public var wrong: [Range<Int>]

    public init(right: [Range<Int>], wrong: [Range<Int>]) {
      self.right = right
      self.wrong = wrong
    }

    /// Whether there is anything to compare.
    public var isMixed: Bool { !right.isEmpty && !wrong.isEmpty }
  }

  /// What is told of pairs, each problem counting alike.
  public struct Metrics: Sendable, Equatable {
    /// The share of pairs in which the right text scores above the wrong one.
    public var accuracy = 0.0
    /// The mean of s_right − s_wrong.
    public var margin = 0.0

    static func + (a: Metrics, b: Metrics) -> Metrics {
      Metrics(accuracy: a.accuracy + b.accuracy, margin: a.margin + b.margin)
    }

    /// Of several passes whose shares add up to 1.
    public static func sum(_ parts: [Metrics]) -> Metrics { parts.reduce(Metrics(), +) }
  }

  /// softplus(s_wrong − s_right), averaged over all pairs of a problem and then over problems.
  ///
  /// - Parameters:
  ///   - logProbabilities: of each target under the weights now. [targets]
  ///   - groups: one for each problem; those with nothing to compare have no share.
  ///   - scale: α, above 0.
  ///   - batchGroups: problems with something to compare in all passes of the batch; nil where this
  ///     is all of it.
  /// - Returns: the loss with its slopes, and its derivative by log α, so that α stays above 0.
  public static func value(
    _ logProbabilities: [Float], _ groups: [Group], scale: Double, batchGroups: Int? = nil
  ) -> (value: ObjectiveValue, scaleSlope: Double, metrics: Metrics) {
    var value = ObjectiveValue.zero(targets: logProbabilities.count)
    var (scaleSlope, metrics) = (0.0, Metrics())
    let mixed = groups.filter(\.isMixed)
    let problem = 1 / Double(max(1, batchGroups ?? mixed.count))
    func sum(_ targets: Range<Int>) -> Double {
      logProbabilities[targets].reduce(0) { $0 + Double($1) }
    }
    for group in mixed {
      let (right, wrong) = (group.right.map(sum), group.wrong.map(sum))
      let share = problem / Double(right.count * wrong.count)
      // ∂ loss / ∂ Σ log p of each text.
      var slopes = (right: right.map { _ in 0.0 }, wrong: wrong.map { _ in 0.0 })
      for (i, a) in right.enumerated() {
        for (j, b) in wrong.enumerated() {
          let margin = scale * (a - b)
          value.loss += share * softplus(-margin)
          let slope = share * logistic(-margin)
          slopes.right[i] -= slope * scale
          slopes.wrong[j] += slope * scale
          scaleSlope -= slope * margin
          metrics.margin += share * margin
          metrics.accuracy += share * (margin > 0 ? 1 : margin == 0 ? 0.5 : 0)
        }
      }
      for (targets, slope) in zip(group.right + group.wrong, slopes.right + slopes.wrong) {
        for target in targets { value.slopes[target] += Float(slope) }
      }
    }
    return (value, scaleSlope, metrics)
  }

  /// log(1 + eˣ), without overflow.
  static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  private static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}

/// Adam for a single number, such as the scale that a reward is learned with (Kingma and Ba 2015,
/// arXiv 1412.6980, algorithm 1).
public struct ScalarAdam: Sendable, Hashable, Codable {
  public private(set) var value: Double
  private var mean = 0.0
  private var square = 0.0
  private var step = 0

  private static let betas = (0.9, 0.95)
  private static let epsilon = 1e-8

  public init(_ value: Double) { self.value = value }

  /// Takes a step against a slope.
  public mutating func update(slope: Double, rate: Double) {
    let (first, second) = Self.betas
    step += 1
    mean = first * mean + (1 - first) * slope
    square = second * square + (1 - second) * slope * slope
    let corrected = (
      mean / (1 - pow(first, Double(step))), square / (1 - pow(second, Double(step)))
    )
    value -= rate * corrected.0 / (corrected.1.squareRoot() + Self.epsilon)
  }
}
