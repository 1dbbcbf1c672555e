import Foundation

/// The shape of a transformer: everything the forward pass needs to know beside the weights.
public struct ModelConfiguration: Sendable, Hashable {
  /// Such as `llama`.
  public var architecture: String
  public var layerCount: Int
  /// The width of the residual stream.
  package var embeddingLength: Int
  /// Query heads; where layers differ (`layerShapes`), the most.
  package var headCount: Int
  /// Key and value heads; each serves `headCount / kvHeadCount` query heads.
  package var kvHeadCount: Int
  /// The width of one head; where layers differ, the largest.
  package var headSize: Int
  /// The width of the hidden layer of the feed-forward block; where layers differ, the largest.
  package var feedForwardLength: Int
  package var rotary: RotaryEmbedding
  /// Added to the mean square in RMSNorm.
  package var normEpsilon: Float
  /// The most positions the model was made for.
  public var contextLength: Int
  public var vocabularySize: Int
  /// The output projection is the token embedding itself.
  package var tiedEmbeddings: Bool

  /// Which layers see only the nearest positions; nil when all see everything before them.
  public var window: SlidingWindow?
  /// The rotary embedding of the layers with a window, where it is another one.
  package var localRotary: RotaryEmbedding?
  /// Multiplies attention scores; nil for 1 / √headSize.
  package var attentionScale: Float?
  /// Attention scores s become `cap · tanh(s / cap)` (Gemma Team 2024, Gemma 2, section 2).
  package var attentionSoftCap: Float?
  /// The same for logits.
  package var logitSoftCap: Float?
  /// The feed-forward blocks are mixtures of experts.
  package var experts: Experts?
  /// The sizes of every layer, where they differ; nil when all are as stated above. [layers]
  package var layerShapes: [LayerShape]?
  /// Layers whose queries and keys are not turned (NoPE, Kazemnejad et al. 2023).
  package var nopeLayers: Set<Int> = []
  /// Sharpens attention at far positions.
  package var attentionTemperature: AttentionTemperature?
  /// For each layer the earlier one whose keys and values it uses in place of its own; nil where
  /// it has its own.
  package var sharedKVLayers: [Int: Int] = [:]
  /// Multiplies token embeddings.
  package var embeddingScale: Float = 1
  /// Multiplies what a block adds to the residual stream.
  package var residualScale: Float = 1
  /// Multiplies logits.
  package var logitScale: Float = 1
  /// Some layers remember by a state; nil when all look back at keys and values.
  package var recurrence: Recurrence?
  /// How many times the layers are run through, each time with keys and values of their own.
  package var loops = Loops()
  /// The width of the embedding that every layer has of its own for each token; nil without them.
  package var perLayerEmbeddingLength: Int?
  /// Further layers in the file that guess tokens ahead (multi-token prediction), of no use here.
  package var predictionLayerCount = 0
  /// Metadata of the architecture that nothing here reads.
  public var unheardMetadata: [String] = []

  /// The sizes of one layer.
  package struct LayerShape: Sendable, Hashable {
    /// Query heads; 0 for a layer without attention.
    public var headCount: Int
    /// Key and value heads. 0 beside query heads is a linear map in the place of attention.
    public var kvHeadCount: Int
    public var headSize: Int
    /// 0 for a layer without a feed-forward block.
    public var feedForwardLength: Int

    /// How many query heads share a key and value head; 1 without attention.
    var group: Int { kvHeadCount > 0 ? max(1, headCount / kvHeadCount) : 1 }
  }

  /// Queries are multiplied by 1 + scale · ln(1 + ⌊position / interval⌋) (Llama 4 and Ministral 3).
  package struct AttentionTemperature: Sendable, Hashable {
    public var scale: Double
    /// In positions.
    public var interval: Int

    func factor(position: Int) -> Float {
      Float(1 + scale * log(1 + Double(position / interval)))
    }
  }

  /// A looped transformer: the same weights, run through several times.
  package struct Loops: Sendable, Hashable {
    /// `layerCount` counts each layer once for each.
    public var count = 1
    /// The last norm stands between two rounds as well.
    public var normalizesBetween = true
  }

  /// Sliding-window attention (Beltagy et al. 2020, section 3.1, looking back only).
  public struct SlidingWindow: Sendable, Hashable {
    /// How many positions a token sees, its own included.
    public var length: Int
    /// Which layers have the window. [layers]
    public var layers: [Bool]
  }

  /// A mixture of experts (Shazeer et al. 2017): each token goes to the experts its router likes
  /// best.
  package struct Experts: Sendable, Hashable {
    public var count: Int
    /// How many experts a token goes to.
    public var used: Int
    /// The width of an expert's hidden layer.
    var feedForwardLength: Int
    /// The width of the hidden layer of the expert that every token goes to; nil without one.
    var sharedFeedForwardLength: Int?
    /// Layers whose feed-forward block is a plain one.
    var denseLayers: Set<Int> = []
    /// Multiplies the weights of the chosen experts.
    var weightScale: Float = 1
  }

  /// The sizes of a layer.
  ///
  /// - Parameter layer: below `layerCount`.
  package func shape(ofLayer layer: Int) -> LayerShape {
    layerShapes?[layer]
      ?? LayerShape(
        headCount: headCount, kvHeadCount: kvHeadCount, headSize: headSize,
        feedForwardLength: feedForwardLength)
  }

  /// The most query heads that share a key and value head.
  var largestGroup: Int {
    (0..<(layerShapes?.count ?? 1)).reduce(1) { max($0, shape(ofLayer: $1).group) }
  }
}

extension ModelConfiguration {
  /// - Throws: `ModelError.invalidConfiguration` when the numbers do not make a transformer.
  package func validate() throws(ModelError) {
    let sizes = [
      ("layers", layerCount), ("embedding length", embeddingLength), ("heads", headCount),
      ("key/value heads", kvHeadCount), ("head size", headSize),
      ("feed-forward length", feedForwardLength), ("context length", contextLength),
      ("vocabulary size", vocabularySize),
    ]
    for (name, size) in sizes where size < 1 || size > 1 << 28 {
      throw .invalidConfiguration("\(name) is \(size).")
    }
    if let layerShapes, layerShapes.count != layerCount {
      throw .invalidConfiguration(
        "sizes of \(layerShapes.count) layers are stated, but there are \(layerCount).")
    }
    // Without sizes of their own all layers are like the first.
    for layer in 0..<(layerShapes?.count ?? 1) { try validate(shape(ofLayer: layer)) }
    let smallest = (0..<(layerShapes?.count ?? 1)).reduce(headSize) {
      min($0, shape(ofLayer: $1).headSize)
    }
    // Where layers with a window have smaller heads, they have a rotation of their own as well.
    try rotary.validate(headSize: localRotary == nil ? smallest : headSize)
    try localRotary?.validate(headSize: smallest)
    guard normEpsilon >= 0, normEpsilon.isFinite else {
      throw .invalidConfiguration("the norm's epsilon is \(normEpsilon).")
    }
    for (name, value) in [
      ("attention scale", attentionScale), ("cap of attention scores", attentionSoftCap),
      ("cap of logits", logitSoftCap), ("scale of embeddings", embeddingScale),
      ("scale of blocks", residualScale), ("scale of logits", logitScale),
      ("weight of experts", experts?.weightScale),
    ] {
      guard let value else { continue }
      guard value > 0, value.isFinite else {
        throw .invalidConfiguration("the \(name) is \(value).")
      }
    }
    if let window {
      guard window.length > 0, window.layers.count == layerCount else {
        throw .invalidConfiguration(
          "a window of \(window.length) positions, stated for \(window.layers.count) of "
            + "\(layerCount) layers.")
      }
    }
    if let experts {
      let widths = [experts.feedForwardLength, experts.sharedFeedForwardLength ?? 1]
      guard (1...1 << 16).contains(experts.count), (1...experts.count).contains(experts.used),
        widths.allSatisfy({ (1...1 << 28).contains($0) })
      else {
        throw .invalidConfiguration(
          "\(experts.used) of \(experts.count) experts of width \(experts.feedForwardLength).")
      }
    }
    try validateVariations()
    try validateRecurrence()
  }

  private func validate(_ shape: LayerShape) throws(ModelError) {
    let counts = [
      shape.headCount, shape.kvHeadCount, shape.headSize, shape.feedForwardLength,
    ]
    guard counts.allSatisfy({ (0...1 << 28).contains($0) }), shape.headSize > 0 else {
      throw .invalidConfiguration("a layer has the sizes \(counts).")
    }
    guard shape.kvHeadCount == 0 || shape.headCount % shape.kvHeadCount == 0 else {
      throw .invalidConfiguration(
        "\(shape.headCount) heads cannot share \(shape.kvHeadCount) key/value heads evenly.")
    }
  }

  private func validateVariations() throws(ModelError) {
    if let temperature = attentionTemperature {
      guard temperature.scale >= 0, temperature.scale.isFinite, temperature.interval > 0 else {
        throw .invalidConfiguration(
          "the temperature of attention rises by \(temperature.scale) every "
            + "\(temperature.interval) positions.")
      }
    }
    guard loops.count > 0, layerCount % loops.count == 0 else {
      throw .invalidConfiguration("\(layerCount) layers cannot be \(loops.count) rounds.")
    }
    for (layer, source) in sharedKVLayers {
      guard (0..<layerCount).contains(layer), (0..<layer).contains(source),
        sharedKVLayers[source] == nil,
        shape(ofLayer: source).headSize == shape(ofLayer: layer).headSize,
        shape(ofLayer: source).kvHeadCount == shape(ofLayer: layer).kvHeadCount
      else {
        throw .invalidConfiguration("layer \(layer) cannot use the keys of layer \(source).")
      }
    }
    if let length = perLayerEmbeddingLength, !(1...1 << 20).contains(length) {
      throw .invalidConfiguration("embeddings for each layer of length \(length).")
    }
  }
}
