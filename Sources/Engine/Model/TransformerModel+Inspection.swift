public import Decoding
import Synchronization

extension TransformerModel: InspectableModel {
  public var layerCount: Int { configuration.layerCount }

  public func inspect(
    _ request: InspectionRequest, in tree: TokenTree, isWanted: () -> Bool
  ) throws -> ModelInspection {
    try inspect(request, in: tree, isWanted: isWanted).0
  }

  /// What the model computes inside at one node, beside its distribution.
  func inspect(
    _ node: NodeID, in tree: TokenTree, ablations: Set<Ablation> = []
  ) throws -> NodeInspection {
    let request = InspectionRequest(node: node, ablations: ablations)
    return try inspect(request, in: tree) { !Task.isCancelled }.1
  }

  private func inspect(
    _ request: InspectionRequest, in tree: TokenTree, isWanted: () -> Bool
  ) throws -> (ModelInspection, NodeInspection) {
    while true {
      try reach(request, in: tree, isWanted: isWanted)
      let found = try state.withLock { state -> (ModelInspection, NodeInspection)? in
        try withSilenced(request.ablations, &state) { state, edits in
          guard let known = tree[request.node], state.cache.find(request.node, known) != nil else {
            return nil
          }
          let recorder = PassRecorder(configuration)
          let result = try forward(
            ForwardRequest(nodes: [request.node]), in: tree, &state, recorder: recorder,
            edits: edits)
          guard let distribution = result.distributions[0] else { return nil }
          let inside = recorder.inspection(distribution: distribution)
          return (try read(inside, request, &state), inside)
        }
      }
      // Otherwise another caller's pass has evicted the node in between.
      if let found { return found }
    }
  }

  /// Computes the keys and values up to a node: in pieces and each under a lock of its own, so that
  /// other callers do not wait for long.
  private func reach(
    _ request: InspectionRequest, in tree: TokenTree, isWanted: () -> Bool
  ) throws {
    let piece = ForwardRequest(nodes: [request.node], tokenLimit: tokensPerPass)
    while true {
      guard isWanted() else { throw CancellationError() }
      let isThere = try state.withLock { state in
        try withSilenced(request.ablations, &state) { state, edits in
          try refresh(&state)
          if let known = tree[request.node], state.cache.find(request.node, known) != nil {
            return true
          }
          let result = try forward(piece, in: tree, &state, recorder: nil, edits: edits)
          return result.distributions[0] != nil
        }
      }
      if isThere { break }
    }
    guard configuration.recurrence != nil, let parent = tree[request.node]?.parent, parent != .root
    else { return }
    // Recurrent layers have to remember what a single row for the node goes on from.
    let before = ForwardRequest(nodes: [parent], tokenLimit: tokensPerPass)
    while true {
      guard isWanted() else { throw CancellationError() }
      let isThere = try state.withLock { state in
        try withSilenced(request.ablations, &state) { state, edits in
          try forward(before, in: tree, &state, recorder: nil, edits: edits).distributions[0] != nil
        }
      }
      if isThere { return }
    }
  }

  /// Works with the cache in which some parts are silenced; with the shared one where none are.
  private func withSilenced<Result>(
    _ ablations: Set<Ablation>, _ state: inout State,
    _ body: (inout State, PassEdits?) throws -> Result
  ) throws -> Result {
    guard !ablations.isEmpty else { return try body(&state, nil) }
    if configuration.recurrence != nil,
      ablations.contains(where: { if case .token = $0 { true } else { false } })
    {
      throw LanguageModelError.lacksCapability(
        "what it would say without a token: its recurrent layers cannot leave one out")
    }
    try refresh(&state)
    if state.silenced?.ablations != ablations {
      // One at a time: what was silenced before is seldom asked for again.
      let layout = state.cache.layout
      let limit = CacheLimit.tokens(min(state.cache.capacityInTokens, 2 * contextLength))
      let states = state.cache.states.map { StateCache(layout: $0.layout, capacity: $0.capacity) }
      state.silenced = (ablations, PrefixCache(layout: layout, states: states, limit: limit))
    }
    guard let own = state.silenced?.cache else { throw CancellationError() }
    let shared = state.cache
    state.cache = own
    defer {
      state.silenced?.cache = state.cache
      state.cache = shared
    }
    return try body(&state, PassEdits(ablations, context: contextLength))
  }

  /// Reads the states of a pass through the lens.
  private func read(
    _ inside: NodeInspection, _ request: InspectionRequest, _ state: inout State
  ) throws -> ModelInspection {
    let states = inside.hiddenStates + inside.middleStates
    let size = configuration.vocabularySize
    var readings = [LensReading?](repeating: nil, count: states.count)
    try state.transformer.readOut(states, compute: compute) { rows, logits in
      readings.withUnsafeMutableBufferPointer { readings in
        let shared = UncheckedBuffer(buffer: readings)
        compute.pool.run(count: rows.count, nanoseconds: Double(size) * 12) { range, _ in
          for place in range {
            shared.buffer[rows.lowerBound + place] = LensReading(
              distribution(logits + place * size, count: size), tokens: request.tokens,
              topCount: request.topCount)
          }
        }
      }
    }
    let found = readings.compactMap { $0 }
    let layers = (0..<layerCount).map { layer in
      LayerInspection(
        attention: inside.attention[layer], afterAttention: found[layerCount + 1 + layer],
        reading: found[layer + 1])
    }
    return ModelInspection(
      embedding: found[0], layers: layers, distribution: inside.distribution,
      residuals: inside.hiddenStates)
  }

  // MARK: Heads

  public func logProbabilities(
    of token: TokenID, withoutHeadsOf layer: Int, _ request: InspectionRequest,
    _ inspection: ModelInspection, in tree: TokenTree, isWanted: () -> Bool
  ) throws -> [Double] {
    guard inspection.layers.indices.contains(layer), inspection.residuals.indices.contains(layer)
    else { return [] }
    let count = inspection.layers[layer].attention.count
    var found: [Double] = []
    while found.count < count {
      try reach(request, in: tree, isWanted: isWanted)
      let heads = found.count..<min(count, found.count + Self.mostVariants)
      let part = try state.withLock { state -> [Double]? in
        try withSilenced(request.ablations, &state) { state, _ in
          // Another caller's pass may have evicted the node in between.
          guard let node = tree[request.node], state.cache.find(request.node, node) != nil else {
            return nil
          }
          return try logProbabilities(
            of: token, withoutEachOf: heads, layer: layer, at: node, request.ablations,
            inspection.residuals[layer], in: tree, &state)
        }
      }
      found += part ?? []
    }
    return found
  }

  /// The most heads of one pass.
  private static let mostVariants = 16

  /// Computes the node once for each head, as so many children of its parent: under the names of tokens
  /// that no path has there, with the node's own in their place. The pass is undone afterwards.
  private func logProbabilities(
    of token: TokenID, withoutEachOf heads: Range<Int>, layer: Int, at node: TokenTree.Node,
    _ ablations: Set<Ablation>, _ residual: [Float], in tree: TokenTree, _ state: inout State
  ) throws -> [Double]? {
    var variants = tree
    var nodes: [NodeID] = []
    for candidate in 0..<TokenID(configuration.vocabularySize) where nodes.count < heads.count {
      let child = variants.extend(node.parent, with: candidate)
      guard let place = variants[child], state.cache.find(child, place) == nil else { continue }
      nodes.append(child)
    }
    let edits = PassEdits(
      ablations, context: contextLength,
      variants: .init(
        layer: layer, heads: heads.lowerBound..<heads.lowerBound + nodes.count, token: node.token,
        // Layers that look at another one's keys and values need those of this token, too.
        residual: configuration.sharedKVLayers.isEmpty ? residual : nil))
    let result = try forward(
      ForwardRequest(nodes: nodes), in: variants, &state, recorder: nil, edits: edits)
    state.cache.abandonPass()
    let found = result.distributions.compactMap { $0?.logProbability(of: token) }
    // Nothing, where rows before them had to be computed as well: then all begins anew.
    if found.isEmpty, configuration.recurrence != nil { return nil }
    guard found.count == heads.count else {
      throw LanguageModelError.cacheExhausted(
        needed: state.cache.capacityInTokens + heads.count * KVLayout.positions,
        capacity: state.cache.capacityInTokens)
    }
    return found
  }
}
