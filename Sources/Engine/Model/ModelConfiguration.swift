/// The shape of a transformer: everything the forward pass needs to know beside the weights.
public struct ModelConfiguration: Sendable, Hashable {
  /// Such as `llama`.
  public var architecture: String
  public var layerCount: Int
  /// The width of the residual stream.
  public var embeddingLength: Int
  /// Query heads.
  public var headCount: Int
  /// Key and value heads; each serves `headCount / kvHeadCount` query heads.
  public var kvHeadCount: Int
  /// The width of one head.
  public var headSize: Int
  /// The width of the hidden layer of the feed-forward block.
  public var feedForwardLength: Int
  public var rotary: RotaryEmbedding
  /// Added to the mean square in RMSNorm.
  public var normEpsilon: Float
  /// The most positions the model was made for.
  public var contextLength: Int
  public var vocabularySize: Int
  /// The output projection is the token embedding itself.
  public var tiedEmbeddings: Bool

  /// Rotary position embedding (Su et al. 2021, eq. 34): pair i of a head is turned by
  /// `position · frequencyScale · base^(−2i / dimensions)`, divided by the i-th frequency factor
  /// if the weights have such a tensor.
  public struct RotaryEmbedding: Sendable, Hashable {
    /// How many of a head's elements are turned; even.
    public var dimensions: Int
    public var base: Double
    /// Linear position scaling: 1 / factor.
    public var frequencyScale: Double

    public init(dimensions: Int, base: Double = 10_000, frequencyScale: Double = 1) {
      self.dimensions = dimensions
      self.base = base
      self.frequencyScale = frequencyScale
    }
  }

  public init(
    architecture: String, layerCount: Int, embeddingLength: Int, headCount: Int, kvHeadCount: Int,
    headSize: Int, feedForwardLength: Int, rotary: RotaryEmbedding, normEpsilon: Float,
    contextLength: Int, vocabularySize: Int, tiedEmbeddings: Bool
  ) {
    self.architecture = architecture
    self.layerCount = layerCount
    self.embeddingLength = embeddingLength
    self.headCount = headCount
    self.kvHeadCount = kvHeadCount
    self.headSize = headSize
    self.feedForwardLength = feedForwardLength
    self.rotary = rotary
    self.normEpsilon = normEpsilon
    self.contextLength = contextLength
    self.vocabularySize = vocabularySize
    self.tiedEmbeddings = tiedEmbeddings
  }
}
