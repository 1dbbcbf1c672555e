/// Decides which sentences of a solution are right, exactly and without a model, where that can
/// be decided.
///
/// An equation is right when it holds and is one of the gold solution's steps, in whatever order
/// its terms or factors stand; the sentence that gives the answer is right when the answer is.
/// Nothing is said of other sentences, of expressions rewritten in one line that hold, and, where
/// a problem has several solutions, of equations that hold.
public struct StepChecker: Sendable {
  private let question: Question
  private let gold: Set<String>
  private let isOnlySolution: Bool

  public init(_ problem: Problem) {
    question = Question(problem)
    gold = Set(
      problem.steps.flatMap { Self.chains(in: $0) }.compactMap { chain in
        guard chain.count == 2, let value = try? chain[1].value() else { return nil }
        return Self.key(chain[0], value)
      })
    let family = try? ProblemLibrary.family(problem.family)
    isOnlySolution = family?.check(problem.answer, of: problem.question) == nil
  }

  /// Whether a sentence is right; nil where that cannot be decided.
  public func isRight(_ sentence: String) -> Bool? {
    let marker = PromptFormat.answerMarker.dropFirst()
    if sentence.hasPrefix(marker) {
      let answer = AnswerExtractor.extract(from: sentence, kind: question.kind)?.value
      return question.isCorrect(answer)
    }
    let verdicts = Self.chains(in: sentence).map(isRight)
    if verdicts.contains(false) { return false }
    return verdicts.isEmpty || verdicts.contains(nil) ? nil : true
  }

  /// The labels of a solution's sentences up to the first that is wrong.
  public func labels(_ steps: [SolutionStep]) -> [Bool?] {
    var labels: [Bool?] = []
    for step in steps {
      labels.append(isRight(step.text))
      if labels.last == false { break }
    }
    return labels
  }

  /// Whether a text's equations hold, with the last of them giving an answer; nil for a text
  /// without equations. That does not say that they are the right ones.
  public static func holdsTogether(_ text: String, answer: String?) -> Bool? {
    let values = chains(in: text).map { $0.map { try? $0.value() } }
    guard let last = values.last?.last else { return nil }
    guard values.allSatisfy({ chain in chain.allSatisfy { $0 != nil && $0 == chain[0] } }) else {
      return false
    }
    return answer.flatMap { Int($0) } == last
  }

  private func isRight(_ chain: [ArithmeticExpression]) -> Bool? {
    var values: [Int] = []
    for side in chain {
      guard let value = try? side.value() else { return nil }
      values.append(value)
    }
    guard let value = values.first, values.allSatisfy({ $0 == value }) else { return false }
    guard chain.count == 2, isOnlySolution else { return nil }
    if gold.contains(Self.key(chain[0], value)) { return true }
    // Several operations at once may be steps that are right together.
    return chain[0].numbers.count > 2 || gold.isEmpty ? nil : false
  }

  private static func key(_ side: ArithmeticExpression, _ value: Int) -> String {
    "\(side.normalized.text) = \(value)"
  }

  /// The chains of expressions in a text that stand between equals signs.
  private static func chains(in text: String) -> [[ArithmeticExpression]] {
    let bytes = Array(text.utf8)
    var chains: [[ArithmeticExpression]] = []
    var end: Int?
    for found in ExpressionParser.expressions(in: bytes, range: 0..<bytes.count) {
      let gap = end.map { bytes[$0..<max($0, found.range.lowerBound)].filter { $0 != 0x20 } }
      if gap == [UInt8(ascii: "=")] {
        chains[chains.count - 1].append(found.expression)
      } else {
        chains.append([found.expression])
      }
      end = found.range.upperBound
    }
    return chains.filter { $0.count > 1 }
  }
}
