import Foundation

/// Solutions that a model has sampled to problems of training, judged exactly: candidates for the
/// documents that teach judging, wrong in the ways in which the model itself is.
public struct SampledCandidates: Sendable {
  /// What is wrong with a file of solutions.
  public enum Failure: Error, CustomStringConvertible, Equatable {
    case unreadable(line: Int)
    case noProblem(String, line: Int)
    case notForTraining(String, line: Int)
    case otherQuestion(String, line: Int)

    public var description: String {
      switch self {
      case .unreadable(let line):
        "line \(line) is not {\"problem\": ID, \"solutions\": [TEXT, …]}"
      case .noProblem(let id, let line):
        "line \(line): “\(id)” is no problem of the library"
      case .notForTraining(let id, let line):
        "line \(line): \(id) is not of the training split, and judging may be taught on no other; "
          + "sample problems such as price.train/1/0"
      case .otherQuestion(let id, let line):
        "line \(line): \(id) is another question by now; sample its solutions again"
      }
    }
  }

  /// What documents a solution can be used in.
  enum Use: CaseIterable {
    /// Whether the answer is right is known.
    case verdict
    /// And the answer can be quoted and compared.
    case checkedVerdict
    /// Each step is decided, up to the first wrong one.
    case stepLabels
    /// And each of these steps can be said as it should be.
    case restatedSteps
  }

  /// A solution and what is known of it.
  struct Solution: Sendable {
    /// Which problem it is of, by its place in `sketches`.
    var problem: Int
    /// As it was sampled, without the white space around it.
    var text: String
    var sentences: [String]
    /// In which style it is told, as far as it is right; nil where it has words of its own.
    var style: ReasoningStyle?
    /// nil where none is found.
    var answer: String?
    var isRight: Bool
    /// Whether each sentence is right, up to the first wrong one.
    var labels: [Bool?]

    /// The first sentence that is wrong.
    var firstWrong: Int? { labels.firstIndex(of: false) }

    func isFit(for use: Use, _ right: WorkedProblem) -> Bool {
      switch use {
      case .verdict: return true
      case .checkedVerdict:
        // Where the grader is not as strict as a comparison sign by sign, both must agree.
        return answer.map { right.judged(answer: $0).isRight == isRight } ?? false
      case .stepLabels:
        return sentences.count > 1 && !labels.contains(nil) && (firstWrong != nil || isRight)
      case .restatedSteps:
        guard right.check == nil, isFit(for: .stepLabels, right), let style else { return false }
        let told = right.told(style)
        return firstWrong.map { $0 < told.count && told[$0] != sentences[$0] }
          ?? (told == sentences)
      }
    }

    /// Whether something is wrong with it that the document tells.
    func isWrong(in use: Use) -> Bool {
      switch use {
      case .verdict, .checkedVerdict: !isRight
      case .stepLabels, .restatedSteps: firstWrong != nil
      }
    }
  }

  /// The solutions of a family that fit a use: right ones and wrong ones.
  private struct Pool: Sendable {
    var right: [Int] = []
    var wrong: [Int] = []
  }

  private struct Key: Hashable {
    var family: String
    var use: Use
  }

  private var sketches: [CurriculumGenerator.Sketch] = []
  private var solutions: [Solution] = []
  private var pools: [Key: Pool] = [:]

  private struct Line: Decodable {
    var problem: String
    var question: String?
    var solutions: [String]?
    var completions: [String]?
  }

  /// Reads JSON Lines: `{"problem": "price.train/1/0", "solutions": ["For 3 hats: …", …]}`.
  /// `completions` is another name for `solutions`; where `question` is given, it must be the
  /// problem's.
  ///
  /// - Throws: `Failure` for the first line that cannot be used.
  public init(_ text: String) throws {
    for line in TextFile.lines(of: text) where !line.text.allSatisfy(\.isWhitespace) {
      guard let read = try? JSONDecoder().decode(Line.self, from: Data(line.text.utf8)),
        let said = read.solutions ?? read.completions
      else { throw Failure.unreadable(line: line.number) }
      guard let id = ProblemID(read.problem), let problem = try? ProblemLibrary.problem(id),
        let sketch = try? CurriculumGenerator.Sketch(id)
      else { throw Failure.noProblem(read.problem, line: line.number) }
      guard id.split == .train else {
        throw Failure.notForTraining(read.problem, line: line.number)
      }
      guard read.question.map({ $0 == problem.question }) ?? true else {
        throw Failure.otherQuestion(read.problem, line: line.number)
      }
      add(said, to: problem, sketch)
    }
  }

  private mutating func add(
    _ said: [String], to problem: Problem, _ sketch: CurriculumGenerator.Sketch
  ) {
    let question = Question(problem)
    let checker = LibraryStepChecker(problem, sketch)
    sketches.append(sketch)
    for text in said {
      let steps = SolutionStep.steps(of: text)
      guard let first = steps.first, let last = steps.last else { continue }
      let sentences = steps.map(\.text)
      let bytes = Array(text.utf8)[first.bytes.lowerBound..<last.bytes.upperBound]
      let answer = AnswerExtractor.extract(from: text, kind: question.kind)?.value
      let (labels, style) = checker.review(sentences)
      let solution = Solution(
        problem: sketches.count - 1, text: String(decoding: bytes, as: UTF8.self),
        sentences: sentences, style: style, answer: answer,
        isRight: question.isCorrect(answer) ?? false, labels: labels)
      for use in Use.allCases where solution.isFit(for: use, sketch.right) {
        let key = Key(family: problem.family, use: use)
        if solution.isWrong(in: use) {
          pools[key, default: Pool()].wrong.append(solutions.count)
        } else {
          pools[key, default: Pool()].right.append(solutions.count)
        }
      }
      solutions.append(solution)
    }
  }

  /// Draws a solution of a family that fits a use, and its problem; nil if there is none.
  ///
  /// - Parameter wrong: how often it is a wrong one.
  func draw(
    _ family: any ProblemFamily, for use: Use, wrong: Double, using random: inout ProblemRandom
  ) -> (sketch: CurriculumGenerator.Sketch, solution: Solution)? {
    guard let pool = pools[Key(family: family.name, use: use)] else { return nil }
    let drawn = random.chance(wrong) ? pool.wrong : pool.right
    guard !drawn.isEmpty else { return nil }
    let solution = solutions[random.pick(drawn)]
    return (sketches[solution.problem], solution)
  }

  /// What was read, in one line.
  public var summary: String {
    let right = solutions.count { $0.isRight }
    let decided = pools.filter { $0.key.use == .stepLabels }.values
      .reduce(0) { $0 + $1.right.count + $1.wrong.count }
    return
      "\(solutions.count) solutions of \(sketches.count) problems: \(right) are right, and the "
      + "steps of \(decided) are decided"
  }
}
