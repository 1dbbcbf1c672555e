import Decoding
import Foundation
import Problems
import Reasoning
public import Traces

/// Samples of others as the runs of a trace: the same events as a vote leaves that was taken here, with
/// nothing in them that the file does not tell.
///
/// Tokens are those of the file where it gives them, else words, which have no log probability. Their ids are
/// the file's own: the runs are by a model that nobody has loaded, and its digest is that of the file.
public struct ImportedTrace: Sendable {
  private let file: SampleFile
  private let digest: String
  private var pieces: [[UInt8]: TokenID] = [:]

  public init(_ file: SampleFile) {
    self.file = file
    digest = file.digest
  }

  /// How many questions, from the first on, have no more than so many tokens together; at least one.
  public static func questions(of file: SampleFile, upTo tokens: Int) -> Int {
    var sum = 0
    let fitting = file.questions.prefix { question in
      sum += question.samples.reduce(0) { $0 + pieces(of: $1).count }
      return sum <= tokens
    }
    return max(1, fitting.count)
  }

  /// The events of a question's run.
  ///
  /// - Parameters:
  ///   - index: which of the file's questions.
  ///   - run: the number that the run gets.
  public mutating func records(ofQuestion index: Int, run: Int) -> [TraceRecord] {
    guard file.questions.indices.contains(index) else { return [] }
    let imported = file.questions[index]
    let question = question(imported)
    var events: [TraceEvent] = [.run(start(imported, question))]
    let prompt = tokens(Self.words(imported.text ?? ""))
    let start = NodeID.root.appending(contentsOf: prompt.map(\.id))
    events.append(
      .injected(Injection(role: .prompt, path: nil, parent: .root, end: start, tokens: prompt)))
    let answers = imported.answers
    let votes = imported.votes(answers)
    for path in imported.samples.indices {
      events += self.events(imported.samples[path], path: path, answer: answers[path], after: start)
      events += votes[path].map { .tally($0) }
    }
    let winner = votes.last?.first?.winner
    let told = imported.samples.compactMap(\.tokenCount).reduce(0) { $0 &+ max(0, $1) }
    events.append(
      .finished(
        RunEnd(
          reason: .completed, answer: winner, correct: imported.isCorrect(winner),
          tokens: TokenCounts(generated: min(told, 1_000_000_000)))))
    return events.map { TraceRecord(run: run, $0) }
  }

  private func question(_ imported: ImportedQuestion) -> Question {
    let gold = imported.goldAnswer
    return Question(
      text: imported.text ?? "\(file.name), line \(imported.line): its question is not told",
      gold: gold?.text, kind: gold?.kind ?? .any)
  }

  private func start(_ imported: ImportedQuestion, _ question: Question) -> RunStart {
    var used = RunSettings()
    used.samples = imported.samples.count
    used.weighting = imported.methods.first ?? .majority
    let name = imported.model ?? "others' model"
    return RunStart(
      strategy: RunStart.imported.name,
      model: ModelIdentity(
        name: name, hash: "\(digest)-\(name)", architecture: "", fileType: "",
        isa: ""),
      seed: 0, question: question, settings: used, used: used)
  }

  private mutating func events(
    _ sample: ImportedSample, path: Int, answer: ExtractedAnswer?, after start: NodeID
  ) -> [TraceEvent] {
    var events: [TraceEvent] = []
    var nodes: [NodeID] = []
    let pieces = Self.pieces(of: sample)
    for (token, piece) in zip(tokens(pieces.map(\.bytes)), pieces) {
      let parent = nodes.last ?? start
      let node = parent.appending(token.id)
      events.append(
        .node(
          NodeEvent(
            id: node, parent: parent, path: path, token: token,
            logProbability: piece.logProbability,
            why: piece.logProbability == nil ? "the file does not tell it" : nil)))
      nodes.append(node)
    }
    if let answer,
      let range = ExtractedAnswer.tokenRange(
        of: answer.byteRange, tokenByteCounts: pieces.map(\.bytes.count))
    {
      events.append(
        .span(
          Span(
            kind: .answer, path: path, first: nodes[range.lowerBound],
            last: nodes[range.upperBound - 1], value: answer.value)))
    }
    func add(_ kind: Score.Kind, _ value: Double?) {
      if let value { events.append(.score(Score(kind: kind, path: path, value: value))) }
    }
    add(.likelihood, sample.logProbability)
    add(.prm, sample.score)
    let reason: String =
      switch sample.ending {
      case "length"?: FinishReason.budget.name
      case "stop"?, "eos"?: FinishReason.endOfText.name
      default: "imported"
      }
    events.append(
      .pathFinished(
        PathEnd(
          path: path, end: nodes.last ?? start, reason: reason, answer: answer?.value,
          generated: min(max(0, sample.tokenCount ?? 0), 1_000_000_000))))
    return events
  }

  // MARK: Tokens

  private static func pieces(of sample: ImportedSample) -> [ImportedToken] {
    guard sample.tokens.isEmpty else { return sample.tokens }
    return words(sample.text).map { ImportedToken(bytes: $0, logProbability: nil) }
  }

  /// The words of a text, each with the white space before it.
  private static func words(_ text: String) -> [[UInt8]] {
    var words: [[UInt8]] = []
    var wasSpace = true
    for byte in text.utf8 {
      let isSpace = byte == UInt8(ascii: " ") || (9...13).contains(byte)
      if words.isEmpty || (isSpace && !wasSpace) { words.append([]) }
      words[words.count - 1].append(byte)
      wasSpace = isSpace
    }
    return words
  }

  private mutating func tokens(_ words: [[UInt8]]) -> [Token] {
    words.map { word in
      let next = TokenID(clamping: pieces.count)
      let id = pieces[word, default: next]
      pieces[word] = id
      return Token(id: id, bytes: word)
    }
  }
}
