/// Generalised advantage estimation (Schulman et al. 2016, eq. 16):
/// A_t = Σ over l of (γλ)^l δ_{t+l}, with δ_t = r_t + γ V_{t+1} − V_t and V = 0 after the end.
public enum GeneralizedAdvantage {
  /// - Parameters:
  ///   - rewards: of each token. [tokens]
  ///   - values: what was expected before each token. [tokens]
  ///   - discount: γ.
  ///   - trace: λ.
  /// - Returns: advantages, and the returns A + V that values should have been. [tokens] each
  public static func estimate(
    rewards: [Double], values: [Double], discount: Double = 1, trace: Double = 0.95
  ) -> (advantages: [Double], returns: [Double]) {
    let count = min(rewards.count, values.count)
    var advantages = Array(repeating: 0.0, count: count)
    var (next, later) = (0.0, 0.0)
    for index in (0..<count).reversed() {
      let surprise = rewards[index] + discount * next - values[index]
      later = surprise + discount * trace * later
      advantages[index] = later
      next = values[index]
    }
    return (advantages, zip(advantages, values).map(+))
  }
}
