/// What a study's chart has along its lower edge.
public enum StudyAxis: String, Sendable, Codable, CaseIterable {
  /// Tokens spent on a problem (`TokenCounts.spent`).
  case tokens
  /// 2·N·tokens: a multiplication and an addition for each of the model's N parameters and each
  /// token (Kaplan et al. 2020, arXiv 2001.08361, section 2.1, without attention).
  case flops
  /// What is turned from point to point, such as k.
  case knob
  case parameters
  /// Tokens that the model was trained on.
  case trainingTokens = "training_tokens"
  case level
}

/// What a study's chart has along its left edge.
public enum StudyMeasure: String, Sendable, Codable, CaseIterable { case accuracy, tokens, flops }

/// One point of a study: what some problems got and cost under one way to answer.
public struct StudyPoint: Sendable, Hashable {
  /// What is turned from point to point; nil where nothing is.
  public var knob: Int?
  public var level: Int?
  public var model: StudyModel
  /// How many problems it is of so far.
  public var problems: Int
  /// nil before the first problem.
  public var accuracy: Estimate?
  /// Tokens spent on a problem; nil before the first one.
  public var tokens: Estimate?

  /// 2·N·tokens.
  public var flops: Estimate? { tokens.map { $0 * (2 * Double(model.parameters)) } }

  public func value(of measure: StudyMeasure) -> Estimate? {
    switch measure {
    case .accuracy: accuracy
    case .tokens: tokens
    case .flops: flops
    }
  }

  /// Where it stands along an axis; nil where it has no place on it yet.
  public func position(on axis: StudyAxis) -> Double? {
    guard problems > 0 else { return nil }
    switch axis {
    case .tokens: return tokens?.value
    case .flops: return flops?.value
    case .knob: return knob.map(Double.init)
    case .parameters: return Double(model.parameters)
    case .trainingTokens: return model.tokensSeen.map(Double.init)
    case .level: return level.map(Double.init)
    }
  }
}

/// Points that belong together, in the order in which their knob is turned.
public struct StudyCurve: Sendable, Hashable {
  public var name: String
  /// Whether it takes knowing the right answer: no way to choose could be better.
  public var isOracle: Bool
  /// The axes along which the points can be joined.
  public var axes: [StudyAxis]
  public var points: [StudyPoint]

  /// The points of the curve as far as they are known, from left to right.
  public func placed(
    on axis: StudyAxis, _ measure: StudyMeasure
  ) -> [(x: Double, y: Estimate, point: StudyPoint)] {
    guard axes.contains(axis) else { return [] }
    let placed = points.compactMap { point in
      point.position(on: axis).flatMap { x in point.value(of: measure).map { (x, $0, point) } }
    }
    return placed.sorted { $0.0 < $1.0 }.map { (x: $0.0, y: $0.1, point: $0.2) }
  }
}

extension StudyKind {
  /// The axes that a chart of the study can have, the most telling first.
  public var axes: [StudyAxis] {
    switch self {
    case .samples: [.tokens, .knob, .flops]
    case .thinking: [.tokens, .flops]
    case .size: [.parameters, .flops, .tokens, .trainingTokens]
    case .strategies: [.tokens, .flops]
    case .difficulty: [.level]
    }
  }

  /// What can stand against them, the most telling first.
  public var measures: [StudyMeasure] {
    self == .difficulty ? [.tokens, .flops, .accuracy] : [.accuracy]
  }
}
