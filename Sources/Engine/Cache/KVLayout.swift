import CKernels

/// Where keys and values lie in a block of the cache.
///
/// A block holds `positions` consecutive positions of a path, for all layers:
/// `[layers, kvHeads, (keys [headSize, positions], values [positions, padded headSize])]`.
/// Keys are stored with positions innermost, so that one query meets all keys of a block at once.
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

  private var elementBytes: Int { format == .f16 ? 2 : 4 }
  private var keyBytes: Int {
    (headSize * Self.positions * elementBytes + 63) / 64 * 64
  }
  private var valueBytes: Int { paddedHeadSize * Self.positions * elementBytes }

  var blockBytes: Int { layerCount * kvHeadCount * (keyBytes + valueBytes) }

  /// In bytes from the block's start.
  func keyOffset(layer: Int, head: Int) -> Int {
    (layer * kvHeadCount + head) * (keyBytes + valueBytes)
  }

  func valueOffset(layer: Int, head: Int) -> Int { keyOffset(layer: layer, head: head) + keyBytes }
}
