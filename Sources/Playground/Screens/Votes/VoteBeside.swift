import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// The same vote by another model of the session: what the one on view is compared with, such as the
/// model before training.
struct VoteBeside: Sendable, Hashable {
  /// Of the other vote.
  let run: Int
  let model: String
  let ownModel: String
  let gold: String?
  /// The paths of the other vote by their answers, and all of them.
  let votes: [String: Int]
  let counted: Int

  /// - Parameter run: the vote on view; nil where there is none.
  /// - Returns: nil where no other model has voted on the question in the same way.
  init?(of run: Int?, in trace: Trace) {
    guard let run, let own = trace.runs[run]?.start, Self.isVote(own) else { return nil }
    let other = trace.runs.filter { number, other in
      guard number != run, let start = other.start, Self.isVote(start) else { return false }
      return start.question == own.question && start.model.hash != own.model.hash
        && start.settings.prompting == own.settings.prompting
        && start.temperature == own.temperature && other.end?.reason == .completed
    }.max { $0.key < $1.key }
    guard let other, let start = other.value.start else { return nil }
    self.run = other.key
    (model, ownModel) = (start.model.shortName, own.model.shortName)
    gold = own.question.gold
    var votes: [String: Int] = [:]
    for path in other.value.paths.values {
      if let answer = path.answer { votes[answer, default: 0] += 1 }
    }
    self.votes = votes
    counted = other.value.paths.count
  }

  private static func isVote(_ start: RunStart) -> Bool {
    start.strategy == SelfConsistency.description.name
  }

  /// What the two votes say: the shares of the right answer where it is known, else the answers that
  /// lead.
  func text(_ digest: RunDigest, _ theme: Theme, width: Int) -> StyledText {
    let own = digest.standings[.majority] ?? []
    var text = StyledText()
    func add(_ more: String, _ role: Role) { text.append(more, style: theme[role]) }
    func share(_ count: Int, of all: Int) -> String {
      "\(Format.probability(Double(count) / Double(max(1, all)))) (\(count) of \(all))"
    }
    func isRight(_ answer: String?) -> Bool {
      answer.map { digest.start?.question.isCorrect($0) ?? false } ?? false
    }
    if gold != nil {
      let before = votes.filter { isRight($0.key) }.values.reduce(0, +)
      let now = own.filter { isRight($0.answer) }.reduce(0) { $0 + digest.votes(for: $1.answer) }
      add("right answers: \(model) ", .dim)
      add(share(before, of: counted), .text)
      add("   \(ownModel) ", .dim)
      add(share(now, of: digest.counted), .title)
    } else {
      let first = votes.max { ($0.value, $1.key) < ($1.value, $0.key) }
      add("\(model) said ", .dim)
      add(first.map { "\($0.key) \(share($0.value, of: counted))" } ?? "nothing", .text)
      add("   \(ownModel) says ", .dim)
      add(
        own.first.map {
          "\($0.answer ?? "nothing") \(share(digest.votes(for: $0.answer), of: digest.counted))"
        } ?? "nothing yet", .title)
    }
    let keys = "   [ ] go to and fro"
    if DisplayWidth.of(text.text + keys) <= width { add(keys, .dim) }
    return text
  }
}
