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

extension ModelConfiguration {
  /// - Throws: `ModelError.invalidConfiguration` when the numbers do not make a transformer.
  func validate() throws(ModelError) {
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
    guard rotary.dimensions >= 0, rotary.dimensions <= headSize, rotary.dimensions % 2 == 0 else {
      throw .invalidConfiguration(
        "\(rotary.dimensions) rotary dimensions in heads of size \(headSize).")
    }
    guard rotary.base > 0, rotary.base.isFinite, normEpsilon >= 0, normEpsilon.isFinite else {
      throw .invalidConfiguration("the rotary base or the norm's epsilon is not a positive number.")
    }
  }
}
