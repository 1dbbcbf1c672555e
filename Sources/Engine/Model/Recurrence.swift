extension ModelConfiguration {
  /// Which layers remember by a state of fixed size instead of by keys and values, and how.
  package struct Recurrence: Sendable, Hashable {
    /// Which layers are recurrent. [layers]
    public var layers: [Bool]
    /// How many positions their convolution sees, a token's own included.
    public var convolutionLength: Int
    public var kind: Kind

    package enum Kind: Sendable, Hashable {
      /// A gated convolution as wide as the residual stream, and nothing else.
      case shortConvolution
      case gatedDeltaNet(DeltaNet)
    }
  }

  /// The sizes of a gated delta net (Yang et al. 2024).
  package struct DeltaNet: Sendable, Hashable {
    /// Heads of queries and keys.
    public var keyHeadCount: Int
    /// Heads of values, each with a matrix of its own; a multiple of `keyHeadCount`.
    public var valueHeadCount: Int
    /// The width of a head's queries and keys.
    public var keySize: Int
    /// The width of a head's values.
    public var valueSize: Int
    /// Which key head a value head reads: those of one number modulo `keyHeadCount` the same, or
    /// else neighbours.
    public var tilesKeyHeads = true
    /// Betas and decays come as one tensor, key head by key head.
    public var fusesBetaAlpha = false

    /// The width of what the convolution sees: queries, keys and values.
    var convolutionWidth: Int { 2 * keyHeadCount * keySize + valueHeadCount * valueSize }

    func keyHead(ofValueHead head: Int) -> Int {
      tilesKeyHeads ? head % keyHeadCount : head / (valueHeadCount / keyHeadCount)
    }
  }

  /// Where each layer keeps what it remembers; nil in models without recurrent layers.
  var stateLayout: StateLayout? {
    guard let recurrence else { return nil }
    let size: Int
    switch recurrence.kind {
    case .shortConvolution:
      size = ShortConvolution.stateSize(self, recurrence)
    case .gatedDeltaNet(let net):
      size = GatedDeltaNet.stateSize(net, recurrence)
    }
    return StateLayout(sizes: recurrence.layers.map { $0 ? size : 0 })
  }

  /// - Throws: `ModelError.invalidConfiguration`.
  func validateRecurrence() throws(ModelError) {
    guard let recurrence else { return }
    guard recurrence.layers.count == layerCount else {
      throw .invalidConfiguration(
        "\(recurrence.layers.count) of \(layerCount) layers say whether they are recurrent.")
    }
    guard (2...1 << 8).contains(recurrence.convolutionLength) else {
      throw .invalidConfiguration(
        "a convolution over \(recurrence.convolutionLength) positions.")
    }
    guard case .gatedDeltaNet(let net) = recurrence.kind else { return }
    let sizes = [net.keyHeadCount, net.valueHeadCount, net.keySize, net.valueSize]
    guard sizes.allSatisfy({ (1...1 << 14).contains($0) }),
      net.valueHeadCount % net.keyHeadCount == 0
    else {
      throw .invalidConfiguration(
        "a delta net with \(net.keyHeadCount) key heads of \(net.keySize) and "
          + "\(net.valueHeadCount) value heads of \(net.valueSize) elements.")
    }
  }

  /// Says which layers are recurrent. They keep no keys and values.
  mutating func setRecurrence(_ recurrence: Recurrence) {
    self.recurrence = recurrence
    var shapes = (0..<layerCount).map { shape(ofLayer: $0) }
    for (layer, isRecurrent) in zip(shapes.indices, recurrence.layers) where isRecurrent {
      shapes[layer].kvHeadCount = 0
    }
    layerShapes = shapes
  }
}
