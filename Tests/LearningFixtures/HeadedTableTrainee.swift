package import Decoding

@testable package import Training

/// A table whose hidden states heads can read: how long the text is, and which token it ends with.
/// States are given, so that nothing is learned through them.
package final class HeadedTableTrainee: HeadedTrainee {
  package let table: TableTrainee

  package init(_ table: TableTrainee) { self.table = table }

  package var width: Int { table.model.vocabulary.count + 1 }

  /// The hidden state after a prefix. [width]
  package func state(after prefix: [TokenID]) -> [Float] {
    var state = Array(repeating: Float(0), count: width)
    state[0] = Float(prefix.count) / 10
    if let last = prefix.last { state[1 + Int(last)] = 1 }
    return state
  }

  package func forwardWithStates(_ rows: PackedRows) -> TrainingPass.Outcome {
    var outcome = table.forward(rows)
    outcome.states = TableTrainee.asked(rows).flatMap { state(after: $0.prefix) }
    return outcome
  }

  package func backward(slopes: [Float], stateSlopes: [Float]) {
    table.backward(slopes: slopes, entropySlopes: nil)
  }

  // MARK: As the table

  package var model: any LanguageModel { table.model }
  package var modelAtStart: any LanguageModel { table.modelAtStart }
  package var parameterCount: Int { table.parameterCount }
  package var step: Int { table.step }

  package func forward(_ rows: PackedRows) -> TrainingPass.Outcome { table.forward(rows) }
  package func forwardAtStart(_ rows: PackedRows) -> TrainingPass.Outcome {
    table.forwardAtStart(rows)
  }
  package func backward(slopes: [Float], entropySlopes: [Float]?) {
    table.backward(slopes: slopes, entropySlopes: entropySlopes)
  }
  package func update(rate: Double, maxNorm: Double) throws -> Double {
    try table.update(rate: rate, maxNorm: maxNorm)
  }
  package func restart() { table.restart() }
}
