import Decoding
import Foundation
import Reasoning
import TerminalUI
import Traces

/// Two paths of one run side by side, aligned by token.
struct Comparison: Sendable, Hashable {
  /// What stands side by side: the same token in both paths, or one in place of the other.
  struct Pair: Sendable, Hashable {
    /// The index of the token in its path; nil where only the other path has one.
    var left: Int?
    var right: Int?
    var isSame: Bool
  }

  /// A token that was, or could have been, chosen where the paths part.
  struct Candidate: Sendable, Hashable {
    enum Taker: Sendable, Hashable { case left, right, nobody }
    /// 1 for the likeliest token; nil when the saved distribution does not list it.
    var rank: Int?
    var bytes: [UInt8]
    /// The probability at temperature 1; nil when it was not kept.
    var probability: Double?
    var taker: Taker
  }

  let run: Int
  let left: Int
  let right: Int
  /// The first line shown.
  var scroll = 0
  /// How many tokens after the prompt both paths share.
  private(set) var shared = 0
  /// The node after which they part.
  private(set) var parting: NodeID = .root
  /// The tokens after the parting: a longest common subsequence stands side by side.
  private(set) var pairs: [Pair] = []
  /// The likeliest tokens where the paths part, and those they took.
  private(set) var candidates: [Candidate] = []

  init(run: Int, left: Int, right: Int, _ trace: RunTrace) {
    self.run = run
    self.left = left
    self.right = right
    update(trace)
  }

  /// Takes up what the paths have become.
  mutating func update(_ trace: RunTrace) {
    let (a, b) = (trace.paths[left]?.nodes ?? [], trace.paths[right]?.nodes ?? [])
    shared = trace.partingIndex(of: left, and: right)
    parting = shared == 0 ? trace.promptEnd : a[shared - 1]
    func tokens(_ nodes: [NodeID]) -> [TokenID] {
      nodes.dropFirst(shared).map { trace.nodes[$0]?.token.id ?? -1 }
    }
    pairs = Self.align(tokens(a), tokens(b)).map { pair in
      Pair(
        left: pair.left.map { $0 + shared }, right: pair.right.map { $0 + shared },
        isSame: pair.isSame)
    }
    candidates = Self.candidates(
      trace, at: parting, left: a.indices.contains(shared) ? a[shared] : nil,
      right: b.indices.contains(shared) ? b[shared] : nil)
  }

  /// How many candidates are listed beside the two that were taken.
  static let listed = 5

  private static func candidates(
    _ trace: RunTrace, at node: NodeID, left: NodeID?, right: NodeID?
  ) -> [Candidate] {
    var candidates: [Candidate] = []
    var found: Set<NodeID> = []
    if let saved = trace.distributions[node] {
      for (index, token) in saved.summary.tokens.enumerated() {
        let child = node.appending(token)
        let taker: Candidate.Taker = child == left ? .left : child == right ? .right : .nobody
        guard index < listed || taker != .nobody else { continue }
        found.insert(child)
        candidates.append(
          Candidate(
            rank: index + 1, bytes: saved.bytes.indices.contains(index) ? saved.bytes[index] : [],
            probability: saved.summary.logProbability(of: token).map { exp($0) }, taker: taker))
      }
    }
    for (child, taker) in [(left, Candidate.Taker.left), (right, .right)] {
      guard let child, !found.contains(child), let known = trace.nodes[child] else { continue }
      candidates.append(
        Candidate(
          rank: nil, bytes: known.token.bytes,
          probability: known.logProbability.map { exp($0) }, taker: taker))
    }
    return candidates
  }

  /// Aligns two token sequences along a longest common subsequence; between two common tokens
  /// what only one side has stands beside what only the other has.
  static func align(_ a: [TokenID], _ b: [TokenID]) -> [Pair] {
    // lengths[i][j]: the longest common subsequence of a[i...] and b[j...].
    var lengths = [[Int32]](repeating: Array(repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in a.indices.reversed() {
      for j in b.indices.reversed() {
        lengths[i][j] =
          a[i] == b[j] ? lengths[i + 1][j + 1] + 1 : max(lengths[i + 1][j], lengths[i][j + 1])
      }
    }
    var pairs: [Pair] = []
    var (i, j) = (0, 0)
    var gap: (left: [Int], right: [Int]) = ([], [])
    func closeGap() {
      for index in 0..<max(gap.left.count, gap.right.count) {
        pairs.append(
          Pair(
            left: index < gap.left.count ? gap.left[index] : nil,
            right: index < gap.right.count ? gap.right[index] : nil, isSame: false))
      }
      gap = ([], [])
    }
    while i < a.count || j < b.count {
      if i < a.count, j < b.count, a[i] == b[j] {
        closeGap()
        pairs.append(Pair(left: i, right: j, isSame: true))
        (i, j) = (i + 1, j + 1)
      } else if j == b.count || (i < a.count && lengths[i + 1][j] >= lengths[i][j + 1]) {
        gap.left.append(i)
        i += 1
      } else {
        gap.right.append(j)
        j += 1
      }
    }
    closeGap()
    return pairs
  }
}

/// While two paths are side by side, the screen that shows them leaves its keys and the mouse to
/// them.
extension Comparison? {
  /// - Returns: false when no paths are side by side, so that the command is the screen's.
  mutating func perform(
    _ command: Command, _ digest: RunDigest, in rect: Rect, _ session: inout SessionState
  ) -> Bool {
    guard let comparison = self else { return false }
    let scroll: Int
    switch command {
    case .back, .compare:
      self = nil
      return true
    case .openInDecode:
      session.ask(.open(comparison.parting, run: comparison.run))
      return true
    case .up: scroll = comparison.scroll - 1
    case .down: scroll = comparison.scroll + 1
    case .pageUp: scroll = comparison.scroll - 8
    case .pageDown: scroll = comparison.scroll + 8
    case .top: scroll = 0
    default: return true
    }
    self?.scroll = max(0, min(comparison.lastLine(digest, in: rect), scroll))
    return true
  }

  mutating func mouse(
    _ mouse: MouseEvent, _ digest: RunDigest, in rect: Rect, _ session: inout SessionState
  ) -> Bool {
    switch mouse.action {
    case .wheelUp: perform(.up, digest, in: rect, &session)
    case .wheelDown: perform(.down, digest, in: rect, &session)
    default: self != nil
    }
  }

  /// Takes up what the paths have become while their run is under way.
  mutating func refresh(_ session: SessionState) {
    guard let number = self?.run, session.isUnderWay(number), let run = session.trace.runs[number]
    else { return }
    self?.update(run)
  }
}
