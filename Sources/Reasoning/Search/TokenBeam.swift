import Decoding

/// The lines of a beam search over tokens, ranked by Σ log p.
///
/// The sum is not normalised by length: it is the log-probability of the text, so that a beam as
/// wide as the tree finds the likeliest text of all. A line that has ended keeps its place and its
/// sum. Of equal sums the line that ranked first before stays first, and of its tokens the
/// likelier, then the one with the lower id.
struct TokenBeam: Sendable {
  struct Line: Sendable {
    var path: Int
    var tip: NodeID
    /// How many tokens were chosen.
    var length = 0
    /// Σ log p at temperature 1.
    var logProbability = 0.0
    /// The last bytes, as many as the stop rule reaches back into.
    var tail: [UInt8] = []
    /// Why the line has ended; nil while it goes on.
    var end: FinishReason?
  }

  /// A line as it would be with one more token, or as it stands if it has ended.
  struct Candidate: Sendable, Equatable {
    /// The index of the line it comes from.
    var line: Int
    /// nil for a line that has ended.
    var token: TokenID?
    var logProbability: Double
  }

  let width: Int
  /// The best first.
  private(set) var lines: [Line]
  private var nextPath = 1

  init(width: Int, start: NodeID) {
    self.width = max(1, width)
    lines = [Line(path: 0, tip: start)]
  }

  /// The lines that go on.
  var open: [Int] { lines.indices.filter { lines[$0].end == nil } }

  /// Whether nothing that can still be found will rank above the best line that has ended: sums
  /// only fall.
  var isDecided: Bool {
    guard let best = lines.first(where: { $0.end != nil }) else { return false }
    return open.allSatisfy { lines[$0].logProbability <= best.logProbability }
  }

  mutating func end(_ line: Int, _ reason: FinishReason) { lines[line].end = reason }

  /// Everything that could stand in the next beam, the best first.
  ///
  /// The best `width` of all are among the best `width` of each line.
  ///
  /// - Parameter distributions: of the open lines, by index.
  func candidates(_ distributions: [Int: TokenDistribution]) -> [Candidate] {
    let all = lines.indices.flatMap { index -> [Candidate] in
      let line = lines[index]
      guard line.end == nil else {
        return [Candidate(line: index, token: nil, logProbability: line.logProbability)]
      }
      guard let distribution = distributions[index] else { return [] }
      return distribution.likeliest(width).compactMap { token in
        let sum = line.logProbability + distribution.logProbability(of: token)
        return sum.isFinite ? Candidate(line: index, token: token, logProbability: sum) : nil
      }
    }
    return Self.ranked(all)
  }

  /// By falling sum; equals stay in order.
  static func ranked(_ candidates: [Candidate]) -> [Candidate] {
    candidates.enumerated().sorted { a, b in
      let (p, q) = (a.element.logProbability, b.element.logProbability)
      return p > q || (p == q && a.offset < b.offset)
    }.map(\.element)
  }

  /// Numbers the lines of the next beam: the best candidate of a line goes on with its path, the
  /// others are forks.
  ///
  /// - Returns: a path for each kept candidate, and whether it forks.
  mutating func paths(_ kept: [Candidate]) -> [(path: Int, isFork: Bool)] {
    var continued: Set<Int> = []
    return kept.map { candidate in
      guard !continued.insert(candidate.line).inserted else {
        return (lines[candidate.line].path, false)
      }
      defer { nextPath += 1 }
      return (nextPath, true)
    }
  }

  mutating func replace(_ lines: [Line]) { self.lines = lines }
}
