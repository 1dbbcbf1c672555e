/// How the learning rate changes over a run.
public enum RateSchedule: Sendable, Hashable {
  case constant
  /// Rises over the first steps, then stays.
  case warmUp(steps: Int)
  /// Rises over the first steps, then falls in a straight line, which would reach 0 just after the
  /// last step.
  case linear(warmUp: Int)
  /// Rises over 1 % of the steps, stays until 30 %, then falls to nothing: what the bundled models
  /// are pre-trained with.
  case trapezoid

  /// What the highest rate is multiplied by.
  ///
  /// - Parameters:
  ///   - step: from 0.
  ///   - total: the steps of the whole run.
  public func factor(at step: Int, of total: Int) -> Double {
    switch self {
    case .constant: return 1
    case .warmUp(let steps): return Self.rise(step, steps)
    case .linear(let warmUp):
      guard step >= warmUp, total > warmUp else { return Self.rise(step, warmUp) }
      return max(0, Double(total - step) / Double(total - warmUp))
    case .trapezoid:
      let share = Double(step) / Double(max(1, total))
      // Not from 0: the first step would be lost.
      if share < 0.01 { return max(share, 0.0005) / 0.01 }
      return share < 0.3 ? 1 : max(0, (1 - share) / 0.7)
    }
  }

  private static func rise(_ step: Int, _ steps: Int) -> Double {
    steps > 0 ? min(1, Double(step + 1) / Double(steps)) : 1
  }
}
