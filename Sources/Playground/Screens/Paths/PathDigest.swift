import Decoding
import Foundation
import Reasoning
import Traces

/// One path of a run, ready to be drawn. It is kept up to date as events arrive, so that a view
/// has nothing to look up.
struct PathDigest: Sendable, Hashable {
  let number: Int
  /// The nodes after the prompt, in order.
  private(set) var nodes: [NodeID] = []
  /// What they spell.
  private(set) var bytes: [UInt8] = []
  /// One past the last byte of each token.
  private(set) var ends: [Int] = []
  /// log p of each token at temperature 1; nil for text that was put in.
  private(set) var logProbabilities: [Double?] = []
  /// The first token after the prompt.
  private(set) var first: Token?
  /// The normalised answer, nil while there is none.
  private(set) var answer: String?
  /// The tokens that spell the answer, as indices into `nodes`.
  private(set) var answerTokens: ClosedRange<Int>?
  /// p₁ − p₂ for each sampled token of the answer, and their mean Δ.
  private(set) var margins: [Double] = []
  private(set) var delta: Double?
  /// Σ log p over the sampled tokens; nil while the path grows.
  private(set) var logProbability: Double?
  /// How many tokens were sampled.
  private(set) var generated = 0
  /// Why the path ended, nil while it grows.
  private(set) var reason: String?
  /// The tokens of which the model was least sure, the least sure first; none while the path
  /// grows.
  private(set) var hesitations: [Hesitation] = []

  /// Whether it goes on from the question and was not simulated only: what a verifier reads and
  /// writes is no branch.
  private(set) var isBranch = false

  init(number: Int) { self.number = number }

  /// The digest of a path as far as it is known.
  ///
  /// - Parameter own: its number in the run, where it counts under another one.
  init(number: Int, in run: RunTrace, own: Int? = nil) {
    self.number = number
    guard let path = run.paths[own ?? number] else { return }
    let start = path.nodes.first.flatMap { run.nodes[$0]?.parent }
    isBranch = start == run.promptEnd && path.end?.reason != "lookahead"
    for id in path.nodes {
      guard let node = run.nodes[id] else { continue }
      add(id, node.token, logProbability: node.logProbability)
      if node.origin == .generated { generated += 1 }
    }
    guard let end = path.end else { return }
    reason = end.reason
    generated = end.generated
    answer = end.answer
    answerTokens = end.answer == nil ? nil : path.answerSpan.flatMap(path.range(of:))
    margins = path.score(.delta)?.terms ?? []
    delta = path.score(.delta)?.value
    logProbability = path.score(.likelihood)?.value
    hesitations = Hesitation.list(of: self, in: run)
  }

  private mutating func add(_ id: NodeID, _ token: Token, logProbability: Double?) {
    if nodes.isEmpty { first = token }
    nodes.append(id)
    logProbabilities.append(logProbability)
    bytes += token.bytes
    ends.append(bytes.count)
  }

  /// Adds a token that follows the last one.
  ///
  /// - Returns: false when it does not follow, and the digest must be made anew.
  mutating func append(_ event: NodeEvent) -> Bool {
    guard reason == nil, nodes.isEmpty || nodes.last == event.parent else { return false }
    add(event.id, event.token, logProbability: event.logProbability)
    generated += 1
    return true
  }

  /// Whether tokens still come.
  var isGrowing: Bool { reason == nil }

  /// Whether the path was cut short, so that it has no say.
  var isCut: Bool { reason == "cancelled" || reason == "failed" }

  /// The bytes of a token.
  func bytes(ofToken index: Int) -> ArraySlice<UInt8> {
    guard ends.indices.contains(index) else { return [] }
    return bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }

  /// The bytes of the answer's tokens.
  var answerBytes: Range<Int>? {
    guard let tokens = answerTokens, ends.indices.contains(tokens.upperBound) else { return nil }
    let start = tokens.lowerBound == 0 ? 0 : ends[tokens.lowerBound - 1]
    return start < ends[tokens.upperBound] ? start..<ends[tokens.upperBound] : nil
  }
}

/// A token of which the model was not sure, beside the likeliest that it could have been instead.
struct Hesitation: Sendable, Hashable {
  /// The token's index in its path.
  var token: Int
  /// Its probability at temperature 1.
  var probability: Double
  /// The likeliest other token, when the trace keeps it, and its probability.
  var other: Token?
  var otherProbability: Double?

  /// How many are kept of a path.
  static let kept = 8
  /// A token this likely, which is shown as .900, is no hesitation.
  static let sure = 0.8995

  /// The hesitations of a path, the least sure token first; ties go to the earlier.
  static func list(of path: PathDigest, in run: RunTrace) -> [Hesitation] {
    let unsure = path.logProbabilities.enumerated().compactMap { index, log in
      log.map { (index: index, probability: exp($0)) }
    }.filter { $0.probability < sure }
    let least = unsure.sorted { a, b in
      a.probability < b.probability || (a.probability == b.probability && a.index < b.index)
    }
    return least.prefix(kept).map { index, probability in
      var hesitation = Hesitation(token: index, probability: probability)
      let node = path.nodes[index]
      guard let known = run.nodes[node], let (token, log) = run.likeliestOther(than: known) else {
        return hesitation
      }
      hesitation.other = token
      hesitation.otherProbability = log.map { exp($0) }
      return hesitation
    }
  }
}

extension RunTrace {
  /// The likeliest token that could have come in place of one, with its log p, where the trace
  /// keeps it.
  func likeliestOther(than node: NodeTrace) -> (token: Token, logProbability: Double?)? {
    guard let saved = distributions[node.parent],
      let rank = saved.summary.tokens.firstIndex(where: { $0 != node.token.id }),
      saved.bytes.indices.contains(rank)
    else { return nil }
    let id = saved.summary.tokens[rank]
    return (Token(id: id, bytes: saved.bytes[rank]), saved.summary.logProbability(of: id))
  }
}
