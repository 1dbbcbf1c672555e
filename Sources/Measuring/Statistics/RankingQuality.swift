import Decoding

/// A score with what it should have told.
public struct LabelledScore: Sendable, Hashable {
  /// Scores of one group (the solutions of one problem) are not independent of each other.
  public var group: Int
  public var score: Double
  public var isPositive: Bool

  public init(group: Int, score: Double, isPositive: Bool) {
    self.group = group
    self.score = score
    self.isPositive = isPositive
  }
}

/// How well scores tell positives from negatives, with an interval.
public struct RankingQuality: Sendable, Hashable, Encodable {
  /// The area under the ROC curve; nil without both a positive and a negative.
  public var area: Double?
  /// A 95 % percentile interval from a bootstrap over groups (Efron 1979): whole problems are
  /// drawn again, never single solutions. nil with fewer than two groups. Where the scores
  /// separate the sample perfectly it is a point, for a bootstrap sees nothing beyond the sample.
  public var interval: ClosedRange<Double>?
  public var positives: Int
  public var negatives: Int

  static let resamples = 1000

  private enum CodingKeys: String, CodingKey {
    case positives, negatives
    case area = "auc"
    case interval = "ci95"
  }

  /// The quality of scores in one pool.
  public init(_ scores: [LabelledScore], seed: UInt64 = 1) {
    self.init(families: [scores], seed: seed)
  }

  /// The mean of several pools' areas, each pool counting alike; pools in which there is nothing
  /// to tell apart are left out.
  public init(families: [[LabelledScore]], seed: UInt64 = 1) {
    let known = families.map { $0.filter { !$0.score.isNaN } }
    positives = known.reduce(0) { $0 + $1.count(where: \.isPositive) }
    negatives = known.reduce(0) { $0 + $1.count } - positives
    let rankings = known.map(Ranking.init)
    area = Self.mean(rankings.map { $0.area(weights: nil) })
    guard let area, rankings.contains(where: { $0.groups > 1 }) else { return }
    var random = SplitMix64(state: seed)
    var areas: [Double] = []
    for _ in 0..<Self.resamples {
      let drawn = rankings.map { $0.area(weights: $0.resample(using: &random)) }
      if let area = Self.mean(drawn) { areas.append(area) }
    }
    guard let central = Statistics.central95(ofSorted: areas.sorted()) else { return }
    interval = min(central.lowerBound, area)...max(central.upperBound, area)
  }

  /// The area under the ROC curve: the chance that a positive scores above a negative, a tie
  /// counting one half (Mann–Whitney). nil without both a positive and a negative, or with NaN.
  public static func area(under scored: [(score: Double, isPositive: Bool)]) -> Double? {
    guard !scored.contains(where: { $0.score.isNaN }) else { return nil }
    return Ranking(
      scored.map { LabelledScore(group: 0, score: $0.score, isPositive: $0.isPositive) }
    ).area(weights: nil)
  }

  private static func mean(_ areas: [Double?]) -> Double? {
    let known = areas.compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }
}

/// Scores in order, so that every resample is one walk over them.
private struct Ranking {
  private let scores: [LabelledScore]
  /// The place of each score's group among the groups.
  private let places: [Int]
  let groups: Int

  init(_ scores: [LabelledScore]) {
    self.scores = scores.sorted { $0.score < $1.score }
    let names = Set(scores.map(\.group)).sorted()
    let place = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    places = self.scores.map { place[$0.group] ?? 0 }
    groups = names.count
  }

  /// How often each group is drawn when as many are drawn as there are.
  func resample(using random: inout SplitMix64) -> [Int] {
    var counts = [Int](repeating: 0, count: groups)
    for _ in 0..<groups { counts[Int.random(in: 0..<groups, using: &random)] += 1 }
    return counts
  }

  /// The area when every score counts as often as its group was drawn; nil counts each once.
  func area(weights: [Int]?) -> Double? {
    var (wins, positives, below) = (0.0, 0, 0)
    var index = 0
    while index < scores.count {
      var (tiedPositives, tiedNegatives) = (0, 0)
      let score = scores[index].score
      while index < scores.count, scores[index].score == score {
        let weight = weights.map { $0[places[index]] } ?? 1
        if scores[index].isPositive { tiedPositives += weight } else { tiedNegatives += weight }
        index += 1
      }
      wins += Double(tiedPositives) * (Double(below) + Double(tiedNegatives) / 2)
      positives += tiedPositives
      below += tiedNegatives
    }
    return positives > 0 && below > 0 ? wins / (Double(positives) * Double(below)) : nil
  }
}
