import CKernels

/// Where keys and values lie in a block of the cache.
///
/// A block holds `positions` consecutive positions of a path, for all layers one after another:
/// `[kvHeads, (keys [headSize, positions], values [positions, padded headSize])]`.
/// Keys are stored with positions innermost, so that one query meets all keys of a block at once.
/// In Q8_0 the scales follow: behind the keys `[headSize / 32, positions]`, behind the values
/// `[positions, headSize / 32]`.
struct KVLayout: Sendable, Hashable {
  static let positions = Int(CK_KV_BLOCK)

  let format: KVFormat
  /// What each layer keeps. [layers]
  let layers: [Layer]
  /// Bytes of a block; a layout without keys takes some as well.
  let blockBytes: Int

  /// What a layer keeps of every position.
  struct Layer: Sendable, Hashable {
    /// 0 for a layer that keeps nothing.
    let kvHeadCount: Int
    let headSize: Int
    /// In bytes from the block's start.
    fileprivate(set) var offset = 0
    fileprivate(set) var keyBytes = 0
    fileprivate(set) var valueBytes = 0

    init(kvHeadCount: Int, headSize: Int) {
      self.kvHeadCount = kvHeadCount
      self.headSize = headSize
    }

    /// The head size rounded up as the kernels want it.
    var paddedHeadSize: Int {
      let padding = Int(CK_HEAD_PADDING)
      return (headSize + padding - 1) / padding * padding
    }
  }

  init(format: KVFormat, layers: [Layer]) {
    self.format = format
    var bytes = 0
    self.layers = layers.map { layer in
      var layer = layer
      layer.offset = bytes
      layer.keyBytes = format.bytes(
        elements: layer.headSize * Self.positions, headSize: layer.headSize)
      layer.valueBytes = format.bytes(
        elements: layer.paddedHeadSize * Self.positions, headSize: layer.headSize)
      bytes += layer.kvHeadCount * (layer.keyBytes + layer.valueBytes)
      return layer
    }
    blockBytes = max(bytes, 64)
  }

  /// All layers alike.
  init(format: KVFormat, layerCount: Int, kvHeadCount: Int, headSize: Int) {
    self.init(
      format: format,
      layers: Array(
        repeating: Layer(kvHeadCount: kvHeadCount, headSize: headSize), count: layerCount))
  }

  /// Of a model; layers that use another's keys and values keep none.
  init(format: KVFormat, _ configuration: ModelConfiguration) {
    self.init(
      format: format,
      layers: (0..<configuration.layerCount).map { layer in
        let shape = configuration.shape(ofLayer: layer)
        let isShared = configuration.sharedKVLayers[layer] != nil
        return Layer(kvHeadCount: isShared ? 0 : shape.kvHeadCount, headSize: shape.headSize)
      })
  }

  /// In bytes from the block's start.
  func keyOffset(layer: Int, head: Int) -> Int {
    let layer = layers[layer]
    return layer.offset + head * (layer.keyBytes + layer.valueBytes)
  }

  func valueOffset(layer: Int, head: Int) -> Int {
    keyOffset(layer: layer, head: head) + layers[layer].keyBytes
  }
}

extension KVFormat {
  /// Bytes of a head's keys or values in a block, a multiple of 64.
  fileprivate func bytes(elements: Int, headSize: Int) -> Int {
    let bytes =
      switch self {
      case .f16: elements * 2
      case .f32: elements * 4
      case .q8_0:
        elements + (headSize + Int(CK_QUANT_BLOCK) - 1) / Int(CK_QUANT_BLOCK)
          * KVLayout.positions * 2
      }
    return (bytes + 63) / 64 * 64
  }
}

extension KVLayout {
  /// Bytes that the keys and values of a path take.
  func bytes(tokens: Int) -> Int {
    (tokens + Self.positions - 1) / Self.positions * blockBytes
  }
}

extension KVFormat {
  typealias StoreKernel =
    @convention(c) (
      UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<ck_kv_slot>?
    ) -> Void
  typealias AttentionKernel = @convention(c) (UnsafePointer<ck_attention>?) -> Void

  /// Writes a position's keys and values of one head.
  func storeKernel(_ table: UnsafePointer<ck_kernels>) -> StoreKernel {
    switch self {
    case .f16: table.pointee.store_kv_f16
    case .f32: table.pointee.store_kv_f32
    case .q8_0: table.pointee.store_kv_q8_0
    }
  }

  func attentionKernel(_ table: UnsafePointer<ck_kernels>) -> AttentionKernel {
    switch self {
    case .f16: table.pointee.attend_f16
    case .f32: table.pointee.attend_f32
    case .q8_0: table.pointee.attend_q8_0
    }
  }
}
