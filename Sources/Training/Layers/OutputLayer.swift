import CKernels
import Decoding
import Engine
import Foundation

/// The last norm and the projection to logits, for the rows that are asked for their next token.
///
/// With p = softmax(logits): ∂ log p(t) / ∂ logit i = [i = t] − p(i), and for the entropy H of a row
/// ∂ H / ∂ logit i = −p(i) (log p(i) + H).
struct OutputLayer {
  let vocabularySize: Int
  private var norm: NormLayer
  private var projection: LinearLayer

  /// What the backward pass reads.
  private let input = FloatBuffer()
  private let normed = FloatBuffer()
  private let logits = FloatBuffer()
  private var sums: [Float] = []
  private var entropies: [Float] = []
  /// The rows that are asked, ascending, and for each where its targets are in `order`.
  private var rows: [Int] = []
  private var order: [Int] = []
  private var starts: [Int] = []

  private let dlogits = FloatBuffer()
  private let dnormed = FloatBuffer()
  private let dinput = FloatBuffer()

  /// Logits that are held at once.
  private static let chunkLogits = 4 << 20

  init(norm: NormLayer, projection: LinearLayer) {
    self.norm = norm
    self.projection = projection
    vocabularySize = projection.outputs
  }

  private var chunkRows: Int { max(1, Self.chunkLogits / vocabularySize) }
  /// All logits fit, so that the backward pass finds them as the forward pass left them.
  private var keepsLogits: Bool { rows.count <= chunkRows }

  /// - Parameters:
  ///   - x: the residual stream after the last layer. `[rows, width]`
  ///   - logProbabilities: of the targets. `[targets]`
  ///   - entropies: of what each target's row says. `[targets]`
  mutating func forward(
    _ x: Floats, targets: [PackedRows.Target], logProbabilities: inout [Float],
    entropies: inout [Float], version: UInt64, _ compute: LayerCompute
  ) throws(ModelError) {
    sort(targets)
    let width = norm.width
    let gathered = try input.reserve(rows.count * width)
    for (place, row) in rows.enumerated() {
      (gathered + place * width).update(from: x + row * width, count: width)
    }
    let h = try normed.reserve(rows.count * width)
    norm.forward(gathered, to: h, rows: rows.count, compute)
    sums = Array(repeating: 0, count: rows.count)
    self.entropies = sums
    logProbabilities = Array(repeating: 0, count: targets.count)
    entropies = logProbabilities
    for start in stride(from: 0, to: rows.count, by: chunkRows) {
      let chunk = start..<min(rows.count, start + chunkRows)
      let logits = try project(chunk, version: version, compute)
      measure(chunk, logits, compute)
      for place in chunk {
        for index in order[starts[place]..<starts[place + 1]] {
          let logit = logits[(place - start) * vocabularySize + Int(targets[index].token)]
          logProbabilities[index] = logit - sums[place]
          entropies[index] = self.entropies[place]
        }
      }
    }
  }

  /// Adds to the gradients of the weights and of the residual stream.
  ///
  /// - Parameters:
  ///   - slopes: the loss's derivative by the log probability of each target. `[targets]`
  ///   - entropySlopes: by the entropy that it was told with; nil for none. `[targets]`
  ///   - stateSlopes: by the state that it was told with; nil for none. `[targets, width]`
  ///   - dx: `[rows, width]`, added to.
  mutating func backward(
    _ targets: [PackedRows.Target], slopes: [Float], entropySlopes: [Float]?,
    stateSlopes: [Float]?, dx: Floats,
    version: UInt64, _ compute: LayerCompute, in space: FloatBuffer
  ) throws(ModelError) {
    let width = norm.width
    let h = try normed.reserve(rows.count * width)
    let dh = try dnormed.reserve(rows.count * width)
    for start in stride(from: 0, to: rows.count, by: chunkRows) {
      let chunk = start..<min(rows.count, start + chunkRows)
      let kept = keepsLogits
      let logits =
        kept
        ? try self.logits.reserve(chunk.count * vocabularySize)
        : try project(chunk, version: version, compute)
      let d = try dlogits.reserve(chunk.count * vocabularySize)
      differentiate(
        chunk, logits, targets, slopes: slopes, entropySlopes: entropySlopes, to: d, compute)
      projection.backward(
        h + start * width, dy: d, dx: dh + start * width, rows: chunk.count, compute)
    }
    if let stateSlopes { add(stateSlopes, to: dh) }
    let gathered = try input.reserve(rows.count * width)
    let dgathered = try dinput.reserve(rows.count * width)
    dgathered.update(repeating: 0, count: rows.count * width)
    try norm.backward(
      gathered, dy: dh, dx: dgathered, rows: rows.count, compute, in: space)
    for (place, row) in rows.enumerated() {
      compute.kernels.pointee.add_scaled(dgathered + place * width, dx + row * width, width, 1)
    }
  }

  /// The normed state that each target was told from. `[targets, width]`
  func states(_ targets: [PackedRows.Target]) throws(ModelError) -> [Float] {
    let width = norm.width
    let h = try normed.reserve(rows.count * width)
    var states = Array(repeating: Float(0), count: targets.count * width)
    states.withUnsafeMutableBufferPointer { states in
      guard let start = states.baseAddress else { return }
      eachTarget { place, index in
        (start + index * width).update(from: h + place * width, count: width)
      }
    }
    return states
  }

  private func add(_ stateSlopes: [Float], to dh: Floats) {
    let width = norm.width
    eachTarget { place, index in
      for i in 0..<width { dh[place * width + i] += stateSlopes[index * width + i] }
    }
  }

  /// Each target, with the place of its row among those that are asked.
  private func eachTarget(_ body: (_ place: Int, _ index: Int) -> Void) {
    for place in rows.indices {
      for index in order[starts[place]..<starts[place + 1]] { body(place, index) }
    }
  }

  /// Groups targets by their rows.
  private mutating func sort(_ targets: [PackedRows.Target]) {
    order = targets.indices.sorted { (targets[$0].row, $0) < (targets[$1].row, $1) }
    rows = []
    starts = []
    for (place, index) in order.enumerated() where rows.last != targets[index].row {
      rows.append(targets[index].row)
      starts.append(place)
    }
    starts.append(order.count)
  }

  private mutating func project(
    _ chunk: Range<Int>, version: UInt64, _ compute: LayerCompute
  ) throws(ModelError) -> Floats {
    let out = try logits.reserve(chunk.count * vocabularySize)
    let h = try normed.reserve(rows.count * norm.width) + chunk.lowerBound * norm.width
    try projection.forward(
      h, to: out, rows: chunk.count, accumulate: false, version: version, compute)
    return out
  }

  /// Each row's logarithm of the sum of exponentials, and its entropy.
  private mutating func measure(_ chunk: Range<Int>, _ logits: Floats, _ compute: LayerCompute) {
    let size = vocabularySize
    var (sums, entropies) = (self.sums, self.entropies)
    sums.withUnsafeMutableBufferPointer { sums in
      entropies.withUnsafeMutableBufferPointer { entropies in
        let (sums, entropies) = (Shared(sums), Shared(entropies))
        compute.pool.run(count: chunk.count, nanoseconds: Double(size) * 2) { range, _ in
          for row in range {
            let line = logits + row * size
            let sum = compute.kernels.pointee.log_sum_exp(line, size)
            sums.buffer[chunk.lowerBound + row] = Float(sum)
            entropies.buffer[chunk.lowerBound + row] = entropy(line, sum: sum)
          }
        }
      }
    }
    (self.sums, self.entropies) = (sums, entropies)
  }

  /// −Σ p log p = sum − Σ p logit.
  private func entropy(_ logits: Floats, sum: Double) -> Float {
    var mean = 0.0
    for i in 0..<vocabularySize {
      let below = Double(logits[i]) - sum
      // What is left out is less than 10⁻¹¹ of a nat.
      if below > -30 { mean += exp(below) * below }
    }
    return Float(-mean)
  }

  private func differentiate(
    _ chunk: Range<Int>, _ logits: Floats, _ targets: [PackedRows.Target], slopes: [Float],
    entropySlopes: [Float]?, to d: Floats, _ compute: LayerCompute
  ) {
    let size = vocabularySize
    let training = compute.training
    compute.pool.run(count: chunk.count, nanoseconds: Double(size) * 1.5) { range, _ in
      for row in range {
        let place = chunk.lowerBound + row
        let (line, out) = (logits + row * size, d + row * size)
        let asked = order[starts[place]..<starts[place + 1]]
        let slope = asked.reduce(Float(0)) { $0 + slopes[$1] }
        training.scaled_exponentials?(line, out, size, sums[place], -slope)
        if let entropySlopes {
          let slope = asked.reduce(Float(0)) { $0 + entropySlopes[$1] }
          if slope != 0 { addEntropy(line, place, slope: slope, to: out) }
        }
        for index in asked { out[Int(targets[index].token)] += slopes[index] }
      }
    }
  }

  private func addEntropy(_ logits: Floats, _ place: Int, slope: Float, to d: Floats) {
    for i in 0..<vocabularySize {
      let logProbability = Double(logits[i] - sums[place])
      guard logProbability > -30 else { continue }
      d[i] -= slope * Float(exp(logProbability)) * (Float(logProbability) + entropies[place])
    }
  }
}

/// Lets threads write to different elements of a buffer.
private struct Shared: @unchecked Sendable {
  let buffer: UnsafeMutableBufferPointer<Float>
  init(_ buffer: UnsafeMutableBufferPointer<Float>) { self.buffer = buffer }
}
