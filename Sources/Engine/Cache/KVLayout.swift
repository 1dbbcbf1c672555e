import CKernels

/// Where keys and values lie in a block of the cache.
///
/// A block holds `positions` consecutive positions of a path, for all layers:
/// `[layers, kvHeads, (keys [headSize, positions], values [positions, padded headSize])]`.
/// Keys are stored with positions innermost, so that one query meets all keys of a block at once.
/// In Q8_0 the scales follow: behind the keys `[headSize / 32, positions]`, behind the values
/// `[positions, headSize / 32]`.
struct KVLayout: Sendable, Hashable {
  static let positions = Int(CK_KV_BLOCK)

  let format: KVFormat
  let layerCount: Int
  let kvHeadCount: Int
  let headSize: Int

  /// The head size rounded up as the kernels want it.
  var paddedHeadSize: Int {
    let padding = Int(CK_HEAD_PADDING)
    return (headSize + padding - 1) / padding * padding
  }

  private var keyBytes: Int { aligned(bytes(elements: headSize * Self.positions)) }
  private var valueBytes: Int { aligned(bytes(elements: paddedHeadSize * Self.positions)) }

  private func bytes(elements: Int) -> Int {
    switch format {
    case .f16: return elements * 2
    case .f32: return elements * 4
    case .q8_0:
      let block = Int(CK_QUANT_BLOCK)
      return elements + (headSize + block - 1) / block * Self.positions * 2
    }
  }

  private func aligned(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }

  var blockBytes: Int { layerCount * kvHeadCount * (keyBytes + valueBytes) }

  /// In bytes from the block's start.
  func keyOffset(layer: Int, head: Int) -> Int {
    (layer * kvHeadCount + head) * (keyBytes + valueBytes)
  }

  func valueOffset(layer: Int, head: Int) -> Int { keyOffset(layer: layer, head: head) + keyBytes }
}

extension KVLayout {
  init(_ configuration: ModelConfiguration, format: KVFormat) {
    self.init(
      format: format, layerCount: configuration.layerCount,
      kvHeadCount: configuration.kvHeadCount, headSize: configuration.headSize)
  }

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
