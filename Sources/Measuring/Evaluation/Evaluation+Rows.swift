public import Problems
import Traces

extension Evaluation {
  /// Rows for each family, in the order in which the families come, and one for all.
  ///
  /// - Parameter byLevel: a row for each level of a family (`coin@3`) in place of one for the
  ///   family.
  public static func rows(
    _ results: [Result], strategy: String, questions: [Question], seconds: Double,
    byLevel: Bool = false
  ) -> [EvaluationRow] {
    func group(_ family: String?, _ level: Int?) -> String {
      (family ?? "file") + (byLevel ? level.map { "@\($0)" } ?? "" : "")
    }
    let tokens = max(1, results.reduce(0) { $0 + $1.end.tokens.generated })
    /// A row of one family or of several, by a way to estimate how often something holds.
    func row(
      _ family: String, _ pools: [[Result]], majorityClass: Double,
      estimate: ([[Result]], (Result) -> Bool?) -> Estimate?
    ) -> EvaluationRow {
      let own = pools.flatMap { $0 }
      let spent = own.reduce(TokenCounts()) { $0 + $1.end.tokens }
      let accuracy = estimate(pools) { $0.isCorrect }
      return EvaluationRow(
        strategy: strategy, family: family, correct: own.count(where: \.isCorrect),
        total: own.count, accuracy: accuracy?.value ?? 0, interval: accuracy?.interval ?? 0...1,
        majorityClass: majorityClass,
        areaUnderCurve: RankingQuality.area(under: own.flatMap(\.scored)), tokens: spent,
        // Questions of all families share batches, so time is shared out by tokens.
        seconds: seconds * Double(spent.generated) / Double(tokens),
        majority: estimate(pools, \.isMajorityCorrect), oracle: estimate(pools, \.isAnyCorrect),
        revisions: revisions(own), gain: gain(pools),
        equalTokenVote: estimate(pools, \.isVoteCorrect), equalTokenVoteTokens: voteTokens(own))
    }
    let pools = results.grouped { group($0.family, $0.level) }
    var rows = pools.map { family, own in
      row(
        family, [own],
        majorityClass: majorityClass(
          questions.filter { group($0.family, $0.fixedLevel) == family }.compactMap(\.gold)),
        estimate: share)
    }
    guard let first = rows.first else { return [] }
    var all = first
    // Of one family there is nothing to average.
    if rows.count > 1 {
      all = row(
        "all", pools.map(\.elements),
        majorityClass: rows.reduce(0) { $0 + $1.majorityClass } / Double(rows.count),
        estimate: macroShare)
    }
    all.family = "all"
    all.seconds = seconds
    rows.append(all)
    return rows
  }

  private static func voteTokens(_ results: [Result]) -> Int? {
    guard results.contains(where: { $0.isVoteCorrect != nil }) else { return nil }
    return results.reduce(0) { $0 + $1.voteTokens }
  }

  /// Counts what became of answers that were looked at again; nil where none was.
  static func revisions(_ results: [Result]) -> EvaluationRow.Revisions? {
    let revised = results.filter { $0.end.revision != nil }
    guard !revised.isEmpty else { return nil }
    return revised.reduce(into: EvaluationRow.Revisions()) { counts, result in
      switch (result.end.revision?.correct ?? false, result.isCorrect) {
      case (false, true): counts.wrongToRight += 1
      case (true, false): counts.rightToWrong += 1
      case (true, true): counts.stayedRight += 1
      case (false, false): counts.stayedWrong += 1
      }
    }
  }

  /// What holds of each result, family by family; nil where it is not known for all.
  private static func known<Value>(_ pools: [[Result]], _ value: (Result) -> Value?) -> [[Value]]? {
    let known = pools.map { $0.compactMap(value) }
    return zip(known, pools).allSatisfy { $0.count == $1.count && !$1.isEmpty } ? known : nil
  }

  /// The share of a family's questions for which something holds; nil where it is not known for all.
  private static func share(_ pools: [[Result]], _ holds: (Result) -> Bool?) -> Estimate? {
    known(pools, holds).map { known in
      let own = known.joined()
      let count = own.count { $0 }
      return Estimate(
        value: Double(count) / Double(own.count),
        interval: Statistics.wilsonInterval(successes: count, trials: own.count))
    }
  }

  /// The mean of the families' shares.
  private static func macroShare(_ pools: [[Result]], _ holds: (Result) -> Bool?) -> Estimate? {
    known(pools, holds).map { known in
      macroMean(known, within: 0...1) { own in
        let (n, count) = (Double(own.count), Double(own.count { $0 }))
        // Laplace's estimate of each family's variance, so that 0 of n is not taken as certain.
        let p = (count + 1) / (n + 2)
        return (count / n, p * (1 - p) / n)
      }
    }
  }

  /// The mean over families of accuracy − majority on the same samples. One vote more is taken for
  /// either side in each family, so that no difference at all is not taken as certain.
  private static func gain(_ pools: [[Result]]) -> Estimate? {
    known(pools) { result in
      result.isMajorityCorrect.map { (result.isCorrect ? 1.0 : 0) - ($0 ? 1 : 0) }
    }.map { known in
      macroMean(known, within: -1...1) { own in
        let n = Double(own.count)
        let mean = own.reduce(0, +) / n
        let squares = own.reduce(0) { $0 + $1 * $1 } + 2
        return (mean, max(0, squares / (n + 2) - mean * mean) / n)
      }
    }
  }

  /// The mean of families' means, each with the variance of its own, and its interval within a range.
  private static func macroMean<Value>(
    _ pools: [[Value]], within range: ClosedRange<Double>,
    _ moments: ([Value]) -> (mean: Double, variance: Double)
  ) -> Estimate {
    let (count, all) = (Double(pools.count), pools.map(moments))
    let mean = all.reduce(0) { $0 + $1.mean } / count
    return Estimate(
      value: mean,
      interval: Statistics.boundedInterval(
        mean: mean, variance: all.reduce(0) { $0 + $1.variance } / (count * count),
        count: pools.reduce(0) { $0 + $1.count }, within: range))
  }

  private static func majorityClass(_ golds: [String]) -> Double {
    let counts = golds.grouped { $0 }.map(\.elements.count)
    return Double(counts.max() ?? 0) / Double(max(1, golds.count))
  }
}
