public import Reasoning
public import Traces
public import Training

/// One training: what it was asked, what it may use, and the events it leaves behind.
public final class TrainingRun {
  /// Its number in the trace.
  public let number: Int
  public let plan: TrainingPlan
  public let trainee: any Trainee
  private let library: PromptLibrary
  private let sink: @Sendable (TraceRecord) -> Void

  public init(
    number: Int = 1, _ plan: TrainingPlan, trainee: any Trainee, library: PromptLibrary,
    sink: @escaping @Sendable (TraceRecord) -> Void
  ) {
    self.number = number
    self.plan = plan
    self.trainee = trainee
    self.library = library
    self.sink = sink
  }

  func emit(_ event: TrainingEvent) { sink(TraceRecord(run: number, .training(event))) }

  /// Trains to the end.
  ///
  /// - Throws: `CancellationError` when the task is cancelled, `TrainingError`, `StrategyError`.
  public func train(_ control: TrainingControl = TrainingControl()) async throws {}
}

/// All recipes, by name.
public enum RecipeRegistry {
  /// Adding a recipe is one file, one test and one line here.
  public static let all: [any Recipe.Type] = []

  public static var names: [String] { all.map { $0.description.name } }

  /// What a recipe is; nil for an unknown name.
  public static func description(of name: String) -> RecipeDescription? {
    all.first { $0.description.name == name }?.description
  }
}
