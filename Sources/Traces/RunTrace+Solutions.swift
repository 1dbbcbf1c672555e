import Decoding

extension Score.Kind {
  /// The kinds by which candidates are ranked, in the order in which they are offered.
  public static let rankings: [Score.Kind] = [.prm, .genrm, .orm, .implicit, .likelihood, .exact]
}

extension PathTrace {
  /// The score of the whole path. Those of single steps stand at nodes of the path itself.
  ///
  /// - Parameter review: whose; nil for what the run itself found.
  public func wholeScore(_ kind: Score.Kind, in review: Review? = nil) -> Score? {
    let own = Set(nodes)
    return scores.last { score in
      score.kind == kind && score.review == review
        && score.node.map { !own.contains($0) } ?? true
    }
  }
}

extension RunTrace {
  /// The paths that answer the question, in order: they begin where the prompt ends. What a
  /// verifier samples for itself begins elsewhere.
  public var solutionPaths: [Int] {
    pathNumbers.filter { number in
      guard let first = paths[number]?.nodes.first else { return false }
      return nodes[first]?.parent == promptEnd
    }
  }

  /// Those of them that are candidates for the answer, in order: a path that goes on may become one,
  /// and what a search gave up or only tried on the way is none.
  public var candidatePaths: [Int] {
    solutionPaths.filter { number in
      paths[number]?.end.map { !Self.dropped.contains($0.reason) } ?? true
    }
  }

  private static let dropped: Set = ["pruned", "lookahead", "unfinished"]
}
