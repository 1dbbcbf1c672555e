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
    var families: [String] = []
    for result in results {
      let name = group(result.family, result.level)
      if !families.contains(name) { families.append(name) }
    }
    let pools = families.map { name in
      results.filter { group($0.family, $0.level) == name }
    }
    let tokens = max(1, results.reduce(0) { $0 + $1.end.tokens.generated })
    var rows = zip(families, pools).map { family, own in
      let correct = own.count(where: \.isCorrect)
      let spent = own.reduce(TokenCounts()) { $0 + $1.end.tokens }
      return EvaluationRow(
        strategy: strategy, family: family, correct: correct, total: own.count,
        accuracy: Double(correct) / Double(max(1, own.count)),
        interval: Statistics.wilsonInterval(successes: correct, trials: own.count),
        majorityClass: majorityClass(
          questions.filter { group($0.family, $0.fixedLevel) == family }.compactMap(\.gold)),
        areaUnderCurve: Statistics.areaUnderCurve(own.flatMap(\.scored)),
        tokens: spent,
        // Questions of all families share batches, so time is shared out by tokens.
        seconds: seconds * Double(spent.generated) / Double(tokens),
        majority: share(own, \.isMajorityCorrect), oracle: share(own, \.isAnyCorrect),
        revisions: revisions(own), gain: gain([own]),
        equalTokenVote: share(own, \.isVoteCorrect), equalTokenVoteTokens: voteTokens(own))
    }
    if let all = macroAverage(rows, pools, strategy: strategy, seconds: seconds) {
      rows.append(all)
    }
    return rows
  }

  private static func macroAverage(
    _ rows: [EvaluationRow], _ pools: [[Result]], strategy: String, seconds: Double
  ) -> EvaluationRow? {
    guard !rows.isEmpty else { return nil }
    let count = Double(rows.count)
    let accuracy = macroShare(pools) { $0.isCorrect }
    return EvaluationRow(
      strategy: strategy, family: "all", correct: rows.reduce(0) { $0 + $1.correct },
      total: rows.reduce(0) { $0 + $1.total }, accuracy: accuracy?.value ?? 0,
      // Of one family there is nothing to average.
      interval: (rows.count == 1 ? rows.first?.interval : accuracy?.interval) ?? 0...1,
      majorityClass: rows.reduce(0) { $0 + $1.majorityClass } / count,
      areaUnderCurve: Statistics.areaUnderCurve(pools.flatMap { $0.flatMap(\.scored) }),
      tokens: rows.reduce(TokenCounts()) { $0 + $1.tokens }, seconds: seconds,
      majority: macroShare(pools, \.isMajorityCorrect),
      oracle: macroShare(pools, \.isAnyCorrect), revisions: revisions(pools.flatMap { $0 }),
      gain: gain(pools), equalTokenVote: macroShare(pools, \.isVoteCorrect),
      equalTokenVoteTokens: voteTokens(pools.flatMap { $0 }))
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

  /// A family's share of questions for which something holds; nil where it is not known for all.
  private static func share(
    _ results: [Result], _ holds: (Result) -> Bool?
  ) -> EvaluationRow.Share? {
    let known = results.compactMap(holds)
    guard known.count == results.count, !known.isEmpty else { return nil }
    let count = known.count { $0 }
    return EvaluationRow.Share(
      value: Double(count) / Double(known.count),
      interval: Statistics.wilsonInterval(successes: count, trials: known.count))
  }

  /// The mean of the families' shares, with a normal interval.
  private static func macroShare(
    _ pools: [[Result]], _ holds: (Result) -> Bool?
  ) -> EvaluationRow.Share? {
    let known = pools.map { $0.compactMap(holds) }
    guard !pools.isEmpty, zip(known, pools).allSatisfy({ $0.count == $1.count }) else { return nil }
    let count = Double(pools.count)
    let mean =
      known.reduce(0) { sum, own in
        sum + Double(own.count { $0 }) / Double(max(1, own.count))
      } / count
    // Laplace's estimate of each family's variance, so that 0 of n is not taken as certain.
    let variance = known.reduce(0.0) { sum, own in
      let p = (Double(own.count { $0 }) + 1) / (Double(own.count) + 2)
      return sum + p * (1 - p) / Double(max(1, own.count))
    }
    let half = Statistics.z95 * variance.squareRoot() / count
    return EvaluationRow.Share(value: mean, interval: max(0, mean - half)...min(1, mean + half))
  }

  /// The mean over families of accuracy − majority on the same samples. One vote more is taken for
  /// either side in each family, so that no difference at all is not taken as certain.
  private static func gain(_ pools: [[Result]]) -> EvaluationRow.Share? {
    var (mean, variance) = (0.0, 0.0)
    for pool in pools {
      let differences = pool.compactMap { result in
        result.isMajorityCorrect.map { (result.isCorrect ? 1.0 : 0) - ($0 ? 1 : 0) }
      }
      guard differences.count == pool.count, !pool.isEmpty else { return nil }
      let n = Double(pool.count)
      let own = differences.reduce(0, +) / n
      let squares = differences.reduce(0) { $0 + $1 * $1 } + 2
      mean += own
      variance += max(0, squares / (n + 2) - own * own) / n
    }
    let count = Double(pools.count)
    guard count > 0 else { return nil }
    let half = Statistics.z95 * variance.squareRoot() / count
    return EvaluationRow.Share(
      value: mean / count, interval: max(-1, mean / count - half)...min(1, mean / count + half))
  }

  private static func majorityClass(_ golds: [String]) -> Double {
    let counts = golds.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
    return Double(counts.values.max() ?? 0) / Double(max(1, golds.count))
  }
}
