import CKernels
public import Engine

/// Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"): the matrices
/// of the blocks move along their momentum made orthogonal, which gives all of its directions the
/// same length. AdamW moves everything else: the embedding, the output and the norms.
public final class Muon: Optimizer {
  public struct Settings: OptimizerSettings, Hashable {
    /// Of the running sum of gradients, which is looked at one step ahead (Nesterov).
    public var momentum: Float = 0.95
    /// Matrices of the blocks lose this share of themselves times the rate at each step.
    public var decay: Float = 0.1
    /// Newton–Schulz iterations.
    public var iterations = 5
    /// How AdamW moves everything else.
    public var others = AdamW.Settings()
    /// The rate of AdamW, as a share of the rate.
    public var othersShare = 0.3

    public init() {}

    public func optimizer(of weights: TrainableWeights) throws(ModelError) -> any Optimizer {
      try Muon(weights, self)
    }
  }

  public let name = "Muon"
  public let settings: Settings
  public var step = 0 {
    didSet { others.step = step }
  }
  private let others: AdamW
  /// What is made orthogonal, and where its momentum begins.
  private let matrices: [(parameter: TrainableWeights.Parameter, place: Int)]
  /// [all matrices]
  private let momentum: AlignedMemory
  /// What each thread computes in.
  private let space = FloatBuffer()

  /// - Throws: `ModelError.outOfMemory`.
  public init(
    _ weights: TrainableWeights, _ settings: Settings = Settings()
  ) throws(ModelError) {
    func isOfBlock(_ parameter: TrainableWeights.Parameter) -> Bool {
      parameter.isMatrix && parameter.rowLength > 1 && parameter.name.hasPrefix("blk.")
    }
    self.settings = settings
    others = try AdamW(settings.others, parameters: weights.parameters.filter { !isOfBlock($0) })
    var matrices: [(parameter: TrainableWeights.Parameter, place: Int)] = []
    var count = 0
    for parameter in weights.parameters where isOfBlock(parameter) {
      matrices.append((parameter, count))
      count += parameter.count
    }
    self.matrices = matrices
    momentum = try AlignedMemory(byteCount: count * MemoryLayout<Float>.stride)
  }

  private var momenta: Floats { momentum.start.assumingMemoryBound(to: Float.self) }

  public var moments: [OptimizerMoment] {
    matrices.map { OptimizerMoment("m", of: $0.parameter, momenta + $0.place) } + others.moments
  }

  public func update(_ pass: TrainingPass, rate: Double, scale: Float = 1) throws(ModelError) {
    let compute = pass.compute
    let room = matrices.map { NewtonSchulz.room($0.parameter, compute) }.max() ?? 0
    let space = try space.reserve(room * compute.pool.threadCount)
    // A matrix is one thread's, so that small ones do not wait for each other.
    compute.pool.run(chunks: matrices.count) { index, worker in
      let (parameter, place) = matrices[index]
      update(
        parameter, pass.weights.values + parameter.offset, pass.gradients + parameter.offset,
        momenta + place, rate: Float(rate), scale: scale,
        NewtonSchulz(parameter, compute, in: space + worker * room))
    }
    others.update(pass, rate: rate * settings.othersShare, scale: scale)
    step += 1
  }

  private func update(
    _ parameter: TrainableWeights.Parameter, _ weights: Floats, _ gradient: Floats,
    _ momentum: Floats, rate: Float, scale: Float, _ iteration: NewtonSchulz
  ) {
    let (keep, x) = (settings.momentum, iteration.x)
    for i in 0..<parameter.count {
      let slope = gradient[i] * scale
      momentum[i] = momentum[i] * keep + slope
      x[i] = slope + momentum[i] * keep
    }
    let direction = iteration.orthogonalize(iterations: settings.iterations)
    let (rows, columns) = (Float(parameter.rowCount), Float(parameter.rowLength))
    let (kept, length) = (1 - rate * settings.decay, -rate * max(1, rows / columns).squareRoot())
    for i in 0..<parameter.count { weights[i] = weights[i] * kept + direction[i] * length }
  }
}

/// Makes a matrix nearly orthogonal: with a matrix X = U Σ Vᵀ, X ← aX + (bA + cA²) X with A = XXᵀ
/// brings all singular values near 1 and leaves U and V as they are.
struct NewtonSchulz {
  /// The coefficients of Jordan et al., which trade exactness for speed: singular values end up
  /// between about 0.7 and 1.2.
  private static let (a, b, c): (Float, Float, Float) = (3.4445, -4.7750, 2.0315)

  /// The matrix. [rows, columns]
  let x: Floats
  private let next: Floats
  /// x packed. [rows, columns]
  private let packed: Floats
  /// A. [side, side]
  private let gram: Floats
  /// A², and then bA + cA². [side, side]
  private let square: Floats
  private let rows: Int
  private let columns: Int
  private let compute: LayerCompute

  private var side: Int { min(rows, columns) }

  /// Floats that a matrix is computed in.
  static func room(_ parameter: TrainableWeights.Parameter, _ compute: LayerCompute) -> Int {
    let (rows, columns) = (parameter.rowCount, parameter.rowLength)
    let side = min(rows, columns)
    return 2 * rows * columns + 2 * side * side
      + compute.packedCount(rows: rows, inputs: columns)
  }

  /// - Parameter space: `room` floats.
  init(_ parameter: TrainableWeights.Parameter, _ compute: LayerCompute, in space: Floats) {
    (rows, columns) = (parameter.rowCount, parameter.rowLength)
    self.compute = compute
    x = space
    next = x + rows * columns
    gram = next + rows * columns
    square = gram + min(rows, columns) * min(rows, columns)
    packed = square + min(rows, columns) * min(rows, columns)
  }

  /// Computes on the calling thread.
  ///
  /// - Returns: the nearly orthogonal matrix, which stands in the same space. [rows, columns]
  func orthogonalize(iterations: Int) -> Floats {
    let count = rows * columns
    let norm = Float(compute.training.square_sum(x, count).squareRoot())
    for i in 0..<count { x[i] /= norm + 1e-7 }
    var (x, next) = (x, next)
    for _ in 0..<iterations {
      iterate(x, to: next)
      (x, next) = (next, x)
    }
    return x
  }

  private func iterate(_ x: Floats, to y: Floats) {
    let add = compute.kernels.pointee.add_scaled
    let isWide = rows <= columns
    // A is of the shorter side: XXᵀ of a wide matrix, XᵀX of a tall one.
    if isWide {
      compute.pack(x, rows: rows, inputs: columns, stride: columns, to: packed)
      multiply(
        compute.packed(packed, inputs: columns), x, xStride: columns, to: gram, columns: side,
        outputs: side, n: columns)
    } else {
      multiply(
        compute.byRows(x, stride: columns), x, isTurned: true, xStride: columns, to: gram,
        columns: side, outputs: side, n: rows)
    }
    multiply(
      compute.byRows(gram, stride: side), gram, xStride: side, to: square, columns: side,
      outputs: side, n: side)
    for i in 0..<side * side { square[i] = Self.b * gram[i] + Self.c * square[i] }
    y.update(repeating: 0, count: rows * columns)
    add?(x, y, rows * columns, Self.a)
    if isWide {
      multiply(
        compute.byRows(x, stride: columns), square, xStride: side, to: y, columns: rows,
        outputs: columns, n: side, accumulate: true)
    } else {
      multiply(
        compute.byRows(square, stride: side), x, xStride: side, to: y, columns: rows,
        outputs: side, n: side, accumulate: true)
    }
  }

  private func multiply(
    _ w: LayerCompute.Factor, _ x: Floats, isTurned: Bool = false, xStride: Int, to y: Floats,
    columns: Int, outputs: Int, n: Int, accumulate: Bool = false
  ) {
    compute.multiply(
      .init(
        w: w, x: x, isTurned: isTurned, xStride: xStride, y: y, yStride: outputs, columns: columns,
        outputs: outputs, n: n, accumulate: accumulate),
      columns: 0..<columns)
  }
}
