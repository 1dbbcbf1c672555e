import CKernels
import Decoding

/// What a model computes inside at one node.
struct NodeInspection: Sendable {
  /// The residual stream: the token's embedding, then what each layer leaves.
  /// [layers + 1][width]
  let hiddenStates: [[Float]]
  /// The residual stream between each layer's attention and its feed-forward block.
  /// [layers][width]
  let middleStates: [[Float]]
  /// How much each head looks at each position of the path, the node's own the last; sums to 1.
  /// [layers][heads][positions]
  let attention: [[[Float]]]
  let distribution: TokenDistribution
}

/// Keeps what a pass of one row computes.
final class PassRecorder {
  private var hiddenStates: [[Float]] = []
  private var middleStates: [[Float]] = []
  private var attention: [[[Float]]]

  init(_ configuration: ModelConfiguration) {
    attention = Array(repeating: [], count: configuration.layerCount)
  }

  func inspection(distribution: TokenDistribution) -> NodeInspection {
    NodeInspection(
      hiddenStates: hiddenStates, middleStates: middleStates, attention: attention,
      distribution: distribution)
  }

  /// Keeps the residual stream behind a layer, or before the first, `[width]`.
  func recordHidden(_ x: UnsafePointer<Float>, width: Int) {
    hiddenStates.append(Array(UnsafeBufferPointer(start: x, count: width)))
  }

  /// Keeps the residual stream between the blocks of a layer, `[width]`.
  func recordMiddle(_ x: UnsafePointer<Float>, width: Int) {
    middleStates.append(Array(UnsafeBufferPointer(start: x, count: width)))
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

/// What a pass does otherwise than the model would: what it silences, and where it begins.
final class PassEdits {
  /// By layer.
  private var heads: [Int: [Int]] = [:]
  private var attention: Set<Int> = []
  private var feedForward: Set<Int> = []
  /// Not 0 for positions that no later token sees; nil where all are seen. [context]
  private let hidden: UnsafeMutableBufferPointer<UInt8>?
  private let variants: Variants?

  /// Rows that stand for one token and differ in the head that is silenced in a layer: the first row has
  /// the first of `heads` silenced.
  struct Variants {
    var layer: Int
    var heads: Range<Int>
    /// The token that all of them stand for, whatever the tree says.
    var token: TokenID
    /// The residual stream before the layer, to begin there; nil begins with the first layer.
    var residual: [Float]?
  }

  /// - Parameters:
  ///   - context: the most positions of a path.
  ///   - variants: all rows of the pass, where they are such.
  init(_ ablations: Set<Ablation>, context: Int, variants: Variants? = nil) {
    self.variants = variants
    var positions: [Int] = []
    for ablation in ablations {
      switch ablation {
      case .head(let layer, let head): heads[layer, default: []].append(head)
      case .attention(let layer): attention.insert(layer)
      case .feedForward(let layer): feedForward.insert(layer)
      case .token(let position): positions.append(position)
      }
    }
    positions.removeAll { !(0..<context).contains($0) }
    guard !positions.isEmpty else {
      hidden = nil
      return
    }
    // The kernels look at whole blocks.
    let block = KVLayout.positions
    let mask = UnsafeMutableBufferPointer<UInt8>.allocate(
      capacity: (context + block - 1) / block * block)
    mask.initialize(repeating: 0)
    for position in positions { mask[position] = 1 }
    hidden = mask
  }

  deinit { hidden?.deallocate() }

  /// How many rows a pass must have; nil where any number will do.
  var rowCount: Int? { variants?.heads.count }

  /// The token that rows stand for; nil where it is the tree's.
  var token: TokenID? { variants?.token }

  /// As the kernels read it.
  var hiddenPositions: UnsafePointer<UInt8>? { hidden.flatMap { UnsafePointer($0.baseAddress) } }

  /// Puts the residual stream of all rows to where the pass begins.
  ///
  /// - Parameter x: `[rows, width]`.
  /// - Returns: the first layer to compute.
  func restart(in x: Compute.Floats, rows: Int) -> Int {
    guard let variants, let residual = variants.residual else { return 0 }
    let width = residual.count
    for row in 0..<rows {
      for (index, value) in residual.enumerated() { x[row * width + index] = value }
    }
    return variants.layer
  }

  /// Silences heads of a layer.
  ///
  /// - Parameters:
  ///   - outputs: of the heads, `[rows, width]`.
  ///   - headSize: of one head.
  func silenceHeads(of layer: Int, in outputs: Compute.Floats, rows: Int, headSize: Int, width: Int)
  {
    func silence(_ head: Int, row: Int) {
      guard head >= 0, (head + 1) * headSize <= width else { return }
      (outputs + row * width + head * headSize).update(repeating: 0, count: headSize)
    }
    for head in heads[layer] ?? [] {
      for row in 0..<rows { silence(head, row: row) }
    }
    guard let variants, variants.layer == layer else { return }
    for (row, head) in variants.heads.enumerated() where row < rows { silence(head, row: row) }
  }

  func skipsAttention(of layer: Int) -> Bool { attention.contains(layer) }

  func skipsFeedForward(of layer: Int) -> Bool { feedForward.contains(layer) }
}
