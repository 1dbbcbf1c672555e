import CKernels
public import Engine

/// AdamW (Loshchilov & Hutter 2019, algorithm 2): Adam with decoupled weight decay.
public final class AdamW: Optimizer {
  public struct Settings: OptimizerSettings, Hashable {
    public var beta1: Float = 0.9
    public var beta2: Float = 0.95
    public var epsilon: Float = 1e-8
    /// Matrices lose this share of themselves times the rate at each step; norms do not.
    public var decay: Float = 0

    public init() {}

    public func optimizer(of weights: TrainableWeights) throws(ModelError) -> any Optimizer {
      try AdamW(weights, self)
    }
  }

  public let name = "AdamW"
  public let settings: Settings
  public var step = 0
  /// What is trained, and where its moments begin.
  private let parameters: [(parameter: TrainableWeights.Parameter, place: Int)]
  /// The running moments. [2, count]
  private let memory: AlignedMemory
  private let count: Int

  /// - Throws: `ModelError.outOfMemory`.
  public convenience init(
    _ weights: TrainableWeights, _ settings: Settings = Settings()
  ) throws(ModelError) {
    try self.init(settings, parameters: weights.parameters)
  }

  /// - Parameter parameters: what is trained; all other weights stay.
  init(_ settings: Settings, parameters: [TrainableWeights.Parameter]) throws(ModelError) {
    self.settings = settings
    var places: [(parameter: TrainableWeights.Parameter, place: Int)] = []
    var count = 0
    for parameter in parameters {
      places.append((parameter, count))
      count += parameter.count
    }
    self.parameters = places
    self.count = count
    memory = try AlignedMemory(byteCount: 2 * count * MemoryLayout<Float>.stride)
  }

  private var first: Floats { memory.start.assumingMemoryBound(to: Float.self) }
  private var second: Floats { first + count }

  public var moments: [OptimizerMoment] {
    parameters.flatMap { parameter, place in
      [
        OptimizerMoment("m", of: parameter, first + place),
        OptimizerMoment("v", of: parameter, second + place),
      ]
    }
  }

  public func update(_ pass: TrainingPass, rate: Double, scale: Float = 1) {
    step += 1
    let kernel = pass.compute.training.adamw
    var numbers = ck_adamw(
      rate: Float(rate), beta1: settings.beta1, beta2: settings.beta2, epsilon: settings.epsilon,
      decay: 0, correction1: 1 / (1 - power(settings.beta1)),
      correction2: 1 / (1 - power(settings.beta2)), scale: scale)
    for (parameter, place) in parameters {
      numbers.decay = parameter.isMatrix ? settings.decay : 0
      kernel?(
        pass.weights.values + parameter.offset, pass.gradients + parameter.offset, first + place,
        second + place, parameter.count, &numbers)
    }
    pass.weights.changed()
  }

  /// base^step.
  private func power(_ base: Float) -> Float {
    Float((0..<step).reduce(1.0) { product, _ in product * Double(base) })
  }
}
