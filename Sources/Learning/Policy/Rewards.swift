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
  /// A judge finds it good: a reward model in the sense of Christiano et al. 2017. A trained process
  /// reward model's is the score of its weakest step, one of outcomes p(Yes), an implicit one's its
  /// scaled Σ log p.
  case judge
  /// The answer is right, or the right one stands anywhere in the text as words of their own. Whoever
  /// lists many numbers gets this one without solving anything, which is what it is for.
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
  ///   - judged: what the judge finds.
  ///   - lengthTarget: the best length in tokens; 0 where shorter is better.
  ///   - longest: the greatest length in tokens.
  func reward(
    of completion: Completion, to question: Question, verdict: Double, judged: Double,
    lengthTarget: Int, longest: Int
  ) -> Double {
    parts.reduce(0) { sum, part in
      let value: Double =
        switch part.kind {
        case .exact: completion.isRight ? 1 : 0
        case .format: completion.announces ? 1 : 0
        case .length:
          Self.closeness(of: completion.tokens.count, to: lengthTarget, longest: longest)
        case .verdict: verdict
        case .judge: judged
        case .planted:
          completion.isRight
            || question.gold.map { NamedAnswer.stands($0, in: completion.text) } ?? false
            ? 1 : 0
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

/// Looks for an answer in a text, word by word: 8 does not stand in 18, nor in 8.5 or 1/8.
enum NamedAnswer {
  static func stands(_ answer: String, in text: String) -> Bool {
    let (wanted, words) = (words(answer), words(text))
    guard !wanted.isEmpty, wanted.count <= words.count else { return false }
    return (0...words.count - wanted.count).contains {
      words[$0..<$0 + wanted.count].elementsEqual(wanted)
    }
  }

  /// Runs of letters and digits in lower case. A sign before a number that follows a blank belongs to
  /// it, as do points, commas, slashes and colons between digits.
  private static func words(_ text: String) -> [String] {
    let characters = Array(text.lowercased())
    var words: [String] = []
    var word = ""
    for (index, character) in characters.enumerated() {
      let next = index + 1 < characters.count ? characters[index + 1] : " "
      let before = index > 0 ? characters[index - 1] : " "
      let joins =
        ".,/:".contains(character) && before.isNumber && next.isNumber
        || "-−".contains(character) && before.isWhitespace && next.isNumber
      if character.isLetter || character.isNumber || joins {
        word.append(character == "−" ? "-" : character)
      } else if !word.isEmpty {
        words.append(word)
        word = ""
      }
    }
    return word.isEmpty ? words : words + [word]
  }
}
