import Decoding
import Problems
import Traces

/// Analogical prompting: the model recalls a related problem with its solution, then solves the
/// question (Yasunaga et al. 2023, "Large Language Models as Analogical Reasoners",
/// arXiv 2310.01714), all in one pass.
///
/// Whether the recalled problem is related and whether it is solved are told apart: in the paper's
/// own failures both were often right. What the recollection did for the answer is measured by
/// taking it out.
struct Analogical: Strategy {
  public static let description = StrategyDescription(
    name: "analogical", title: "Analogical prompting",
    summary: "Recalls a related problem and solves it before the question.",
    paper: "Yasunaga et al. 2023, arXiv 2310.01714", cost: "one longer path",
    shape: .path, defaultPrompting: .analogical,
    settings: [.prompting, .temperature, .topK, .topP, .minP, .maxTokens, .seed])

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    var path = run.sampledPath(0, from: start, temperature: Self.description.defaultTemperature)
    let rule = path.stop
    path.stop.stopSequences.append(Array(PromptFormat.nowSolve.utf8))
    guard let recalling = try await run.decode([path]).first else { return nil }
    if recalling.reason.isCut || recalling.reason == .contextFull {
      return run.conclude(0, recalling.reason).answer
    }
    var solving = recalling.end
    // A recollection that does not come to the question by itself is led there: its own answer is
    // not the question's.
    if recalling.reason != .stopSequence(PromptFormat.nowSolve) {
      let said = run.endOfAnswer(path: 0, start: start)
      solving = run.inject(
        run.closingTag(after: said.bytes) + PromptFormat.nowSolve, after: said.end, path: 0)
    }
    path.start = solving
    path.stop = rule
    path.firstStep = recalling.tokens.count
    guard let result = try await run.decode([path]).first else { return nil }
    let answer = run.conclude(0, result.reason, behind: solving).answer
    // What was found stays, also when looking at it closely is cancelled.
    do { try await look(at: run, solving: solving) } catch is CancellationError {}
    return answer
  }

  private func look(at run: Run, solving: NodeID) async throws {
    let entries = run.record(ofPath: 0).entries
    guard let now = entries.lastIndex(where: { $0.node == solving }) else { return }
    let said = entries[...now].flatMap(\.bytes)
    for recalled in RecalledProblem.all(in: said) {
      guard let places = run.places(of: recalled.bytes, inPath: 0) else { continue }
      run.tellSpan(.recalled, ofPath: 0, places)
      let node = entries[places.upperBound - 1].node
      func tell(_ kind: Score.Kind, _ value: Double) {
        run.emit(Score(kind: kind, path: 0, node: node, value: value))
      }
      tell(.overlap, recalled.overlap(with: run.question.text))
      if let isRelevant = recalled.isRelevant(to: run.question.text) {
        tell(.relevance, isRelevant ? 1 : 0)
      }
      if let isSolved = recalled.isSolved { tell(.solved, isSolved ? 1 : 0) }
    }
    // All that stands before the marker of the question's own solution.
    let marker = said.count - Array(PromptFormat.nowSolve.utf8).count
    guard marker > 0, let block = run.places(of: 0..<marker, inPath: 0) else { return }
    try await run.tellShift(ofPath: 0, without: block, answerBehind: solving)
  }
}

/// A problem that a model recalled, as it told it.
struct RecalledProblem {
  /// Where it stands in what the path says.
  var bytes: Range<Int>
  var question: String
  var solution: String

  /// The recalled problems before the marker of the question's own solution.
  static func all(in said: [UInt8]) -> [RecalledProblem] {
    let opening = Array(PromptFormat.recalled.utf8.drop(while: SolutionStep.isWhiteSpace))
    let closing = Array(PromptFormat.nowSolve.utf8)
    let end = said.indices.last { said[$0...].starts(with: closing) } ?? said.count
    let starts = said[..<end].indices.filter { said[$0..<end].starts(with: opening) }
    return starts.enumerated().compactMap { index, start in
      let stop = index + 1 < starts.count ? starts[index + 1] : end
      let text = said[(start + opening.count)..<stop]
      // A question ends in a question mark, or with its first sentence.
      let mark = text.firstIndex(of: UInt8(ascii: "?")) ?? text.firstIndex(of: UInt8(ascii: "."))
      guard let mark else { return nil }
      return RecalledProblem(
        bytes: start..<stop,
        question: String(decoding: text[...mark], as: UTF8.self).trimmingWhitespace,
        solution: String(decoding: text[(mark + 1)...], as: UTF8.self).trimmingWhitespace)
    }
  }

  /// Whether it is of the question's own kind; nil where one of the two has no known form.
  func isRelevant(to target: String) -> Bool? {
    guard let own = ProblemForms.family(of: question), let wanted = ProblemForms.family(of: target)
    else { return nil }
    return own == wanted
  }

  /// The words in common as a share of all words of both.
  func overlap(with target: String) -> Double {
    func words(_ text: String) -> Set<Substring> {
      Set(text.lowercased().split { !$0.isLetter && !$0.isNumber })
    }
    let (mine, theirs) = (words(question), words(target))
    let all = mine.union(theirs).count
    return all == 0 ? 0 : Double(mine.intersection(theirs).count) / Double(all)
  }

  /// Whether its solution holds; nil where that cannot be told.
  var isSolved: Bool? {
    let answer = AnswerExtractor.extract(from: solution, kind: .any)?.value
    if let name = ProblemForms.family(of: question), let answer,
      let family = try? ProblemLibrary.family(name),
      let verdict = family.check(answer, of: question)
    {
      return verdict == .right
    }
    return StepChecker.holdsTogether(solution, answer: answer)
  }
}
