/// The shape of a transformer: everything the forward pass needs to know beside the weights.
public struct ModelConfiguration: Sendable, Hashable {
  /// Such as `llama`.
  public var architecture: String
  public var layerCount: Int
  /// The width of the residual stream.
  package var embeddingLength: Int
  /// Query heads.
  package var headCount: Int
  /// Key and value heads; each serves `headCount / kvHeadCount` query heads.
  package var kvHeadCount: Int
  /// The width of one head.
  package var headSize: Int
  /// The width of the hidden layer of the feed-forward block.
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
    guard headCount % kvHeadCount == 0 else {
      throw .invalidConfiguration(
        "\(headCount) heads cannot share \(kvHeadCount) key/value heads evenly.")
    }
    try rotary.validate(headSize: headSize)
    try localRotary?.validate(headSize: headSize)
    guard normEpsilon >= 0, normEpsilon.isFinite else {
      throw .invalidConfiguration("the norm's epsilon is \(normEpsilon).")
    }
    for (name, value) in [
      ("attention scale", attentionScale), ("cap of attention scores", attentionSoftCap),
      ("cap of logits", logitSoftCap),
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
  }
}
