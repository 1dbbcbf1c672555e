package import Decoding
package import DecodingFixtures
import Foundation
import Synchronization

@testable package import Training

/// A policy that is a table: after every prefix a softmax over logits of its own, and these logits
/// are what is trained. All of its texts can be enumerated, so that recipes are tested against exact
/// numbers.
///
/// A token that the table gives no probability has one of 10⁻¹⁸ here, which no sampler ever draws
/// and no enumeration lists, but which training can raise.
package final class TableTrainee: DistributionTrainee {
  package let table: TableLanguageModel
  private let tableAtStart: TableLanguageModel
  package private(set) var step = 0
  /// How often training went back to the start.
  package private(set) var restarts = 0
  private let softmax: SoftmaxTable
  private let start: SoftmaxTable
  /// The prefixes and tokens of the last forward pass, and what it divided logits by.
  private var asked: [(prefix: [TokenID], token: TokenID)] = []
  private var temperature = 1.0
  /// Every token that was ever learned, with what it was learned behind.
  package private(set) var learned: Set<LearnedToken> = []
  /// ∂ loss / ∂ logit.
  private var gradients: [[TokenID]: [Double]] = [:]

  /// - Parameters:
  ///   - pieces: the text of each token.
  ///   - end: the end-of-text token.
  ///   - next: the probabilities of the next token after a prefix, before training.
  package init(
    name: String = "table", pieces: [String], end: TokenID,
    next: @escaping @Sendable ([TokenID]) -> [TokenID: Double]
  ) {
    let softmax = SoftmaxTable(count: pieces.count, end: end, start: next)
    self.softmax = softmax
    let start = SoftmaxTable(count: pieces.count, end: end, start: next)
    self.start = start
    tableAtStart = TableLanguageModel(name: name, pieces: pieces, end: end) {
      start.probabilities(after: $0)
    }
    table = TableLanguageModel(name: name, pieces: pieces, end: end) {
      softmax.probabilities(after: $0)
    }
  }

  package var model: any LanguageModel { table }
  package var modelAtStart: any LanguageModel { tableAtStart }
  package var parameterCount: Int { softmax.parameterCount }

  /// Every text that can follow a prefix, with its exact probability now.
  package func texts(after prefix: [TokenID]) -> [(tokens: [TokenID], probability: Double)] {
    table.enumerate(after: prefix)
  }

  /// The same with the probabilities that they have where logits are divided by a temperature.
  package func texts(
    after prefix: [TokenID], temperature: Double
  ) -> [(tokens: [TokenID], probability: Double)] {
    texts(after: prefix).map { text in
      let logs = text.tokens.indices.map { index in
        softmax.logProbabilities(after: prefix + text.tokens[..<index], at: temperature)[
          Int(text.tokens[index])]
      }
      return (text.tokens, exp(logs.reduce(0, +)))
    }
  }

  /// The gradient after a prefix, by logit.
  package func gradient(after prefix: [TokenID]) -> [Double] {
    gradients[prefix] ?? Array(repeating: 0, count: softmax.count)
  }

  /// log p of each token after a prefix.
  package func logProbabilities(
    after prefix: [TokenID], temperature: Double = 1
  ) -> [Double] {
    softmax.logProbabilities(after: prefix, at: temperature)
  }

  /// Adds to the logit of a token after a prefix.
  package func add(_ change: Double, toLogitOf token: TokenID, after prefix: [TokenID]) {
    var logits = softmax.logits(after: prefix)
    logits[Int(token)] += change
    softmax.set(logits, after: prefix)
  }

  @discardableResult
  package func forward(_ rows: PackedRows) -> TrainingPass.Outcome {
    asked = Self.asked(rows)
    temperature = Double(rows.temperature)
    return Self.outcome(asked, softmax, temperature)
  }

  package func forwardAtStart(_ rows: PackedRows) -> TrainingPass.Outcome {
    Self.outcome(Self.asked(rows), start, Double(rows.temperature))
  }

  package func forwardWithLogits(_ rows: PackedRows) -> TrainingPass.Outcome {
    asked = Self.asked(rows)
    return Self.outcome(asked, softmax, Double(rows.temperature), givesLogits: true)
  }

  package func forwardWithLogitsAtStart(_ rows: PackedRows) -> TrainingPass.Outcome {
    Self.outcome(Self.asked(rows), start, Double(rows.temperature), givesLogits: true)
  }

  package func backward(slopes: [Float], logitSlopes: [Float]) {
    precondition(logitSlopes.count == asked.count * softmax.count, "[targets, vocabulary]")
    backward(slopes: slopes, entropySlopes: nil)
    for (index, (prefix, token)) in asked.enumerated() {
      let own = logitSlopes[index * softmax.count..<(index + 1) * softmax.count]
      if own.contains(where: { $0 != 0 }) {
        learned.insert(LearnedToken(prefix: prefix, token: token))
      }
      gradients[prefix] = zip(gradient(after: prefix), own).map { $0 + Double($1) }
    }
  }

  package func backward(slopes: [Float], entropySlopes: [Float]?) {
    precondition(slopes.count == asked.count, "a slope for each target")
    for (index, (prefix, token)) in asked.enumerated() {
      let logs = softmax.logProbabilities(after: prefix, at: temperature)
      let entropy = SoftmaxTable.entropy(logs)
      if slopes[index] != 0 { learned.insert(LearnedToken(prefix: prefix, token: token)) }
      var sum = gradient(after: prefix)
      for (other, log) in logs.enumerated() {
        let p = exp(log)
        let slope = Double(slopes[index]) * ((other == Int(token) ? 1 : 0) - p)
        let entropySlope = Double(entropySlopes?[index] ?? 0) * p * (log + entropy)
        sum[other] += (slope - entropySlope) / temperature
      }
      gradients[prefix] = sum
    }
  }

  @discardableResult
  package func update(rate: Double, maxNorm: Double) throws -> Double {
    defer { gradients = [:] }
    let norm = gradients.values.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard norm.isFinite else { throw TrainingError.notANumber(step: step + 1) }
    let scale = norm > maxNorm ? maxNorm / norm : 1
    for (prefix, gradient) in gradients {
      let logits = zip(softmax.logits(after: prefix), gradient).map { $0 - rate * scale * $1 }
      softmax.set(logits, after: prefix)
    }
    step += 1
    return norm
  }

  package func restart() {
    softmax.forget()
    step = 0
    restarts += 1
  }

  /// What each target of the rows is asked after.
  static func asked(_ rows: PackedRows) -> [(prefix: [TokenID], token: TokenID)] {
    rows.targets.map { target in
      guard let segment = rows.segments.first(where: { $0.rows.contains(target.row) }) else {
        preconditionFailure("every row is of a segment")
      }
      let before = segment.parent.map { Array(rows.tokens[rows.segments[$0].rows]) } ?? []
      return (before + rows.tokens[segment.rows.lowerBound...target.row], target.token)
    }
  }

  private static func outcome(
    _ asked: [(prefix: [TokenID], token: TokenID)], _ softmax: SoftmaxTable,
    _ temperature: Double, givesLogits: Bool = false
  ) -> TrainingPass.Outcome {
    var outcome = TrainingPass.Outcome()
    for (prefix, token) in asked {
      let logs = softmax.logProbabilities(after: prefix, at: temperature)
      outcome.logProbabilities.append(Float(logs[Int(token)]))
      outcome.entropies.append(Float(SoftmaxTable.entropy(logs)))
      if givesLogits { outcome.logits += softmax.logits(after: prefix).map { Float($0) } }
    }
    return outcome
  }
}

/// A token, and the text that it was learned behind.
package struct LearnedToken: Hashable, Sendable {
  package var prefix: [TokenID]
  package var token: TokenID

  package init(prefix: [TokenID], token: TokenID) {
    self.prefix = prefix
    self.token = token
  }
}

/// Logits after every prefix: those of the start, until they are set.
private final class SoftmaxTable: Sendable {
  let count: Int
  private let end: TokenID
  private let start: @Sendable ([TokenID]) -> [TokenID: Double]
  private let changed = Mutex<[[TokenID]: [Double]]>([:])

  private static let least = 1e-18

  init(count: Int, end: TokenID, start: @escaping @Sendable ([TokenID]) -> [TokenID: Double]) {
    self.count = count
    self.end = end
    self.start = start
  }

  var parameterCount: Int { changed.withLock { $0.count } * count }

  func logits(after prefix: [TokenID]) -> [Double] {
    if let logits = changed.withLock({ $0[prefix] }) { return logits }
    let given = start(prefix)
    let next = given.values.contains { $0 > 0 } ? given : [end: 1]
    return (0..<count).map { log(max(next[TokenID($0)] ?? 0, Self.least)) }
  }

  func set(_ logits: [Double], after prefix: [TokenID]) {
    changed.withLock { $0[prefix] = logits }
  }

  func forget() { changed.withLock { $0 = [:] } }

  func logProbabilities(after prefix: [TokenID], at temperature: Double = 1) -> [Double] {
    let logits = logits(after: prefix).map { $0 / temperature }
    let greatest = logits.max() ?? 0
    let sum = log(logits.reduce(0) { $0 + exp($1 - greatest) }) + greatest
    return logits.map { $0 - sum }
  }

  /// Those that a sampler can draw.
  func probabilities(after prefix: [TokenID]) -> [TokenID: Double] {
    var known: [TokenID: Double] = [:]
    for (token, log) in logProbabilities(after: prefix).enumerated() {
      let p = exp(log)
      if p > 100 * Self.least { known[TokenID(token)] = p }
    }
    return known
  }

  static func entropy(_ logs: [Double]) -> Double { -logs.reduce(0) { $0 + exp($1) * $1 } }
}
