/// A study's curves for other programs.
public struct StudyReport: Encodable, Sendable {
  public struct Curve: Encodable, Sendable {
    var curve: String
    /// Whether it takes knowing the right answer.
    var oracle: Bool
    /// What thinking longer is worth, in a study of thinking.
    var s1: SequentialScaling?
    var points: [StudyPoint]
  }

  public var study: String
  public var subject: String
  public var problems: Int
  /// Answers found, of how many.
  public var done: Int
  public var total: Int
  /// How the figures are made, for whoever finds the file.
  public var notes: [String]
  public var curves: [Curve]

  public init(_ results: StudyResults, _ curves: [StudyCurve]) {
    study = results.study.kind.rawValue
    subject = results.study.subject
    problems = results.study.problems.count
    done = results.done
    total = results.study.total
    notes = Self.notes(results.study.kind)
    // A point without a problem says nothing.
    self.curves = curves.map {
      Curve(
        curve: $0.name, oracle: $0.isOracle,
        s1: results.study.kind == .thinking ? SequentialScaling($0) : nil,
        points: $0.points.filter { $0.problems > 0 })
    }
  }

  private static func notes(_ kind: StudyKind) -> [String] {
    let general = [
      "tokens: mean per problem, chosen (including a verifier's) or inserted, "
        + "without the prompt", "flops: 2 x parameters x tokens",
      "ci95: over problems; Wilson's where each problem is right or wrong, else a percentile "
        + "bootstrap with one right and one wrong problem added to those that are drawn from",
    ]
    guard kind == .samples else { return general }
    return general + [
      "pass@k, majority, best of k: exact over all choices of k of the samples drawn; weighted "
        + "vote: mean over groups of k in path order"
    ]
  }

  /// The points as a table with commas between, one a line.
  public var csv: String {
    let header =
      "study,curve,model,parameters,training_tokens,knob,level,problems,"
      + "tokens,tokens_low,tokens_high,flops,accuracy,accuracy_low,accuracy_high"
    let rows = curves.flatMap { curve in
      curve.points.map { point in
        let (tokens, accuracy) = (point.tokens, point.accuracy)
        let fields: [(any CustomStringConvertible)?] = [
          study, curve.curve, point.model.name, point.model.parameters, point.model.tokensSeen,
          point.knob, point.level, point.problems, tokens?.value, tokens?.interval?.lowerBound,
          tokens?.interval?.upperBound, point.flops?.value, accuracy?.value,
          accuracy?.interval?.lowerBound, accuracy?.interval?.upperBound,
        ]
        return fields.map { ($0?.description ?? "").csvField }.joined(separator: ",")
      }
    }
    return ([header] + rows).joined(separator: "\n") + "\n"
  }
}

extension StudyPoint: Encodable {
  private enum CodingKeys: String, CodingKey {
    case model, parameters, knob, level, problems, accuracy, tokens, flops
    case trainingTokens = "training_tokens"
    case accuracyInterval = "accuracy_ci95"
    case tokensInterval = "tokens_ci95"
  }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(model.name, forKey: .model)
    try container.encode(model.parameters, forKey: .parameters)
    try container.encodeIfPresent(model.tokensSeen, forKey: .trainingTokens)
    try container.encodeIfPresent(knob, forKey: .knob)
    try container.encodeIfPresent(level, forKey: .level)
    try container.encode(problems, forKey: .problems)
    try container.encodeIfPresent(accuracy?.value, forKey: .accuracy)
    try container.encodeIfPresent(accuracy?.interval, forKey: .accuracyInterval)
    try container.encodeIfPresent(tokens?.value, forKey: .tokens)
    try container.encodeIfPresent(tokens?.interval, forKey: .tokensInterval)
    try container.encodeIfPresent(flops?.value, forKey: .flops)
  }
}
