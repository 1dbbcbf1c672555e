import Decoding
import Foundation
import Problems
import Reasoning
import TerminalUI
import Traces

/// What a line in Decode came to: its answer, whether that is right, and what could be tried where
/// it is not.
struct Verdict: Sendable, Hashable {
  /// A first token that nobody has followed from the prompt yet, or one that led to the right
  /// answer.
  struct Advice: Sendable, Hashable {
    var token: Token
    /// At temperature 1.
    var probability: Double
    /// Whether a branch that began with it ended right.
    var isKnownToBeRight: Bool
  }

  /// nil where none was found.
  var answer: String?
  /// nil when the right one is not known.
  var isCorrect: Bool?
  /// The right answer, when it is known.
  var gold: String?
  /// nil where the answer is right, or nothing speaks for another token.
  var advice: Advice?
}

extension DecodeScreen {
  /// What the line up to the cursor came to; nil unless it has ended there.
  func makeVerdict(_ session: SessionState, hasEnded: Bool) -> Verdict? {
    guard let last = line.last, last.origin != .prompt, !isFollowing(session),
      line.promptCount > 0
    else { return nil }
    let end = session.trace.end(at: session.cursor)
    guard last.isSpecial || end != nil || hasEnded else { return nil }
    let question = session.question
    let said = line.generated.flatMap(\.token.bytes)
    let answer = end?.answer ?? Exploration.answer(in: said, to: question)
    let isCorrect = question.isCorrect(answer)
    var verdict = Verdict(answer: answer, isCorrect: isCorrect, gold: question.gold)
    if isCorrect == false { verdict.advice = advice(session) }
    return verdict
  }

  /// The first token of a branch that ended right; else the likeliest that was not followed and does
  /// not begin with a digit, so that it may lead to some reasoning.
  private func advice(_ session: SessionState) -> Verdict.Advice? {
    let trace = session.trace
    let first = line.generated.first?.node
    for (_, run) in trace.runs.sorted(by: { $0.key > $1.key }) where trace.considers(run) {
      guard let start = run.start, start.has(.branchesAtFirstToken), run.promptEnd == promptEnd
      else { continue }
      let right = run.solutionPaths.first { number in
        let path = run.paths[number]
        return path?.nodes.first != first && path?.answer != nil
          && start.question.isCorrect(path?.answer) == true
      }
      if let node = right.flatMap({ run.paths[$0]?.nodes.first }), let known = run.nodes[node],
        let log = known.logProbability
      {
        return Verdict.Advice(
          token: known.token, probability: exp(log), isKnownToBeRight: true)
      }
    }
    guard let saved = trace.distribution(after: promptEnd) else { return nil }
    let followed = Set(trace.children(of: promptEnd))
    for (token, bytes) in zip(saved.summary.tokens, saved.bytes) {
      let text = String(decoding: bytes, as: UTF8.self).drop { $0.isWhitespace }
      guard text.first?.isLetter == true, !followed.contains(promptEnd.appending(token)),
        let log = saved.summary.logProbability(of: token)
      else { continue }
      let probability = exp(log)
      guard probability >= 0.001 else { return nil }
      return Verdict.Advice(
        token: Token(id: token, bytes: bytes), probability: probability, isKnownToBeRight: false)
    }
    return nil
  }

  /// `ended: 15 ✗  right is 8   g, then try " My" (p .097)`.
  func text(of verdict: Verdict, _ session: SessionState, _ view: PlaygroundView) -> StyledText {
    let dim = view.style(.dim)
    var text = StyledText("ended: ", style: view.style(.title))
    if let answer = verdict.answer {
      text.runs +=
        Panel.answer(
          answer, isCorrect: verdict.isCorrect, columns: 24, theme: view.theme,
          base: view.style(.text)
        ).runs
    } else {
      text.append("no answer found", style: view.style(.answerUnparsed))
    }
    if verdict.isCorrect == false, let gold = verdict.gold {
      text.append("  right is ", style: dim)
      text.append(PathText.head(gold, columns: 16), style: view.style(.answerCorrect))
    }
    guard let advice = verdict.advice else { return text }
    let key = session.keyMap.key(for: .top, in: contexts + [.global])
    text.append("   \(key ?? "Home")", style: view.style(.key))
    text.append(", then try ", style: dim)
    text.append(session.label(of: advice.token), style: view.style(.tokenChosen))
    let why = advice.isKnownToBeRight ? ", ended right" : ""
    text.append(" (p \(Format.probability(advice.probability))\(why))", style: dim)
    return text
  }
}

extension Trace {
  /// The end of a path that ends at a node by itself, of the newest run that knows one.
  fileprivate func end(at node: NodeID) -> PathEnd? {
    let cut = ["cancelled", "failed", "length", "context"]
    for (_, run) in runs.sorted(by: { $0.key > $1.key })
    where considers(run) && run.nodes[node] != nil {
      let ended = run.paths.values.first { path in
        path.tip == node && path.end.map { !cut.contains($0.reason) } == true
      }
      if let end = ended?.end { return end }
    }
    return nil
  }
}
