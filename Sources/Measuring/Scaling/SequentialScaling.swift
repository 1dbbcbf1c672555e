/// What thinking longer is worth, in the terms of s1 (Muennighoff et al. 2025, arXiv 2501.19393,
/// section 3.2). Its third term, control (the share of paths that keep to their budget), is 1 here: no
/// sampler chooses a token beyond it.
public struct SequentialScaling: Sendable, Hashable, Codable {
  /// The mean slope between all pairs of points, in accuracy for a token (its equation 2).
  public var scaling: Double
  /// The greatest accuracy of any point (its equation 3).
  public var performance: Double

  /// nil where fewer than two points differ in tokens.
  public init?(_ curve: StudyCurve) {
    let points = curve.points.compactMap { point in
      point.tokens.flatMap { tokens in point.accuracy.map { (x: tokens.value, y: $0.value) } }
    }
    var slopes: [Double] = []
    for (index, a) in points.enumerated() {
      for b in points[(index + 1)...] where a.x != b.x { slopes.append((b.y - a.y) / (b.x - a.x)) }
    }
    guard let best = points.map(\.y).max(), !slopes.isEmpty else { return nil }
    scaling = slopes.reduce(0, +) / Double(slopes.count)
    performance = best
  }
}
