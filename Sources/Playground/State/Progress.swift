import TerminalUI

/// How far something under way has come: how much of how much is done, in which unit, how fast it
/// goes and how long it will still take. Everything that tells of progress tells it by this.
struct Progress: Sendable, Hashable {
  /// What is counted.
  enum Unit: Sendable, Hashable {
    /// Things that are counted one by one, by their noun in the singular.
    case things(String)
    case bytes

    static let paths = Unit.things("path")
    static let branches = Unit.things("branch")
    static let tokens = Unit.things("token")
    static let steps = Unit.things("step")
    static let candidates = Unit.things("candidate")
    static let simulations = Unit.things("simulation")
  }

  /// What is done, in a word or two, such as `thinking`; empty where the unit tells it.
  var title = ""
  var done = 0
  /// How much there is to do; nil where nobody can say.
  var total: Int?
  /// nil where nothing is counted.
  var unit: Unit?
  /// In tokens a second; nil where it is unknown.
  var rate: Double?
  /// How long one of the things takes, in seconds, for what is slow; nil where it is unknown.
  var secondsEach: Double?
  /// nil where it is unknown.
  var secondsLeft: Double?
  /// Whether it is being stopped.
  var isStopping = false

  init(
    _ title: String = "", _ done: Int = 0, of total: Int? = nil, _ unit: Unit? = nil,
    rate: Double? = nil, secondsLeft: Double? = nil, isStopping: Bool = false
  ) {
    self.title = title
    (self.done, self.total, self.unit) = (done, total, unit)
    (self.rate, self.secondsLeft, self.isStopping) = (rate, secondsLeft, isStopping)
  }

  /// The part that is done, from 0 to 1; nil where nobody can say.
  var share: Double? {
    guard let total, total > 0 else { return nil }
    return min(1, max(0, Double(done) / Double(total)))
  }

  /// Such as `12 of 40 paths`, `37 of 120 tokens`, `430 MB of 1.1 GB`, `37 tokens`; empty where
  /// nothing is counted.
  var amount: String {
    switch unit {
    case .bytes:
      return total.map { "\(Format.bytes(done)) of \(Format.bytes($0))" } ?? Format.bytes(done)
    case .things(let noun):
      let plural = noun == "branch" ? "branches" : noun + "s"
      guard let total else { return Panel.count(done, noun, plural) }
      return "\(done) of \(Panel.count(total, noun, plural))"
    case nil: return ""
    }
  }

  /// The amount without its unit: `12/40`.
  private var shortAmount: String {
    guard case .things? = unit, let total else { return amount }
    return "\(done)/\(total)"
  }

  /// How fast it goes: `85 tok/s`, `1.9 s a step`.
  private var pace: String? {
    if let secondsEach, secondsEach.isFinite {
      let noun = if case .things(let noun)? = unit { noun } else { "step" }
      let time =
        secondsEach < 10 ? "\(Format.fixed(secondsEach, 1)) s" : Format.duration(secondsEach)
      return "\(time) a \(noun)"
    }
    return rate.map { "\(Format.rate($0)) tok/s" }
  }

  /// All of it that fits into a width: `thinking 37 of 120 tokens, 85 tok/s, ≈ 4 s left`. The rate
  /// goes first, then the time that is left, the title, and at last the unit.
  ///
  /// - Parameter width: in columns.
  func text(width: Int = .max) -> String {
    let told = [title, amount].filter { !$0.isEmpty }.joined(separator: " ")
    let end = isStopping ? "stopping" : nil
    let left = isStopping ? nil : secondsLeft.map { "≈ \(Format.duration($0)) left" }
    let rate = isStopping ? nil : pace
    let forms: [[String?]] = [
      [told, rate, left, end], [told, left, end], [told, end], [amount, left, end], [amount, end],
      [shortAmount, end], [told], [amount.isEmpty ? title : shortAmount],
    ]
    let texts = forms.map { form in
      form.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ", ")
    }
    return texts.first { !$0.isEmpty && DisplayWidth.of($0) <= width }
      ?? PathText.head(texts.last ?? "", columns: width)
  }
}

extension ModelLoad {
  /// How many of its bytes are ready.
  var progress: Progress {
    totalBytes > 0
      ? Progress("", min(bytes, totalBytes), of: totalBytes, .bytes) : Progress("opening")
  }

  /// The name and how far it is, as `qwen2.5-1.5b: 430 MB of 1.1 GB`.
  var text: String { totalBytes > 0 ? "\(name): \(progress.amount)" : "\(name) …" }
}
