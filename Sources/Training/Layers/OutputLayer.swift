import CKernels
import Decoding
import Engine

/// The last norm and the projection to logits, for the rows that are asked for their next token.
///
/// With p = softmax(logits): ∂ log p(t) / ∂ logit i = [i = t] − p(i), and for the entropy H of a row
/// ∂ H / ∂ logit i = −p(i) (log p(i) + H).
struct OutputLayer {
  let vocabularySize: Int
  private let norm: NormLayer
  private let projection: LinearLayer

  /// The residual stream of the rows that are asked, and the same normed. [asked, width]
  private let input: Activations
  private let normed: Activations
  /// The gradient of `normed`. [asked, width]
  private let dnormed: Activations
  /// `normed` in groups of columns. [asked, width]
  private let grouped: Activations
  /// The norm's gradients by block of rows. [blocks, width]
  private let shares: Activations
  /// Logits, and in the backward pass their gradient. [asked or `chunkRows`, vocabulary]
  private let logits: Activations
  /// The logits are those of the last forward pass, of all rows.
  private var holdsLogits = false
  /// The logarithm of the sum of e^logit of each row, and its entropy.
  private var sums: [Float] = []
  private var entropies: [Float] = []
  /// The rows that are asked, ascending, and for each where its targets are in `order`.
  private var rows: [Int] = []
  private var order: [Int] = []
  private var starts: [Int] = []
  /// What logits are multiplied by: 1 / temperature.
  private var inverseTemperature: Float = 1

  /// Logits that are held at once.
  static let chunkLogits = 16 << 20

  init(norm: NormLayer, projection: LinearLayer, _ compute: LayerCompute) throws(ModelError) {
    self.norm = norm
    self.projection = projection
    vocabularySize = projection.outputs
    input = try Activations(width: norm.width)
    normed = try Activations(width: norm.width)
    dnormed = try Activations(width: norm.width)
    grouped = try Activations(width: compute.padded(norm.width))
    shares = try Activations(width: norm.width)
    logits = try Activations(width: vocabularySize)
  }

  /// Rows whose logits are held at once.
  static func chunkRows(vocabulary: Int) -> Int { max(1, chunkLogits / max(1, vocabulary)) }

  /// All memory that has been reserved.
  var byteCount: Int {
    [input, normed, dnormed, grouped, shares, logits].reduce(0) { $0 + $1.byteCount }
  }

  func packing(_ compute: LayerCompute) -> LayerCompute.Loop { projection.packing(compute) }

  /// Takes over who is asked what, and makes room.
  mutating func prepare(_ packed: PackedRows) throws(ModelError) {
    sort(packed)
    inverseTemperature = 1 / packed.temperature
    holdsLogits = false
    for buffer in [input, normed, dnormed, grouped] { try buffer.reserve(rows.count) }
    try shares.reserve(LayerCompute.blocks(rows.count))
    try logits.reserve(min(rows.count, Self.chunkRows(vocabulary: vocabularySize)))
    sums = Array(repeating: 0, count: rows.count)
    entropies = sums
  }

  /// - Parameters:
  ///   - x: the residual stream after the last layer. `[rows, width]`
  ///   - givesLogits: whether the outcome is to have them.
  ///   - outcome: gets all that is told of the targets but their states.
  mutating func forward(
    _ x: Activations, _ targets: [PackedRows.Target], givesLogits: Bool,
    to outcome: inout TrainingPass.Outcome, _ compute: LayerCompute
  ) {
    outcome.logProbabilities = Array(repeating: 0, count: targets.count)
    outcome.entropies = outcome.logProbabilities
    if givesLogits {
      outcome.logits = Array(repeating: 0, count: targets.count * vocabularySize)
    }
    var (sums, told) = (self.sums, self.entropies)
    sums.withUnsafeMutableBufferPointer { sums in
      told.withUnsafeMutableBufferPointer { told in
        guard let sums = Shared(sums), let told = Shared(told) else { return }
        eachChunk { chunk in
          compute.eachBlock(of: chunk.count) { block, _ in
            let places = chunk.lowerBound + block.lowerBound..<chunk.lowerBound + block.upperBound
            project(places, x, to: logits[block.lowerBound], compute)
            for place in places {
              compute.training.softmax_sums(
                logits[place - chunk.lowerBound], vocabularySize, sums.start + place,
                told.start + place)
            }
          }
          eachTarget(chunk) { place, index in
            let line = logits[place - chunk.lowerBound]
            outcome.logProbabilities[index] =
              line[Int(targets[index].token)] - sums.start[place]
            outcome.entropies[index] = told.start[place]
            if givesLogits { copy(line, to: &outcome.logits, index) }
          }
        }
      }
    }
    (self.sums, self.entropies) = (sums, told)
    holdsLogits = rows.count <= Self.chunkRows(vocabulary: vocabularySize)
  }

  private func copy(_ line: Floats, to logits: inout [Float], _ index: Int) {
    logits.withUnsafeMutableBufferPointer { logits in
      guard let start = logits.baseAddress else { return }
      (start + index * vocabularySize).update(from: line, count: vocabularySize)
    }
  }

  private func project(
    _ places: Range<Int>, _ x: Activations, to logits: Floats, _ compute: LayerCompute
  ) {
    for place in places {
      input[place].update(from: x[rows[place]], count: norm.width)
    }
    let h = normed[places.lowerBound]
    norm.forward(input[places.lowerBound], to: h, rows: places.count, compute)
    project(h, to: logits, rows: places.count, compute)
  }

  /// Logits of normed states, divided by the temperature.
  private func project(_ h: Floats, to logits: Floats, rows: Int, _ compute: LayerCompute) {
    projection.forward(h, to: logits, rows: rows, compute)
    divide(logits, rows: rows, compute)
  }

  /// Divides logits, or their gradient, by the temperature.
  private func divide(_ logits: Floats, rows: Int, _ compute: LayerCompute) {
    guard inverseTemperature != 1 else { return }
    var factor = inverseTemperature
    compute.training.scale_rows(
      logits, 1, rows * vocabularySize, rows * vocabularySize, &factor)
  }

  /// What an objective says of the outcome; see `TrainingPass.backward`.
  struct Slopes {
    var logProbabilities: [Float]
    var entropies: [Float]?
    var states: [Float]?
    var logits: [Float]?
  }

  /// Adds to the gradients of the weights, and writes that of the residual stream.
  ///
  /// - Parameter dx: `[rows, width]`.
  mutating func backward(
    _ targets: [PackedRows.Target], _ slopes: Slopes, to dx: Activations, rows all: Int,
    _ compute: LayerCompute
  ) {
    compute.eachBlock(of: all) { block, _ in
      dx[block.lowerBound].update(repeating: 0, count: block.count * norm.width)
    }
    eachChunk { chunk in
      compute.eachBlock(of: chunk.count) { block, _ in
        let places = chunk.lowerBound + block.lowerBound..<chunk.lowerBound + block.upperBound
        let (h, dh, d) = (
          normed[places.lowerBound], dnormed[places.lowerBound], logits[block.lowerBound]
        )
        if !holdsLogits { project(h, to: d, rows: block.count, compute) }
        differentiate(places, targets, slopes, d, compute)
        divide(d, rows: block.count, compute)
        projection.backward(dy: d, to: dh, rows: block.count, compute)
        compute.group(h, columns: norm.width, rows: block, of: chunk.count, to: grouped.start)
        if let states = slopes.states { add(states, places) }
      }
      compute.run([
        projection.gradient(x: grouped.start, dy: logits.start, rows: chunk.count, compute)
      ])
    }
    holdsLogits = false
    compute.eachBlock(of: rows.count) { block, _ in
      let share = shares[block.lowerBound / LayerCompute.blockRows]
      share.update(repeating: 0, count: norm.width)
      for place in block {
        let to = dx[rows[place]]
        norm.backward(
          input[place], dy: dnormed[place], base: to, to: to, dweight: share, rows: 1, compute)
      }
    }
    compute.run([norm.gradient(shares, blocks: LayerCompute.blocks(rows.count), compute)])
  }

  /// The gradient of the logits of some rows, in their place.
  private func differentiate(
    _ places: Range<Int>, _ targets: [PackedRows.Target], _ slopes: Slopes, _ logits: Floats,
    _ compute: LayerCompute
  ) {
    for place in places {
      let line = logits + (place - places.lowerBound) * vocabularySize
      let asked = order[starts[place]..<starts[place + 1]]
      let slope = asked.reduce(Float(0)) { $0 + slopes.logProbabilities[$1] }
      let entropySlope = slopes.entropies.map { all in asked.reduce(Float(0)) { $0 + all[$1] } }
      compute.training.softmax_slopes(
        line, line, vocabularySize, sums[place], entropies[place], slope, entropySlope ?? 0)
      for index in asked {
        line[Int(targets[index].token)] += slopes.logProbabilities[index]
        slopes.logits?.withUnsafeBufferPointer { all in
          guard let start = all.baseAddress else { return }
          compute.kernels.pointee.add_scaled(
            start + index * vocabularySize, line, vocabularySize, 1)
        }
      }
    }
  }

  private func add(_ stateSlopes: [Float], _ places: Range<Int>) {
    eachTarget(places) { place, index in
      let dh = dnormed[place]
      for i in 0..<norm.width { dh[i] += stateSlopes[index * norm.width + i] }
    }
  }

  /// The normed state that each target was told from. `[targets, width]`
  func states(_ targets: [PackedRows.Target]) -> [Float] {
    let width = norm.width
    var states = Array(repeating: Float(0), count: targets.count * width)
    states.withUnsafeMutableBufferPointer { states in
      guard let start = states.baseAddress else { return }
      eachTarget(rows.indices) { place, index in
        (start + index * width).update(from: normed[place], count: width)
      }
    }
    return states
  }

  // MARK: Rows that are asked

  /// Groups targets by their rows.
  private mutating func sort(_ packed: PackedRows) {
    var counts = Array(repeating: 0, count: packed.count)
    for target in packed.targets { counts[target.row] += 1 }
    rows = []
    starts = [0]
    var next = Array(repeating: 0, count: packed.count)
    for (row, count) in counts.enumerated() where count > 0 {
      rows.append(row)
      next[row] = starts[rows.count - 1]
      starts.append(next[row] + count)
    }
    order = Array(repeating: 0, count: packed.targets.count)
    for (index, target) in packed.targets.enumerated() {
      order[next[target.row]] = index
      next[target.row] += 1
    }
  }

  /// Each target, with the place of its row among those that are asked.
  private func eachTarget(_ places: Range<Int>, _ body: (_ place: Int, _ index: Int) -> Void) {
    for place in places {
      for index in order[starts[place]..<starts[place + 1]] { body(place, index) }
    }
  }

  /// Rows whose logits are held at once.
  private func eachChunk(_ body: (Range<Int>) -> Void) {
    let size = Self.chunkRows(vocabulary: vocabularySize)
    for start in stride(from: 0, to: rows.count, by: size) {
      body(start..<min(rows.count, start + size))
    }
  }
}

/// Lets threads write to different elements of a buffer.
private struct Shared: @unchecked Sendable {
  let start: UnsafeMutablePointer<Float>

  /// - Parameter buffer: not empty.
  init?(_ buffer: UnsafeMutableBufferPointer<Float>) {
    guard let start = buffer.baseAddress else { return nil }
    self.start = start
  }
}
