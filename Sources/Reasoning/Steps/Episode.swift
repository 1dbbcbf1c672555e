public import Decoding
import Foundation
import Problems
public import Traces

/// One path of reasoning as an episode of a Markov decision process.
///
/// A state is the question with the steps so far, s_t = (Q, R_1 … R_{t−1}); an action is the next
/// step R_t, and its text put behind the state's is the next state. Steps count from t = 1, so that
/// s_1 = (Q) and nothing else is called s_0 (Wang et al. 2024, "OpenR", arXiv 2410.09671,
/// section 3, whose s_0 and s_1 are both Q).
///
/// Three figures are kept apart, each under a name of its own: the *reward* of a step is what a
/// process reward model gave it, the *value* is what a search made of where it leads, and the
/// *outcome* is what the exact checker says of the path's end, which no strategy sees.
public struct Episode: Sendable, Hashable {
  /// An action in its state.
  public struct Step: Sendable, Hashable {
    /// t, from 1.
    public var number: Int
    /// The last node of the state s_t, and of the next one.
    public var state: NodeID
    public var next: NodeID
    /// The action's tokens, as indices into the path.
    public var tokens: Range<Int>
    public var bytes: [UInt8]
    /// How many of the tokens were put in; the others were sampled.
    public var injected: Int
    /// Σ log p at temperature 1 over the sampled tokens.
    public var logProbability: Double
    /// What a process reward model gave the step; nil where it was not judged.
    public var reward: Double?
    /// V(s_{t+1}): what the model `judge` made of the state that the step leads to; nil where none
    /// did. An implicit reward is told as the step's share of the likelihood, exp(α Σ log p).
    public var learnedValue: Double?
    /// Q(s_t, R_t): what a search made of the state that the step leads to; nil where none did.
    public var value: StateValue?
  }

  /// The bytes of Q: all that stands before the path.
  public var question: [UInt8]
  /// The last node of Q.
  public var start: NodeID
  /// The nodes behind Q, one for each token.
  public var nodes: [NodeID]
  /// Those of them that were put in.
  public var injected: Set<NodeID>
  public var steps: [Step]
  /// The value of s_1 itself.
  public var openingValue: StateValue?
  /// The path's answer; nil where it came to none.
  public var answer: String?
  /// 1 or 0 from the exact checker, as a truth; nil where it cannot tell or the path goes on.
  public var outcome: Bool?
  /// How the answers stood in each state.
  public var curve: AnswerCurve
  /// The name of the model beside the run's own that has judged last; nil where none has.
  public var judge: String?

  /// Σ log p of all steps, which is that of the path.
  public var logProbability: Double { steps.reduce(0) { $0 + $1.logProbability } }

  /// How many tokens all actions have together.
  public var tokenCount: Int { steps.last?.tokens.upperBound ?? 0 }

  /// The bytes of the state before a step, by index from 0; of the last state for `steps.count`.
  public func state(_ index: Int) -> [UInt8] {
    question + steps.prefix(max(0, index)).flatMap(\.bytes)
  }
}

/// What a search made of a state.
public struct StateValue: Sendable, Hashable {
  public enum Source: Sendable, Hashable {
    /// The mean of what was backed up to it.
    case search(visits: Int)
    /// What a verifier made of a simulated continuation.
    case lookahead
  }

  public var source: Source
  public var value: Double
}

extension Episode {
  /// A path of a run as an episode; nil for a path without tokens.
  public init?(ofPath number: Int, in run: RunTrace) {
    guard let path = run.paths[number], let line = run.wholeLine(ofPath: number) else { return nil }
    (start, nodes) = line
    question = run.tokens(to: start).flatMap(\.bytes)
    var putIn = path.injected
    let known = nodes.compactMap { run.nodes[$0] }
    guard known.count == nodes.count else { return nil }
    answer = path.answer
    // A person's line is not looked at for an answer when it ends; its end token says that it has.
    if path.end == nil, known.last?.token.bytes.isEmpty == true {
      answer =
        AnswerExtractor.answer(
          said: known.flatMap(\.token.bytes), kind: run.start?.question.kind ?? .any
        )?.value
    }
    for (id, node) in zip(nodes, known).prefix(nodes.count - path.nodes.count)
    where node.origin == .injected { putIn.insert(id) }
    injected = putIn
    // A path that came to no answer is wrong when it had its say.
    let hadItsSay = Self.ends.contains(path.end?.reason ?? "") && start == run.promptEnd
    outcome = answer != nil || hadItsSay ? run.start?.question.isCorrect(answer) : nil
    let cuts = Self.cuts(known.map(\.token.bytes), isStopped: path.end?.reason == "stop")
    steps = []
    var from = 0
    for cut in cuts {
      let sampled = zip(nodes[from..<cut], known[from..<cut]).filter { !putIn.contains($0.0) }
      steps.append(
        Step(
          number: steps.count + 1, state: from == 0 ? start : nodes[from - 1],
          next: nodes[cut - 1], tokens: from..<cut,
          bytes: known[from..<cut].flatMap(\.token.bytes),
          injected: cut - from - sampled.count,
          logProbability: sampled.reduce(0) { $0 + ($1.1.logProbability ?? 0) }))
      from = cut
    }
    curve = AnswerCurve(states: steps.count + 1)
    openingValue = run.value(of: start)
    for index in steps.indices { steps[index].value = run.value(of: steps[index].next) }
    take(path.scores) { score in run.start?.judge(of: score) ?? score.judge }
  }

  /// Why a path ends that was not kept from going on.
  private static let ends: Set = ["end_of_text", "stop", "length", "context"]

  /// Where the actions end, as counts of tokens: with the token in which a sentence ends, the last
  /// one with the path.
  static func cuts(_ tokens: [[UInt8]], isStopped: Bool) -> [Int] {
    guard !tokens.isEmpty else { return [] }
    var ends = SolutionStep.ends(inPath: tokens.flatMap { $0 }, isStopped: isStopped)[...]
    // What stands behind the last sentence belongs to it.
    ends = ends.dropLast()
    var (cuts, length) = ([Int](), 0)
    for (index, bytes) in tokens.enumerated() {
      length += bytes.count
      var isCut = false
      // Two sentences may end in one token.
      while let end = ends.first, length >= end {
        ends.removeFirst()
        isCut = true
      }
      if isCut, index + 1 < tokens.count { cuts.append(index + 1) }
    }
    return cuts + [tokens.count]
  }

  /// Puts the scores of a path where they belong. Of several for one place the last holds.
  ///
  /// - Parameter reader: the model that gave a score; nil for the run's own.
  private mutating func take(_ scores: [Score], by reader: (Score) -> String?) {
    judge = scores.last { ($0.kind == .prm || $0.kind == .implicit) && reader($0) != nil }
      .flatMap(reader)
    let places = Dictionary(
      nodes.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    for score in scores {
      guard let node = score.node else { continue }
      let place = node == start ? -1 : places[node]
      guard let place else { continue }
      let step = steps.firstIndex { $0.tokens.contains(place) }
      switch score.kind {
      case .prm, .implicit:
        guard let step else { continue }
        let judge = reader(score)
        let value = score.kind == .implicit ? exp(score.value) : score.value
        if judge == nil {
          steps[step].reward = value
        } else if judge == self.judge {
          steps[step].learnedValue = value
        }
      case .lookahead:
        if let step { steps[step].value = StateValue(source: .lookahead, value: score.value) }
      case .earlyAnswer:
        // A place within a step (behind a tag that opens the thinking) is asked before it.
        let state = step.map { steps[$0].next == node ? $0 + 1 : $0 } ?? 0
        curve.take(score, at: state)
      default: break
      }
    }
  }
}

extension RunTrace {
  /// A path from the end of its prompt on: a line that a person began in the middle of another one
  /// has what stands before it as well. A path that follows no prompt has its own nodes.
  func wholeLine(ofPath number: Int) -> (start: NodeID, nodes: [NodeID])? {
    guard let path = paths[number], let first = path.nodes.first, let start = nodes[first]?.parent
    else { return nil }
    let before = line(to: start)
    guard let end = before.lastIndex(of: promptEnd) else { return (start, path.nodes) }
    return (promptEnd, before[(end + 1)...] + path.nodes)
  }

  /// The last value that was backed up to a node.
  fileprivate func value(of node: NodeID) -> StateValue? {
    guard let backup = backups.last(where: { $0.node == node }) else { return nil }
    return StateValue(source: .search(visits: backup.visits), value: backup.q)
  }
}

extension SolutionStep {
  /// One past the last byte of each sentence that a path says. The end of thinking in tags is an
  /// end as well; the beginning of a next question, at which a path was stopped, is no sentence.
  static func ends(inPath bytes: [UInt8], isStopped: Bool) -> [Int] {
    var ranges: [Range<Int>] = []
    var from = 0
    if let close = ThinkingTags.known.lazy.compactMap({ $0.end(in: bytes) }).first {
      ranges = Self.ranges(in: bytes[..<close.lowerBound])
      if let last = ranges.popLast() { ranges.append(last.lowerBound..<close.upperBound) }
      from = close.upperBound
    }
    ranges += Self.ranges(in: bytes[from...])
    if isStopped, ranges.count > 1, let last = ranges.last, bytes[last].last != UInt8(ascii: "."),
      last.lowerBound > 0, bytes[last.lowerBound - 1] == UInt8(ascii: "\n")
    {
      ranges.removeLast()
    }
    return ranges.map(\.upperBound)
  }
}
