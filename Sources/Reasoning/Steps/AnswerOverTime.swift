import Decoding
import Problems
import Traces

/// Answer over time: how sure a model is of the answer it came to, before and after each step
/// that led there. Behind every step it is asked for the answer at once, and the probability read
/// that it is the one the path ends with (early answering, Lanham et al. 2023, "Measuring
/// Faithfulness in Chain-of-Thought Reasoning", arXiv 2307.13702).
///
/// Where the curve is flat the answer stood before the steps did, and they were told behind it;
/// where it rises, the steps have brought the answer about.
enum AnswerOverTime {
  /// A place between steps: its node, and how many tokens and bytes of the path stand up to it.
  struct Place {
    var node: NodeID
    var tokens = 0
    var bytes = 0
  }

  /// The beginning of a path's thinking, and the end of each of its steps.
  ///
  /// - Parameter takesAll: a text that announces no answer counts as thinking.
  static func places(
    in entries: [PathRecord.Entry], start: NodeID, tags: ThinkingTags?, takesAll: Bool = false
  ) -> [Place] {
    let bytes = entries.flatMap(\.bytes)
    var thinking = Thinking.split(bytes, tags: tags).thinking
    if thinking.isEmpty, takesAll {
      thinking = 0..<bytes.count
      if bytes.isEmpty { return [Place(node: start)] }
    }
    guard !thinking.isEmpty else { return [] }
    let text = String(decoding: bytes[thinking], as: UTF8.self)
    // Where bytes are no text, places in the one are not places in the other.
    guard text.utf8.elementsEqual(bytes[thinking]) else { return [] }
    let ends = SolutionStep.steps(of: text).map { thinking.lowerBound + $0.bytes.upperBound }
    guard !ends.isEmpty else { return [] }
    var places: [Place] = []
    var place = Place(node: start)
    var rest = ([thinking.lowerBound] + ends)[...]
    for entry in entries.map(Optional.some) + [nil] {
      while let end = rest.first, place.bytes >= end {
        // Two steps may end in one token.
        if places.last?.node != place.node { places.append(place) }
        rest.removeFirst()
      }
      guard let entry else { break }
      place.node = entry.node
      place.tokens += 1
      place.bytes += entry.bytes.count
    }
    return places
  }

  /// How the answer stands behind the words that announce it: all from there to its end, or the
  /// answer alone where none announce it.
  static func spelling(_ bytes: [UInt8], answer: Range<Int>) -> String {
    let announced = AnswerMarkers(bytes: bytes).phrases(in: 0..<answer.lowerBound).last
    // Words between belong to the answer (“$”, “**”), a whole sentence does not.
    if let announced, answer.lowerBound - announced.upperBound <= 16 {
      return String(decoding: bytes[announced.upperBound..<answer.upperBound], as: UTF8.self)
    }
    let text = String(decoding: bytes[answer], as: UTF8.self)
    return text.first?.isWhitespace == true ? text : " " + text
  }
}

extension Run {
  /// Leaves the `early_answer` scores of every path that has come to an answer: p(answer) at the
  /// beginning of its thinking and behind each of its steps. A path without steps has none.
  ///
  /// - Throws: `CancellationError`, and whatever keeps the model from going on.
  func tellAnswersOverTime() async throws {
    for path in answered { try await tellAnswerOverTime(ofPath: path) }
  }

  /// - Parameter leading: how many of the answers that the model would give behind each place are
  ///   told of as well, those that begin with the likeliest tokens; with them a path without an
  ///   answer of its own is asked, too.
  func tellAnswerOverTime(ofPath path: Int, leading: Int = 0) async throws {
    let record = record(ofPath: path)
    let answer = answerText(in: record)
    guard answer != nil || leading > 0 else { return }
    let entries = record.entries.prefix(answer?.first ?? record.entries.count)
    let start = record.start ?? promptEnd
    let bytes = record.bytes
    let ids = answer.map { vocabulary.tokenize(continuing: $0.spelling) } ?? []
    let places = AnswerOverTime.places(
      in: Array(entries), start: start, tags: thinking, takesAll: leading > 0)
    // What does not fit into the context cannot be asked.
    let asked = places.compactMap { place in
      ask(
        after: place.node, depth: promptTokens.count + place.tokens,
        said: Array(bytes[..<place.bytes]), room: max(1, ids.count))
    }
    if answer != nil {
      let logs = try await logProbabilities(asked.map { (ids, $0.asked) })
      for (place, log) in zip(asked, logs) {
        emit(
          Score(
            kind: .earlyAnswer, path: path, node: place.node,
            value: TokenDistribution.probability(ofLog: log)))
      }
    }
    if leading > 0 { try await tellLeadingAnswers(ofPath: path, at: asked, count: leading) }
  }

  /// Where a path's answer begins, by token, and how it stands behind the words that announce it.
  private func answerText(in record: PathRecord) -> (first: Int, spelling: String)? {
    guard let answer = answerPlace(in: record) else { return nil }
    let start = record.entries[..<answer.lowerBound].reduce(0) { $0 + $1.bytes.count }
    let end = record.entries[answer].reduce(start) { $0 + $1.bytes.count }
    return (answer.lowerBound, AnswerOverTime.spelling(record.bytes, answer: start..<end))
  }
}
