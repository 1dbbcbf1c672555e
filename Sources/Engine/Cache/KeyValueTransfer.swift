public import Decoding
import Synchronization

extension TransformerModel: KeyValueHandover {
  public var keyValueSignature: KeyValueSignature {
    let layout = state.withLock { $0.cache.layout }
    return KeyValueSignature(
      weights: identity.hash, isa: identity.isa, format: layout.format.rawValue,
      layers: layout.layers.map { [$0.kvHeadCount, $0.headSize] }, block: KVLayout.positions)
  }

  public func keyValueBytes(tokens: Int) -> Int {
    state.withLock { $0.cache.layout.packedBytes(positions: tokens) }
  }

  public func keysAndValues(
    of tokens: [TokenID], blocks: Range<Int>, isWanted: () -> Bool
  ) throws -> [KeyValueBlock] {
    guard configuration.recurrence == nil else { throw KeyValueTransferError.recurrent }
    var tree = TokenTree()
    let end = tree.extend(.root, with: tokens)
    let path = tree.path(to: end)
    let size = KVLayout.positions
    let wanted = blocks.clamped(to: 0..<(tokens.count + size - 1) / size)
    while true {
      guard isWanted() else { throw CancellationError() }
      let piece = ForwardRequest(nodes: [end], tokenLimit: tokensPerPass)
      guard try forward(piece, in: tree).distributions[0] != nil else { continue }
      let found = state.withLock { state -> [KeyValueBlock]? in
        var found: [KeyValueBlock] = []
        for index in wanted {
          let last = min(tokens.count, (index + 1) * size)
          guard let node = tree[path[last - 1]],
            let slot = state.cache.find(path[last - 1], node)
          else { return nil }
          let count = last - index * size
          found.append(
            KeyValueBlock(
              index: index, count: count,
              bytes: state.cache.layout.pack(state.cache.memory(of: slot.block), count: count)))
        }
        return found
      }
      // Otherwise another caller's pass has evicted some of them in between.
      if let found { return found }
    }
  }

  public func take(_ blocks: [KeyValueBlock], of tokens: [TokenID]) throws {
    guard configuration.recurrence == nil else { throw KeyValueTransferError.recurrent }
    let size = KVLayout.positions
    try state.withLock { state in
      try refresh(&state)
      let layout = state.cache.layout
      for (number, block) in blocks.enumerated() {
        guard block.index == number, block.count <= size, block.count > 0,
          block.count == size || number == blocks.count - 1,
          number * size + block.count <= tokens.count,
          block.bytes.count == layout.packedBytes(positions: block.count)
        else { throw KeyValueTransferError.misfit }
      }
      guard tokens.allSatisfy({ $0 >= 0 && $0 < configuration.vocabularySize }) else {
        throw KeyValueTransferError.misfit
      }
      state.cache.beginPass()
      var tree = TokenTree()
      var node = NodeID.root
      var before: PrefixCache.Slot?
      for block in blocks {
        for offset in 0..<block.count {
          let token = tokens[block.index * size + offset]
          node = tree.extend(node, with: token)
          if let place = tree[node], let known = state.cache.find(node, place) {
            state.cache.keep(known.block)
            before = known
            continue
          }
          var copies: [PrefixCache.PendingCopy] = []
          guard
            let slot = state.cache.place(
              node, token: token, after: before, row: 0, copies: &copies), copies.isEmpty
          else {
            state.cache.abandonPass()
            throw LanguageModelError.cacheExhausted(
              needed: tokens.count, capacity: state.cache.capacityInTokens)
          }
          layout.unpack(
            block.bytes, count: block.count, position: offset,
            to: state.cache.memory(of: slot.block))
          before = slot
        }
      }
    }
  }
}

extension KVLayout {
  /// Bytes of the keys and values of some positions with nothing between.
  func packedBytes(positions: Int) -> Int {
    layers.reduce(0) { sum, layer in
      sum + 2 * layer.kvHeadCount * headBytes(layer, positions: positions)
    }
  }

  private var elementBytes: Int {
    switch format {
    case .f16: 2
    case .f32: 4
    case .q8_0: 1
    }
  }

  /// Scales of a position of a head.
  private func scaleCount(_ layer: Layer) -> Int {
    format == .q8_0 ? (layer.headSize + 31) / 32 : 0
  }

  private func headBytes(_ layer: Layer, positions: Int) -> Int {
    positions * (layer.headSize * elementBytes + scaleCount(layer) * 2)
  }

  /// Where the parts of a block lie: for each run of bytes that belong to one position or to several
  /// neighbouring ones, its place in the block and how many bytes a position has there.
  ///
  /// - Parameter body: is given with `isInnermost` how many positions the run has, side by side, else how
  ///   many bytes lie between one position's and the next one's.
  private func eachRun(
    _ body: (_ place: Int, _ bytes: Int, _ count: Int, _ isInnermost: Bool) -> Void
  ) {
    let element = elementBytes
    for (number, layer) in layers.enumerated() {
      let scales = scaleCount(layer)
      for head in 0..<layer.kvHeadCount {
        let keys = keyOffset(layer: number, head: head)
        let values = valueOffset(layer: number, head: head)
        for d in 0..<layer.headSize {
          body(keys + d * Self.positions * element, element, Self.positions, true)
        }
        for scale in 0..<scales {
          body(
            keys + layer.headSize * Self.positions + scale * Self.positions * 2, 2, Self.positions,
            true)
        }
        body(values, layer.headSize * element, layer.paddedHeadSize * element, false)
        if scales > 0 {
          body(values + layer.paddedHeadSize * Self.positions, scales * 2, scales * 2, false)
        }
      }
    }
  }

  /// The first positions of a block.
  func pack(_ block: UnsafeMutableRawPointer, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(packedBytes(positions: count))
    eachRun { place, size, stride, isInnermost in
      if isInnermost {
        bytes += UnsafeRawBufferPointer(start: block + place, count: count * size)
      } else {
        for position in 0..<count {
          bytes += UnsafeRawBufferPointer(start: block + place + position * stride, count: size)
        }
      }
    }
    return bytes
  }

  /// Writes one position of packed ones into a block.
  ///
  /// - Parameters:
  ///   - bytes: `packedBytes(positions: count)` of them.
  ///   - position: below `count`.
  func unpack(
    _ bytes: [UInt8], count: Int, position: Int, to block: UnsafeMutableRawPointer
  ) {
    bytes.withUnsafeBytes { bytes in
      var from = 0
      eachRun { place, size, stride, isInnermost in
        let to = block + place + position * (isInnermost ? size : stride)
        to.copyMemory(
          from: UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped + from + position * size),
          byteCount: size)
        from += count * size
      }
    }
  }
}
