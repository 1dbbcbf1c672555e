/// What the runs of a strategy look like. Screens ask for shapes; nobody asks for names.
public enum StrategyShape: String, Sendable, Hashable, CaseIterable {
  /// One path.
  case path
  /// Paths side by side, told rather than counted.
  case branches
  /// Paths whose answers are counted.
  case votes
  /// Finished candidates that a verifier ranks.
  case ranking
  /// Beginnings of texts, of which the likeliest are kept token by token.
  case tokensSearch
  /// Partial solutions, of which the best are kept step by step.
  case stepSearch
  /// A tree that is gone through again and again.
  case treeSearch

  /// Whether it grows branches and gives some of them up.
  public var searches: Bool { [.tokensSearch, .stepSearch, .treeSearch].contains(self) }

  /// Whether a verifier ranks its finished candidates.
  public var ranksCandidates: Bool { [.ranking, .stepSearch, .treeSearch].contains(self) }

  /// Whether answers are counted; ranked candidates vote as well, by their scores.
  public var takesVotes: Bool { self == .votes || ranksCandidates }

  /// Whether its paths are branches of one place: told side by side rather than counted.
  public var growsBranches: Bool { self == .branches || self == .tokensSearch }
}

/// What sets a strategy apart from others of its shape.
public struct StrategyTraits: OptionSet, Sendable, Hashable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Each path begins with another first token, and answers are weighed by their Δ.
  public static let branchesAtFirstToken = StrategyTraits(rawValue: 1)
  /// Several models answer, each in a run of its own.
  public static let usesSeveralModels = StrategyTraits(rawValue: 2)
  /// A finished run can go on with further samples.
  public static let canGrow = StrategyTraits(rawValue: 4)
  /// Its paths form groups that are searched apart from each other.
  public static let searchesInGroups = StrategyTraits(rawValue: 8)
}

extension StrategyRegistry {
  /// The strategy that a screen for runs of a shape starts.
  public static func usual(_ shape: StrategyShape) -> StrategyDescription {
    switch shape {
    case .path: Greedy.description
    case .branches: CoTDecoding.description
    case .votes: SelfConsistency.description
    case .ranking: BestOfN.description
    case .tokensSearch: Beam.description
    case .stepSearch: StepBeam.description
    case .treeSearch: MCTS.description
    }
  }
}
