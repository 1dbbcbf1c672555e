/// A question with its gold answer and an exact step-by-step solution.
public struct Problem: Codable, Sendable, Hashable, Identifiable {
  /// Reproduces the problem by itself; see `ProblemID`.
  public let id: String
  public let family: String
  /// How hard the problem is within its family, usually the number of steps.
  public let level: Int
  public let question: String
  /// The gold answer in its normal form: a number, `yes`, `no` or a word.
  public let answer: String
  /// The solution, one exact step each, such as `3 + 2 = 5`.
  public let steps: [String]
}

/// Which part of the problems one is from. The part is decided by a hash of a problem's
/// *structure* (its numbers and operations, never its wording), so that a problem seen in
/// training cannot come back in other words when the model is measured.
public enum ProblemSplit: String, Codable, Sendable, CaseIterable {
  /// What models are trained on.
  case train
  /// What recipes and checkpoints are chosen on.
  case dev
  /// What figures are reported on.
  case heldout

  /// The split that a structure belongs to: 80 % train, 10 % dev, 10 % held-out. Structures
  /// in `reserved` are always held out.
  static func of(structure: String, family: String) -> ProblemSplit {
    if reserved.contains("\(family):\(structure)") { return .heldout }
    return switch ProblemRandom.hash("\(family):\(structure)") % 10 {
    case 0: .heldout
    case 1: .dev
    default: .train
    }
  }

  /// Structures that no model may be trained on, because the lessons show them.
  static let reserved: Set<String> = [
    "compare:3 more 2 total", "count:strawberry r", "decimals:9.11 9.8", "versions:9.11 9.8",
    "puzzle2025:\(Puzzle2025Family.emblem)",
  ]
}

/// The name of a problem: `family/seed/index`, such as `compare/91/17`.
///
/// A split other than held-out and a fixed level are written behind the family:
/// `compare.dev/91/17`, `story@5/1/0`, `story.train@5/1/0`.
public struct ProblemID: Sendable, Hashable, CustomStringConvertible {
  public var family: String
  public var split: ProblemSplit
  /// nil draws a level.
  public var level: Int?
  public var seed: UInt64
  public var index: UInt64

  public init(
    family: String, split: ProblemSplit = .heldout, level: Int? = nil, seed: UInt64, index: UInt64
  ) {
    self.family = family
    self.split = split
    self.level = level
    self.seed = seed
    self.index = index
  }

  /// Reads an id; nil if it is not of the form above.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, let seed = UInt64(parts[1]), let index = UInt64(parts[2]) else {
      return nil
    }
    let leveled = parts[0].split(separator: "@", omittingEmptySubsequences: false)
    let named = leveled[0].split(separator: ".", omittingEmptySubsequences: false)
    guard leveled.count <= 2, named.count <= 2, !named[0].isEmpty else { return nil }
    var level: Int?
    if leveled.count == 2 {
      guard let number = Int(leveled[1]) else { return nil }
      level = number
    }
    var split = ProblemSplit.heldout
    if named.count == 2 {
      guard let part = ProblemSplit(rawValue: String(named[1])) else { return nil }
      split = part
    }
    self.init(family: String(named[0]), split: split, level: level, seed: seed, index: index)
  }

  public var description: String { "\(stream)/\(seed)/\(index)" }

  /// What the random stream is named after: all but the seed and the index.
  var stream: String {
    family + (split == .heldout ? "" : ".\(split.rawValue)") + (level.map { "@\($0)" } ?? "")
  }
}
