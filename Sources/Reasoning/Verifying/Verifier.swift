import Decoding
public import Traces

/// Judges finished solutions, as a rule with a model and through the decoder like a strategy. A verifier never
/// sees the right answer.
public protocol Verifier: Sendable {
  /// Judges solutions to the run's question, all in one batch, and leaves `score` events.
  ///
  /// - Returns: an assessment for each solution, in their order.
  /// - Throws: `CancellationError`, and whatever keeps the model from going on.
  func assess(_ solutions: [CandidateSolution], in run: Run) async throws -> [Assessment]
}

/// What a verifier makes of a solution.
public struct Assessment: Sendable, Hashable {
  /// What solutions are ranked by, more is better; nil when the solution could not be judged: it
  /// is empty, or does not fit into the model's context.
  public var value: Double?
  /// What the solution's vote counts, at least 0.
  public var weight: Double
  /// A process verifier's score of each step.
  public var steps: [Double]
  /// The verdicts that `value` was made of, one for each rationale.
  public var verdicts: [Verdict]

  init(value: Double?, weight: Double? = nil, steps: [Double] = [], verdicts: [Verdict] = []) {
    self.value = value
    self.weight = weight ?? max(0, value ?? 0)
    self.steps = steps
    self.verdicts = verdicts
  }

  static let none = Assessment(value: nil)
}

extension VerifierName {
  /// - Parameters:
  ///   - judge: the model that will read, where it is not the run's own.
  ///   - defaultAggregate: how steps become one score where the settings name no way.
  public func verifier(
    _ settings: RunSettings, judge: Judge? = nil,
    defaultAggregate: StepAggregate = StepVerifier.defaultAggregate
  ) -> any Verifier {
    let aggregate = settings.aggregate?.ofSteps ?? defaultAggregate
    switch self {
    case .prm: return StepVerifier(aggregate: aggregate)
    case .prmRestated: return StepVerifier(aggregate: aggregate, restates: true)
    case .genrm:
      return GenerativeVerifier(
        rationales: settings.rationales ?? GenerativeVerifier.defaultRationales)
    case .genrmDirect: return OutcomeVerifier(reading: .raw)
    case .orm: return OutcomeVerifier(reading: .renormalized)
    case .implicit:
      return ImplicitVerifier(
        scale: judge?.numbers[ImplicitVerifier.scaleName] ?? 1,
        ownWeight: settings.ownWeight ?? RunSettings.Usual.ownWeight,
        sharpness: settings.sharpness ?? RunSettings.Usual.sharpness)
    case .likelihood: return LikelihoodVerifier()
    case .exact: return ExactVerifier()
    }
  }
}

/// Ranks paths by their own log-probability. Nothing is judged; what verifiers must beat.
struct LikelihoodVerifier: Verifier {
  public func assess(_ solutions: [CandidateSolution], in run: Run) async throws -> [Assessment] {
    solutions.map {
      let record = run.record(ofPath: $0.path)
      guard record.generated > 0 else { return .none }
      return Assessment(
        value: record.logProbability,
        weight: TokenDistribution.probability(ofLog: record.logProbability))
    }
  }
}
