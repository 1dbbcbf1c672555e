/// A linear head on the hidden states of a transformer: v = w · h + b for each target.
///
/// What v means is the caller's: a value (Schulman et al. 2017), or the logit of a judgement. It
/// starts as 0 everywhere, learns by its own AdamW, and gives the slopes that make the transformer
/// below it learn, too.
public struct ValueHead: Sendable, Hashable {
  /// All that a head is and that its optimizer remembers, as a checkpoint keeps it.
  public struct Numbers: Sendable, Hashable, Codable {
    /// w, and b as its last element; the same order everywhere below. [width + 1]
    public var weights: [Float]
    /// The running means of the gradient and of its square. [width + 1] each
    public var first: [Float]
    public var second: [Float]
    /// Steps of the optimizer so far.
    public var step: Int

    /// Those of a head that has not learned yet.
    public init(weights: [Float]) {
      self.weights = weights
      first = weights.map { _ in 0 }
      second = first
      step = 0
    }
  }

  /// Elements of a hidden state.
  public let width: Int
  public let settings: AdamW.Settings
  public private(set) var numbers: Numbers
  /// The gradient of the weights, which adds up until `update`. [width + 1]
  public private(set) var gradient: [Float]

  /// A head that says 0.
  ///
  /// - Parameter width: `TrainingPass.width`.
  public init(width: Int, settings: AdamW.Settings = AdamW.Settings()) {
    self.width = width
    self.settings = settings
    let zeros = Array(repeating: Float(0), count: width + 1)
    numbers = Numbers(weights: zeros)
    gradient = zeros
  }

  /// Goes back to what `numbers` was once.
  ///
  /// - Returns: whether they are of a head of this width; otherwise nothing has changed.
  public mutating func restore(_ numbers: Numbers) -> Bool {
    let counts = [numbers.weights.count, numbers.first.count, numbers.second.count]
    guard counts.allSatisfy({ $0 == width + 1 }), numbers.step >= 0 else { return false }
    self.numbers = numbers
    clearGradient()
    return true
  }

  /// - Parameter states: `TrainingPass.Outcome.states`. [targets, width]
  /// - Returns: what the head says of each. [targets]
  public func values(_ states: [Float]) -> [Float] {
    (0..<states.count / max(1, width)).map { target in
      var sum = Double(numbers.weights[width])
      for i in 0..<width { sum += Double(numbers.weights[i]) * Double(states[target * width + i]) }
      return Float(sum)
    }
  }

  /// Adds to the gradient.
  ///
  /// - Parameters:
  ///   - states: what `values` read. [targets, width]
  ///   - slopes: the loss's derivative by each value. [targets]
  /// - Returns: its derivative by the states, for `TrainingPass.backward`. [targets, width]
  public mutating func backward(_ states: [Float], slopes: [Float]) -> [Float] {
    precondition(states.count == slopes.count * width, "a state for each slope")
    var stateSlopes = Array(repeating: Float(0), count: states.count)
    var sums = gradient.map(Double.init)
    for (target, slope) in slopes.enumerated() where slope != 0 {
      let place = target * width
      for i in 0..<width {
        sums[i] += Double(slope) * Double(states[place + i])
        stateSlopes[place + i] = slope * numbers.weights[i]
      }
      sums[width] += Double(slope)
    }
    gradient = sums.map { Float($0) }
    return stateSlopes
  }

  /// The Euclidean norm of the gradient.
  public var gradientNorm: Double {
    gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  public mutating func clearGradient() { gradient = gradient.map { _ in 0 } }

  /// Takes a step of AdamW (Loshchilov & Hutter 2019, algorithm 2) along the gradient, and clears
  /// it. b has no weight decay.
  ///
  /// - Parameters:
  ///   - rate: the learning rate.
  ///   - scale: multiplies the gradient: what clipping leaves of it.
  public mutating func update(rate: Double, scale: Double = 1) {
    numbers.step += 1
    func power(_ base: Float) -> Double {
      (0..<numbers.step).reduce(1.0) { product, _ in product * Double(base) }
    }
    let (beta1, beta2) = (Double(settings.beta1), Double(settings.beta2))
    let (correction1, correction2) = (1 - power(settings.beta1), 1 - power(settings.beta2))
    for i in 0...width {
      let slope = Double(gradient[i]) * scale
      let first = beta1 * Double(numbers.first[i]) + (1 - beta1) * slope
      let second = beta2 * Double(numbers.second[i]) + (1 - beta2) * slope * slope
      (numbers.first[i], numbers.second[i]) = (Float(first), Float(second))
      let decay = i < width ? rate * Double(settings.decay) : 0
      let step =
        first / correction1
        / ((second / correction2).squareRoot() + Double(settings.epsilon))
      numbers.weights[i] = Float(Double(numbers.weights[i]) * (1 - decay) - rate * step)
    }
    clearGradient()
  }
}
