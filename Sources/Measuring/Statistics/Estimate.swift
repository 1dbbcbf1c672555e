/// An estimate with its 95 % interval.
public struct Estimate: Sendable, Hashable {
  public var value: Double
  /// nil where there is too little to tell from.
  public var interval: ClosedRange<Double>?

  static func * (estimate: Estimate, factor: Double) -> Estimate {
    Estimate(
      value: estimate.value * factor,
      interval: estimate.interval.map { $0.lowerBound * factor...$0.upperBound * factor })
  }
}

extension Estimate {
  /// With the normal interval of a standard error, no wider than the figure itself can be.
  init(
    value: Double, standardError: Double,
    within range: ClosedRange<Double> = -.infinity ... .infinity
  ) {
    let half = Statistics.z95 * standardError
    self.init(
      value: value,
      interval: max(range.lowerBound, value - half)...min(range.upperBound, value + half))
  }

  /// The mean over questions, what is of one question taken together first: it is not independent
  /// of each other. nil for no values.
  init?<Element>(of elements: [Element], question: (Element) -> Int, value: (Element) -> Double) {
    // In the order of the questions, so that sums come out the same every time.
    let questions = elements.grouped(by: question).sorted { $0.key < $1.key }
    let means = questions.map { _, own in
      own.reduce(0) { $0 + value($1) } / Double(own.count)
    }
    guard let mean = Statistics.mean(means) else { return nil }
    self.init(value: mean.mean, standardError: mean.standardError ?? 0)
  }

  /// The mean over families, each counting alike. nil for none.
  init?(meanOf estimates: [Estimate]) {
    guard !estimates.isEmpty else { return nil }
    let count = Double(estimates.count)
    let variance = estimates.reduce(0.0) { sum, estimate in
      let half = estimate.interval.map { ($0.upperBound - $0.lowerBound) / 2 } ?? 0
      return sum + (half / Statistics.z95) * (half / Statistics.z95)
    }
    self.init(
      value: estimates.reduce(0) { $0 + $1.value } / count,
      standardError: variance.squareRoot() / count)
  }
}
