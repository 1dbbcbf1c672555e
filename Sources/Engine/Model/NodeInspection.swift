import CKernels
import Decoding

/// What a model computes inside at one node.
struct NodeInspection: Sendable {
  /// The residual stream: the token's embedding, then what each layer leaves.
  /// [layers + 1][width]
  let hiddenStates: [[Float]]
  /// How much each head looks at each position of the path, the node's own the last; sums to 1.
  /// [layers][heads][positions]
  let attention: [[[Float]]]
  public let distribution: TokenDistribution
}

/// Keeps what a pass of one row computes.
final class PassRecorder {
  private let configuration: ModelConfiguration
  private var hiddenStates: [[Float]] = []
  private var attention: [[[Float]]]

  init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    attention = Array(repeating: [], count: configuration.layerCount)
  }

  func inspection(distribution: TokenDistribution) -> NodeInspection {
    NodeInspection(hiddenStates: hiddenStates, attention: attention, distribution: distribution)
  }

  /// Keeps the residual stream, `[width]`.
  func recordHidden(_ x: UnsafePointer<Float>, width: Int) {
    hiddenStates.append(Array(UnsafeBufferPointer(start: x, count: width)))
  }

  /// Keeps the weights of the heads of a job that has just run and has a single query. Heads come
  /// in ascending order.
  ///
  /// The kernel leaves in its scratch memory, for each head, one over the sum of weights at the
  /// start of the head's state, and after all states the heads' weights before that division.
  func record(_ job: ck_attention, layer: Int) {
    guard job.query_count == 1, let scratch = job.scratch, let lengths = job.lengths else { return }
    let padding = Int(CK_HEAD_PADDING)
    let stateSize = padding + (job.head_size + padding - 1) / padding * padding
    let length = Int(lengths[0])
    let first = job.window > 0 ? max(0, length - job.window) : 0
    for head in 0..<job.group {
      let scores = scratch + job.group * stateSize + head * job.positions
      let factor = scratch[head * stateSize]
      attention[layer].append((0..<length).map { $0 < first ? 0 : scores[$0] * factor })
    }
  }
}
