import Decoding
import Foundation

/// Estimates and their uncertainty, for tallies, `eval` and every figure on screen.
public enum Statistics {
  /// The 97.5 % quantile of the standard normal distribution.
  static let z95 = 1.959964

  /// The 95 % Wilson score interval of a share (Wilson 1927).
  ///
  /// Within 0 … 1 and containing the observed share; 0 … 1 when nothing was observed.
  public static func wilsonInterval(successes: Int, trials: Int) -> ClosedRange<Double> {
    guard trials > 0 else { return 0...1 }
    let n = Double(trials)
    return wilsonInterval(share: Double(min(max(successes, 0), trials)) / n, trials: n)
  }

  /// The same of a share of a number of trials that need not be whole, but is above 0.
  private static func wilsonInterval(share: Double, trials n: Double) -> ClosedRange<Double> {
    let z2 = z95 * z95
    let center = (share + z2 / (2 * n)) / (1 + z2 / n)
    let half = z95 / (1 + z2 / n) * (share * (1 - share) / n + z2 / (4 * n * n)).squareRoot()
    // The bounds touch 0 and 1 exactly in theory; rounding must not push them past the share.
    return max(0, min(center - half, share))...min(1, max(center + half, share))
  }

  /// The 95 % interval of a mean that cannot leave a range: a probability, a difference of two, or a
  /// mean of accuracies.
  ///
  /// It is Wilson's with the effective number of trials (Dean and Pagano 2015, "Evaluating confidence
  /// interval methods for binomial proportions in clustered surveys"): so many trials of yes or no
  /// as would have the variance that the mean has. Unlike the normal interval it never leaves the
  /// range and has a width at its ends too; for yes and no it is Wilson's itself.
  ///
  /// - Parameters:
  ///   - variance: that of the mean.
  ///   - count: how many values the mean is of; as many trials stand for a mean at an end of the
  ///     range, whose variance says nothing.
  static func boundedInterval(
    mean: Double, variance: Double, count: Int, within range: ClosedRange<Double>
  ) -> ClosedRange<Double> {
    let width = range.upperBound - range.lowerBound
    let share = min(1, max(0, (mean - range.lowerBound) / width))
    let widest = share * (1 - share)
    let trials = variance > 0 && widest > 0 ? widest * width * width / variance : Double(count)
    let interval = wilsonInterval(share: share, trials: max(trials, 1))
    func value(_ share: Double) -> Double { range.lowerBound + share * width }
    return min(value(interval.lowerBound), mean)...max(value(interval.upperBound), mean)
  }

  /// The mean of values in a range, and the variance of that mean; nil for a single value, which
  /// says nothing about its spread.
  ///
  /// One more value with the widest spread there could be is counted, so that a few values that are
  /// nearly alike are not taken as certain. Values that are all the same could be of anything.
  static func boundedMoments(
    of values: [Double], within range: ClosedRange<Double>
  ) -> (mean: Double, variance: Double?) {
    let n = Double(values.count)
    guard let mean = mean(values) else { return (0, nil) }
    guard let error = mean.standardError else { return (mean.mean, nil) }
    let widest = (mean.mean - range.lowerBound) * (range.upperBound - mean.mean)
    // Sums of equal values are off by a little.
    guard error > 1e-9 * (range.upperBound - range.lowerBound) else {
      let middle = (n * mean.mean + range.lowerBound + range.upperBound) / (n + 2)
      return (mean.mean, (middle - range.lowerBound) * (range.upperBound - middle) / n)
    }
    return (mean.mean, (error * error * n * n + widest) / (n * (n + 1)))
  }

  /// The unbiased estimate of pass@k, 1 − C(n−c, k)/C(n, k) (Chen et al. 2021, arXiv 2107.03374,
  /// eq. 1): the chance that at least one of `k` of the `samples` is correct.
  ///
  /// nil unless 0 ≤ correct ≤ samples and 1 ≤ k ≤ samples.
  static func passAtK(samples: Int, correct: Int, k: Int) -> Double? {
    guard correct >= 0, correct <= samples, k >= 1, k <= samples else { return nil }
    guard samples - correct >= k else { return 1 }
    var allWrong = 1.0
    for i in (samples - correct + 1)..<(samples + 1) { allWrong *= 1 - Double(k) / Double(i) }
    return 1 - allWrong
  }

  /// A mean and its standard error.
  public struct Mean: Hashable, Sendable {
    public var mean: Double
    /// s/√n with the sample standard deviation; nil for a single value, which says nothing about
    /// its spread.
    public var standardError: Double?
  }

  /// The mean of values with its standard error, or nil for no values.
  public static func mean(_ values: [Double]) -> Mean? {
    guard !values.isEmpty else { return nil }
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    guard values.count > 1 else { return Mean(mean: mean, standardError: nil) }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return Mean(mean: mean, standardError: (squares / (n - 1) / n).squareRoot())
  }

  /// The 2.5 % and the 97.5 % quantile of values in ascending order; nil for none.
  static func central95(ofSorted values: [Double]) -> ClosedRange<Double>? {
    func quantile(_ share: Double) -> Double {
      values[Int((share * Double(values.count - 1)).rounded())]
    }
    return values.isEmpty ? nil : quantile(0.025)...quantile(0.975)
  }

  /// A 95 % percentile interval of a mean from a bootstrap over the values (Efron 1979), containing
  /// the mean. nil for fewer than two values, or any that is not finite.
  static func bootstrapInterval(
    ofMean values: [Double], seed: UInt64 = 1, resamples: Int = 1000
  ) -> ClosedRange<Double>? {
    guard values.count > 1, values.allSatisfy(\.isFinite) else { return nil }
    return bootstrap(of: values, from: values, seed: seed, resamples: resamples)
  }

  /// The mean over families of values' means, each family counting alike, with a 95 % percentile
  /// interval from a bootstrap that draws anew within each family (Efron 1979). nil for no values;
  /// the interval is nil where a family has only one.
  static func bootstrap(
    ofMeans families: [[Double]], seed: UInt64 = 1, resamples: Int = 1000
  ) -> Estimate? {
    let families = families.filter { !$0.isEmpty }
    guard !families.isEmpty else { return nil }
    func mean(_ values: some Sequence<Double>, _ count: Int) -> Double {
      values.reduce(0, +) / Double(count)
    }
    let value = mean(families.map { mean($0, $0.count) }, families.count)
    guard families.allSatisfy({ $0.count > 1 }) else { return Estimate(value: value) }
    var random = SplitMix64(state: seed)
    let means = (0..<max(1, resamples)).map { _ in
      mean(
        families.map { own in
          mean(own.map { _ in own[Int.random(in: own.indices, using: &random)] }, own.count)
        }, families.count)
    }
    guard let central = central95(ofSorted: means.sorted()) else { return nil }
    return Estimate(
      value: value, interval: min(central.lowerBound, value)...max(central.upperBound, value))
  }

  /// The interval of the mean of `values` when as many are drawn from a pool.
  private static func bootstrap(
    of values: [Double], from pool: [Double], seed: UInt64, resamples: Int = 1000
  ) -> ClosedRange<Double>? {
    guard !values.isEmpty, !pool.isEmpty else { return nil }
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    var random = SplitMix64(state: seed)
    let means = (0..<max(1, resamples)).map { _ in
      values.indices.reduce(0.0) { sum, _ in
        sum + pool[Int.random(in: pool.indices, using: &random)]
      } / n
    }
    guard let interval = central95(ofSorted: means.sorted()) else { return nil }
    return min(interval.lowerBound, mean)...max(interval.upperBound, mean)
  }

  /// A 95 % interval of an accuracy from each problem's share in it, from 0 to 1: Wilson's where every
  /// problem is simply right or wrong, else a percentile bootstrap over the problems with one right
  /// and one wrong problem added to those that are drawn from (Laplace), so that a few shares that are
  /// nearly alike are not taken as certain. 0 … 1 for none.
  public static func accuracyInterval(of shares: [Double], seed: UInt64 = 1) -> ClosedRange<Double>
  {
    guard shares.contains(where: { $0 != 0 && $0 != 1 }) else {
      return wilsonInterval(successes: shares.count { $0 == 1 }, trials: shares.count)
    }
    return bootstrap(of: shares, from: shares + [0, 1], seed: seed) ?? 0...1
  }
}
