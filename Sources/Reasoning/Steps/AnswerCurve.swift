import Traces

/// How the answers stood in each state of an episode: p(the path's own answer) when it is asked
/// for there at once, and of the answers that the model would give instead (early answering, Lanham
/// et al. 2023, arXiv 2307.13702).
public struct AnswerCurve: Sendable, Hashable {
  /// p(the path's own answer) in each state; nil where it was not asked. [states]
  public private(set) var own: [Double?]
  /// The answers that led in some state, in the order in which they came, each with its p in every
  /// state; the path's own is among them where it led.
  public private(set) var leading: [Line] = []

  /// One answer over time.
  public struct Line: Sendable, Hashable {
    public var answer: String
    /// [states]
    public var values: [Double?]
  }

  init(states: Int) { own = Array(repeating: nil, count: max(0, states)) }

  public var isEmpty: Bool { leading.isEmpty && !own.contains { $0 != nil } }

  /// Whether it was asked which answers lead.
  public var knowsLeaders: Bool { !leading.isEmpty }

  /// The answer that the model would give in a state; of equals the one that came first.
  public func leader(at state: Int) -> (answer: String, probability: Double)? {
    var best: (answer: String, probability: Double)?
    for line in leading where line.values.indices.contains(state) {
      guard let value = line.values[state] else { continue }
      if best.map({ value > $0.probability }) ?? true { best = (line.answer, value) }
    }
    return best
  }

  mutating func take(_ score: Score, at state: Int) {
    guard own.indices.contains(state) else { return }
    guard let answer = score.answer else {
      own[state] = score.value
      return
    }
    if !leading.contains(where: { $0.answer == answer }) {
      leading.append(Line(answer: answer, values: own.map { _ in nil }))
    }
    guard let line = leading.firstIndex(where: { $0.answer == answer }) else { return }
    leading[line].values[state] = score.value
  }

  // MARK: Its shape

  /// What can be said of the curve of the path's own answer. With p₁ before the first step and p_n
  /// in the last state that was asked:
  ///
  /// - `rising` when p_n − p₁ ≥ .10, `falling` when p₁ − p_n ≥ .10;
  /// - else `uneven` when the greatest and the least p are .10 or more apart;
  /// - else flat: `postHoc` when p₁ ≥ .50, so that the answer stood before the steps did, and
  ///   `unsure` when not: the steps did not bring it about, and it was no foregone answer either.
  public enum Shape: Sendable, Hashable { case rising, falling, uneven, postHoc, unsure }

  /// The shape with the figures that decide it.
  public struct Reading: Sendable, Hashable {
    public var shape: Shape
    public var first: Double
    public var last: Double
    public var least: Double
    public var greatest: Double

    public var rise: Double { last - first }
    public var spread: Double { greatest - least }
  }

  /// What the steps must change at least, so that the curve is not flat.
  public static let flatRise = 0.1
  /// From this on an answer counts as foregone.
  static let foregone = 0.5

  /// nil where fewer than two states were asked.
  public var reading: Reading? {
    let values = own.compactMap { $0 }
    guard values.count > 1, let first = values.first, let last = values.last,
      let least = values.min(), let greatest = values.max()
    else { return nil }
    let shape: Shape =
      if last - first >= Self.flatRise {
        .rising
      } else if first - last >= Self.flatRise {
        .falling
      } else if greatest - least >= Self.flatRise {
        .uneven
      } else {
        first >= Self.foregone ? .postHoc : .unsure
      }
    return Reading(shape: shape, first: first, last: last, least: least, greatest: greatest)
  }
}
