public import Decoding
import Foundation
public import Traces

/// What lies behind one answer of a vote: its paths, and where they leave the others.
public struct AnswerDetail: Sendable, Hashable {
  /// nil for the paths in which no answer was found.
  public var answer: String?
  /// The counted paths that gave the answer, in order.
  public var paths: [Int]
  /// How many different texts they are.
  public var texts: Int
  /// How many tokens after the prompt all of them share.
  public var shared: Int
  /// For each path the index of the token with which it leaves every path of another answer:
  /// whoever goes that way too gives the same answer. Nothing when there is no other answer.
  public var leaving: [Int: Int]
  /// The fork that tells most about the answer; nil when none tells more than chance would.
  public var fork: DecidingFork?
  /// How many paths were counted when this was made.
  public var counted: Int

  public init(answer: String?, in digest: RunDigest, _ trace: RunTrace?) {
    self.answer = answer
    counted = digest.counted
    paths = digest.paths(for: answer)
    texts = Set(paths.compactMap { digest.paths[$0]?.nodes.last }).count
    let census = PathCensus(answer: answer, digest)
    shared = census.sharedLength(paths.compactMap { digest.paths[$0]?.nodes })
    leaving = [:]
    for number in paths where census.others > 0 {
      let nodes = digest.paths[number]?.nodes ?? []
      leaving[number] = nodes.firstIndex { census.counts[$0]?.others == 0 }
    }
    fork = trace.flatMap { census.decidingFork($0) }
  }
}

/// The place where the choice of a token tells most about the answer.
public struct DecidingFork: Sendable, Hashable {
  public struct Choice: Sendable, Hashable {
    public var node: NodeID
    public var token: Token
    /// log p at temperature 1.
    public var logProbability: Double?
    /// How many of the paths that took it gave the answer, and how many did not.
    public var matching: Int
    public var others: Int
  }

  /// The node after which the paths part.
  public var node: NodeID
  /// How many tokens after the prompt it lies.
  public var depth: Int
  /// The end of the text before it; empty at the prompt's end.
  public var context: String
  /// The tokens that were chosen there, the one most paths took first.
  public var choices: [Choice]
  /// How much the choice tells of whether the answer follows, in bits: their mutual information
  /// over all counted paths, less what a choice that tells nothing would seem to tell by chance
  /// (Miller 1955: (choices − 1) / (2 N ln 2) for a yes-or-no outcome).
  public var information: Double
}

/// How many counted paths of an answer, and of all others, pass through each node.
private struct PathCensus {
  struct Count {
    var matching = 0
    var others = 0
    var total: Int { matching + others }
    /// The entropy of "gave the answer or not", times the number of paths, in bits.
    var disorder: Double {
      [matching, others].reduce(0) { sum, count in
        count == 0 || total == 0
          ? sum : sum - Double(count) * log2(Double(count) / Double(total))
      }
    }
  }

  private(set) var counts: [NodeID: Count] = [:]
  private var children: [NodeID: [NodeID]] = [:]
  private var depths: [NodeID: Int] = [:]
  private(set) var others = 0
  private var total = 0

  init(answer: String?, _ digest: RunDigest) {
    for number in digest.numbers where digest.isCounted(number) {
      guard let path = digest.paths[number] else { continue }
      let matches = path.answer == answer
      total += 1
      if !matches { others += 1 }
      var parent: NodeID?
      for (index, node) in path.nodes.enumerated() {
        if counts[node] == nil {
          if let parent { children[parent, default: []].append(node) }
          depths[node] = index + 1
        }
        if matches { counts[node, default: Count()].matching += 1 }
        if !matches { counts[node, default: Count()].others += 1 }
        parent = node
      }
    }
  }

  func sharedLength(_ paths: [[NodeID]]) -> Int {
    guard let first = paths.first else { return 0 }
    return paths.dropFirst().reduce(first.count) { length, nodes in
      min(length, zip(first, nodes).prefix { $0 == $1 }.count)
    }
  }

  /// The end of the text that leads to a node.
  private func context(of node: NodeID, _ trace: RunTrace) -> String {
    var bytes: [UInt8] = []
    var node = node
    while node != trace.promptEnd, bytes.count < 32, let known = trace.nodes[node] {
      bytes = known.token.bytes + bytes
      node = known.parent
    }
    return PathText.oneLine(bytes)
  }

  func decidingFork(_ trace: RunTrace) -> DecidingFork? {
    guard total > 0, others > 0, others < total else { return nil }
    var children = children
    children[trace.promptEnd] = counts.keys.filter { depths[$0] == 1 }
    var best: (node: NodeID, depth: Int, information: Double)?
    for (node, next) in children where next.count > 1 {
      let whole = next.reduce(Count()) { sum, child in
        let count = counts[child] ?? Count()
        return Count(matching: sum.matching + count.matching, others: sum.others + count.others)
      }
      let after = next.reduce(0) { $0 + (counts[$1]?.disorder ?? 0) }
      let chance = Double(next.count - 1) / (2 * log(2.0))
      let information = (whole.disorder - after - chance) / Double(total)
      let depth = depths[node] ?? 0
      guard information > 1e-9 else { continue }
      if let best {
        // Of equals the one nearest the prompt, so that the outcome is always the same.
        guard
          information > best.information + 1e-12
            || (information > best.information - 1e-12
              && (depth, node.rawValue) < (best.depth, best.node.rawValue))
        else { continue }
      }
      best = (node, depth, information)
    }
    guard let best else { return nil }
    let choices = (children[best.node] ?? []).compactMap { child -> DecidingFork.Choice? in
      guard let known = trace.nodes[child], let count = counts[child] else { return nil }
      return DecidingFork.Choice(
        node: child, token: known.token, logProbability: known.logProbability,
        matching: count.matching, others: count.others)
    }
    // The run does not know the tokens of an ensemble's members.
    guard !choices.isEmpty else { return nil }
    return DecidingFork(
      node: best.node, depth: best.depth, context: context(of: best.node, trace),
      choices: choices.sorted { a, b in
        let (p, q) = (a.matching + a.others, b.matching + b.others)
        return p > q || (p == q && a.token.id < b.token.id)
      },
      information: best.information)
  }
}
