import Decoding
import Problems

/// What a model said to a question, cut into steps as verifiers read them.
struct SteppedSolution: Sendable, Hashable {
  /// All that was said, its end included.
  var tokens: [TokenID]
  /// The solution as verifiers read it.
  var text: String
  var steps: [SolutionStep]
  var answer: String?
  var isRight: Bool
  /// Σ log p of all that was said.
  var likelihood: Double
  /// log p per token of each step: the mean over the tokens that spell some of it. [steps]
  var stepLikelihoods: [Double]
  /// Where each step ends, in bytes of what was said. [steps]
  private var ends: [Int] = []

  init(_ completion: Completion, _ vocabulary: any Vocabulary) {
    let pieces = completion.tokens.map { vocabulary.bytes(of: $0) }
    let bytes = pieces.flatMap { $0 }
    let range = SolutionStep.solutionRange(in: bytes)
    let text = String(decoding: bytes[range], as: UTF8.self)
    let steps = SolutionStep.steps(of: text)
    tokens = completion.tokens
    self.text = text
    self.steps = steps
    answer = completion.answer
    isRight = completion.isRight
    let logs = completion.logProbabilities
    likelihood = logs.reduce(0, +)
    // Where bytes were no text, places in the one are not places in the other.
    let isFaithful = text.utf8.elementsEqual(bytes[range])
    let counts = pieces.map(\.count)
    stepLikelihoods = steps.map { step in
      let place =
        range.lowerBound + step.bytes.lowerBound..<range.lowerBound + step.bytes.upperBound
      let own = isFaithful ? ExtractedAnswer.tokenRange(of: place, tokenByteCounts: counts) : nil
      return Self.mean(logs[(own ?? logs.indices).clamped(to: logs.indices)])
    }
    if isFaithful { ends = steps.map { range.lowerBound + $0.bytes.upperBound } }
  }

  private static func mean(_ logs: ArraySlice<Double>) -> Double {
    logs.isEmpty ? 0 : logs.reduce(0, +) / Double(logs.count)
  }

  /// Where a step ends, in bytes of what was said; nil behind the last one, and where bytes were no text.
  func end(ofStep step: Int) -> Int? { ends.indices.contains(step) ? ends[step] : nil }

  /// The tokens up to the end of a step, for going on behind it: those that were sampled, and where
  /// one of them reaches into the next step, its beginning in tokens of its own.
  ///
  /// - Parameter step: an index into the steps.
  func tokens(through step: Int, _ vocabulary: any Vocabulary) -> [TokenID] {
    guard ends.indices.contains(step) else {
      let said = steps.prefix(step + 1).map { " " + $0.text }.joined()
      return vocabulary.tokenize(continuing: said)
    }
    var (kept, length): ([TokenID], Int) = ([], 0)
    for token in tokens {
      let bytes = vocabulary.bytes(of: token)
      if length + bytes.count > ends[step] {
        return kept
          + vocabulary.tokenize(
            continuing: bytes.prefix(ends[step] - length), parsingSpecial: false)
      }
      kept.append(token)
      length += bytes.count
      if length == ends[step] { break }
    }
    return kept
  }
}

/// The solutions that were sampled to one problem.
struct SolutionGroup: Sendable {
  var problem: Problem
  /// The tokens that the model was given.
  var prompt: [TokenID]
  /// All samples, in the order in which they were drawn.
  var solutions: [SteppedSolution]
  /// Their steps as a tree.
  private(set) var tree = StepTree()
  /// The states that each solution goes through, one for each step. [solutions][steps]
  private(set) var paths: [[Int]] = []
  /// log p per token of the step before each state, of the first sample that comes there; 0 of the
  /// question. [states]
  private(set) var stepLikelihoods: [Double] = []

  init(_ problem: Problem, _ group: CompletionGroup, _ vocabulary: any Vocabulary) {
    self.init(
      problem, prompt: group.prompt,
      group.completions.map { SteppedSolution($0, vocabulary) })
  }

  init(_ problem: Problem, prompt: [TokenID], _ solutions: [SteppedSolution]) {
    self.problem = problem
    self.prompt = prompt
    self.solutions = solutions
    for solution in solutions {
      paths.append(tree.add(solution.steps.map(\.text), reward: solution.isRight ? 1 : 0))
    }
    stepLikelihoods = Array(repeating: 0, count: tree.states.count)
    for (solution, path) in zip(solutions, paths).reversed() {
      for (state, likelihood) in zip(path, solution.stepLikelihoods) {
        stepLikelihoods[state] = likelihood
      }
    }
  }

  /// A solution of each text, as an index.
  var distinct: [Int] {
    var seen: Set<String> = []
    return solutions.indices.filter { seen.insert(solutions[$0].text).inserted }
  }
}
