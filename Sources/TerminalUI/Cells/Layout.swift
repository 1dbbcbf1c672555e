/// How long one part of a split rectangle wants to be.
public enum Length: Hashable, Sendable {
  /// Exactly this many cells, as long as there is room.
  case fixed(Int)
  /// A share of the whole, in 0...1.
  case fraction(Double)
  /// What is left over, shared among all such parts in proportion to their weights, but at least
  /// `minimum` cells as long as there is room.
  case fill(weight: Int = 1, minimum: Int = 0)

  /// One equal share of what is left over.
  public static var fill: Length { .fill() }
}

/// The lengths that `wanted` resolve to within `total` cells. They add up to `total` if any part
/// fills, and never to more; when room is short the later parts shrink first.
func resolve(_ wanted: [Length], within total: Int) -> [Int] {
  var lengths = wanted.map { length in
    switch length {
    case .fixed(let cells): max(0, cells)
    case .fraction(let share): max(0, Int((Double(total) * min(1, max(0, share))).rounded()))
    case .fill(_, let minimum): max(0, minimum)
    }
  }
  var left = total
  for index in lengths.indices {
    lengths[index] = min(lengths[index], left)
    left -= lengths[index]
  }
  var weightLeft = wanted.reduce(0) { sum, length in
    if case .fill(let weight, _) = length { sum + max(0, weight) } else { sum }
  }
  for (index, length) in wanted.enumerated() {
    guard case .fill(let weight, _) = length, weight > 0 else { continue }
    let share = left * weight / weightLeft
    lengths[index] += share
    left -= share
    weightLeft -= weight
  }
  return lengths
}

extension Rect {
  /// Splits the rectangle from top to bottom; parts that find no room are empty.
  public func splitRows(_ lengths: [Length]) -> [Rect] {
    var top = y
    return resolve(lengths, within: height).map { length in
      defer { top += length }
      return Rect(x: x, y: top, width: width, height: length)
    }
  }

  /// Splits the rectangle from left to right, leaving `gap` columns between the parts.
  public func splitColumns(_ lengths: [Length], gap: Int = 0) -> [Rect] {
    var left = x
    let gaps = max(0, lengths.count - 1) * gap
    return resolve(lengths, within: max(0, width - gaps)).map { length in
      defer { left += length + gap }
      return Rect(x: left, y: y, width: min(length, max(0, right - left)), height: height)
    }
  }
}
