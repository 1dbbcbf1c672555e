import CKernels

/// A layer that brings tokens together by a state: what it puts out at a token depends on the
/// token and on the state that the token before has left.
///
/// A further kind (Mamba 2, Dao & Gu 2024, say) is one more conforming type and a case of
/// `ModelConfiguration.Recurrence.Kind`; what its state holds is its own affair. It computes a
/// token from `from` to `to` of each step of `ForwardPass.states`, in the order of the steps, and
/// may divide the work by heads and channels, never by tokens: then a state is the same to the bit
/// however a text was cut, forked and computed together with others.
protocol RecurrentBlock {
  /// The width of what `mix` returns.
  var mixedWidth: Int { get }

  /// Takes all rows of a pass through the states.
  ///
  /// - Parameter x: `[rows, width]`.
  /// - Returns: `[rows, mixedWidth]`, in the workspace.
  func mix(
    _ pass: ForwardPass, _ x: Compute.Floats, in space: inout Workspace
  ) throws(ModelError) -> Activations

  /// Adds what `mix` returned, projected, to the residual stream.
  ///
  /// - Parameter mixed: only the first `rows`.
  func add(
    _ mixed: Activations, to x: Compute.Floats, rows: Int, compute: Compute,
    in space: inout Workspace
  ) throws(ModelError)
}

/// What a step of a pass does to one layer's part of a state.
struct StateStep {
  let row: Int
  /// nil before the first token of a text, as if all were zero.
  let from: UnsafePointer<Float>?
  /// May be `from`.
  let to: UnsafeMutablePointer<Float>
}

/// A causal convolution of each channel by itself. It remembers the last inputs,
/// `[length − 1, channels]`, the oldest first.
struct CausalConvolution {
  let channels: Int
  let length: Int
  /// Puts out silu of its sums.
  private let activates: Bool
  /// [length, channels]
  private let weights: Vector

  /// Channels that a thread takes at a time.
  private static let chunk = 64

  /// - Parameter name: of a tensor `[channels, length]`.
  init(
    _ name: String, channels: Int, length: Int, activates: Bool, weights loader: WeightLoader
  ) throws(ModelError) {
    self.channels = channels
    self.length = length
    self.activates = activates
    let tensor = try loader.tensor(name, inputs: length, outputs: channels)
    let rows = try loader.vector(rows: (0..<channels).map { (tensor, $0) })
    let memory = try AlignedMemory(byteCount: channels * length * MemoryLayout<Float>.stride)
    weights = Vector(count: channels * length, memory: memory)
    for channel in 0..<channels {
      for tap in 0..<length {
        weights.values[tap * channels + channel] = rows.values[channel * length + tap]
      }
    }
  }

  static func stateSize(channels: Int, length: Int) -> Int { (length - 1) * channels }

  /// Calls a body for chunks of channels on all threads.
  ///
  /// - Parameter rows: for how many rows a call works.
  func divide(_ pass: ForwardPass, _ body: (Range<Int>) -> Void) {
    let count = (channels + Self.chunk - 1) / Self.chunk
    let cost = Double(pass.rowCount * Self.chunk * length) * 0.3
    pass.compute.pool.run(count: count, nanoseconds: cost) { range, _ in
      body(range.lowerBound * Self.chunk..<min(channels, range.upperBound * Self.chunk))
    }
  }

  /// Takes some channels of one row on.
  ///
  /// - Parameters:
  ///   - x: `[channels]`.
  ///   - out: `[channels]`.
  func apply(
    _ step: StateStep, x: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
    channels range: Range<Int>, kernels: UnsafePointer<ck_kernels>
  ) {
    var job = ck_convolution(
      from: step.from, to: step.to, x: x, weights: weights.values, out: out, channels: channels,
      taps: length, silu: activates)
    kernels.pointee.convolve(&job, range.lowerBound, range.upperBound)
  }
}
