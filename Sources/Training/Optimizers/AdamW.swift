import CKernels
public import Engine

/// AdamW (Loshchilov & Hutter 2019, algorithm 2): Adam with decoupled weight decay.
public struct AdamW {
  public struct Settings: Sendable, Hashable {
    /// The learning rate.
    public var rate: Float = 1e-4
    public var beta1: Float = 0.9
    public var beta2: Float = 0.95
    public var epsilon: Float = 1e-8
    /// Matrices lose this share of themselves times the rate at each step; norms do not.
    public var decay: Float = 0

    public init() {}
  }

  public var settings: Settings
  /// Steps taken.
  public private(set) var step = 0
  /// The running moments. [weights.count] each
  private let memory: AlignedMemory
  private let count: Int

  /// - Throws: `ModelError.outOfMemory`.
  public init(_ weights: TrainableWeights, _ settings: Settings = Settings()) throws(ModelError) {
    self.settings = settings
    count = weights.count
    memory = try AlignedMemory(byteCount: 2 * count * MemoryLayout<Float>.stride)
  }

  private var first: Floats { memory.start.assumingMemoryBound(to: Float.self) }
  private var second: Floats { first + count }

  /// Takes a step along the gradients of a pass.
  ///
  /// - Parameter scale: multiplies the gradients: what clipping leaves of them.
  public mutating func update(_ pass: TrainingPass, scale: Float = 1) {
    step += 1
    let kernel = pass.kernels.pointee.training.adamw
    for parameter in pass.weights.parameters {
      var numbers = ck_adamw(
        rate: settings.rate, beta1: settings.beta1, beta2: settings.beta2,
        epsilon: settings.epsilon, decay: parameter.isMatrix ? settings.decay : 0,
        correction1: 1 / (1 - power(settings.beta1, step)),
        correction2: 1 / (1 - power(settings.beta2, step)), scale: scale)
      let place = parameter.offset
      kernel?(
        pass.weights.values + place, pass.gradients + place, first + place, second + place,
        parameter.count, &numbers)
    }
    pass.weights.changed()
  }

  private func power(_ base: Float, _ exponent: Int) -> Float {
    Float((0..<exponent).reduce(1.0) { product, _ in product * Double(base) })
  }
}
