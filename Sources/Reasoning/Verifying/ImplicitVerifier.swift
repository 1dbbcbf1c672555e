import Decoding
import Foundation
import Problems
import Traces

/// Ranks solutions by their likelihood under a model that was trained so that right ones are likelier
/// than wrong ones: an implicit process reward model (Yuan et al. 2024, "Free Process Rewards without
/// Process Labels", arXiv 2412.01981).
///
/// The score is s = α Σ log p over the tokens of the solution and its end, behind the question with
/// the words that ask for reasoning (`ImplicitReading`). A step's score is its own tokens' share of s,
/// and the score of a solution that goes on is the sum so far. The paper's reward is
/// α Σ log(π/π_ref); here the reference is left out, as in training (`PairwiseRanking`).
///
/// What the model that wrote a solution finds of it may be added: s + w Σ log p. A vote counts
/// exp(β s), so that β 0 is a majority and a great β the best of n.
public struct ImplicitVerifier: ProcessVerifier {
  /// The name under which a judge's file has α.
  public static let scaleName = "alpha"

  /// α.
  public var scale: Double
  /// w, what the writer's own Σ log p counts.
  public var ownWeight: Double
  /// β, how much a vote heeds scores.
  public var sharpness: Double

  public func assess(_ solutions: [CandidateSolution], in run: Run) async throws -> [Assessment] {
    let readings = try await read(
      solutions, after: Array(repeating: StepReading(), count: solutions.count), in: run)
    return readings.map(assessment)
  }

  func assessment(_ reading: StepReading) -> Assessment {
    guard reading.isWhole, !reading.tokens.isEmpty else { return .none }
    let value = reading.scores.reduce(0, +) + ownWeight * reading.ownLogProbability
    return Assessment(value: value, weight: exp(sharpness * value), steps: reading.scores)
  }

  func read(
    _ solutions: [CandidateSolution], after known: [StepReading], in run: Run
  ) async throws -> [StepReading] {
    guard let model = run.judge?.decoder.model else { throw StrategyError.noJudge }
    let reading = ImplicitReading(model)
    let start = try run.insertQuestion(reading.prompt(run.question))
    var readings = known
    var asked: [(ids: [TokenID], node: NodeID)] = []
    for (index, solution) in solutions.enumerated() {
      readings[index].ownLogProbability = run.record(ofPath: solution.path).logProbability
      let tokens = reading.tokens(of: solution.text, isFinished: solution.isFinished)
      guard readings[index].isWhole, !solution.text.isEmpty,
        start.depth + tokens.count <= model.contextLength
      else {
        readings[index].isWhole = false
        continue
      }
      // What has been read already keeps its figures; what only looked so is read again.
      let kept = zip(readings[index].tokens, tokens).prefix { $0 == $1 }.count
      readings[index].logs.removeSubrange(min(kept, readings[index].logs.count)...)
      readings[index].tokens = tokens
      var node = start.node.appending(contentsOf: tokens[..<kept])
      run.putReview(Array(tokens[kept...]), after: node)
      for token in tokens[kept...] {
        asked.append(([token], node))
        node = node.appending(token)
      }
    }
    var logs = try await run.logProbabilities(asked, by: run.reader)[...]
    for index in readings.indices where readings[index].isWhole {
      let fresh = readings[index].tokens.count - readings[index].logs.count
      readings[index].logs += logs.prefix(fresh)
      logs = logs.dropFirst(fresh)
      tell(&readings[index], of: solutions[index], reading, in: run)
    }
    return readings
  }

  /// Shares the logs out to steps, and leaves scores of those that are new.
  private func tell(
    _ reading: inout StepReading, of solution: CandidateSolution, _ implicit: ImplicitReading,
    in run: Run
  ) {
    let steps = solution.steps
    var scores = [Double](repeating: 0, count: steps.count)
    for (step, log) in zip(implicit.steps(of: reading.tokens, in: solution.text), reading.logs)
    where scores.indices.contains(step) { scores[step] += scale * log }
    let before = reading.scores
    reading.scores = scores
    for (index, step) in steps.enumerated()
    where !before.indices.contains(index) || before[index] != scores[index] {
      run.tell(step, scores[index], as: .implicit, of: solution)
    }
    run.emit(
      Score(
        kind: .implicit, path: solution.path, value: assessment(reading).value ?? 0,
        terms: scores))
  }
}
