/// An estimate with its 95 % interval.
public struct Estimate: Sendable, Hashable {
  public var value: Double
  /// nil where there is too little to tell from, as with a single value.
  public var interval: ClosedRange<Double>?

  static func * (estimate: Estimate, factor: Double) -> Estimate {
    Estimate(
      value: estimate.value * factor,
      interval: estimate.interval.map { $0.lowerBound * factor...$0.upperBound * factor })
  }
}

extension Estimate {
  /// The mean over families, each counting alike, of what is bounded, such as a probability, with the
  /// interval of `Statistics.boundedInterval`. What is of one question is taken together first: it is
  /// not independent of each other. nil for no values; families without any are left out.
  init?<Element>(
    families: [[Element]], within range: ClosedRange<Double>, question: (Element) -> Int,
    value: (Element) -> Double
  ) {
    let means = families.map { own in
      // In the order of the questions, so that sums come out the same every time.
      own.grouped(by: question).sorted { $0.key < $1.key }.map { _, elements in
        elements.reduce(0) { $0 + value($1) } / Double(elements.count)
      }
    }.filter { !$0.isEmpty }
    guard !means.isEmpty else { return nil }
    let moments = means.map { Statistics.boundedMoments(of: $0, within: range) }
    let mean = moments.reduce(0) { $0 + $1.mean } / Double(moments.count)
    // Of a family with one question nobody knows the spread.
    let variances = moments.compactMap(\.variance)
    self.init(
      value: mean,
      interval: variances.count < moments.count
        ? nil
        : Statistics.boundedInterval(
          mean: mean,
          variance: variances.reduce(0, +) / Double(variances.count * variances.count),
          count: means.reduce(0) { $0 + $1.count }, within: range))
  }
}
