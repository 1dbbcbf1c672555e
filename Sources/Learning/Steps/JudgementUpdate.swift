import Decoding
import Foundation
import Training

/// What a judged state should be said to be, and what it counts.
struct Lesson: Sendable, Hashable {
  /// From 0 to 1.
  var target: Double
  var weight: Double
}

/// The logits of judged states. [groups][states], nil where a state was not judged.
typealias JudgementLogits = [[Double?]]

extension JudgedGroups {
  /// The loss of judgements, and its slopes.
  typealias Objective = (
    _ logProbabilities: [Float], _ judgements: [Judgement], _ total: Double?
  ) -> JudgementValue

  /// What the model says of every state, and nothing is learned.
  ///
  /// - Parameter likelihood: what the log p of steps adds; nil for nothing.
  func logits(of trainee: any Trainee, _ likelihood: LikelihoodTerm? = nil) throws
    -> JudgementLogits
  {
    var logits = unread
    for pass in passes {
      read(try trainee.forward(pass.rows).logProbabilities, pass, likelihood, into: &logits)
    }
    return logits
  }

  private var unread: JudgementLogits {
    groups.map { Array(repeating: nil, count: $0.tree.states.count) }
  }

  private func read(
    _ logProbabilities: [Float], _ pass: Pass, _ likelihood: LikelihoodTerm?,
    into logits: inout JudgementLogits
  ) {
    for entry in pass.entries {
      let judgement = Judgement(
        positive: entry.positive, negative: entry.negative, target: 0,
        offset: likelihood?.offset(groups[entry.group], entry.state) ?? 0)
      logits[entry.group][entry.state] = judgement.logit(logProbabilities)
    }
  }

  /// Adds the gradients of the whole batch.
  ///
  /// - Parameters:
  ///   - total: what all lessons count together.
  ///   - likelihood: what the log p of steps adds, which learns as well.
  ///   - lessons: of the states of a group, from what the model says of them now; nil of those from
  ///     which nothing is learned.
  /// - Returns: the loss, and what the model said of all states before it learned.
  /// - Throws: `LearningError.notFinite`, `ModelError`.
  func learn(
    _ trainee: any Trainee, step: Int, total: Double, likelihood: inout LikelihoodTerm?,
    by objective: Objective, lessons: (_ group: Int, _ logits: [Double?]) -> [Lesson?]
  ) throws -> (loss: Double, logits: JudgementLogits) {
    var logits = unread
    var loss = 0.0
    for pass in passes {
      let outcome = try trainee.forward(pass.rows)
      guard outcome.logProbabilities.allSatisfy(\.isFinite) else {
        throw LearningError.notFinite(step: step, .probabilities)
      }
      read(outcome.logProbabilities, pass, likelihood, into: &logits)
      var taught: [Int: [Lesson?]] = [:]
      for group in Set(pass.entries.map(\.group)) { taught[group] = lessons(group, logits[group]) }
      let learned = pass.entries.compactMap { entry in
        taught[entry.group]?[entry.state].map { (entry, $0) }
      }
      let judgements = learned.map { entry, lesson in
        Judgement(
          positive: entry.positive, negative: entry.negative, target: lesson.target,
          weight: lesson.weight,
          offset: likelihood?.offset(groups[entry.group], entry.state) ?? 0)
      }
      let told = objective(outcome.logProbabilities, judgements, total)
      guard told.value.loss.isFinite, told.value.slopes.allSatisfy(\.isFinite) else {
        throw LearningError.notFinite(step: step, .loss)
      }
      loss += told.value.loss
      guard told.value.slopes.contains(where: { $0 != 0 }) else { continue }
      try trainee.backward(slopes: told.value.slopes, entropySlopes: nil)
      likelihood?.learn(
        learned.map { groups[$0.0.group].stepLikelihoods[$0.0.state] }, slopes: told.offsetSlopes)
    }
    return (loss, logits)
  }
}

/// What the log p of a step per token adds to the logit of its judgement: w · ℓ + b. Whoever sampled a
/// step doubtfully has often gone wrong there.
struct LikelihoodTerm: Sendable, Hashable {
  private var head: ValueHead

  /// It learns much faster than weights do: two numbers begin at 0 and end near 1.
  static let rate = 0.03
  static let (weightName, biasName) = ("step_weight", "step_bias")

  init() { head = ValueHead(width: 1) }

  /// - Returns: nil for numbers of something else.
  init?(_ numbers: ValueHead.Numbers) {
    var head = ValueHead(width: 1)
    guard head.restore(numbers) else { return nil }
    self.head = head
  }

  /// The term of a trained model's file; nil for one without.
  init?(_ numbers: [String: Double]) {
    guard let weight = numbers[Self.weightName], let bias = numbers[Self.biasName] else {
      return nil
    }
    self.init(ValueHead.Numbers(weights: [Float(weight), Float(bias)]))
  }

  var numbers: ValueHead.Numbers { head.numbers }
  var weight: Double { Double(head.numbers.weights[0]) }
  var bias: Double { Double(head.numbers.weights[1]) }
  /// As a trained model's file tells them.
  var named: [String: Double] { [Self.weightName: weight, Self.biasName: bias] }

  func offset(_ group: SolutionGroup, _ state: Int) -> Double {
    weight * group.stepLikelihoods[state] + bias
  }

  mutating func learn(_ likelihoods: [Double], slopes: [Double]) {
    _ = head.backward(likelihoods.map { Float($0) }, slopes: slopes.map { Float($0) })
  }

  mutating func update(rate: Double) { head.update(rate: rate) }
}
