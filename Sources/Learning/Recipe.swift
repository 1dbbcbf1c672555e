public import Traces

/// What a recipe is: all that lists, help, the command line and screens need to know of it.
public struct RecipeDescription: Sendable, Hashable {
  /// The name on the command line.
  public var name: String
  /// A title of a few words.
  public var title: String
  /// One sentence on what it does.
  public var summary: String
  /// The paper, as "Shao et al. 2024, arXiv 2402.03300".
  public var paper: String
  /// What a step costs, in words ("24 problems × 8 samples, then one update").
  public var cost: String
  /// The settings it uses, rows of `SettingTable.training`.
  public var settings: [Setting]
  /// What it uses where nothing is asked for.
  public var defaults: RunSettings
  /// How many steps it takes where no number is given.
  public var defaultSteps: Int
  /// Whether it learns from what the model samples: then there are rewards, groups and entropy.
  public var samples: Bool
  /// Whether it follows the gradient of the very policy that it samples from. That one is
  /// softmax(logits / temperature) with every token in it: another with filters.
  public var isOnPolicy: Bool

  /// Whether its steps are cut into iterations, each of which samples anew.
  var hasIterations: Bool { settings.contains(.iterations) }
  /// What it learns from where nobody says otherwise.
  public var families: [String]

  public init(
    name: String, title: String, summary: String, paper: String, cost: String,
    settings: [Setting], defaults: RunSettings, defaultSteps: Int, samples: Bool,
    isOnPolicy: Bool = false, families: [String] = TrainingPlan.defaultFamilies
  ) {
    self.name = name
    self.title = title
    self.summary = summary
    self.paper = paper
    self.cost = cost
    self.settings = settings
    self.defaults = defaults
    self.defaultSteps = defaultSteps
    self.samples = samples
    self.isOnPolicy = isOnPolicy
    self.families = families
  }
}

/// A way to train a model. One value trains once: what it keeps from step to step it can save and
/// restore.
public protocol Recipe: AnyObject, SendableMetatype {
  static var description: RecipeDescription { get }

  init()

  /// Takes one step and tells of it: samples or chooses what to learn from, and updates the weights.
  ///
  /// - Returns: what is told of the step.
  /// - Throws: whatever keeps it from going on; `CancellationError` when the task is cancelled.
  func step(_ run: TrainingRun) async throws -> TrainingStep

  /// How the trained model judges solutions; nil for a recipe that does not train a judge.
  var verifier: TrainedVerifier? { get }

  /// What it needs beside the weights to go on after this step; empty for nothing.
  var state: [UInt8] { get throws }

  /// Takes up a state.
  func restore(_ state: [UInt8]) throws
}

extension Recipe {
  public var verifier: TrainedVerifier? { nil }
  public var state: [UInt8] { get throws { [] } }
  public func restore(_ state: [UInt8]) throws {}
}

/// How a trained model judges solutions, as its file tells.
public struct TrainedVerifier: Sendable, Hashable {
  /// What reads its judgement.
  public var name: VerifierName
  /// What has to be known for that beside the weights, by name: such as `alpha`.
  public var numbers: [String: Double]

  public init(_ name: VerifierName, numbers: [String: Double] = [:]) {
    self.name = name
    self.numbers = numbers
  }
}
