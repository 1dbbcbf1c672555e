import CKernels
import Decoding
import Engine

/// Measures how fast a model is trained on this machine: forward, backward, and a step of AdamW.
///
/// Texts are of arbitrary tokens, since none of the work depends on which they are; every token of
/// them is learned. One untimed round comes first, in which memory is taken.
public struct TrainingBenchmark: Sendable {
  /// Tokens of a batch.
  public var tokens: Int
  /// Tokens of each text.
  public var length: Int
  /// Timed rounds.
  public var rounds: Int

  public init(tokens: Int = 4096, length: Int = 128, rounds: Int = 3) {
    self.tokens = tokens
    self.length = length
    self.rounds = rounds
  }

  /// What a part of training takes.
  public struct Measurement: Sendable, Hashable {
    /// `forward`, `backward`, `optimizer`, or `training` for all of them.
    public var part: String
    /// The median over all rounds.
    public var tokensPerSecond: Double
    /// The slowest and the fastest round.
    public var slowest: Double
    public var fastest: Double
    /// Additions and multiplications a second that the mathematics asks for; nil for the optimizer,
    /// which waits for memory.
    public var operationsPerSecond: Double?
    /// The same as a share of what the threads can do at most with multiplications that are added.
    public var peakShare: Double?
  }

  /// The parts of training in their order, all of them together last.
  ///
  /// - Parameter progress: told how many rounds are done, and of how many.
  /// - Throws: `ModelError`.
  public func run(
    _ pass: TrainingPass, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> [Measurement] {
    let rows = texts(vocabulary: pass.configuration.vocabularySize)
    let optimizer = try AdamW(pass.weights)
    let clock = ContinuousClock()
    var times: [[Double]] = []
    var peak = Self.peak(pass.compute)
    for round in 0...max(1, rounds) {
      progress(round, max(1, rounds) + 1)
      var slopes: [Float] = []
      let forward = try clock.measure {
        let outcome = try pass.forward(rows)
        slopes = outcome.logProbabilities.map { _ in -1 / Float(rows.count) }
      }
      let backward = try clock.measure { try pass.backward(slopes: slopes) }
      let update = clock.measure {
        let norm = pass.gradientNorm()
        optimizer.update(pass, rate: 1e-4, scale: norm > 1 ? Float(1 / norm) : 1)
        pass.clearGradients()
      }
      let parts = [forward, backward, update].map { $0 / .seconds(1) }
      if round > 0 { times.append(parts + [parts.reduce(0, +)]) }
    }
    // Once more: what else ran on the machine at the beginning may be over.
    peak = max(peak, Self.peak(pass.compute))
    let operations = operations(pass.configuration)
    return ["forward", "backward", "optimizer", "training"].enumerated().map { index, part in
      let seconds = times.map { $0[index] }.sorted()
      let middle = (seconds[(seconds.count - 1) / 2] + seconds[seconds.count / 2]) / 2
      let rate = [operations / 3, operations * 2 / 3, nil, operations][index].map { $0 / middle }
      return Measurement(
        part: part, tokensPerSecond: Double(rows.count) / middle,
        slowest: Double(rows.count) / (seconds.last ?? middle),
        fastest: Double(rows.count) / (seconds.first ?? middle), operationsPerSecond: rate,
        peakShare: rate.map { $0 / peak })
    }
  }

  private func texts(vocabulary: Int) -> PackedRows {
    var rows = PackedRows()
    let length = max(2, length)
    for text in 0..<max(1, tokens / length) {
      let tokens = (0...length).map { TokenID((text * 31 + $0 * ($0 + 7)) % vocabulary) }
      rows.add(prompt: [tokens[0]], continuations: [Array(tokens.dropFirst())])
    }
    return rows
  }

  /// Additions and multiplications of a round: two for each weight of a matrix and each row, forward,
  /// by the input and by the weight; the same for the two products of attention, over what a row
  /// sees.
  private func operations(_ configuration: ModelConfiguration) -> Double {
    let plan = ActivationPlan(configuration, lanes: 1)
    let texts = max(1, tokens / max(2, length))
    let rows = Double(texts * max(2, length))
    let pairs = rows * Double(max(2, length) + 1) / 2
    let attention = 2 * pairs * Double(plan.heads * configuration.layerCount)
    return 3 * 2 * (Double(plan.multiplied) * rows + attention)
  }

  /// Additions and multiplications a second that the threads can do at most.
  private static func peak(_ compute: LayerCompute) -> Double {
    let (threads, rounds) = (compute.pool.threadCount, 2_000_000)
    let best =
      (0..<5).map { _ in
        ContinuousClock().measure {
          compute.pool.run(chunks: threads) { _, _ in
            _ = compute.training.multiply_adds(rounds)
          }
        } / .seconds(1)
      }.min() ?? 1
    return Double(threads * rounds * 2 * Int(CK_CHAINS) * compute.lanes) / best
  }
}
