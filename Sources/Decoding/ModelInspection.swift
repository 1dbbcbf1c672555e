/// A part of a model that is silenced while a text is read again, to see what it did.
///
/// Silencing is zero ablation (Michel, Levy and Neubig 2019, "Are Sixteen Heads Really Better than
/// One?", section 2.3). Layers, heads and positions count from 0.
public enum Ablation: Sendable, Hashable {
  /// The head's output is zero where the output projection of its layer reads it.
  case head(layer: Int, head: Int)
  /// The layer's attention, or what stands in its place, adds nothing to the residual stream.
  case attention(layer: Int)
  /// The layer's feed-forward block adds nothing to the residual stream.
  case feedForward(layer: Int)
  /// No later token attends to the token at this position, in any layer; the token itself still
  /// does. All tokens keep their positions. A layer that reads the text in another way than by
  /// attention still sees it.
  case token(position: Int)
}

/// What is asked about the inside of a model at one node.
public struct InspectionRequest: Sendable, Hashable {
  public var node: NodeID
  /// What is silenced, for every token from the root to the node.
  public var ablations: Set<Ablation>
  /// Tokens whose probabilities every reading tells.
  public var tokens: [TokenID]
  /// How many of its likeliest tokens a reading tells.
  public var topCount: Int

  public init(
    node: NodeID, ablations: Set<Ablation> = [], tokens: [TokenID] = [], topCount: Int = 5
  ) {
    self.node = node
    self.ablations = ablations
    self.tokens = tokens
    self.topCount = topCount
  }
}

/// What a state of the residual stream would say if it were the last: the logit lens
/// (nostalgebraist 2020, "interpreting GPT: the logit lens").
///
/// The model's own output norm and projection read it. They are made for the last layer, so that
/// early readings are not calibrated (Belrose et al. 2023, "Eliciting Latent Predictions from
/// Transformers with the Tuned Lens").
public struct LensReading: Sendable, Hashable {
  /// The likeliest tokens in falling order, each with the natural logarithm of its probability.
  public var top: [(token: TokenID, logProbability: Double)] {
    zip(topTokens, topLogProbabilities).map { ($0, $1) }
  }
  public private(set) var topTokens: [TokenID]
  public private(set) var topLogProbabilities: [Double]
  /// Of the tokens that were asked for, in their order.
  public private(set) var logProbabilities: [Double]
  /// In bits.
  public private(set) var entropy: Double

  public init(_ distribution: TokenDistribution, tokens: [TokenID], topCount: Int) {
    topTokens = distribution.likeliest(topCount)
    topLogProbabilities = topTokens.map { distribution.logProbability(of: $0) }
    logProbabilities = tokens.map { distribution.logProbability(of: $0) }
    entropy = distribution.entropy
  }
}

/// What one layer does at a node.
public struct LayerInspection: Sendable, Hashable {
  /// How much each head looks at each position of the path, the node's own the last; each head's
  /// weights sum to 1, or to less where a part of its attention goes nowhere. Empty where the layer
  /// has no attention. [heads][positions]
  public var attention: [[Float]]
  /// The lens behind the layer's attention, before its feed-forward block.
  public var afterAttention: LensReading
  /// The lens behind the whole layer.
  public var reading: LensReading

  public init(attention: [[Float]], afterAttention: LensReading, reading: LensReading) {
    self.attention = attention
    self.afterAttention = afterAttention
    self.reading = reading
  }
}

/// What a model computes inside at one node.
public struct ModelInspection: Sendable {
  /// The lens on the token's embedding, before the first layer.
  public var embedding: LensReading
  /// The reading of the last layer is that of `distribution`, to the bit.
  public var layers: [LayerInspection]
  /// What the model says.
  public var distribution: TokenDistribution
  /// The residual stream: the token's embedding, then what each layer leaves. [layers + 1][width]
  public var residuals: [[Float]]

  public init(
    embedding: LensReading, layers: [LayerInspection], distribution: TokenDistribution,
    residuals: [[Float]]
  ) {
    self.embedding = embedding
    self.layers = layers
    self.distribution = distribution
    self.residuals = residuals
  }
}

/// A model that shows what happens inside it, layer by layer and head by head.
///
/// Looking never changes what `forward` computes: what is silenced is computed in memory of its
/// own.
public protocol InspectableModel: LanguageModel {
  var layerCount: Int { get }

  /// Reads the model's inside at a node.
  ///
  /// - Parameter isWanted: asked between passes whether to go on.
  /// - Throws: as `forward`; `CancellationError` as soon as it is not wanted any more.
  func inspect(
    _ request: InspectionRequest, in tree: TokenTree, isWanted: () -> Bool
  ) throws -> ModelInspection

  /// How likely a token becomes when one head of a layer is silenced at the node alone, for each
  /// head: what the layer's heads add there. Keys and values of the tokens before stay as they are.
  ///
  /// All heads of the layer are computed in one pass, which begins with the layer. They come beside
  /// what the request silences.
  ///
  /// - Parameters:
  ///   - inspection: what `inspect` told for the same request.
  ///   - isWanted: asked between passes whether to go on.
  /// - Returns: the natural logarithm of the token's probability without each head; empty where the
  ///   layer has no heads.
  /// - Throws: as `inspect`.
  func logProbabilities(
    of token: TokenID, withoutHeadsOf layer: Int, _ request: InspectionRequest,
    _ inspection: ModelInspection, in tree: TokenTree, isWanted: () -> Bool
  ) throws -> [Double]
}

extension TokenDistribution {
  /// KL(self ‖ other) in nats at temperature 1: what is lost where this distribution is taken for
  /// the other one. Infinite where `other` gives no probability to what this one holds possible.
  public func divergence(from other: TokenDistribution) -> Double {
    var sum = 0.0
    for (mine, others) in zip(logits, other.logits) where mine.isFinite {
      let (logP, logQ) = (Double(mine) - logSumExp, Double(others) - other.logSumExp)
      let p = Self.probability(ofLog: logP)
      if p > 0 { sum += p * (logP - logQ) }
    }
    return max(0, sum)
  }
}
