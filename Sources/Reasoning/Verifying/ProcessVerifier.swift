import Decoding
import Problems
import Traces

/// A verifier that judges steps: a search has it read only what is new.
protocol ProcessVerifier: Verifier {
  /// Judges the steps of solutions that have not been judged yet, all in one batch, and leaves
  /// `score` events. Reading on costs only what is new, and gives to the bit what reading anew
  /// would give.
  ///
  /// - Parameters:
  ///   - solutions: finished or not; a solution that goes on must do so behind a whole step.
  ///   - known: how far each of them has been read.
  func read(
    _ solutions: [CandidateSolution], after known: [StepReading], in run: Run
  ) async throws -> [StepReading]

  /// What a reading comes to.
  func assessment(_ reading: StepReading) -> Assessment
}

/// How far a process verifier has read a solution.
struct StepReading: Sendable, Hashable {
  /// The score of each step that has been judged.
  var scores: [Double] = []
  /// The place of the last step's verdict; nil before the first, and where steps have none.
  var place: ReviewPlace?
  /// Whether every step could be judged; otherwise there is no score.
  var isWhole = true
  /// The tokens that were read, by a verifier that scores each of them, and log p of each.
  var tokens: [TokenID] = []
  var logs: [Double] = []
  /// Σ log p under the model that wrote it.
  var ownLogProbability = 0.0
}

extension Run {
  /// Tells of a step's score at the step's own place in the path, for views of that path.
  func tell(
    _ step: SolutionStep, _ score: Double, as kind: Score.Kind, of solution: CandidateSolution
  ) {
    guard let (first, last) = nodes(of: step.bytes, in: solution) else { return }
    emit(Span(kind: .step, path: solution.path, first: first, last: last))
    emit(Score(kind: kind, path: solution.path, node: last, value: score))
  }
}
