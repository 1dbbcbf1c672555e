import Foundation

/// A point of a curve.
public struct ChartPoint: Sendable, Hashable {
  public var x: Double
  public var y: Double
  /// The interval of `y`; nil where it has none.
  public var interval: ClosedRange<Double>?

  public init(x: Double, y: Double, interval: ClosedRange<Double>? = nil) {
    self.x = x
    self.y = y
    self.interval = interval
  }
}

/// Where values lie along an edge of a chart, in even or in logarithmic steps.
public struct ChartScale: Sendable, Hashable {
  public let range: ClosedRange<Double>
  public let isLogarithmic: Bool
  /// Whether only whole numbers are marked, for what is counted.
  public let isWhole: Bool

  /// - Parameter range: what the edge goes from and to; a logarithmic one begins above zero.
  public init(_ range: ClosedRange<Double>, isLogarithmic: Bool = false, isWhole: Bool = false) {
    let lower = isLogarithmic ? max(range.lowerBound, .leastNormalMagnitude) : range.lowerBound
    self.range = lower...max(lower, range.upperBound)
    self.isLogarithmic = isLogarithmic
    self.isWhole = isWhole
  }

  /// A scale on which all values have a place, with a little room at both ends. Values that have no
  /// place on it, such as 0 on a logarithmic one, are left out. nil for no values.
  public init?(of values: [Double], isLogarithmic: Bool = false, isWhole: Bool = false) {
    let known = values.filter { $0.isFinite && (!isLogarithmic || $0 > 0) }
    guard let low = known.min(), let high = known.max() else { return nil }
    if isLogarithmic {
      let room = low == high ? 2 : pow(high / low, 0.04)
      self.init(low / room...high * room, isLogarithmic: true, isWhole: isWhole)
    } else {
      let room = low == high ? max(1, abs(low) / 2) : (high - low) * 0.04
      self.init(low - room...high + room, isWhole: isWhole)
    }
  }

  /// A value's place from 0 to 1, beyond these for one outside.
  public func position(of value: Double) -> Double {
    let (low, high) = (place(range.lowerBound), place(range.upperBound))
    return high > low ? (place(value) - low) / (high - low) : 0.5
  }

  /// The value at a place from 0 to 1.
  public func value(at position: Double) -> Double {
    let (low, high) = (place(range.lowerBound), place(range.upperBound))
    let place = low + position * (high - low)
    return isLogarithmic ? exp(place) : place
  }

  private func place(_ value: Double) -> Double {
    isLogarithmic ? log(max(value, .leastNormalMagnitude)) : value
  }

  /// Round values within the range, ascending: as many as there are, up to a number.
  public func ticks(atMost count: Int) -> [Double] {
    guard count > 0, range.lowerBound.isFinite, range.upperBound.isFinite else { return [] }
    if range.lowerBound == range.upperBound { return [range.lowerBound] }
    return isLogarithmic ? logarithmicTicks(count) : evenTicks(count)
  }

  private func evenTicks(_ count: Int) -> [Double] {
    let span = range.upperBound - range.lowerBound
    var step = pow(10, (log10(span / Double(count)) - 1).rounded(.down))
    for factor in [1.0, 2, 5, 10, 20, 50, 100, 200] {
      let wide = step * factor
      if isWhole, wide < 0.999 { continue }
      let first = (range.lowerBound / wide).rounded(.up)
      let last = (range.upperBound / wide).rounded(.down)
      if last - first + 1 <= Double(count) {
        step = wide
        return stride(from: first, through: last, by: 1).map { $0 * step }
      }
    }
    return []
  }

  private func logarithmicTicks(_ count: Int) -> [Double] {
    let decades =
      Int(log10(range.lowerBound).rounded(.down))...Int(log10(range.upperBound).rounded(.up))
    let fine: [[Double]] = [
      [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 6, 8], [1, 2, 5], [1, 3], [1],
    ]
    for digits in fine {
      let all = decades.flatMap { decade in digits.map { $0 * pow(10, Double(decade)) } }
      let ticks = all.filter { range.contains($0) && (!isWhole || $0 == $0.rounded()) }
      if ticks.count <= count { return ticks }
    }
    let stride = (decades.count + count - 1) / count
    return decades.filter { $0 % stride == 0 }.map { pow(10, Double($0)) }
      .filter { range.contains($0) }
  }
}
