/// When a vote is ended before all its samples are drawn.
public enum EarlyStop: String, Sendable, Codable, CaseIterable {
  /// Whatever the samples that are left say, the answer stays the same: the outcome is exactly that
  /// of the whole vote.
  case decided
  /// With 95 % the leader is likelier than the second, given their votes so far: the Beta criterion
  /// of Adaptive-Consistency (Aggarwal et al. 2023, "Let's Sample Step by Step", arXiv 2305.11860).
  /// The outcome may differ from that of the whole vote.
  case likely
}
