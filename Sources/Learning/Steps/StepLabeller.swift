public import Decoding
public import Problems
public import Reasoning
public import Traces

/// A step of a sampled solution, with the labels that machines give it.
public struct LabelledStep: Sendable, Hashable, Encodable {
  public var text: String
  /// What the step checker says; nil where it cannot decide, and behind the first wrong step.
  public var exact: Bool?
  /// Completions from behind the step, and how many come to the right answer; nil where none were
  /// sampled. Behind the last step stands the solution itself.
  public var right: Int?
  public var completions: Int?
  /// Math-Shepherd's labels from these completions.
  public var soft: Double?
  public var hard: Double?
  /// OmegaPRM's label; nil where its searches did not come by.
  public var omega: Double?
  /// The share of many more completions: nearly the chance of success itself; nil where it was not
  /// asked for.
  public var reference: Double?
}

/// A sampled solution with its labels.
public struct LabelledSolution: Sendable, Hashable, Encodable {
  public var steps: [LabelledStep]
  public var answer: String?
  public var isRight: Bool
  public var tokens: Int
}

/// What was sampled to a problem, and what it cost to label it.
public struct LabelledProblem: Sendable, Hashable, Encodable {
  public var problem: String
  public var question: String
  public var gold: String
  public var solutions: [LabelledSolution]
}

/// Samples solutions and has their steps labelled by machines.
public struct StepLabeller: Sendable {
  /// Which labels are made by sampling.
  public enum Method: String, Sendable, CaseIterable {
    /// None: the step checker only.
    case exact
    case shepherd
    case omega
    case all
  }

  /// What has been spent.
  public struct Spent: Sendable, Hashable, Encodable {
    /// Tokens of the solutions.
    public var solutions = 0
    /// Tokens of completions that make labels, by method.
    public var shepherd = 0
    public var omega = 0
    /// Tokens of the completions that labels are compared with.
    public var reference = 0

    public var all: Int { solutions + shepherd + omega + reference }
  }

  private let model: any LanguageModel
  private let library: PromptLibrary
  private let settings: TrainingSettings
  private let method: Method
  private let reference: Int

  /// Problems that are labelled in one batch.
  public static let batch = 16
  private static let samples = 4
  private static let referenceOffset: UInt64 = 0x7265_6665

  /// - Parameters:
  ///   - settings: rows of `SettingTable.labelling`.
  ///   - reference: completions of each state that labels are compared with; 0 for none.
  public init(
    model: any LanguageModel, library: PromptLibrary, settings: RunSettings, method: Method,
    reference: Int = 0
  ) {
    self.model = model
    self.library = library
    var used = settings.dated(for: [model])
    used.prompting = settings.prompting ?? Prompting.think.description
    self.settings = TrainingSettings(used)
    self.method = method
    self.reference = reference
  }

  /// Labels problems, some at a time.
  ///
  /// - Parameters:
  ///   - progress: called after each batch with how many problems are done and what was spent.
  ///   - body: receives the problems of a batch.
  /// - Returns: what was spent.
  /// - Throws: as the decoding of answers, `CancellationError`, and what `body` throws.
  @discardableResult
  public func label(
    _ problems: [Problem], progress: (Int, Spent) -> Void = { _, _ in },
    body: ([LabelledProblem]) throws -> Void
  ) async throws -> Spent {
    var spent = Spent()
    for first in stride(from: 0, to: problems.count, by: Self.batch) {
      let batch = Array(problems[first..<min(problems.count, first + Self.batch)])
      try body(try await label(batch, first: first, &spent))
      progress(first + batch.count, spent)
    }
    return spent
  }

  private func label(
    _ problems: [Problem], first: Int, _ spent: inout Spent
  ) async throws -> [LabelledProblem] {
    let count = settings.used.samples ?? Self.samples
    let rollouts = Rollouts(model: model, library: library, settings: settings)
    let sampling = settings.used.sampling(temperature: 1)
    let sampled = try await rollouts.answer(
      problems.map { Question($0) }, count: count,
      .init(
        sampling: sampling, seed: settings.seed, firstPath: first * count,
        keepsProbabilities: true))
    let groups = zip(problems, sampled).map { SolutionGroup($0, $1, model.vocabulary) }
    spent.solutions += sampled.reduce(0) { $0 + $1.completions.reduce(0) { $0 + $1.sampled } }
    func making(_ count: Int, offset: UInt64 = 0) -> StepRollouts {
      StepRollouts(
        rollouts, sampling: sampling, seed: settings.seed &+ offset, count: count,
        firstPath: first << 24)
    }
    var counts: [[SuccessCount]]?
    if method == .shepherd || method == .all {
      var shepherd = making(settings.rollouts)
      counts = try await shepherd.successes(of: groups)
      spent.shepherd += shepherd.tokens
    }
    var trees: [OmegaTree]?
    if method == .omega || method == .all {
      var omega = making(settings.rollouts, offset: 1)
      trees = try await omega.search(groups, searches: settings.searches)
      spent.omega += omega.tokens
    }
    var chances: [[SuccessCount]]?
    if reference > 0 {
      var many = making(reference, offset: Self.referenceOffset)
      chances = try await many.successes(of: groups)
      spent.reference += many.tokens
    }
    return groups.indices.map { number in
      groups[number].labelled(
        counts: counts?[number], omega: trees.map { groups[number].labels(by: $0[number]) },
        chances: chances?[number])
    }
  }
}

extension SolutionGroup {
  /// With the labels of its states.
  fileprivate func labelled(
    counts: [SuccessCount]?, omega: [Double?]?, chances: [SuccessCount]?
  ) -> LabelledProblem {
    let exact = exactLabels
    return LabelledProblem(
      problem: problem.id, question: problem.question, gold: problem.answer,
      solutions: zip(solutions, paths).map { solution, path in
        LabelledSolution(
          steps: zip(solution.steps, path).map { step, state in
            let count = counts?[state]
            return LabelledStep(
              text: step.text, exact: exact[state].map { $0 == 1 }, right: count?.right,
              completions: count?.count, soft: count?.soft, hard: count?.hard,
              omega: omega?[state], reference: chances?[state].soft)
          }, answer: solution.answer, isRight: solution.isRight, tokens: solution.tokens.count)
      })
  }
}
