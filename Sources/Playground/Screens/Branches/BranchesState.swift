/// What Branches shows: the first-token branches of one run.
public struct BranchesState: Sendable {
  /// The selected branch's path number.
  public var selected = 0
  public var firstVisible = 0
  /// The branch marked for comparison.
  public var marked: Int?
  /// The comparison on screen.
  public var comparison: Comparison?

  public init() {}
}

/// Two paths of one run side by side.
public struct Comparison: Sendable, Hashable {
  public var left: Int
  public var right: Int
  public var scroll = 0

  public init(left: Int, right: Int) {
    self.left = left
    self.right = right
  }
}
