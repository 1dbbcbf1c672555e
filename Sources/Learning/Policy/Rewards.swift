import Decoding
import Problems

/// What a sampled completion can be rewarded for, from 0 to 1 each.
public enum RewardKind: String, Sendable, CaseIterable {
  /// The answer is right.
  case exact
  /// The completion ends by itself, and announces an answer that can be read.
  case format
  /// It is short, or about as long as is asked for.
  case length
  /// The model says that it is right: p(Yes).
  case verdict = "self"
  /// The right answer stands anywhere in it. Whoever lists many numbers gets this one without
  /// solving anything, which is what it is for.
  case planted
}

/// A sum of rewards with weights.
public struct RewardMix: Sendable, Hashable, CustomStringConvertible {
  public struct Part: Sendable, Hashable {
    public var kind: RewardKind
    public var weight: Double
  }

  public var parts: [Part]

  public static let exact = RewardMix(parts: [Part(kind: .exact, weight: 1)])

  init(parts: [Part]) { self.parts = parts }

  /// Reads `exact,format:0.2`; nil for what is none. Nothing is named twice.
  public init?(_ text: String) {
    parts = []
    for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = piece.split(separator: ":", omittingEmptySubsequences: false)
      guard let kind = RewardKind(rawValue: String(pair[0])), pair.count <= 2,
        let weight = pair.count == 2 ? Double(pair[1]) : 1, abs(weight) <= 1000,
        !parts.contains(where: { $0.kind == kind })
      else { return nil }
      parts.append(Part(kind: kind, weight: weight))
    }
  }

  public var description: String {
    parts.map { $0.weight == 1 ? $0.kind.rawValue : "\($0.kind.rawValue):\($0.weight)" }
      .joined(separator: ",")
  }

  func contains(_ kind: RewardKind) -> Bool { parts.contains { $0.kind == kind } }

  /// The reward of a completion.
  ///
  /// - Parameters:
  ///   - verdict: how likely the model calls it right.
  ///   - lengthTarget: the best length in tokens; 0 where shorter is better.
  ///   - longest: the greatest length in tokens.
  func reward(
    of completion: Completion, to question: Question, verdict: Double, lengthTarget: Int,
    longest: Int
  ) -> Double {
    parts.reduce(0) { sum, part in
      let value: Double =
        switch part.kind {
        case .exact: completion.isRight ? 1 : 0
        case .format: completion.announces ? 1 : 0
        case .length:
          Self.closeness(of: completion.tokens.count, to: lengthTarget, longest: longest)
        case .verdict: verdict
        case .planted: question.gold.map { completion.text.contains($0) } ?? false ? 1 : 0
        }
      return sum + part.weight * value
    }
  }

  /// 1 at the target, 0 at the greatest length and at as much again as the target.
  private static func closeness(of length: Int, to target: Int, longest: Int) -> Double {
    let scale = target > 0 ? target : max(1, longest)
    return max(0, 1 - Double(abs(length - target)) / Double(scale))
  }
}
