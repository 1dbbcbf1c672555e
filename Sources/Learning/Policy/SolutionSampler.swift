public import Decoding
public import Problems
public import Reasoning
public import Traces

/// What a model sampled to one problem: a line of the files that judging is taught from.
public struct SampledSolutions: Codable, Sendable, Hashable {
  /// The problem's id.
  public var problem: String
  public var question: String
  /// The right answer.
  public var answer: String
  /// What was said behind the prompt, in the order of the samples.
  public var completions: [String]
  /// Whether the exact grader finds each right.
  public var correct: [Bool]
  /// Σ log p of each completion's tokens under the model itself, at temperature 1 and with nothing
  /// cut, in nats; the token that ends it is counted.
  public var logProbabilities: [Double]
  /// How they were sampled.
  public var model: String
  public var prompting: String
  public var temperature: Double
  public var seed: UInt64

  private enum CodingKeys: String, CodingKey {
    case problem, question, answer, completions, correct
    case logProbabilities = "log_probabilities"
    case model, prompting, temperature, seed
  }
}

/// Samples solutions of many problems, many paths at once.
public struct SolutionSampler: Sendable {
  private let model: any LanguageModel
  private let library: PromptLibrary
  private let settings: TrainingSettings

  /// What is taken where the settings say nothing.
  public enum Usual {
    public static let samples = 16
    public static let temperature = 1.0
    public static let prompting = Prompting.think
    /// The longest solutions of the curriculum have about 170 tokens.
    public static let maxCompletionLength = 256
  }

  /// - Parameter settings: `samples`, `temperature`, `topK`, `topP`, `prompting`,
  ///   `maxCompletionLength` and `seed` are read.
  public init(model: any LanguageModel, library: PromptLibrary, settings: RunSettings) {
    self.model = model
    self.library = library
    var used = settings
    used.samples = settings.samples ?? Usual.samples
    used.temperature = settings.temperature ?? Usual.temperature
    used.prompting = settings.prompting ?? Usual.prompting.description
    used[extra: "max-completion-length"] =
      settings[extra: "max-completion-length"] ?? Usual.maxCompletionLength
    self.settings = TrainingSettings(used)
  }

  /// How many solutions of each problem are sampled.
  public var samples: Int { settings.samples }

  /// Samples solutions. What comes out of a problem depends on the settings and on its number only,
  /// so a list of problems may be sampled in parts of any size.
  ///
  /// - Parameter first: the number of the first problem.
  /// - Throws: `TextFileError` for a broken template, `LanguageModelError` for a question that does
  ///   not fit, `StrategyError.decoding` when the model cannot go on, `CancellationError`.
  public func sample(_ problems: [Problem], first: Int = 0) async throws -> [SampledSolutions] {
    let rollouts = Rollouts(model: model, library: library, settings: settings)
    let groups = try await rollouts.answer(
      problems.map { Question($0) }, count: samples,
      Rollouts.Choosing(
        sampling: settings.used.sampling(temperature: Usual.temperature), seed: settings.seed,
        firstPath: first * samples, keepsProbabilities: true))
    return zip(problems, groups).map { problem, group in
      var line = shell(problem)
      line.completions = group.completions.map(\.text)
      line.correct = group.completions.map(\.isRight)
      line.logProbabilities = group.completions.map { $0.logProbabilities.reduce(0, +) }
      return line
    }
  }

  /// Whether a line is what these settings sample to a problem.
  public func made(_ line: SampledSolutions, of problem: Problem) -> Bool {
    var bare = line
    bare.completions = []
    bare.correct = []
    bare.logProbabilities = []
    return bare == shell(problem)
      && [line.completions.count, line.correct.count, line.logProbabilities.count]
        .allSatisfy { $0 == samples }
  }

  private func shell(_ problem: Problem) -> SampledSolutions {
    SampledSolutions(
      problem: problem.id, question: problem.question, answer: problem.answer, completions: [],
      correct: [], logProbabilities: [], model: model.identity.name,
      prompting: settings.used.prompting ?? "", temperature: settings.used.temperature ?? 0,
      seed: settings.seed)
  }
}
