public import Engine

/// How wide the rows of all buffers are, from which follows what a pass takes of memory.
struct ActivationPlan {
  let width: Int
  let heads: Int
  let stride: Int
  let feedForward: Int
  let groupedWidth: Int
  let groupedHeads: Int
  let groupedFeedForward: Int
  private let configuration: ModelConfiguration

  /// - Parameter lanes: of a vector, in groups of which columns stand.
  init(_ configuration: ModelConfiguration, lanes: Int) {
    self.configuration = configuration
    func padded(_ count: Int) -> Int { (count + lanes - 1) / lanes * lanes }
    width = configuration.embeddingLength
    heads = configuration.headCount * configuration.headSize
    stride = (configuration.headCount + 2 * configuration.kvHeadCount) * configuration.headSize
    feedForward = configuration.feedForwardLength
    groupedWidth = padded(width)
    groupedHeads = padded(heads)
    groupedFeedForward = padded(feedForward)
  }

  /// How many weights the model has.
  var weights: Int {
    let layer = 2 * width + (stride + heads) * width + 3 * width * feedForward
    let embeddings = configuration.vocabularySize * width
    return configuration.layerCount * layer + width
      + embeddings * (configuration.tiedEmbeddings ? 1 : 2)
  }

  /// How many weights each row is multiplied by.
  var multiplied: Int {
    configuration.layerCount * ((stride + heads) * width + 3 * width * feedForward)
      + configuration.vocabularySize * width
  }

  /// Bytes of all that has a row for each row of a pass.
  ///
  /// - Parameter isTrained: whether there is a backward pass, which reads what every layer keeps.
  func bytes(rows: Int, isTrained: Bool = true) -> Int {
    let layer =
      2 * width + stride + 2 * configuration.headCount + groupedHeads + 2 * feedForward
    let shared =
      4 * width + 2 * heads + 2 * groupedWidth + groupedFeedForward + 2 * stride + 2 * feedForward
    let output = 3 * width + groupedWidth
    let vocabulary = configuration.vocabularySize
    let layers = isTrained ? configuration.layerCount * layer + shared : layer + width + heads
    return Activations.byteCount(rows: rows, width: layers + output)
      + Activations.byteCount(
        rows: min(rows, OutputLayer.chunkRows(vocabulary: vocabulary)), width: vocabulary)
  }
}

extension TrainingPass {
  /// Bytes that training a model takes: its weights, as they stand and packed, their gradients, the
  /// two moments of AdamW, and all that a pass keeps of its rows. Without a backward pass it is the
  /// weights twice and the rows of one layer.
  ///
  /// - Parameters:
  ///   - rows: of the largest pass.
  ///   - targetsWithLogits: targets whose logits are told, and come back as slopes.
  public static func bytes(
    _ configuration: ModelConfiguration, rows: Int, targetsWithLogits: Int = 0,
    isTrained: Bool = true
  ) -> Int {
    let plan = ActivationPlan(configuration, lanes: 16)
    let weights = (isTrained ? 5 : 2) * plan.weights
    let logits = (isTrained ? 2 : 1) * targetsWithLogits * configuration.vocabularySize
    return (weights + logits) * MemoryLayout<Float>.stride
      + plan.bytes(rows: rows, isTrained: isTrained)
  }

  /// How many targets a pass should have at most whose logits are told: as many as take 64 MB, at
  /// least one. The slopes that come back take as much again, and so does a model to compare with.
  public static func targetsWithLogits(vocabulary: Int) -> Int {
    OutputLayer.chunkRows(vocabulary: vocabulary)
  }

  /// The most rows of a pass where a batch is cut into several: what a pass keeps of them takes a
  /// gigabyte at most.
  ///
  /// It depends on the model alone, not on the machine: how a batch is cut decides in which order
  /// gradients add up, and so the last bits of the weights.
  static func rowLimit(_ configuration: ModelConfiguration) -> Int {
    let plan = ActivationPlan(configuration, lanes: 16)
    var rows = 8192
    while rows > 1, plan.bytes(rows: rows) > 1 << 30 { rows /= 2 }
    return rows
  }

  /// Bytes that the largest pass of a batch keeps of its rows.
  static func passBytes(_ configuration: ModelConfiguration, isTrained: Bool) -> Int {
    ActivationPlan(configuration, lanes: 16)
      .bytes(rows: rowLimit(configuration), isTrained: isTrained)
  }
}
