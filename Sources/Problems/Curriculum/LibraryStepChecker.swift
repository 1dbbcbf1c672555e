/// Decides which sentences of a solution of a library problem are right, in the words that the
/// curriculum tells solutions in.
///
/// It knows what `StepChecker` knows, and beside it every telling of the problem. A solution that
/// has followed one of the styles so far is right where it goes on in that style's words, and wrong
/// where it goes on as the style does with a fault in one step; so steps without equations are
/// decided, too. Whatever else is said stays undecided.
public struct LibraryStepChecker: Sendable {
  private let checker: StepChecker
  private let sketch: CurriculumGenerator.Sketch
  /// Whether only one solution is right: else another one may say what is a fault in this one.
  private let isOnlySolution: Bool

  /// - Throws: `ProblemError` for an id that names no problem of the library.
  public init(_ id: ProblemID) throws {
    self.init(try ProblemLibrary.problem(id), try CurriculumGenerator.Sketch(id))
  }

  init(_ problem: Problem, _ sketch: CurriculumGenerator.Sketch) {
    checker = StepChecker(problem)
    self.sketch = sketch
    isOnlySolution = sketch.right.check == nil
  }

  /// The labels of a solution's sentences up to the first that is wrong; nil where it cannot be
  /// decided.
  public func labels(_ steps: [SolutionStep]) -> [Bool?] { review(steps.map(\.text)).labels }

  /// The same, and the style that the solution follows; nil where it has words of its own.
  func review(_ sentences: [String]) -> (labels: [Bool?], style: ReasoningStyle?) {
    // The styles that the solution has followed so far.
    var followed = isOnlySolution ? ReasoningStyle.allCases : []
    var labels: [Bool?] = []
    for (index, sentence) in sentences.enumerated() {
      let same = followed.filter { told($0, at: index) == sentence }
      let known = checker.isRight(sentence)
      // A sentence whose equations are right may have a wrong comparison: 3 = 3, 50 > 78.
      if known == false || same.isEmpty && isFault(sentence, at: index, of: followed) {
        labels.append(false)
      } else {
        labels.append(same.isEmpty ? known : true)
      }
      if labels.last == false {
        return (labels, nearest(to: sentence, at: index, of: followed))
      }
      followed = same
    }
    return (labels, followed.first)
  }

  private func told(_ style: ReasoningStyle, at index: Int) -> String? {
    let sentences = sketch.right.told(style)
    return index < sentences.count ? sentences[index] : nil
  }

  /// Whether one of the styles says so when its first wrong step is in this sentence.
  private func isFault(_ sentence: String, at index: Int, of styles: [ReasoningStyle]) -> Bool {
    guard !styles.isEmpty else { return false }
    return sketch.faults.contains { wrong in
      styles.contains { style in
        let (said, right) = (wrong.told(style), sketch.right.told(style))
        return said.count == right.count && index < said.count && said[index] == sentence
          && said[..<index] == right[..<index] && right[index] != sentence
      }
    }
  }

  /// The style whose sentence begins as this one does.
  private func nearest(
    to sentence: String, at index: Int, of styles: [ReasoningStyle]
  ) -> ReasoningStyle? {
    let shared = styles.map { style in
      zip(told(style, at: index) ?? "", sentence).prefix { $0 == $1 }.count
    }
    guard let most = shared.max(), most > 0 else { return nil }
    return shared.firstIndex(of: most).map { styles[$0] }
  }
}
