import Decoding
import Problems
import Traces

/// Zero-shot chain of thought in its two calls: "Let's think step by step." brings out the
/// reasoning, then a second prompt brings out the answer.
public struct ZeroShotCoT: Strategy {
  public static let description = StrategyDescription(
    name: "cot", title: "Zero-shot chain of thought",
    summary: "Reasons after \"Let's think step by step.\", then is asked for the answer.",
    paper: "Kojima et al. 2022, arXiv 2205.11916", cost: "one path, plus a few tokens",
    shape: .path, defaultPrompting: .think, settings: [.prompting, .maxTokens])

  /// The answer itself is short; the second call may not start to reason again.
  static let answerBudget = 32

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    guard let first = try await run.decode([run.greedyPath(0, from: start)]).first else {
      return nil
    }
    if first.reason == .cancelled { return run.conclude(0, .cancelled).answer }
    let thought = run.endOfThinking(path: 0, start: start)
    let asked = run.inject(
      run.closingTag(after: thought.bytes) + run.prompt.extractionTrigger, after: thought.end,
      path: 0)
    let answer = run.greedyPath(0, from: asked, budget: Self.answerBudget)
    guard let second = try await run.decode([answer]).first else { return nil }
    return run.conclude(0, second.reason).answer
  }
}

extension Run {
  /// The last node of a path's thinking and what is said up to there: all that comes before the
  /// answer marker or the end token, or through the closing tag of a model that thinks in tags.
  ///
  /// - Parameter withTag: false leaves the closing tag out, so that the thinking can go on.
  func endOfThinking(
    path: Int, start: NodeID, withTag: Bool = true
  ) -> (end: NodeID, bytes: [UInt8]) {
    endOfThinking(in: record(ofPath: path).entries, start: start, withTag: withTag)
  }

  func endOfThinking(
    in entries: [PathRecord.Entry], start: NodeID, withTag: Bool
  ) -> (end: NodeID, bytes: [UInt8]) {
    let bytes = entries.flatMap(\.bytes)
    var limit = bytes.count
    if let boundary = Thinking.split(bytes, tags: thinking).boundary {
      let isTag = thinking.map { bytes[boundary].elementsEqual($0.close.utf8) } ?? false
      limit = isTag && withTag ? boundary.upperBound : boundary.lowerBound
    }
    return beginning(of: entries, start, upTo: limit)
  }

  /// What is said up to a limit in bytes, and its last node. A token that reaches beyond is left
  /// out as a whole, and so is the one that ends a text, which stands for none.
  func beginning(
    of entries: [PathRecord.Entry], _ start: NodeID, upTo limit: Int
  ) -> (end: NodeID, bytes: [UInt8]) {
    var (end, said) = (start, [UInt8]())
    for entry in entries {
      if entry.bytes.isEmpty || said.count + entry.bytes.count > limit { break }
      said += entry.bytes
      end = entry.node
    }
    return (end, said)
  }

  /// What must be put in before an answer is asked for: the closing tag where a path still thinks.
  func closingTag(after said: [UInt8]) -> String {
    guard let thinking, Thinking.isOpen(said, tags: thinking) else { return "" }
    return thinking.close
  }
}
