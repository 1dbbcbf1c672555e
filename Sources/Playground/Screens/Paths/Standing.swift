import Measuring
public import Traces

/// How one answer stands in a tally.
public struct Standing: Sendable, Hashable {
  /// nil for the paths in which no answer was found.
  public var answer: String?
  /// The sum of its votes' weights.
  public var weight: Double
  /// Its share of the whole: of all counted paths when each counts 1, else of all weight.
  public var share: Double
  /// The 95 % Wilson interval of the share. Only counts have one: weights are no sample of
  /// independent trials.
  public var interval: ClosedRange<Double>?

  public init(
    answer: String?, weight: Double, share: Double, interval: ClosedRange<Double>? = nil
  ) {
    self.answer = answer
    self.weight = weight
    self.share = share
    self.interval = interval
  }

  /// The rows of a tally: the answers by falling weight, equals in the order in which they were
  /// first seen, then the paths without an answer, were it none.
  public static func rows(_ tally: Tally) -> [Standing] {
    let isCount = tally.method == .majority
    // In a fixed order, so that the sum always has the same bits.
    let sum = tally.order.reduce(0) { $0 + (tally.votes[$1] ?? 0) }
    let whole = isCount ? sum + Double(tally.unparsed) : sum
    func standing(_ answer: String?, _ weight: Double) -> Standing {
      Standing(
        answer: answer, weight: weight, share: whole > 0 ? weight / whole : 0,
        interval: isCount
          ? Statistics.wilsonInterval(successes: Int(weight), trials: Int(whole)) : nil)
    }
    let ranked = tally.order.enumerated().sorted { a, b in
      let (p, q) = (tally.votes[a.element] ?? 0, tally.votes[b.element] ?? 0)
      return p > q || (p == q && a.offset < b.offset)
    }
    var rows = ranked.map { standing($0.element, tally.votes[$0.element] ?? 0) }
    // Without an answer there is nothing to weigh.
    rows.append(standing(nil, isCount ? Double(tally.unparsed) : 0))
    return rows
  }
}

/// The share of each answer after the first, second, third … counted path.
public struct ShareHistory: Sendable, Hashable {
  /// How many paths were counted.
  public private(set) var length = 0
  private var shares: [String: [Double]] = [:]

  public init() {}

  mutating func append(_ standings: [Standing]) {
    for standing in standings {
      guard let answer = standing.answer else { continue }
      // An answer that was not seen before had a share of 0 until now.
      shares[answer, default: Array(repeating: 0, count: length)].append(standing.share)
    }
    length += 1
  }

  /// The shares of an answer, one for each counted path.
  public subscript(answer: String) -> [Double] { shares[answer] ?? [] }
}
