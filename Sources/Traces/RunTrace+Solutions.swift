import Decoding

extension RunTrace {
  /// The paths that answer the question, in order: they begin where the prompt ends. What a
  /// verifier samples for itself begins elsewhere.
  public var solutionPaths: [Int] {
    pathNumbers.filter { number in
      guard let first = paths[number]?.nodes.first else { return false }
      return nodes[first]?.parent == promptEnd
    }
  }
}
