import Decoding
import EngineFixtures
import Testing

@testable import Engine

/// What the lens, the heads and silencing tell is what the model computes.
@Suite struct ModelInspectionTests {
  private static let tokens: [TokenID] = (0..<70).map { TokenID(($0 * 11 + $0 * $0) % 131) }

  private struct Place {
    let model: TransformerModel
    let tree: TokenTree
    let node: NodeID

    init(_ name: String, tokens: [TokenID] = ModelInspectionTests.tokens) throws {
      model = try ModelLoader.load(path: Fixture.path("Models/\(name).gguf"))
      var tree = TokenTree()
      node = tree.extend(.root, with: tokens)
      self.tree = tree
    }

    var layers: Range<Int> { 0..<model.configuration.layerCount }
    /// Of a layer; none where no attention is.
    func heads(of layer: Int) -> Range<Int> {
      let shape = model.configuration.shape(ofLayer: layer)
      let isRecurrent = model.configuration.recurrence?.layers[layer] ?? false
      return 0..<(isRecurrent || shape.kvHeadCount == 0 ? 0 : shape.headCount)
    }

    /// Recurrent layers cannot leave a token out.
    var canSilenceTokens: Bool { model.configuration.recurrence == nil }

    func inspect(
      _ ablations: Set<Ablation> = [], tokens: [TokenID] = []
    ) throws -> ModelInspection {
      try model.inspect(
        InspectionRequest(node: node, ablations: ablations, tokens: tokens), in: tree
      ) { true }
    }

    func withoutHeads(
      of layer: Int, token: TokenID, _ ablations: Set<Ablation> = []
    ) throws -> [Double] {
      let request = InspectionRequest(node: node, ablations: ablations)
      return try model.logProbabilities(
        of: token, withoutHeadsOf: layer, request, try inspect(ablations), in: tree
      ) { true }
    }

    func logits() throws -> [Float] { try model.distributions(at: [node], in: tree)[0].logits }
  }

  @Test("The lens of the last layer is the model itself", arguments: ArchitectureTests.models)
  func lastLens(_ name: String) throws {
    let place = try Place(name)
    let found = try place.inspect(tokens: [3, 100])
    let own = LensReading(found.distribution, tokens: [3, 100], topCount: 5)
    #expect(found.layers.last?.reading == own)
    #expect(try place.logits() == found.distribution.logits)
    #expect(found.layers.count == place.layers.count)
    #expect(found.residuals.count == place.layers.count + 1)
    #expect(found.embedding != own)
    #expect(found.layers.allSatisfy { $0.reading.topTokens.count == 5 })
  }

  @Test("Silencing what is not there changes nothing", arguments: ArchitectureTests.models)
  func nothing(_ name: String) throws {
    let place = try Place(name)
    let own = try place.inspect()
    let last = Self.tokens.count - 1
    // The node itself is seen by no later token of the path.
    let tokens: Set<Ablation> = [
      .token(position: last), .token(position: -1), .token(position: 1 << 40),
    ]
    let silenced = try place.inspect(
      (place.canSilenceTokens ? tokens : []).union([
        .head(layer: 0, head: 99), .head(layer: 99, head: 0), .head(layer: 0, head: -1),
        .attention(layer: 99), .feedForward(layer: -1),
      ]))
    #expect(silenced.distribution.logits == own.distribution.logits)
    #expect(silenced.layers == own.layers)
    #expect(silenced.residuals == own.residuals)
  }

  @Test("All heads are the whole attention", arguments: ArchitectureTests.models)
  func allHeads(_ name: String) throws {
    let place = try Place(name)
    let own = try place.inspect()
    for layer in place.layers where !place.heads(of: layer).isEmpty {
      let all = place.heads(of: layer)
      let heads = try place.inspect(Set(all.map { .head(layer: layer, head: $0) }))
      let attention = try place.inspect([.attention(layer: layer)])
      // What gpt-oss adds to all heads' outputs is no head's.
      if name != "gpt-oss" { #expect(heads.distribution.logits == attention.distribution.logits) }
      #expect(heads.distribution.logits != own.distribution.logits)
      #expect(heads.layers[layer].attention.count == all.count)
    }
  }

  /// Nanbeige goes round its layers twice with a norm in between, and Gemma 4 adds an embedding of its own
  /// in every layer: these are no blocks.
  @Test(
    "Without any block only the embedding speaks",
    arguments: ArchitectureTests.models.filter { $0 != "nanbeige" && !$0.hasPrefix("gemma4") })
  func noBlocks(_ name: String) throws {
    let place = try Place(name)
    let silenced = try place.inspect(
      Set(place.layers.flatMap { [.attention(layer: $0), .feedForward(layer: $0)] }))
    #expect(silenced.layers.allSatisfy { $0.reading == silenced.embedding })
    #expect(silenced.layers.allSatisfy { $0.afterAttention == silenced.embedding })
  }

  @Test("A silenced token is not looked at", arguments: ArchitectureTests.models)
  func token(_ name: String) throws {
    let place = try Place(name)
    let last = Self.tokens.count - 1
    guard place.canSilenceTokens else {
      #expect(throws: LanguageModelError.self) { try place.inspect([.token(position: 60)]) }
      return
    }
    let silenced = try place.inspect([.token(position: 60), .token(position: 0)])
    for weights in silenced.layers.flatMap(\.attention) {
      #expect(weights[60] == 0)
      #expect(weights[0] == 0)
      #expect(weights[last] > 0)
      let sum = weights.reduce(0) { $0 + Double($1) }
      // What the sinks of gpt-oss take goes to no token.
      #expect(name == "gpt-oss" ? sum < 1 : abs(sum - 1) < 1e-5)
    }
    #expect(silenced.distribution.logits != (try place.logits()))
    // What nobody sees may as well be another token.
    var others = Self.tokens
    (others[60], others[0]) = (7, 8)
    let other = try Place(name, tokens: others).inspect([.token(position: 60), .token(position: 0)])
    #expect(other.distribution.logits == silenced.distribution.logits)
  }

  @Test("A head of the last layer acts at its own token only", arguments: ArchitectureTests.models)
  func lastHeads(_ name: String) throws {
    let place = try Place(name)
    let layer = place.layers.upperBound - 1
    let without = try place.withoutHeads(of: layer, token: 5)
    #expect(without.count == place.heads(of: layer).count)
    for (head, logProbability) in without.enumerated() {
      let whole = try place.inspect([.head(layer: layer, head: head)], tokens: [5])
      #expect(logProbability == whole.distribution.logProbability(of: 5))
    }
  }

  @Test(
    "On a path of one token both ways agree in every layer", arguments: ArchitectureTests.models)
  func firstToken(_ name: String) throws {
    let place = try Place(name, tokens: [9])
    for layer in place.layers {
      let without = try place.withoutHeads(of: layer, token: 5)
      let whole = try place.heads(of: layer).map {
        try place.inspect([.head(layer: layer, head: $0)]).distribution.logProbability(of: 5)
      }
      #expect(without == whole)
    }
  }

  @Test("Heads are told beside what is silenced already")
  func besideOthers() throws {
    let place = try Place("qwen3")
    let layer = place.layers.upperBound - 1
    let base: Set<Ablation> = [.feedForward(layer: 0), .token(position: 3)]
    let without = try place.withoutHeads(of: layer, token: 5, base)
    let both = try place.inspect(base.union([.head(layer: layer, head: 1)]))
    #expect(without[1] == both.distribution.logProbability(of: 5))
  }

  @Test("Looking leaves nothing behind", arguments: ArchitectureTests.models)
  func leavesNothing(_ name: String) throws {
    let place = try Place(name)
    let fresh = try place.logits()
    let use = place.model.memoryUse
    for layer in place.layers {
      _ = try place.withoutHeads(of: layer, token: 5)
      _ = try place.inspect([.attention(layer: layer)])
    }
    #expect(try place.logits() == fresh)
    #expect(place.model.memoryUse.cachedTokens == use.cachedTokens)
    // Nor at the places whose names were borrowed.
    var tree = place.tree
    let parent = tree[place.node]?.parent ?? .root
    let child = tree.extend(parent, with: 1)
    let known = try place.model.distributions(at: [child], in: tree)[0].logits
    place.model.clearCache()
    #expect(try place.model.distributions(at: [child], in: tree)[0].logits == known)
  }

  @Test("What is not wanted any more ends")
  func cancelled() throws {
    let place = try Place("gemma3")
    #expect(throws: CancellationError.self) {
      try place.model.inspect(InspectionRequest(node: place.node), in: place.tree) { false }
    }
  }

  @Test("Divergence is 0 from itself and positive from another")
  func divergence() throws {
    let place = try Place("qwen2")
    let own = try place.inspect().distribution
    let other = try place.inspect([.attention(layer: 0)]).distribution
    #expect(own.divergence(from: own) == 0)
    #expect(own.divergence(from: other) > 0)
    let one = TokenDistribution(logits: [0, -.infinity])
    let both = TokenDistribution(logits: [0, 0])
    #expect(abs(one.divergence(from: both) - 0.6931471805599453) < 1e-12)
    #expect(both.divergence(from: one) == .infinity)
  }
}
